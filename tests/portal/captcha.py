"""The captcha: five characters in the alpha channel alone."""

from __future__ import annotations

import io
import math
from functools import cache
from random import Random

from PIL import Image, ImageDraw, ImageFont

ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
SIZE = (200, 80)


def draw(random: Random) -> tuple[str, bytes]:
    """Return five characters and their picture: PNG, RGBA, every colour zero, warped."""
    text = "".join(random.choices(ALPHABET, k=5))
    alpha = Image.new("L", SIZE, 0)
    font = _font()
    for n, character in enumerate(text):
        glyph = Image.new("L", (60, 70), 0)
        ImageDraw.Draw(glyph).text((12, 6), character, font=font, fill=255)
        glyph = glyph.rotate(random.uniform(-18, 18), resample=Image.Resampling.BILINEAR)
        alpha.paste(255, (4 + 37 * n, 4 + random.randrange(6)), glyph)
    alpha = _warped(alpha, random)
    lines = ImageDraw.Draw(alpha)
    for _ in range(4):
        ends = [random.randrange(SIZE[axis]) for axis in (0, 1, 0, 1)]
        lines.line(ends, fill=150, width=1)
    black = Image.new("L", SIZE, 0)
    image = Image.merge("RGBA", (black, black, black, alpha))
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=1)
    return text, out.getvalue()


@cache
def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(44)


def _warped(alpha: Image.Image, random: Random) -> Image.Image:
    height, length, phase = random.uniform(2, 4), random.uniform(40, 70), random.uniform(0, 6)
    warped = Image.new("L", SIZE, 0)
    for x in range(SIZE[0]):
        shift = round(height * math.sin(2 * math.pi * x / length + phase))
        warped.paste(alpha.crop((x, 0, x + 1, SIZE[1])), (x, shift))
    return warped
