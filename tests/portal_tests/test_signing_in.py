"""The way in: both steps, what is refused, and how long it lasts."""

import io
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from PIL import Image

from tests.portal import OTHER_PASSWORD, OTHER_USERNAME, SimulatedPortal

from .browser import PANEL, Browser
from .conftest import NOW

WRONG = "Incorrect user name and password."


@pytest.fixture
async def visitor(portal: SimulatedPortal) -> AsyncIterator[Browser]:
    """A browser that nobody has signed in with."""
    async with Browser(portal) as browser:
        yield browser


async def still_in(browser: Browser) -> bool:
    page = await browser.open("Home", follow=False)
    return page.status == 200 and bool(page.cards)


# --- both steps ---


async def test_two_steps_with_a_captcha(visitor: Browser, portal: SimulatedPortal) -> None:
    first = await visitor.open("ResLogin")
    assert f"{PANEL}$ASPxCaptcha1$TB" in first.text
    assert first.cookie
    assert "httponly" in first.cookie.lower()
    assert "path=/" in first.cookie.lower()
    second = await visitor.open("ResLogin", visitor.credentials(first))
    assert [status for status, _ in second.history] == [302]
    assert "ResLogin?sc=" in second.url
    assert second.hidden["__VIEWSTATE"] != first.hidden["__VIEWSTATE"]
    third = await visitor.open(second.url, visitor.credentials(second, portal.captcha_answer))
    assert third.history == [
        (302, "/SmartMeter/ResLogin"),
        (301, "/SmartMeter/LoginSession.aspx"),
        (302, "/SmartMeter/LoginSession"),
    ]
    assert third.url.endswith("/MainPage")
    assert third.soup.find("iframe", id="MyFrame")
    assert third.cookie
    assert third.cookie.split(";")[0] != first.cookie.split(";")[0]
    assert await still_in(visitor)


async def test_the_credentials_alone_let_nobody_in(visitor: Browser) -> None:
    await visitor.to_captcha()
    assert not await still_in(visitor)


async def test_one_step_before_october_2026(visitor: Browser, portal: SimulatedPortal) -> None:
    portal.set_profile(captcha=False)
    page = await visitor.to_captcha()
    assert "Captcha" not in (await visitor.open("ResLogin")).text
    assert page.url.endswith("/MainPage")
    assert await still_in(visitor)


async def test_the_second_step_wants_the_credentials_again(
    visitor: Browser, portal: SimulatedPortal
) -> None:
    page = await visitor.to_captcha()
    form = visitor.credentials(page, portal.captcha_answer, password="")
    assert (await visitor.open(page.url, form)).error == WRONG


async def test_a_second_step_that_was_not_earned_begins_again(visitor: Browser) -> None:
    page = await visitor.open("ResLogin?sc=0123456789abcdef")
    assert page.url.endswith("/ResLogin")


async def test_a_ticket_serves_once(visitor: Browser, portal: SimulatedPortal) -> None:
    page = await visitor.to_captcha()
    form = visitor.credentials(page, portal.captcha_answer)
    answer = await visitor.open(page.url, form, follow=False)
    ticket = portal.origin + answer.location
    assert "pType=R" in ticket
    assert (await visitor.open(ticket)).url.endswith("/MainPage")
    async with Browser(portal) as other:
        assert "Main" not in (await other.open(ticket)).url


# --- what is refused ---


@pytest.mark.parametrize(
    "who", [{"password": "wrong"}, {"username": "09999999"}, {"username": "01-001234"}]
)
async def test_wrong_credentials(visitor: Browser, who: dict[str, str]) -> None:
    page = await visitor.to_captcha(**who)
    assert (page.status, page.history, page.error) == (200, [], WRONG)


async def test_a_wrong_password_as_told_in_2024(visitor: Browser, portal: SimulatedPortal) -> None:
    portal.set_profile(wrong_password="dictionary")
    known = await visitor.to_captcha(password="wrong")
    assert known.error == "The given key was not present in the dictionary."
    assert (await visitor.to_captcha(username="09999999")).error == WRONG


async def test_locked_after_some_wrong_passwords(visitor: Browser, portal: SimulatedPortal) -> None:
    portal.set_profile(locked_after=2)
    for _ in range(2):
        assert (await visitor.to_captcha(password="wrong")).error == WRONG
    assert "locked" in ((await visitor.to_captcha()).error or "")


async def test_a_wrong_answer_brings_a_new_captcha(
    visitor: Browser, portal: SimulatedPortal
) -> None:
    page = await visitor.to_captcha()
    former = portal.captcha_answer
    again = await visitor.open(page.url, visitor.credentials(page, "wrong"))
    assert [status for status, _ in again.history] == [302]
    assert "sc=" in again.url
    assert portal.captcha_answer != former
    stale = await visitor.open(again.url, visitor.credentials(again, former))
    assert not stale.url.endswith("/MainPage")
    right = await visitor.open(stale.url, visitor.credentials(stale, portal.captcha_answer))
    assert right.url.endswith("/MainPage")


async def test_a_rejected_captcha_may_have_a_text(
    visitor: Browser, portal: SimulatedPortal
) -> None:
    portal.set_profile(captcha_label="The text is not right.")
    page = await visitor.to_captcha()
    assert page.error == ""
    again = await visitor.open(page.url, visitor.credentials(page, "wrong"))
    assert (again.status, again.error) == (200, "The text is not right.")
    right = await visitor.open(page.url, visitor.credentials(again, portal.captcha_answer))
    assert right.url.endswith("/MainPage")


@pytest.mark.parametrize("matters", [False, True])
async def test_whether_case_matters(
    visitor: Browser, portal: SimulatedPortal, matters: bool
) -> None:
    portal.set_profile(captcha_case_matters=matters)
    page = await visitor.to_captcha()
    while portal.captcha_answer.upper() == portal.captcha_answer:
        page = await visitor.open(page.url)
    form = visitor.credentials(page, portal.captcha_answer.upper())
    page = await visitor.open(page.url, form)
    assert page.url.endswith("/MainPage") is not matters


@pytest.mark.parametrize(
    "change",
    [
        {"__VIEWSTATE": ""},
        {"__VIEWSTATE": "AAAA"},
        {"__EVENTVALIDATION": "made up"},
        {"__VIEWSTATEGENERATOR": "00000000"},
        {"ASPxHiddenField1": "{}"},
        {"ASPxHiddenField2": "{}"},
        {"__PREVIOUSPAGE": "made up"},
    ],
)
async def test_hidden_inputs_are_neither_changed_nor_invented(
    visitor: Browser, change: dict[str, str]
) -> None:
    page = await visitor.open("ResLogin")
    assert (await visitor.open("ResLogin", visitor.credentials(page) | change)).status == 500


@pytest.mark.parametrize("name", ["__VIEWSTATE", "__EVENTVALIDATION", "ASPxHiddenField1"])
async def test_hidden_inputs_are_not_left_out(visitor: Browser, name: str) -> None:
    page = await visitor.open("ResLogin")
    assert page.hidden[name]
    form = visitor.credentials(page)
    del form[name]
    assert (await visitor.open("ResLogin", form)).status == 500


async def test_view_state_is_of_one_session_and_one_page(
    visitor: Browser, portal: SimulatedPortal
) -> None:
    async with Browser(portal) as other:
        form = visitor.credentials(await other.open("ResLogin"))
    await visitor.open("ResLogin")
    assert (await visitor.open("ResLogin", form)).status == 500
    shell = await visitor.sign_in()
    assert (await visitor.open("ResLogin", visitor.credentials(shell))).status == 500


# --- the picture ---


async def test_the_captcha_is_drawn_in_the_alpha_channel_alone(
    visitor: Browser, portal: SimulatedPortal
) -> None:
    page = await visitor.to_captcha()
    assert "&amp;DXCache=" in page.text
    assert len(portal.captcha_answer) == 5
    assert set(portal.captcha_answer) <= set("abcdefghijklmnopqrstuvwxyz0123456789")
    status, kind, picture = await visitor.raw(page.captcha_src)
    assert (status, kind) == (200, "image/png")
    image = Image.open(io.BytesIO(picture))
    assert (image.mode, image.size) == ("RGBA", (200, 80))
    *colours, alpha = (band.getextrema() for band in image.split())
    assert colours == [(0, 0)] * 3
    assert alpha == (0, 255)


async def test_each_load_draws_anew(visitor: Browser, portal: SimulatedPortal) -> None:
    page = await visitor.to_captcha()
    drawn = set()
    for _ in range(4):
        page = await visitor.open(page.url)
        drawn.add((portal.captcha_answer, (await visitor.raw(page.captcha_src))[2]))
    assert len(drawn) == 4
    assert (await visitor.raw("/SmartMeter/DXB.axd?sc=x&DXCache=unknown"))[0] == 404


# --- sessions ---


async def test_a_second_login_ends_the_first(visitor: Browser, portal: SimulatedPortal) -> None:
    await visitor.sign_in()
    async with Browser(portal) as other, Browser(portal) as neighbour:
        await neighbour.sign_in(username=OTHER_USERNAME, password=OTHER_PASSWORD)
        await other.sign_in()
        assert not await still_in(visitor)
        assert await still_in(other)
        assert await still_in(neighbour)


async def test_or_both_live(visitor: Browser, portal: SimulatedPortal) -> None:
    portal.set_profile(second_login="both_live")
    await visitor.sign_in()
    async with Browser(portal) as other:
        await other.sign_in()
        assert await still_in(visitor)
        assert await still_in(other)


@pytest.mark.parametrize(("sliding", "alive"), [(True, True), (False, False)])
async def test_a_session_lives_for_some_minutes(
    visitor: Browser, portal: SimulatedPortal, sliding: bool, alive: bool
) -> None:
    portal.set_profile(session_minutes=20, session_sliding=sliding)
    await visitor.sign_in()
    portal.set_now(NOW + timedelta(minutes=15))
    assert await still_in(visitor)
    portal.set_now(NOW + timedelta(minutes=30))
    assert await still_in(visitor) is alive
    portal.set_now(NOW + timedelta(minutes=51))
    assert not await still_in(visitor)


async def test_a_session_may_live_for_ever(visitor: Browser, portal: SimulatedPortal) -> None:
    portal.set_profile(session_minutes=None)
    await visitor.sign_in()
    portal.set_now(NOW + timedelta(days=90))
    assert await still_in(visitor)


PAGES = ["Home", "MainPage", "AccountInfo", "Report/UsageHistory?p=MTAwMDAwMDE="]
EXPIRED = "Your Session Has Expired, Please Login Again."


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(
    ("kind", "status", "location"),
    [
        ("redirect_session_expire", 302, "SessionExpire"),
        ("redirect_login", 302, "ResLogin"),
        ("body_text", 200, ""),
        ("login_form", 200, ""),
    ],
)
async def test_expired_in_every_way(
    visitor: Browser, portal: SimulatedPortal, kind: str, status: int, location: str, path: str
) -> None:
    portal.set_profile(expired_as=kind)
    await visitor.sign_in()
    portal.expire()
    page = await visitor.open(path, follow=False)
    assert page.status == status
    assert page.location.rpartition("/")[2] == location
    assert (EXPIRED in page.text) is (kind == "body_text")
    assert (f"{PANEL}$txtPassword" in page.text) is (kind == "login_form")


async def test_expired_in_turn(visitor: Browser, portal: SimulatedPortal) -> None:
    portal.set_profile(expired_as="mixed")
    seen = set()
    for _ in range(4):
        page = await visitor.open("Home", follow=False)
        assert not page.cards
        seen.add((page.status, page.location, EXPIRED in page.text))
    assert len(seen) == 4
