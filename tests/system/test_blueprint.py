"""The phone's blueprint in a real Home Assistant, with a mocked companion app that replies."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.support.home import Home
from tests.support.home_assistant import HomeAssistantFailed

from .conftest import needed, now, read

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]

PNG = b"\x89PNG"


@dataclass
class Phone:
    """The companion app of a phone: what it was sent, and what its user does."""

    home: Home
    webhook: str
    device: str
    inbox: asyncio.Queue[dict[str, Any]]
    pictures: list[bytes] = field(default_factory=list)

    async def notified(self) -> dict[str, Any]:
        """Wait for the next notification."""
        return await asyncio.wait_for(self.inbox.get(), 60)

    async def look(self, notification: dict[str, Any]) -> None:
        """Open the picture of a notification."""
        self.pictures.append(await self.home.fetch(notification["data"]["image"]))

    async def reply(self, notification: dict[str, Any], text: str) -> None:
        """Type a reply."""
        (button,) = notification["data"]["actions"]
        assert button["behavior"] == "textInput"
        data = {"action": button["action"], "reply_text": text}
        event = {"event_type": "mobile_app_notification_action", "event_data": data}
        await self.home.api.call(
            "POST", f"/api/webhook/{self.webhook}", json={"type": "fire_event", "data": event}
        )


@pytest.fixture
def configuration() -> str:
    return "automation: !include automations.yaml\nmobile_app:\n"


@pytest.fixture
async def phone(home: Home) -> AsyncIterator[Phone]:
    """A phone that is registered with Home Assistant."""
    inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def push(request: web.Request) -> web.Response:
        inbox.put_nowait(await request.json())
        return web.json_response({"success": True}, status=201)

    app = web.Application()
    app.router.add_post("/push", push)
    async with TestServer(app) as server:
        registered = await home.api.call(
            "POST",
            "/api/mobile_app/registrations",
            json={
                "app_id": "phone",
                "app_name": "Phone",
                "app_version": "1",
                "device_name": "Phone",
                "device_id": "phone",
                "manufacturer": "Maker",
                "model": "Model",
                "os_name": "OS",
                "os_version": "1",
                "supports_encryption": False,
                "app_data": {"push_token": "token", "push_url": str(server.make_url("/push"))},
            },
        )
        await home.until(lambda: known(home))
        yield Phone(home, registered["webhook_id"], await known(home), inbox)


async def known(home: Home) -> str:
    """Return the phone's device."""
    devices = await home.api.command("config/device_registry/list")
    return next((str(device["id"]) for device in devices if device["name"] == "Phone"), "")


async def set_up(home: Home, phone: Phone) -> str:
    """Add the account and an automation of the blueprint; return the account."""
    await home.add_account()
    await home.until(lambda: read(home))
    account = await home.entry_id()
    path = "usms/sign_in_from_phone.yaml"  # Home Assistant has those of the repository
    automation = {
        "alias": "Sign in from the phone",
        "use_blueprint": {"path": path, "input": {"account": account, "phone": phone.device}},
    }
    await home.api.call("POST", "/api/config/automation/config/phone", json=automation)
    await home.until(lambda: is_on(home))
    return account


async def is_on(home: Home) -> bool:
    return (await home.state("sign_in_from_the_phone"))["state"] == "on"


async def signed_in(home: Home) -> bool:
    """Whether the account page was read after the sign-in."""
    return not await needed(home)


async def is_over(home: Home) -> bool:
    return (await home.state("sign_in_from_the_phone"))["attributes"]["current"] == 0


async def end_the_session(home: Home) -> None:
    home.portal.expire()
    button = {"entity_id": await now(home)}
    with suppress(HomeAssistantFailed):  # the button says that a sign-in is needed
        await home.api.call("POST", "/api/services/button/press", json=button)


async def test_a_wrong_reply_brings_a_new_picture_and_a_right_one_signs_in(
    home: Home, phone: Phone
) -> None:
    await set_up(home, phone)
    await end_the_session(home)
    asked = await phone.notified()
    assert (asked["title"], asked["message"]) == (
        "USMS needs a sign-in",
        "Reply with the characters in the picture.",
    )
    await phone.look(asked)
    await phone.reply(asked, "wrong")
    asked = await phone.notified()
    assert asked["message"] == "That was not what the picture showed. Here is a new one."
    await phone.look(asked)
    await phone.reply(asked, home.portal.captcha_answer)
    cleared = await phone.notified()
    assert cleared["message"] == "clear_notification"
    assert cleared["data"]["tag"] == asked["data"]["tag"]
    await home.until(lambda: signed_in(home))
    assert await home.api.command("config_entries/flow/progress") == []
    assert len(set(phone.pictures)) == 2
    assert all(picture.startswith(PNG) for picture in phone.pictures)
    assert home.trouble() == []


async def test_three_wrong_replies_are_enough(home: Home, phone: Phone) -> None:
    await set_up(home, phone)
    await end_the_session(home)
    for _ in range(3):
        await phone.reply(await phone.notified(), "wrong")
    assert (await phone.notified())["message"] == "clear_notification"
    await home.until(lambda: is_over(home))
    assert phone.inbox.empty()
    assert await needed(home)
    flows = await home.api.command("config_entries/flow/progress")
    assert [flow["handler"] for flow in flows] == ["usms"]


async def test_somebody_else_was_faster(home: Home, phone: Phone) -> None:
    account = await set_up(home, phone)
    await end_the_session(home)
    await phone.notified()
    answer = home.portal.captcha_answer
    done = await home.act("usms.sign_in", account=account, captcha=answer)
    assert done["signed_in"]
    assert (await phone.notified())["message"] == "clear_notification"
    await home.until(lambda: is_over(home))
    assert not await needed(home)
