"""The captcha before a person's eyes: in the terminal, else in the browser or as a file."""

from __future__ import annotations

import base64
import io
import os
import shutil
import struct
import sys
import webbrowser
import zlib
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from ..portal.picture import MOST_PIXELS, check_picture
from .state import state_folder
from .streams import note, say

if TYPE_CHECKING:
    from collections.abc import Iterator

_WIDEST: Final = 120
"""Columns beyond which a captcha gets no easier to read."""
_TALLEST: Final = 2
"""How many times as high as wide it is drawn at most."""
_MARGIN: Final = 4
"""Pixels that are left around what is drawn."""
_PAGE: Final = """\
<!DOCTYPE html><title>USMS</title>
<body style="margin:0;display:grid;place-items:center;height:100vh;background:#fff">
<img alt="Captcha" style="width:600px" src="data:{};base64,{}">
"""
"""The portal draws black on transparent: a viewer with a dark ground would show nothing."""


@contextmanager
def picture(image: bytes) -> Iterator[None]:
    """Show a captcha while a person reads it; raises PageNotUnderstood for what is no picture."""
    kind = check_picture(image)
    drawn = half_blocks(image, shutil.get_terminal_size().columns) if _can_draw() else None
    if drawn:
        note(f"{drawn}\n")
        yield
        return
    file = state_folder() / "captcha.html"
    page = _PAGE.format(kind, base64.b64encode(image).decode())
    try:
        file.write_text(page, encoding="utf-8")
        if _has_desktop():
            with suppress(webbrowser.Error, OSError, ValueError):  # such as an odd BROWSER
                webbrowser.open(file.as_uri())
        say(f"The picture is in {file}")
        yield
    finally:
        file.unlink(missing_ok=True)


def half_blocks(image: bytes, columns: int) -> str | None:
    """Return a picture in the greys of a terminal, two pixels a character.

    None without Pillow, or where that can't decode it: a browser may.
    """
    try:
        from PIL import Image, ImageOps  # noqa: PLC0415 (an extra)
    except ImportError:
        return None
    try:
        with Image.open(io.BytesIO(image), formats=("PNG", "GIF", "JPEG")) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                return None
            drawn = opened.convert("RGBA")
    except (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error):
        return None  # all that Pillow raises for damaged pictures
    paper = Image.new("RGBA", drawn.size, "white")
    paper.alpha_composite(drawn)
    grey = paper.convert("L")
    box = ImageOps.invert(grey).getbbox()
    if box:
        grey = ImageOps.expand(grey.crop(box), _MARGIN, 255)
    width = min(columns, _WIDEST)
    height = max(2, round(width * min(grey.height / grey.width, _TALLEST) / 2) * 2)
    grey = grey.resize((width, height), Image.Resampling.LANCZOS)
    levels = [232 + value * 23 // 255 for value in grey.tobytes()]
    return "\n".join(
        _line(levels[y * width : (y + 1) * width], levels[(y + 1) * width : (y + 2) * width])
        for y in range(0, height, 2)
    )


def _line(above: list[int], below: list[int]) -> str:
    line, last = "", None
    for pair in zip(above, below, strict=True):
        if pair != last:
            line += "\x1b[38;5;{};48;5;{}m".format(*pair)
            last = pair
        line += "▀"
    return line + "\x1b[0m"


def _can_draw() -> bool:
    return (
        sys.stderr is not None
        and sys.stderr.isatty()
        and os.environ.get("TERM", "") not in {"", "dumb"}
        and "utf" in (sys.stderr.encoding or "").lower()
    )


def _has_desktop() -> bool:
    """Whether there is a browser that does not take over the terminal."""
    if sys.platform in {"darwin", "win32"}:
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
