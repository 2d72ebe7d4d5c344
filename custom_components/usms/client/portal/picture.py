"""The captcha's picture, looked at before anything decodes it: what it is, and how large.

Pure, from the headers alone: a file of a few kilobytes may unpack to gigabytes.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from enum import StrEnum
from struct import error as too_short
from struct import unpack_from
from typing import Final
from urllib.parse import unquote, unquote_to_bytes

from ..errors import PageNotUnderstood

MOST_BYTES: Final = 512_000
MOST_PIXELS: Final = 1_000_000
"""The portal draws 200 by 80."""
_MOST_SCANS: Final = 40
"""Each scan of a JPEG costs a pass over the whole picture; usual ones have up to ten."""
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_GIFS: Final = (b"GIF87a", b"GIF89a")
_JPEG: Final = b"\xff\xd8\xff"
_FRAMES: Final = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
"""Markers that say how large a JPEG is."""
_PARTS: Final = _FRAMES | {0xC4, 0xCC, 0xDB, 0xDD, 0xFE} | {*range(0xE0, 0xF0)}
"""Those before the first scan, each with a length. Where decoders skip others, they may differ."""
_SCAN: Final = 0xDA


class PictureKind(StrEnum):
    """What is taken as a captcha, by its content type."""

    PNG = "image/png"
    GIF = "image/gif"
    JPEG = "image/jpeg"


def check_picture(data: bytes) -> PictureKind:
    """Return what a picture is, by its content.

    Raises PageNotUnderstood for anything but a PNG, GIF or JPEG of at most a megapixel and 512 kB.
    """
    if len(data) > MOST_BYTES:
        raise _not(f"of at most {MOST_BYTES} bytes")
    if data.startswith(_PNG):
        kind, sizes = PictureKind.PNG, _png_sizes(data)
    elif data.startswith(_GIFS):
        kind, sizes = PictureKind.GIF, _gif_sizes(data)
    elif data.startswith(_JPEG):
        kind, sizes = PictureKind.JPEG, _jpeg_sizes(data)
    else:
        raise _not("that is a PNG, GIF or JPEG")
    try:
        found = list(sizes)
    except (too_short, IndexError):
        raise _not("that is whole") from None
    if not found or any(width < 1 or height < 1 for width, height in found):
        raise _not("with a size")
    if any(width * height > MOST_PIXELS for width, height in found):
        raise _not(f"of at most {MOST_PIXELS} pixels")
    return kind


def carried_picture(src: str) -> bytes | None:
    """Return the picture that a `data:` address carries; None for another address.

    Raises PageNotUnderstood for one that carries no picture, or too large a one.
    """
    scheme, _, rest = src.strip().partition(":")
    if scheme.casefold() != "data":
        return None
    kind, comma, data = rest.partition(",")
    if not comma or len(data) > 2 * MOST_BYTES:
        raise _not(f"of at most {MOST_BYTES} bytes")
    if not kind.casefold().replace(" ", "").endswith(";base64"):
        return unquote_to_bytes(data)
    try:
        return b64decode("".join(unquote(data).split()))
    except ValueError:
        raise _not("that is whole") from None


def _not(what: str) -> PageNotUnderstood:
    return PageNotUnderstood("ResLogin", f"a captcha {what}")


def _png_sizes(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield what each header says; a decoder may go by the last one."""
    place = len(_PNG)
    while True:
        length, name = unpack_from(">I4s", data, place)
        if name == b"IHDR":
            yield unpack_from(">II", data, place + 8)
        elif name == b"IEND":
            return
        place += 12 + length


def _gif_sizes(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield the canvas and how far each frame reaches: one beyond the canvas widens it."""
    width, height, flags = unpack_from("<HHB", data, 6)
    yield width, height
    place = 13 + _palette(flags)
    while (block := data[place]) != 0x3B:
        if block == 0x21:
            place += 2
        elif block == 0x2C:
            left, top, wide, high, flags = unpack_from("<HHHHB", data, place + 1)
            yield max(width, left + wide), max(height, top + high)
            place += 11 + _palette(flags)
        else:
            raise IndexError(place)
        while size := data[place]:
            place += 1 + size
        place += 1


def _palette(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _jpeg_sizes(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield what each frame before the first scan says."""
    if data.count(bytes((0xFF, _SCAN))) > _MOST_SCANS:
        raise _not(f"of at most {_MOST_SCANS} scans")
    place = 2
    while True:
        lead, marker, length = unpack_from(">BBH", data, place)
        if lead == 0xFF == marker:  # a filling byte
            place += 1
            continue
        if lead == 0xFF and marker == _SCAN:
            return
        if lead != 0xFF or marker not in _PARTS or length < 2:
            raise IndexError(place)
        if marker in _FRAMES:
            height, width = unpack_from(">HH", data, place + 5)
            yield width, height
        place += 2 + length
