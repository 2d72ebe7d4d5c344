"""The actions, as automations and people call them."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.usms.const import DOMAIN
from tests.support.harness import Harness

pytestmark = [pytest.mark.history(days=6), pytest.mark.knows_portal]


@pytest.fixture
async def read(account: Harness) -> Harness:
    """The demo account with all its history."""
    await account.start_history()
    account.portal.clear_requests()
    return account


async def call(hass: HomeAssistant, action: str, **data: Any) -> dict[str, Any]:
    response = await hass.services.async_call(
        DOMAIN, action, data, blocking=True, return_response=True
    )
    assert isinstance(response, dict)
    return response


async def test_readings_of_a_meter(hass: HomeAssistant, read: Harness) -> None:
    meter = read.meter()
    day = read.now.date() - timedelta(days=5)
    response = await call(
        hass,
        "get_readings",
        device_id=read.device(meter.number).id,
        resolution="hour",
        **{"from": day.isoformat(), "to": day.isoformat()},
    )
    (found,) = response["meters"]
    assert found["meter"] == meter.number
    assert [(row["start"], Decimal(repr(row["consumption"]))) for row in found["readings"]] == [
        (start.isoformat(), value)
        for start, value in read.portal.truth(meter.number, "hour")
        if start.date() == day
    ]
    assert found["readings"][0].keys() == {"start", "consumption", "cost", "unit", "estimated"}
    assert found["readings"][0]["cost"] == pytest.approx(found["readings"][0]["consumption"] * 0.01)
    today = float(read.state("consumption_today", meter.number))
    assert found["today"]["consumption"] == pytest.approx(today)
    assert read.requests() == 0


@pytest.mark.history(days=33)
async def test_readings_of_an_account_by_day_and_month(hass: HomeAssistant, read: Harness) -> None:
    entry = read.entry.entry_id
    days = (await call(hass, "get_readings", config_entry_id=entry))["meters"]
    assert [meter["utility"] for meter in days] == ["electricity", "water"]
    assert len(days[0]["readings"]) == 31
    months = (await call(hass, "get_readings", config_entry_id=entry, resolution="month"))["meters"]
    water = read.meter("water").number
    total = sum(value for _, value in read.portal.truth(water, "day"))
    assert sum(Decimal(repr(row["consumption"])) for row in months[1]["readings"]) == total
    assert [row["start"][:10] for row in months[1]["readings"]] == ["2026-10-01", "2026-11-01"]
    cost = float(read.state("cost_this_month", "water"))
    assert months[1]["readings"][1]["cost"] == pytest.approx(cost, abs=0.005)
    by_day = sum(row["cost"] for row in days[1]["readings"] if row["start"] >= "2026-11-01")
    assert by_day == pytest.approx(months[1]["readings"][1]["cost"])


@pytest.mark.history(days=16)
async def test_a_plan_of_a_top_up(hass: HomeAssistant, read: Harness) -> None:
    device_id = read.device("electricity").id
    needed = await call(hass, "plan_top_up", device_id=device_id)
    assert needed["until"] == "2026-12-31"
    assert 0 <= needed["pay"] <= needed["pay_80_percent"] <= needed["pay_95_percent"]
    assert sum(needed["notes_95_percent"]) == needed["pay_95_percent"]
    lasts = await call(hass, "plan_top_up", device_id=device_id, amount=20)
    assert lasts["lasts_until_95_percent"] <= lasts["lasts_until"]
    assert (needed["debt"], lasts["debt"]) == (0, 0)
    runs_out = read.state("runs_out", "electricity")
    assert datetime.fromisoformat(lasts["lasts_until"]) > datetime.fromisoformat(runs_out)
    for until in ("2026-11-01", "2029-11-01"):
        with pytest.raises(ServiceValidationError) as refused:
            await call(hass, "plan_top_up", device_id=device_id, until=until)
        assert refused.value.translation_key == "plan_too_far"
    with pytest.raises(ServiceValidationError) as refused:
        await call(hass, "plan_top_up", config_entry_id=read.entry.entry_id)
    assert refused.value.translation_key == "one_meter_needed"


@pytest.mark.parametrize(
    ("data", "key"),
    [
        ({}, "account_or_device_needed"),
        ({"config_entry_id": "nothing"}, "account_not_found"),
        ({"device_id": "nothing"}, "device_not_found"),
        ({"from": "2026-11-05", "to": "2026-11-01"}, "range_reversed"),
        ({"to": "2027-01-01"}, "range_in_future"),
        ({"from": "2024-01-01"}, "range_too_long"),
    ],
)
async def test_bad_input_is_told(
    hass: HomeAssistant, read: Harness, data: dict[str, str], key: str
) -> None:
    if key.startswith("range"):
        data = data | {"config_entry_id": read.entry.entry_id}
    with pytest.raises(ServiceValidationError) as refused:
        await call(hass, "get_readings", **data)
    assert refused.value.translation_key == key


async def test_a_meter_of_another_account_is_told(hass: HomeAssistant, read: Harness) -> None:
    other = MockConfigEntry(domain=DOMAIN)
    other.add_to_hass(hass)
    device_id = read.device("water").id
    with pytest.raises(ServiceValidationError) as refused:
        await call(hass, "get_readings", config_entry_id=other.entry_id, device_id=device_id)
    assert refused.value.translation_key == "other_account"
    both = await call(
        hass, "get_readings", config_entry_id=read.entry.entry_id, device_id=device_id
    )
    assert [meter["utility"] for meter in both["meters"]] == ["water"]


async def test_an_account_that_is_not_loaded_is_told(hass: HomeAssistant, read: Harness) -> None:
    await hass.config_entries.async_unload(read.entry.entry_id)
    with pytest.raises(ServiceValidationError) as refused:
        await call(hass, "rebuild_statistics", config_entry_id=read.entry.entry_id)
    assert refused.value.translation_key == "account_not_loaded"


@pytest.mark.history(days=20)
async def test_a_forced_import_reads_settled_days_again(hass: HomeAssistant, read: Harness) -> None:
    last = read.now.date() - timedelta(days=10)
    first = last - timedelta(days=4)
    response = await call(
        hass,
        "import_history",
        device_id=read.device("electricity").id,
        force=True,
        **{"from": first.isoformat(), "to": last.isoformat()},
    )
    assert response["meters"] == [read.meter().number]
    await read.settle()
    posts = [record for record in read.portal.requests if record.method == "POST"]
    assert 5 <= len(posts) <= 12
    await read.assert_statistics_equal_truth()


async def test_an_import_without_force_reads_nothing_twice(
    hass: HomeAssistant, read: Harness
) -> None:
    await call(hass, "import_history", config_entry_id=read.entry.entry_id)
    await read.settle()
    assert read.requests("report") == 0


async def test_an_import_from_before_the_start_asks_for_it(
    hass: HomeAssistant, read: Harness
) -> None:
    meter = read.meter("water")
    first = meter.installed - timedelta(days=100)
    await call(
        hass,
        "import_history",
        device_id=read.device(meter.number).id,
        **{"from": first.isoformat()},
    )
    await read.settle()
    assert 1 <= read.requests("report") <= 6
    await read.assert_statistics_equal_truth()


@pytest.mark.history(days=25)
async def test_statistics_are_cleared_until_they_are_rebuilt(
    hass: HomeAssistant, read: Harness
) -> None:
    meter, water = read.meter(), read.meter("water")
    response = await call(hass, "clear_statistics", device_id=read.device(meter.number).id)
    assert len(response["cleared"]) == 3
    assert await read.statistics(meter, "consumption") == {}
    assert await read.statistics(water, "consumption")
    await read.reload()
    await read.start_history()
    assert await read.statistics(meter, "consumption") == {}

    read.portal.clear_requests()
    response = await call(hass, "rebuild_statistics", device_id=read.device().id)
    assert response["rows_written"] > 500
    assert read.requests() == 0
    await read.assert_statistics_equal_truth()


async def test_an_import_in_the_first_seconds(hass: HomeAssistant, account: Harness) -> None:
    """The store did not know the meter yet, and the action failed."""
    response = await call(hass, "import_history", config_entry_id=account.entry.entry_id)
    assert len(response["meters"]) == 2
    await account.start_history()
    await account.assert_statistics_equal_truth()
