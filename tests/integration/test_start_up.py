"""Start-up while the portal hangs, refuses or is slow: Home Assistant never waits for it long."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.usms import FIRST_POLL
from custom_components.usms.const import DOMAIN
from custom_components.usms.history.loop import START_DELAY
from tests.portal import Fault
from tests.support.harness import Harness

pytestmark = pytest.mark.history(days=9)


async def _asked(harness: Harness) -> None:
    """Wait until the portal has a request that it does not answer."""
    while not harness.portal.in_flight:  # noqa: ASYNC110
        await asyncio.sleep(0)


async def _turns() -> None:
    """Let the event loop do what is due; its clock stands."""
    for _ in range(200):
        await asyncio.sleep(0)


async def _given_up(harness: Harness) -> None:
    """Unload the account, and wait until the portal has noticed: its clock stands."""
    await harness.hass.config_entries.async_unload(harness.entry.entry_id)
    while harness.portal.in_flight:  # noqa: ASYNC110
        await asyncio.sleep(0)


async def _restart(harness: Harness) -> None:
    """Unload the account and set it up again; not a moment passes by the clock meanwhile."""
    assert await harness.hass.config_entries.async_unload(harness.entry.entry_id)
    assert await harness.hass.config_entries.async_setup(harness.entry.entry_id)
    assert harness.entry.state is ConfigEntryState.LOADED


async def _hangs(harness: Harness) -> None:
    harness.portal.add_fault(Fault(path="*", kind="hang"))


async def _refuses(harness: Harness) -> None:
    await harness.portal.stop()


async def _fails(harness: Harness) -> None:
    harness.portal.add_fault(Fault(path="*", kind="status"))


@pytest.mark.parametrize("trouble", [_hangs, _refuses, _fails])
async def test_what_the_store_knows_is_on_show(
    account: Harness, trouble: Callable[[Harness], Awaitable[None]]
) -> None:
    await account.start_history()
    account.portal.clear_requests()
    keys = (
        *("consumption_this_month", "consumption_today", "cost_this_month", "days_left"),
        *("balance", "remaining_units"),
    )
    before = {key: account.state(key, "electricity") for key in keys}
    assert not {"unknown", "unavailable"} & set(before.values())
    await trouble(account)
    await _restart(account)
    assert {key: account.state(key, "electricity") for key in keys} == before
    assert "as_of" in account.entity("balance", "electricity").attributes
    assert account.state("low_credit", "electricity") != "unavailable"
    # Nothing is said of the history before it is known what there is to read.
    assert account.state("history_progress") in {"unknown", "100"}
    assert account.state("sign_in_needed") == "off"
    await _given_up(account)


async def test_history_waits_for_the_first_poll(account: Harness) -> None:
    """A portal that hangs gets one request at a time, and no next one after it has failed."""
    account.portal.set_profile(session_minutes=None)
    await account.start_history()
    account.portal.clear_requests()
    account.portal.add_fault(Fault(path="*", kind="hang", times=1))
    await _restart(account)
    await _asked(account)
    account.tick(START_DELAY + timedelta(seconds=1))
    async_fire_time_changed(account.hass, account.now)
    await _turns()
    account.tick(timedelta(seconds=60))
    await account.settle()
    assert [record.path for record in account.portal.requests] == ["/SmartMeter/Home"]
    await account.forward(timedelta(days=1))
    assert account.requests("report") > 0


async def test_a_slow_portal_brings_its_answer_later(
    account: Harness, freezer: FrozenDateTimeFactory
) -> None:
    await account.start_history()
    account.portal.set_profile(latency=20)
    await _restart(account)
    assert "as_of" in account.entity("balance", "water").attributes
    await _asked(account)
    account.portal.set_profile(latency=0)  # the next answers come at once
    freezer.tick(21)
    await account.settle()
    assert "as_of" not in account.entity("balance", "water").attributes


async def test_without_a_store_the_portal_has_ten_seconds(
    hass: HomeAssistant, harness: Harness, freezer: FrozenDateTimeFactory
) -> None:
    harness.portal.add_fault(Fault(path="*", kind="hang", times=1))
    setup = hass.async_create_task(hass.config_entries.async_setup(harness.entry.entry_id))
    await _asked(harness)
    freezer.tick(FIRST_POLL - 1)
    await _turns()
    assert not setup.done()
    freezer.tick(2)
    assert await setup
    assert harness.entry.state is ConfigEntryState.LOADED
    assert harness.state("last_poll") == "unknown"
    # The request ends after a minute; the next poll brings the meters.
    freezer.tick(60)
    await harness.settle()
    await harness.forward(timedelta(minutes=12))
    assert harness.state("balance", "water") not in {"unknown", "unavailable"}


async def test_a_failed_set_up_is_logged_once_with_its_reason(
    hass: HomeAssistant, harness: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    harness.portal.add_fault(Fault(path="*", kind="maintenance"))
    await hass.config_entries.async_setup(harness.entry.entry_id)
    for _ in range(3):
        await hass.config_entries.async_reload(harness.entry.entry_id)
        assert harness.entry.state is ConfigEntryState.SETUP_RETRY
    entry = harness.entry
    assert (entry.error_reason_translation_domain, entry.error_reason_translation_key) == (
        DOMAIN,
        "maintenance",
    )
    assert entry.reason is not None
    assert "maintenance" in entry.reason
    assert len(_warnings(caplog)) == 1
    harness.portal.clear_faults()
    await hass.config_entries.async_reload(harness.entry.entry_id)
    assert harness.entry.state is ConfigEntryState.LOADED


async def test_failed_polls_are_logged_once(
    account: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    account.portal.add_fault(Fault(path="home", kind="other_page"))
    for _ in range(3):
        await account.forward(timedelta(minutes=12))
    await account.reload()
    account.portal.clear_faults()
    account.portal.add_fault(Fault(path="home", kind="status"))
    for _ in range(3):
        await account.forward(timedelta(minutes=12))
    pages = [line for line in _warnings(caplog) if "page Home" in line]
    assert len(pages) == 2  # once a start
    assert len(_warnings(caplog)) == 3


async def test_an_ended_session_is_no_warning(
    account: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    account.portal.expire()
    for _ in range(2):
        await account.entry.runtime_data.coordinator.async_refresh()
        await account.settle()
    assert account.state("sign_in_needed") == "on"
    assert _warnings(caplog) == []
    told = [r for r in caplog.records if "ended the session" in r.getMessage()]
    assert [record.levelno for record in told] == [logging.INFO]


def _warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        record.getMessage()
        for record in caplog.records
        if record.levelno >= logging.WARNING and "usms" in record.name
    ]


async def test_a_power_cut_takes_an_hour_of_what_cards_have_shown(
    hass: HomeAssistant, account: Harness, hass_storage: dict[str, Any]
) -> None:
    """Their file is written hourly while polls succeed, and not with each of them."""
    file = f"{DOMAIN}.{account.entry.entry_id}.cards"
    account.portal.set_profile(session_minutes=None)
    await account.forward(timedelta(minutes=61))
    first, read_at = hass_storage[file], account.now
    for minutes in (12, 12, 12, 12):
        await account.forward(timedelta(minutes=minutes))
        assert hass_storage[file] is first
    await account.forward(timedelta(minutes=13))
    noted, noted_at = hass_storage[file], account.now
    assert noted is not first
    assert noted_at - read_at == timedelta(minutes=61)
    await account.forward(timedelta(minutes=30))
    account.portal.add_fault(Fault(path="*", kind="status"))
    await hass.config_entries.async_unload(account.entry.entry_id)
    await hass.async_block_till_done()
    hass_storage[file] = noted  # as a power cut leaves it
    await account.set_up()
    status = account.entity("status", "water")
    assert (status.state, status.attributes["as_of"]) == ("active", noted_at)
    await account.forward(timedelta(hours=3))
    assert hass_storage[file] is noted, "nothing new, nothing written"
