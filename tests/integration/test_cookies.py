"""The session's cookies in Home Assistant: renewed by the portal, kept through restarts."""

from datetime import timedelta
from typing import Any

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store

from custom_components.usms.client import SessionLife
from custom_components.usms.connection.session_store import SessionStore
from tests.support.harness import Harness, sign_in_outside

pytestmark = pytest.mark.history(days=4)

HOURS = 4


@pytest.mark.parametrize("restarts", [False, pytest.param(True, marks=pytest.mark.long)])
async def test_a_sliding_ticket_asks_for_no_captcha(harness: Harness, restarts: bool) -> None:
    portal = harness.portal
    portal.set_profile(ticket_minutes=30, session_minutes=None)
    session = await sign_in_outside(portal)
    await SessionStore(harness.hass, harness.entry.entry_id).async_save(session, SessionLife())
    await harness.set_up()
    asked, end = 0, harness.now + timedelta(hours=HOURS)
    while harness.now < end:
        interval = harness.entry.runtime_data.coordinator.update_interval
        assert interval is not None
        await harness.forward(interval + timedelta(seconds=1))
        asked += harness.state("sign_in_needed") == "on"
        if restarts:
            await harness.reload()
    assert asked == 0


@pytest.mark.parametrize(
    "stored",
    [
        ["a", "list"],
        {"origin": 5, "cookies": "x", "life": []},
        {"origin": "http://127.0.0.1", "cookies": [{"name": "a@b"}], "life": {"seen_at": "2026"}},
    ],
)
async def test_a_session_that_cannot_be_read_is_no_session(harness: Harness, stored: Any) -> None:
    file = Store[Any](harness.hass, 1, f"usms.{harness.entry.entry_id}.session", private=True)
    await file.async_save(stored)
    await harness.hass.config_entries.async_setup(harness.entry.entry_id)
    await harness.hass.async_block_till_done()
    (flow,) = harness.hass.config_entries.flow.async_progress()
    assert flow["context"]["source"] == "reauth"


async def test_a_session_of_a_newer_version_is_no_session(
    hass: HomeAssistant, harness: Harness
) -> None:
    file = Store[Any](hass, 9, f"usms.{harness.entry.entry_id}.session", private=True)
    await file.async_save({"cookies": {}})
    session, life = await SessionStore(hass, harness.entry.entry_id).async_load()
    assert (session, life) == ({}, SessionLife())
