"""The captcha as a picture that people can read."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass
from typing import Final

from PIL import Image

from ..client import Challenge, PageNotUnderstood, check_picture

_ENLARGED: Final = 2
_BROKEN: Final = (OSError, ValueError, SyntaxError, EOFError, IndexError, struct.error, zlib.error)


@dataclass(frozen=True, slots=True)
class Captcha:
    """A captcha that waits for a person to read it."""

    challenge: Challenge
    picture: bytes
    """PNG, on white."""


def captcha_picture(served: bytes) -> bytes:
    """Return a captcha for people to read, as PNG: on white, enlarged (blocks).

    The portal draws it in black on nothing, invisible on a dark theme. Raises PageNotUnderstood
    for what is no picture, and before it is decoded for one that is too large.
    """
    kind = check_picture(served)
    try:
        # By that decoder alone; what it makes of a broken file is any of these.
        image = Image.open(io.BytesIO(served), formats=[kind.name]).convert("RGBA")
    except (*_BROKEN, Image.DecompressionBombError) as err:
        raise PageNotUnderstood("DXB.axd", "the captcha's picture") from err
    white = Image.new("RGBA", image.size, "white")
    white.alpha_composite(image)
    large = white.convert("L").resize(
        (image.width * _ENLARGED, image.height * _ENLARGED), Image.Resampling.LANCZOS
    )
    out = io.BytesIO()
    large.save(out, "PNG", optimize=True)
    return out.getvalue()
