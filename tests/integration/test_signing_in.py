"""A session that ends, who is asked then, and the ways to answer, which may meet."""

import io
import logging
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from PIL import Image
from pytest_homeassistant_custom_component.common import async_capture_events
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from tests.portal import Fault
from tests.support.harness import Harness

pytestmark = [pytest.mark.history(days=9), pytest.mark.knows_portal]


@pytest.fixture
async def signed_out(account: Harness) -> Harness:
    """The demo account, whose session has ended while nobody looked."""
    account.portal.expire()
    await account.forward(timedelta(minutes=10))
    assert account.state("sign_in_needed") == "on"
    account.portal.clear_requests()
    return account


async def sign_in(account: Harness, **data: str) -> dict[str, Any]:
    """Perform the action, and wait until all that follows from it is done."""
    response = await account.call_sign_in(**data)
    await account.settle()
    return response


async def press(account: Harness, key: str) -> None:
    await account.hass.services.async_call(
        "button", "press", {"entity_id": account.entity_id(key)}, blocking=True
    )
    await account.settle()


async def shown(account: Harness, hass_client: ClientSessionGenerator) -> bytes | None:
    """Fetch the picture as a dashboard does."""
    client = await hass_client()
    answer = await client.get(f"/api/image_proxy/{account.entity_id('captcha')}")
    return await answer.read() if answer.status == HTTPStatus.OK else None


# --- asking ---


@pytest.mark.parametrize(
    "expired_as", ["redirect_session_expire", "body_text", "redirect_login", "login_form"]
)
async def test_a_person_is_asked_once(
    hass: HomeAssistant, account: Harness, expired_as: str, caplog: pytest.LogCaptureFixture
) -> None:
    events = async_capture_events(hass, "usms_sign_in_needed")
    account.portal.set_profile(expired_as=expired_as)
    await account.start_history()
    account.portal.expire()
    for _ in range(6):
        await account.forward(timedelta(minutes=10))
    with pytest.raises(HomeAssistantError, match="Sign in again"):
        await press(account, "read_now")
    await account.settle()
    assert [event.data["account"] for event in events] == [account.entry.entry_id]
    assert len(hass.config_entries.flow.async_progress()) == 1
    told = [r for r in caplog.records if r.levelno >= logging.WARNING and "usms" in r.name]
    assert told == []  # a session that ends is no trouble
    assert account.state("sign_in_needed") == "on"
    state = hass.states.get(account.entity_id("sign_in_needed"))
    assert state is not None
    assert state.attributes["signed_in_since"] is None
    assert state.attributes["ended_by"] in {"idle", "another_sign_in"}


async def test_what_is_stored_stays_when_the_session_does_not(
    hass: HomeAssistant, account: Harness
) -> None:
    await account.start_history()
    used = account.state("consumption_yesterday", "electricity")
    assert float(used) > 0
    account.portal.expire()
    await account.forward(timedelta(minutes=10))
    assert account.state("consumption_yesterday", "electricity") == used
    assert "as_of" in account.entity("balance", "electricity").attributes

    await account.reload()  # a restart with the session dead
    assert account.state("sign_in_needed") == "on"
    assert account.state("consumption_yesterday", "electricity") == used
    assert float(account.state("consumption_this_month", "water")) > 0

    await account.forward(timedelta(days=2))
    assert (await account.sign_in())["signed_in"]
    assert float(account.state("balance", "electricity")) > 0
    await account.assert_statistics_equal_truth(published_before=timedelta(hours=3))


async def test_an_expiry_in_the_middle_of_an_import_loses_nothing(
    hass: HomeAssistant, account: Harness
) -> None:
    account.portal.set_profile(session_minutes=None)
    seen: list[None] = []

    def expire_in_the_middle() -> None:
        seen.append(None)
        if len(seen) == 12:
            account.portal.expire()

    account.history.progress.async_add_listener(expire_in_the_middle)
    await account.start_history()
    assert account.state("sign_in_needed") == "on"
    before = account.requests("report")
    assert before > 5
    await account.sign_in()
    await account.assert_statistics_equal_truth()


# --- answering by the action, with the picture of the image entity ---


async def test_picture_and_action(signed_out: Harness, hass_client: ClientSessionGenerator) -> None:
    assert signed_out.state("captcha") == "unknown"
    assert await shown(signed_out, hass_client) is None

    asked = await sign_in(signed_out)
    assert asked == {
        "signed_in": False,
        "reason": "captcha_needed",
        "image": signed_out.entity_id("captcha"),
    }
    first = await shown(signed_out, hass_client)
    assert first is not None
    picture = Image.open(io.BytesIO(first))
    assert (picture.size, picture.getpixel((0, 0))) == ((400, 160), 255)

    refused = await sign_in(signed_out, captcha="wrong")
    assert (refused["signed_in"], refused["reason"]) == (False, "captcha_refused")
    second = await shown(signed_out, hass_client)
    assert second not in {first, None}

    await press(signed_out, "new_captcha")
    assert await shown(signed_out, hass_client) not in {first, second, None}

    done = await sign_in(signed_out, captcha=f" {signed_out.portal.captcha_answer} ")
    assert (done["signed_in"], done["reason"]) == (True, None)
    assert signed_out.state("sign_in_needed") == "off"
    assert signed_out.state("captcha") == "unknown"
    assert await shown(signed_out, hass_client) is None
    assert signed_out.hass.config_entries.flow.async_progress() == []


async def test_the_address_of_the_picture_changes_only_while_there_is_one(
    signed_out: Harness,
) -> None:
    """Each change is a row of the recorder, every five minutes."""

    def address() -> str | None:
        picture: str | None = signed_out.entity("captcha").attributes.get("entity_picture")
        return picture

    assert address() is None  # lists show the icon
    await signed_out.forward(timedelta(minutes=10))
    assert address() is None
    await sign_in(signed_out)
    asked = address()
    assert asked
    await signed_out.forward(timedelta(minutes=10))
    assert address() != asked


async def test_nothing_is_asked_while_somebody_is_signed_in(account: Harness) -> None:
    account.portal.clear_requests()
    assert (await sign_in(account, captcha="zzzzz"))["signed_in"]
    with pytest.raises(HomeAssistantError, match="no captcha"):
        await press(account, "new_captcha")
    assert account.requests("reslogin") == 0


async def test_an_answer_without_a_picture_does_not_count(signed_out: Harness) -> None:
    answered = await sign_in(signed_out, captcha="zzzzz")
    assert (answered["signed_in"], answered["reason"]) == (False, "captcha_expired")
    posts = [r for r in signed_out.portal.requests if r.method == "POST"]
    assert len(posts) == 1  # the password's


@pytest.mark.parametrize(
    ("fault", "key"),
    [
        ("drop", "cannot_connect"),
        ("maintenance", "maintenance"),
        ("other_page", "page_not_understood"),
    ],
)
async def test_trouble_is_told_to_who_calls(signed_out: Harness, fault: str, key: str) -> None:
    signed_out.portal.add_fault(Fault(path="reslogin", kind=fault))
    with pytest.raises(HomeAssistantError) as caught:
        await sign_in(signed_out)
    assert caught.value.translation_key == key
    signed_out.portal.clear_faults()
    assert (await signed_out.sign_in())["signed_in"]


async def test_a_refused_password_is_told_and_asked_for(
    hass: HomeAssistant, signed_out: Harness
) -> None:
    signed_out.portal.account.password = "new-password"
    with pytest.raises(HomeAssistantError) as caught:
        await sign_in(signed_out)
    assert caught.value.translation_key == "invalid_auth"
    (flow,) = hass.config_entries.flow.async_progress()
    step = await hass.config_entries.flow.async_configure(flow["flow_id"], {})
    step = await hass.config_entries.flow.async_configure(
        flow["flow_id"], {"password": "new-password"}
    )
    answer = {"captcha": signed_out.portal.captcha_answer}
    step = await hass.config_entries.flow.async_configure(flow["flow_id"], answer)
    assert step["reason"] == "reauth_successful"
    await signed_out.settle()
    assert signed_out.state("sign_in_needed") == "off"


# --- the ways meet ---


async def open_flow(account: Harness) -> dict[str, Any]:
    """Have a person open the flow up to the picture."""
    flows = account.hass.config_entries.flow
    (flow,) = flows.async_progress()
    step = await flows.async_configure(flow["flow_id"], {})
    assert step["step_id"] == "captcha"
    return dict(step)


async def test_the_picture_is_the_same_everywhere(
    signed_out: Harness, hass_client: ClientSessionGenerator
) -> None:
    await open_flow(signed_out)
    drawn = signed_out.requests("dxb.axd")
    assert await shown(signed_out, hass_client) is not None
    assert signed_out.requests("dxb.axd") == drawn == 1


async def test_who_answers_first_ends_the_others(hass: HomeAssistant, signed_out: Harness) -> None:
    await open_flow(signed_out)
    done = await sign_in(signed_out, captcha=signed_out.portal.captcha_answer)
    assert done["signed_in"]
    assert hass.config_entries.flow.async_progress() == []
    assert signed_out.state("sign_in_needed") == "off"


async def test_an_answer_to_a_replaced_picture_is_not_sent(
    hass: HomeAssistant, signed_out: Harness
) -> None:
    step = await open_flow(signed_out)
    await press(signed_out, "new_captcha")
    signed_out.portal.clear_requests()
    answered = await hass.config_entries.flow.async_configure(step["flow_id"], {"captcha": "old"})
    assert answered["errors"] == {"base": "captcha_expired"}
    assert signed_out.requests() == 0
    answer = {"captcha": signed_out.portal.captcha_answer}
    done = await hass.config_entries.flow.async_configure(step["flow_id"], answer)
    assert done["reason"] == "reauth_successful"


@pytest.mark.parametrize("text", ["abcde", ""])
async def test_an_answer_after_another_way_has_failed_begins_again(
    hass: HomeAssistant, signed_out: Harness, text: str
) -> None:
    step = await open_flow(signed_out)
    signed_out.portal.add_fault(Fault("reslogin", "drop", times=1))
    with pytest.raises(HomeAssistantError):
        await sign_in(signed_out, captcha="abcde")
    again = await hass.config_entries.flow.async_configure(step["flow_id"], {"captcha": text})
    assert again["step_id"] == "captcha"
    answer = {"captcha": signed_out.portal.captcha_answer}
    done = await hass.config_entries.flow.async_configure(step["flow_id"], answer)
    assert done["reason"] == "reauth_successful"


async def test_a_picture_that_the_portal_forgot_is_renewed_and_does_not_count(
    signed_out: Harness,
) -> None:
    await sign_in(signed_out)
    answer = signed_out.portal.captcha_answer
    signed_out.portal.expire()  # of the session of the sign-in, too
    await signed_out.forward(timedelta(hours=2))
    late = await sign_in(signed_out, captcha=answer)
    assert (late["signed_in"], late["reason"]) == (False, "captcha_expired")
    assert (await sign_in(signed_out, captcha=signed_out.portal.captcha_answer))["signed_in"]


async def test_a_picture_that_waited_long_is_drawn_anew_for_the_next_one(
    signed_out: Harness, hass_client: ClientSessionGenerator
) -> None:
    await sign_in(signed_out)
    first = await shown(signed_out, hass_client)
    await signed_out.forward(timedelta(minutes=20))
    await open_flow(signed_out)
    assert await shown(signed_out, hass_client) != first


async def test_a_live_session_stays_in_use_while_another_is_being_opened(
    hass: HomeAssistant, account: Harness
) -> None:
    step = await account.entry.start_reconfigure_flow(hass)
    shown = await hass.config_entries.flow.async_configure(
        step["flow_id"], {"password": "demo-password"}
    )
    assert shown["step_id"] == "captcha"  # and there the person leaves
    await account.forward(timedelta(minutes=10))
    assert account.state("sign_in_needed") == "off"
    assert account.entry.state is ConfigEntryState.LOADED


# --- a portal without a captcha ---


@pytest.fixture
async def alone(account: Harness) -> Harness:
    """The demo account on a portal that asked for no captcha the last time."""
    account.portal.set_profile(captcha=False, session_minutes=None)
    account.portal.expire()
    await account.forward(timedelta(minutes=10))
    assert (await account.sign_in())["signed_in"]
    account.portal.clear_requests()
    return account


def sign_ins(account: Harness) -> int:
    return sum(r.method == "POST" and "reslogin" in r.path.lower() for r in account.portal.requests)


async def test_signing_in_alone(hass: HomeAssistant, alone: Harness) -> None:
    events = async_capture_events(hass, "usms_sign_in_needed")
    await alone.forward(timedelta(hours=8))
    alone.portal.expire()
    await alone.forward(timedelta(minutes=30))
    await alone.forward(timedelta(minutes=30))
    assert alone.state("sign_in_needed") == "off"
    assert sign_ins(alone) == 1
    assert events == []
    assert hass.config_entries.flow.async_progress() == []


async def test_sessions_that_end_at_once_are_no_loop(alone: Harness) -> None:
    """With a portal that ends each session within minutes, sign-ins become rarer."""
    for _ in range(24 * 2):
        alone.portal.expire()
        await alone.forward(timedelta(minutes=30))
    assert 3 <= sign_ins(alone) <= 12


async def test_a_refusal_ends_signing_in_alone_at_once(hass: HomeAssistant, alone: Harness) -> None:
    alone.portal.account.password = "new-password"
    alone.portal.expire()
    for _ in range(50):
        await alone.forward(timedelta(minutes=30))
    assert sign_ins(alone) == 1
    assert alone.state("sign_in_needed") == "on"
    (flow,) = hass.config_entries.flow.async_progress()
    step = await hass.config_entries.flow.async_configure(flow["flow_id"])
    assert "password" in (step["data_schema"].schema if step["data_schema"] else {})


async def test_a_captcha_that_comes_back_asks_a_person(hass: HomeAssistant, alone: Harness) -> None:
    alone.portal.set_profile(captcha=True)
    alone.portal.expire()
    for _ in range(10):
        await alone.forward(timedelta(minutes=30))
    assert sign_ins(alone) == 1
    assert alone.state("sign_in_needed") == "on"
    assert alone.state("captcha") != "unknown"  # the picture is there already
    assert (await alone.sign_in())["signed_in"]
