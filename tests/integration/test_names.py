"""What devices and accounts are called."""

from collections.abc import Iterable

import pytest
from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder.models import StatisticData, StatisticMetaData
from homeassistant.components.recorder.statistics import (
    async_add_external_statistics,
    get_metadata,
)
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.recorder import get_instance
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.usms.const import DOMAIN
from custom_components.usms.entity import account_device
from custom_components.usms.history import recorder
from tests.portal import DEMO_USERNAME
from tests.support.harness import Harness
from tests.support.options import go

pytestmark = [pytest.mark.history(days=2), pytest.mark.knows_portal]


async def test_kind_and_last_four_digits(account: Harness) -> None:
    for kind in ("electricity", "water"):
        number = account.meter(kind).number
        assert account.device(kind).name == f"{kind.capitalize()} {number[-4:]}"
    assert account.device().name == f"USMS account {DEMO_USERNAME[-4:]}"


async def test_names_do_not_collide(
    hass: HomeAssistant, harness: Harness, freezer: FrozenDateTimeFactory
) -> None:
    """Neither those of meters nor those of accounts, and they stay as they are."""
    second = MockConfigEntry(
        domain=DOMAIN,
        entry_id="second",
        data={CONF_USERNAME: f"0200{DEMO_USERNAME[-4:]}", CONF_PASSWORD: "x"},
    )
    second.add_to_hass(hass)
    number = harness.meter("electricity").number
    alike = f"9999{number[-4:]}"
    dr.async_get(hass).async_get_or_create(
        config_entry_id="second", identifiers={(DOMAIN, alike)}, serial_number=alike
    )
    freezer.tick(1)
    await harness.set_up()
    for _ in range(2):
        assert harness.device("electricity").name == f"Electricity {number[-4:]} (2)"
        assert harness.device("water").name == f"Water {harness.meter('water').number[-4:]}"
        assert harness.device().name == f"USMS account {DEMO_USERNAME[-4:]}"
        await harness.reload()
    second.runtime_data = harness.entry.runtime_data
    assert account_device(second)["translation_placeholders"] == {
        "number": f"{DEMO_USERNAME[-4:]} (2)"
    }


async def _series(account: Harness, kind: str) -> set[str | None]:
    """Return what the statistics of a meter are called."""
    await account.settle()
    number = account.meter(kind).number
    known = await get_instance(account.hass).async_add_executor_job(get_metadata, account.hass)
    return {
        metadata["name"] for _, metadata in known.values() if number in metadata["statistic_id"]
    }


async def test_statistics_are_called_as_their_meter(
    hass: HomeAssistant, account: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    await account.start_history()
    ends = ("consumption for Energy", "cost for Energy", "daily report")
    number = account.meter("electricity").number
    assert await _series(account, "electricity") == {
        f"Electricity {number[-4:]} {end}" for end in ends
    }
    before = await account.statistics(account.meter("electricity"), "consumption")
    registry = dr.async_get(hass)
    rows: list[StatisticData] = []

    def add(hass: HomeAssistant, metadata: StatisticMetaData, new: Iterable[StatisticData]) -> None:
        rows.extend(new)
        async_add_external_statistics(hass, metadata, new)

    with monkeypatch.context() as patch:
        patch.setattr(recorder, "async_add_external_statistics", add)
        for name in ("Kedai", "Rumah"):
            registry.async_update_device(account.device("electricity").id, name_by_user=name)
            assert await _series(account, "electricity") == {f"{name} {end}" for end in ends}
    assert rows == []
    assert await account.statistics(account.meter("electricity"), "consumption") == before
    # A name that was given while the account was not loaded is found by the next start.
    await hass.config_entries.async_unload(account.entry.entry_id)
    registry.async_update_device(account.device("water").id, name_by_user="Paip")
    assert "Paip daily report" not in await _series(account, "water")
    await account.set_up()
    await account.start_history()
    assert await _series(account, "water") == {f"Paip {end}" for end in ends}
    assert await _series(account, "electricity") == {f"Rumah {end}" for end in ends}


async def test_statistics_of_two_meters_of_the_same_name_are_called_otherwise(
    hass: HomeAssistant, account: Harness
) -> None:
    await account.start_history()
    registry = dr.async_get(hass)
    meters = {kind: account.device(kind) for kind in ("electricity", "water")}

    def ends(name: str) -> set[str]:
        return {
            f"{name} {end}" for end in ("consumption for Energy", "cost for Energy", "daily report")
        }

    for device in meters.values():
        registry.async_update_device(device.id, name_by_user="Rumah")
    for kind, device in meters.items():
        assert await _series(account, kind) == ends(f"Rumah ({device.name})")
    # Also by what the other is called from the start; and again by the name alone.
    registry.async_update_device(meters["water"].id, name_by_user=meters["electricity"].name)
    assert await _series(account, "electricity") == ends("Rumah")
    registry.async_update_device(meters["electricity"].id, name_by_user=None)
    own = {kind: str(device.name) for kind, device in meters.items()}
    assert await _series(account, "electricity") == ends(own["electricity"])
    assert await _series(account, "water") == ends(f"{own['electricity']} ({own['water']})")


async def test_a_name_of_spaces_only_is_none(hass: HomeAssistant, account: Harness) -> None:
    await account.start_history()
    device = account.device("water")
    dr.async_get(hass).async_update_device(device.id, name_by_user="   ")
    assert f"{device.name} daily report" in await _series(account, "water")
    form = await go(account, "meters")
    (field,) = form["data_schema"].schema.values()
    assert device.name in [option["label"] for option in field.config["options"]]


async def test_renaming_makes_no_statistics(hass: HomeAssistant, account: Harness) -> None:
    await account.start_history()
    number = account.meter("water").number
    await account.statistics_writer.async_clear([number])
    dr.async_get(hass).async_update_device(account.device("water").id, name_by_user="Paip")
    assert await _series(account, "water") == set()
