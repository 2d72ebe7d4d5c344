"""The captcha's picture, looked at before it is decoded."""

import io
import struct
import zlib
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from custom_components.usms.client import CaptchaRequired, PageNotUnderstood, UsmsClient
from custom_components.usms.client.portal.picture import (
    MOST_BYTES,
    MOST_PIXELS,
    carried_picture,
    check_picture,
)
from tests.client.conftest import PASSWORD, USERNAME
from tests.portal import SimulatedPortal, captcha

KINDS = {"PNG": "image/png", "GIF": "image/gif", "JPEG": "image/jpeg"}


def drawn(form: str, size: tuple[int, int] = (200, 80), mode: str = "RGB", **how: object) -> bytes:
    file = io.BytesIO()
    Image.new(mode, size).save(file, form, **how)
    return file.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_header(width: int, height: int) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0))


def resized(data: bytes, width: int, height: int) -> bytes:
    """A PNG that says another size than it has."""
    return data[:8] + png_header(width, height) + data[8 + len(png_header(1, 1)) :]


def far_frame() -> bytes:
    """A GIF whose frame stands far outside of its canvas."""
    data = drawn("GIF", (10, 10), "P")
    place = data.index(b",")
    return data[: place + 1] + struct.pack("<HH", 60000, 60000) + data[place + 5 :]


def frames(*sizes: tuple[int, int]) -> bytes:
    """A JPEG that says several sizes."""
    data = drawn("JPEG", (8, 8))
    place = data.index(b"\xff\xc0")
    frame = data[place : place + 2 + int.from_bytes(data[place + 2 : place + 4])]
    more = (frame[:5] + struct.pack(">HH", high, wide) + frame[9:] for wide, high in sizes)
    return data[:place] + b"".join(more) + data[place:]


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (captcha.draw(Random(1))[1], "PNG"),
        (drawn("PNG", mode="RGBA"), "PNG"),
        (drawn("PNG", (1000, 1000), "1"), "PNG"),
        (drawn("PNG", interlace=1), "PNG"),
        (drawn("GIF", mode="P"), "GIF"),
        (drawn("GIF", save_all=True, append_images=[Image.new("RGB", (200, 80), "red")]), "GIF"),
        (drawn("GIF", comment=b"by nobody"), "GIF"),
        (drawn("JPEG"), "JPEG"),
        (drawn("JPEG", (1000, 1000), "L"), "JPEG"),
        (drawn("JPEG", progressive=True, comment=b"by nobody"), "JPEG"),
    ],
)
def test_usual_pictures(data: bytes, kind: str) -> None:
    assert check_picture(data) == KINDS[kind]
    assert check_picture(data + b"and more") == KINDS[kind]


PNG = drawn("PNG")


@pytest.mark.parametrize(
    ("data", "missing"),
    [
        (b"", "that is a PNG, GIF or JPEG"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>", "that is a PNG"),
        (b"<!DOCTYPE html><html></html>", "that is a PNG"),
        (drawn("WEBP"), "that is a PNG"),
        (drawn("BMP"), "that is a PNG"),
        (drawn("TIFF"), "that is a PNG"),
        (drawn("ICO", (16, 16)), "that is a PNG"),
        (PNG[:8], "that is whole"),
        (PNG[:40], "that is whole"),
        (PNG[:-8], "that is whole"),
        (drawn("GIF")[:30], "that is whole"),
        (drawn("JPEG")[:40], "that is whole"),
        (PNG[:8] + chunk(b"IEND", b""), "with a size"),
        (resized(PNG, 0, 80), "with a size"),
        (resized(PNG, 26000, 26000), f"of at most {MOST_PIXELS} pixels"),
        (resized(PNG, 2**31 - 1, 1), f"of at most {MOST_PIXELS} pixels"),
        (PNG[:8] + PNG[8:33] + png_header(26000, 26000) + PNG[33:], "pixels"),
        (drawn("PNG", (1001, 1000), "1"), "pixels"),
        (drawn("GIF", (1001, 1000), "P"), "pixels"),
        (drawn("JPEG", (1001, 1000), "L"), "pixels"),
        (far_frame(), "pixels"),
        (frames((60000, 60000)), "pixels"),
        (drawn("JPEG").replace(b"\xff\xda", b"\xff\xda" * 50), "scans"),
        (drawn("JPEG").replace(b"\xff\xda", b"\xff\xd8\xff\xda"), "that is whole"),
        (PNG + bytes(MOST_BYTES), f"of at most {MOST_BYTES} bytes"),
    ],
)
def test_what_is_not_decoded(data: bytes, missing: str) -> None:
    with pytest.raises(PageNotUnderstood) as raised:
        check_picture(data)
    assert missing in str(raised.value)


SEEDS = [PNG, far_frame(), frames((9, 9)), drawn("GIF", mode="P"), drawn("PNG", mode="RGBA")]


@given(
    seed=st.sampled_from(SEEDS),
    place=st.integers(0, 400),
    piece=st.binary(max_size=12),
    cut=st.integers(0, 12),
)
@example(seed=frames((9, 9)), place=2, piece=b"\xff\xc8", cut=0)
@example(seed=frames((9, 9)), place=2, piece=b"\xff\x01", cut=0)
def test_a_decoder_never_sees_more_than_the_check(
    seed: bytes, place: int, piece: bytes, cut: int
) -> None:
    data = seed[:place] + piece + seed[place + cut :]
    try:
        check_picture(data)
    except PageNotUnderstood:
        return
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "GIF", "JPEG")) as image:
            assert image.width * image.height <= MOST_PIXELS
    except OSError, SyntaxError:
        return


@given(st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"\xff\xd8\xff"]), st.binary())
def test_any_bytes_are_taken_or_refused(head: bytes, rest: bytes) -> None:
    try:
        check_picture(head + rest)
    except PageNotUnderstood:
        return


SVG = b"<svg xmlns='http://www.w3.org/2000/svg'/>"


@pytest.mark.parametrize("data", [SVG, resized(PNG, 9000, 9000)])
async def test_the_client_hands_out_none_of_these(
    client: UsmsClient,
    portal: SimulatedPortal,
    monkeypatch: pytest.MonkeyPatch,
    data: bytes,
) -> None:
    monkeypatch.setattr(captcha, "draw", lambda _random: ("abcde", data))
    with pytest.raises(PageNotUnderstood, match="a captcha"):
        await client.sign_in(USERNAME, PASSWORD)


async def test_the_kind_is_what_the_picture_says(
    client: UsmsClient, portal: SimulatedPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(captcha, "draw", lambda _random: ("abcde", drawn("GIF", mode="P")))
    with pytest.raises(CaptchaRequired) as required:
        await client.sign_in(USERNAME, PASSWORD)
    assert required.value.challenge.content_type == "image/gif"


@pytest.mark.parametrize("where", ["data", "second_step"])
async def test_where_the_picture_may_be(
    client: UsmsClient, portal: SimulatedPortal, where: str
) -> None:
    """In the page itself; and in the second step alone, where it is needed."""
    portal.set_profile(captcha_picture=where)
    with pytest.raises(CaptchaRequired) as required:
        await client.sign_in(USERNAME, PASSWORD)
    assert required.value.challenge.image.startswith(b"\x89PNG")
    await client.answer(required.value.challenge, portal.captcha_answer)
    assert await client.is_signed_in()


@pytest.mark.parametrize("where", ["blob", "elsewhere"])
async def test_where_the_picture_may_not_be(
    client: UsmsClient, portal: SimulatedPortal, where: str
) -> None:
    portal.set_profile(captcha_picture=where)
    with pytest.raises(PageNotUnderstood, match="address of the captcha's picture"):
        await client.sign_in(USERNAME, PASSWORD)


@pytest.mark.parametrize(
    ("src", "carried"),
    [
        ("DXB.axd?DXCache=1", None),
        ("/data:x,y", None),
        ("data:image/png;base64,aGk=", b"hi"),
        (" DATA:image/png; BASE64,aG%6B%3D ", b"hi"),
        ("data:image/png;base64,aG\n k=", b"hi"),
        ("data:,hi%20", b"hi "),
    ],
)
def test_a_picture_in_the_page(src: str, carried: bytes | None) -> None:
    assert carried_picture(src) == carried


@pytest.mark.parametrize("src", ["data:", "data:image/png;base64,a", f"data:,{'x' * 2_000_000}"])
def test_a_page_that_carries_no_picture(src: str) -> None:
    with pytest.raises(PageNotUnderstood):
        carried_picture(src)
