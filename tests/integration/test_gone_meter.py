"""A meter that goes and comes back: what Home Assistant's own logbook shows of it."""

import logging
from datetime import datetime, timedelta
from typing import Any

import pytest
from homeassistant.components.logbook.const import DOMAIN as LOGBOOK
from homeassistant.components.logbook.helpers import async_determine_event_types
from homeassistant.components.logbook.models import LogbookConfig
from homeassistant.components.logbook.processor import EventProcessor
from homeassistant.components.recorder import get_instance
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from tests.portal import Fault
from tests.support.harness import Harness

pytestmark = pytest.mark.knows_portal


@pytest.fixture
def recorder_config() -> dict[str, Any]:
    """Record states, of which the logbook is made."""
    return {}


async def lines(hass: HomeAssistant, begin: datetime) -> list[tuple[str, str]]:
    """Return what Home Assistant's logbook shows since then: entities and their states."""
    hass.data[LOGBOOK] = LogbookConfig({}, None, None)
    processor = EventProcessor(hass, async_determine_event_types(hass, None, None))
    recorder = get_instance(hass)
    await recorder.async_block_till_done()
    end = dt_util.utcnow() + timedelta(seconds=1)
    found = await recorder.async_add_executor_job(processor.get_events, begin, end)
    return [(line["entity_id"], line["state"]) for line in found if "entity_id" in line]


@pytest.mark.parametrize("restart", [False, True])
async def test_only_its_status_says_that_a_meter_went_or_came_back(
    hass: HomeAssistant, account: Harness, restart: bool
) -> None:
    """With all entities that can be, also where Home Assistant starts while it is gone."""
    account.portal.set_profile(session_minutes=None)
    await account.start_history()
    water, status = account.device("water"), account.entity_id("status", "water")
    before = {key: account.state(key, "water") for key in ("balance", "tier", "last_top_up")}
    assert account.state("low_credit", "water") == "off"
    # The readings that come meanwhile say nothing of this.
    account.portal.add_fault(Fault(path="report/usagehistory", kind="status"))
    await account.forward(timedelta(minutes=12))

    async def shown(*, hidden: bool) -> list[tuple[str, str]]:
        begin = dt_util.utcnow()
        account.portal.set_profile(hidden_meters=[str(water.serial_number)] if hidden else [])
        await account.forward(timedelta(minutes=12))
        return [line for line in await lines(hass, begin) if "water" in line[0]]

    assert await shown(hidden=True) == [(status, "gone")]
    if restart:
        await account.reload()
        for entity in er.async_entries_for_device(er.async_get(hass), water.id):
            if hass.states.get(entity.entity_id) is None:  # as Home Assistant does at its start
                entity.write_unavailable_state(hass)
    assert await shown(hidden=False) == [(status, "active")]
    assert {key: account.state(key, "water") for key in before} == before
    assert account.state("low_credit", "water") == "off"


async def test_a_debt_goes_and_comes_back_with_its_meter(
    account: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    account.portal.set_profile(session_minutes=None, debt=340.5)
    await account.start_history()
    number = account.meter("electricity").number
    debt = account.entity("debt", "electricity")
    for _ in range(2):
        account.portal.set_profile(hidden_meters=[number])
        await account.forward(timedelta(minutes=12))
        assert account.hass.states.get(debt.entity_id) is None
        account.portal.set_profile(hidden_meters=[])
        await account.forward(timedelta(minutes=12))
        assert account.state("debt", "electricity") == debt.state
    await account.reload()
    assert account.state("debt", "electricity") == debt.state
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
