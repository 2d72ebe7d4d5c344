"""The captcha as people get it: re-encoded, and never decoded where it is too large."""

import io
import struct
import zlib

import pytest
from PIL import Image

from custom_components.usms.client import PageNotUnderstood
from custom_components.usms.connection.captcha import captcha_picture


def png(width: int, height: int, pixels: bytes, *more: tuple[bytes, bytes]) -> bytes:
    """Return a PNG of grey, with more chunks after its header."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    made = b"\x89PNG\r\n\x1a\n"
    for name, data in ((b"IHDR", header), *more, (b"IDAT", zlib.compress(pixels)), (b"IEND", b"")):
        crc = struct.pack(">I", zlib.crc32(name + data))
        made += struct.pack(">I", len(data)) + name + data + crc
    return made


@pytest.mark.parametrize("form", ["PNG", "GIF", "JPEG"])
def test_what_people_get(form: str) -> None:
    served = io.BytesIO()
    Image.new("L", (200, 80), 200).save(served, form, comment=b"c4n4ry")
    picture = captcha_picture(served.getvalue())
    assert b"c4n4ry" not in picture
    image = Image.open(io.BytesIO(picture), formats=["PNG"])
    assert image.size == (400, 160)


def test_a_picture_that_unpacks_to_gigabytes(monkeypatch: pytest.MonkeyPatch) -> None:
    served = png(30_000, 30_000, bytes(1000))
    monkeypatch.setattr(Image, "open", lambda *_, **__: pytest.fail("it was decoded"))
    with pytest.raises(PageNotUnderstood, match="pixels"):
        captcha_picture(served)


@pytest.mark.parametrize(
    "served",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"BM" + bytes(60),
        png(20, 20, b"")[:-20],
        png(20, 20, bytes(420))[:60] + bytes(40),
        png(20, 20, bytes(420), (b"zTXt", b"a\x00\x00" + zlib.compress(bytes(90_000_000)))),
    ],
    ids=["nothing", "SVG", "BMP", "no end", "broken", "text that unpacks to 90 MB"],
)
def test_what_is_no_picture(served: bytes) -> None:
    with pytest.raises(PageNotUnderstood):
        captcha_picture(served)
