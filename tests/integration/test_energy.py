"""The Energy dashboard: meters are added and taken away, and nothing else is touched."""

from typing import Any

import pytest
from homeassistant.components.energy.data import async_get_manager
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.setup import async_setup_component

from custom_components.usms.client import Utility
from custom_components.usms.const import DOMAIN
from custom_components.usms.energy_dashboard import (
    EnergyMeter,
    source_of,
    sources_left,
    sources_to_add,
)
from tests.support.harness import Harness

pytestmark = [pytest.mark.history(days=5), pytest.mark.knows_portal]

SOLAR = {"type": "solar", "stat_energy_from": "sensor.roof", "config_entry_solar_forecast": None}


@pytest.fixture
async def energy(hass: HomeAssistant) -> None:
    """Have the Energy dashboard, with a roof in it."""
    assert await async_setup_component(hass, "energy", {})
    manager = await async_get_manager(hass)
    await manager.async_update({"energy_sources": [SOLAR]})


async def sources(hass: HomeAssistant) -> list[Any]:
    manager = await async_get_manager(hass)
    assert manager.data is not None
    return list(manager.data["energy_sources"])


async def act(hass: HomeAssistant, action: str, **data: Any) -> list[str]:
    done = await hass.services.async_call(DOMAIN, action, data, blocking=True, return_response=True)
    assert done is not None
    (statistics,) = done.values()
    return list(statistics)


@pytest.mark.usefixtures("energy")
async def test_added_once_and_taken_away_again(hass: HomeAssistant, account: Harness) -> None:
    electricity, water = (account.meter(kind).number for kind in ("electricity", "water"))
    ids = {f"usms:electricity_{electricity}_consumption", f"usms:water_{water}_consumption"}
    assert set(await act(hass, "add_to_energy")) == ids  # an account alone need not be named
    roof, *added = await sources(hass)
    assert roof == SOLAR
    assert {(s["type"], s["stat_energy_from"], s["stat_cost"]) for s in added} == {
        (
            "grid",
            f"usms:electricity_{electricity}_consumption",
            f"usms:electricity_{electricity}_cost",
        ),
        ("water", f"usms:water_{water}_consumption", f"usms:water_{water}_cost"),
    }
    assert await act(hass, "add_to_energy") == []
    assert len(await sources(hass)) == 3

    device = account.device("water").id
    gone = await act(hass, "remove_from_energy", device_id=device)
    assert gone == [f"usms:water_{water}_consumption"]
    assert [s["type"] for s in await sources(hass)] == ["solar", "grid"]
    assert len(await act(hass, "remove_from_energy")) == 1
    assert await sources(hass) == [SOLAR]
    assert await act(hass, "remove_from_energy") == []


@pytest.mark.usefixtures("energy")
async def test_what_a_person_added_or_changed_stays(hass: HomeAssistant, account: Harness) -> None:
    number = account.meter("electricity").number
    by_hand = {
        **source_of(EnergyMeter(number, Utility.ELECTRICITY, priced=False)),
        "stat_energy_from": f"usms:electricity_{number}_daily",
    }
    manager = await async_get_manager(hass)
    await manager.async_update({"energy_sources": [SOLAR, by_hand]})
    assert len(await act(hass, "add_to_energy")) == 1  # water: electricity would count twice
    *_, water = await sources(hass)
    changed = {**water, "stat_cost": None, "number_energy_price": 0.11}
    await manager.async_update({"energy_sources": [SOLAR, by_hand, changed]})
    assert await hass.config_entries.async_remove(account.entry.entry_id)
    assert await sources(hass) == [SOLAR, by_hand, changed]


@pytest.mark.usefixtures("energy")
async def test_a_removed_account_takes_its_sources_along(
    hass: HomeAssistant, account: Harness
) -> None:
    await act(hass, "add_to_energy", config_entry_id=account.entry.entry_id)
    assert len(await sources(hass)) == 3
    assert await hass.config_entries.async_remove(account.entry.entry_id)
    assert await sources(hass) == [SOLAR]


async def test_without_an_energy_dashboard(hass: HomeAssistant, account: Harness) -> None:
    with pytest.raises(ServiceValidationError) as refused:
        await act(hass, "add_to_energy")
    assert refused.value.translation_key == "no_energy_dashboard"
    assert await act(hass, "remove_from_energy") == []


def test_a_meter_without_prices_has_no_cost() -> None:
    meter = EnergyMeter("12345678", Utility.ELECTRICITY, priced=False)
    (source,) = sources_to_add([], [meter])
    assert source["stat_cost"] is None
    assert sources_to_add([source], [meter]) == []


def test_releases_differ_in_what_they_leave_out() -> None:
    source = source_of(EnergyMeter("12345678", Utility.WATER, priced=True))
    saved = {name: value for name, value in source.items() if value is not None}
    assert sources_left([SOLAR, {**saved, "new_key": None}], [source]) == [SOLAR]
