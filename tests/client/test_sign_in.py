"""Signing in and staying so."""

import io
import json
import logging
from datetime import timedelta

import pytest
from PIL import Image

from custom_components.usms.client import (
    NO_PACING,
    CaptchaRefused,
    CaptchaRequired,
    CredentialsRefused,
    PageNotUnderstood,
    PortalUnavailable,
    SessionExpired,
    UsmsClient,
    UsmsConnectionError,
    WrongRequest,
    clean_username,
)
from tests.portal import Fault, SimulatedPortal

from .conftest import NOW, PASSWORD, USERNAME


async def challenge_of(client: UsmsClient) -> CaptchaRequired:
    with pytest.raises(CaptchaRequired) as required:
        await client.sign_in(USERNAME, PASSWORD)
    return required.value


async def test_a_person_answers_the_captcha(client: UsmsClient, portal: SimulatedPortal) -> None:
    required = await challenge_of(client)
    image = Image.open(io.BytesIO(required.challenge.image))
    assert image.size == (200, 80)
    assert not await client.is_signed_in()
    required = await challenge_of(client)
    await client.answer(required.challenge, f" {portal.captcha_answer} ")
    assert await client.is_signed_in()


async def test_a_wrong_answer_brings_a_new_picture(
    client: UsmsClient, portal: SimulatedPortal
) -> None:
    first = (await challenge_of(client)).challenge
    with pytest.raises(CaptchaRefused) as refused:
        await client.answer(first, "wrong")
    second = refused.value.challenge
    assert second.image != first.image
    with pytest.raises(WrongRequest, match="no longer the latest"):
        await client.answer(first, portal.captcha_answer)
    await client.answer(second, portal.captcha_answer)
    assert await client.is_signed_in()


async def test_the_first_step_shown_in_place_of_the_second(
    client: UsmsClient, portal: SimulatedPortal
) -> None:
    first = (await challenge_of(client)).challenge
    portal.add_fault(Fault(path="reslogin", kind="captcha_asked", times=1))
    with pytest.raises(CaptchaRefused) as refused:
        await client.answer(first, portal.captcha_answer)
    await client.answer(refused.value.challenge, portal.captcha_answer)
    assert await client.is_signed_in()


async def test_another_picture_at_request(client: UsmsClient, portal: SimulatedPortal) -> None:
    first = (await challenge_of(client)).challenge
    second = await client.refresh_captcha(first)
    assert second.image != first.image
    await client.answer(second, portal.captcha_answer)
    assert await client.is_signed_in()


async def test_the_callback_is_asked_again_after_an_empty_answer(
    client: UsmsClient, portal: SimulatedPortal
) -> None:
    pictures: list[bytes] = []

    async def answer(image: bytes) -> str:
        pictures.append(image)
        return portal.captcha_answer if len(pictures) == 3 else " "

    await client.sign_in(USERNAME, PASSWORD, answer_captcha=answer)
    assert len(set(pictures)) == 3
    assert await client.is_signed_in()


async def test_a_portal_without_captcha(client: UsmsClient, portal: SimulatedPortal) -> None:
    portal.set_profile(captcha=False)
    await client.sign_in("01-001 234", PASSWORD)
    assert await client.is_signed_in()


@pytest.mark.parametrize("captcha", [True, False])
@pytest.mark.parametrize(
    ("username", "password"), [("01001234", "wrong"), ("09999999", "demo-password")]
)
async def test_wrong_credentials(
    client: UsmsClient, portal: SimulatedPortal, captcha: bool, username: str, password: str
) -> None:
    portal.set_profile(captcha=captcha)
    with pytest.raises(CredentialsRefused):
        await client.sign_in(username, password)
    assert sum(record.method == "POST" for record in portal.requests) == 1


async def test_nothing_is_sent_without_credentials(
    client: UsmsClient, portal: SimulatedPortal
) -> None:
    with pytest.raises(WrongRequest):
        await client.sign_in(" - ", PASSWORD)
    with pytest.raises(WrongRequest):
        await client.sign_in(USERNAME, "")
    assert portal.requests == []


async def test_a_session_survives_as_json(signed_in: UsmsClient, portal: SimulatedPortal) -> None:
    stored = json.loads(json.dumps(signed_in.export_session()))
    async with UsmsClient(base_url=portal.base_url, pacing=NO_PACING) as other:
        assert not await other.is_signed_in()
        other.restore_session(stored)
        assert await other.is_signed_in()


async def test_a_session_of_another_portal_is_not_taken_up(
    signed_in: UsmsClient, portal: SimulatedPortal
) -> None:
    stored = signed_in.export_session() | {"origin": "https://example.com"}
    async with UsmsClient(base_url=portal.base_url, pacing=NO_PACING) as other:
        other.restore_session(stored)
        assert other.export_session()["cookies"] == []


async def test_signing_out_forgets_the_session(signed_in: UsmsClient) -> None:
    await signed_in.sign_out()
    assert signed_in.export_session()["cookies"] == []
    assert not await signed_in.is_signed_in()


@pytest.mark.parametrize(
    "expired_as", ["redirect_session_expire", "body_text", "redirect_login", "login_form"]
)
async def test_an_ended_session_is_known_in_every_form(
    signed_in: UsmsClient, portal: SimulatedPortal, expired_as: str
) -> None:
    portal.set_profile(expired_as=expired_as)
    portal.expire()
    meter = portal.meters[0].number
    with pytest.raises(SessionExpired):
        await signed_in.account()
    with pytest.raises(SessionExpired):
        await signed_in.hourly(meter, NOW.date())
    with pytest.raises(SessionExpired):
        await signed_in.payment(meter)
    with pytest.raises(SessionExpired):
        await signed_in.topups(meter, NOW.date(), NOW.date())


async def test_an_idle_session_ends(signed_in: UsmsClient, portal: SimulatedPortal) -> None:
    portal.set_now(NOW + timedelta(minutes=19))
    assert await signed_in.is_signed_in()
    portal.set_now(NOW + timedelta(minutes=60))
    assert not await signed_in.is_signed_in()


async def test_another_sign_in_ends_the_session(
    signed_in: UsmsClient, portal: SimulatedPortal
) -> None:
    async def answer(_image: bytes) -> str:
        return portal.captcha_answer

    async with UsmsClient(base_url=portal.base_url, pacing=NO_PACING) as other:
        await other.sign_in(USERNAME, PASSWORD, answer_captcha=answer)
        assert await other.is_signed_in()
    assert not await signed_in.is_signed_in()


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("drop", UsmsConnectionError),
        ("cut", UsmsConnectionError),
        ("hang", UsmsConnectionError),
        ("drip", UsmsConnectionError),
        ("empty", PortalUnavailable),
        ("maintenance", PortalUnavailable),
        ("status", PortalUnavailable),
        ("other_page", PageNotUnderstood),
        ("huge", PageNotUnderstood),
        ("redirect_host", PortalUnavailable),
    ],
)
async def test_a_portal_in_trouble(
    portal: SimulatedPortal, kind: str, error: type[Exception]
) -> None:
    portal.add_fault(Fault(path="*", kind=kind, status=503))
    async with UsmsClient(base_url=portal.base_url, pacing=NO_PACING, timeout=0.3) as client:
        with pytest.raises(error):
            await client.sign_in(USERNAME, PASSWORD)


async def test_a_portal_that_is_not_there() -> None:
    async with UsmsClient(base_url="http://127.0.0.1:9/", pacing=NO_PACING) as client:
        with pytest.raises(UsmsConnectionError):
            await client.account()


async def test_a_closed_client_says_so(client: UsmsClient) -> None:
    await client.close()
    with pytest.raises(UsmsConnectionError, match="closed"):
        await client.account()


@pytest.mark.parametrize(
    "address", ["http://www.usms.com.bn/SmartMeter/", "ftp://127.0.0.1/", "nonsense", "http://[/"]
)
async def test_addresses_that_are_refused(address: str) -> None:
    with pytest.raises(WrongRequest):
        UsmsClient(base_url=address)


async def test_the_address_comes_from_the_environment(
    portal: SimulatedPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("USMS_BASE_URL", portal.base_url.rstrip("/"))
    async with UsmsClient(pacing=NO_PACING) as client:
        assert not await client.is_signed_in()
    assert portal.requests


@pytest.mark.parametrize("text", ["01001234", " 01-001234 ", "01\u2013001234", "01 001 234"])
def test_user_names_are_forgiven_dashes_and_spaces(text: str) -> None:
    assert clean_username(text) == "01001234"


async def test_the_log_holds_nothing_private(
    client: UsmsClient, portal: SimulatedPortal, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answers: list[str] = []

    async def answer(_image: bytes) -> str:
        answers.append(portal.captcha_answer)
        return answers[-1]

    await client.sign_in(USERNAME, PASSWORD, answer_captcha=answer)
    account = await client.account()
    for meter in account.meters:
        await client.payment(meter.number)
        await client.daily(meter.number, NOW.date() - timedelta(days=9), NOW.date())
    log = "\n".join(
        record.getMessage() for record in caplog.records if "tests.portal" not in record.name
    )
    assert "ResLogin" in log
    cookies = [one["value"] for one in client.export_session()["cookies"]]
    secrets = [USERNAME, PASSWORD, *answers, *cookies, *(m.number for m in account.meters)]
    assert [secret for secret in secrets if secret in log] == []
