"""Diagnostics of one meter."""

import json

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.helpers.device_registry import DeviceEntry
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_device,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from tests.portal import DEMO_USERNAME
from tests.support.harness import Harness

pytestmark = [pytest.mark.history(days=9), pytest.mark.knows_portal]


@pytest.mark.parametrize("loaded", [True, False])
async def test_of_one_meter_and_without_its_number(
    hass: HomeAssistant, account: Harness, hass_client: ClientSessionGenerator, loaded: bool
) -> None:
    await account.start_history()
    device: DeviceEntry = account.device("water")
    if not loaded:
        await hass.config_entries.async_unload(account.entry.entry_id)
    diagnostics = await get_diagnostics_for_device(hass, hass_client, account.entry, device)
    assert diagnostics["state"] == ("loaded" if loaded else "not_loaded")
    assert [stored["utility"] for stored in diagnostics["store"]] == ["water"]
    assert diagnostics["store"][0]["days_with_total"] == 9
    text = json.dumps(diagnostics)
    numbers = [DEMO_USERNAME, *(meter.number for meter in account.portal.meters)]
    assert [number for number in numbers if number in text] == []


async def test_of_the_account_they_are_the_same(
    hass: HomeAssistant, account: Harness, hass_client: ClientSessionGenerator
) -> None:
    diagnostics = await get_diagnostics_for_device(
        hass, hass_client, account.entry, account.device()
    )
    assert len(diagnostics["meters"]) == 2
