"""Draws the integration's icon and logo: a meter's dial, half spark, half drop."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

FOLDER: Final = Path(__file__).resolve().parents[2] / "custom_components" / "usms" / "brand"
_FINE: Final = 8  # drawn so much larger, then reduced
_SPARK: Final = (245, 166, 35)
_DROP: Final = (41, 152, 214)
_DARK: Final = (38, 50, 56)
_LIGHT: Final = (236, 239, 241)


def icon(size: int, line: tuple[int, int, int]) -> Image.Image:
    """Return the icon with its outline in that colour."""
    full = size * _FINE
    unit = full / 100
    image = Image.new("RGBA", (full, full), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)

    def box(left: float, top: float, right: float, bottom: float) -> list[float]:
        return [left * unit, top * unit, right * unit, bottom * unit]

    def points(*pairs: tuple[float, float]) -> list[tuple[float, float]]:
        return [(x * unit, y * unit) for x, y in pairs]

    draw.arc(box(4, 4, 96, 96), 135, 405, fill=line, width=round(7 * unit))
    draw.arc(box(4, 4, 96, 96), 135, 225, fill=_SPARK, width=round(7 * unit))
    draw.polygon(points((44, 18), (22, 54), (37, 54), (31, 82), (55, 45), (40, 45)), fill=_SPARK)
    draw.ellipse(box(53, 44, 81, 72), fill=_DROP)
    draw.polygon(points((67, 24), (54.6, 52), (79.4, 52)), fill=_DROP)
    return image.resize((size, size), Image.Resampling.LANCZOS)


def logo(height: int, line: tuple[int, int, int]) -> Image.Image:
    """Return the icon beside the name."""
    font = ImageFont.load_default(height * 0.62)
    width = round(height * 1.18 + font.getlength("USMS"))
    image = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    image.alpha_composite(icon(height, line))
    draw = ImageDraw.Draw(image)
    draw.text((height * 1.14, height / 2), "USMS", font=font, fill=line, anchor="lm")
    return image


def main() -> None:
    """Write all images."""
    FOLDER.mkdir(exist_ok=True)
    for prefix, line in (("", _DARK), ("dark_", _LIGHT)):
        for suffix, factor in (("", 1), ("@2x", 2)):
            icon(256 * factor, line).save(FOLDER / f"{prefix}icon{suffix}.png", optimize=True)
            logo(128 * factor, line).save(FOLDER / f"{prefix}logo{suffix}.png", optimize=True)


main()
