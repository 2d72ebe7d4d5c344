"""The captcha as a picture that people can read."""

from __future__ import annotations

import io
from typing import Final

from PIL import Image, UnidentifiedImageError

from ..client import PageNotUnderstood

_ENLARGED: Final = 2


def captcha_picture(served: bytes) -> bytes:
    """Return a captcha for people to read, as PNG: on white, enlarged (blocks).

    The portal draws it in black on nothing, invisible on a dark theme. Raises PageNotUnderstood
    for what is no picture.
    """
    try:
        image = Image.open(io.BytesIO(served)).convert("RGBA")
    except (UnidentifiedImageError, OSError, ValueError) as err:
        raise PageNotUnderstood("DXB.axd", "the captcha's picture") from err
    white = Image.new("RGBA", image.size, "white")
    white.alpha_composite(image)
    large = white.convert("L").resize(
        (image.width * _ENLARGED, image.height * _ENLARGED), Image.Resampling.LANCZOS
    )
    out = io.BytesIO()
    large.save(out, "PNG", optimize=True)
    return out.getvalue()
