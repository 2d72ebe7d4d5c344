"""Statistics of another integration, taken over by `usms.adopt_history`."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from homeassistant.components.recorder.models import (
    StatisticData,
    StatisticMeanType,
    StatisticMetaData,
)
from homeassistant.components.recorder.statistics import async_import_statistics
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError, Unauthorized
from pytest_homeassistant_custom_component.common import MockUser

from custom_components.usms.client.brunei import brunei_midnight
from custom_components.usms.client.models import Resolution
from custom_components.usms.client.store.models import Origin
from custom_components.usms.const import DOMAIN
from custom_components.usms.history.recorder import async_recorded
from tests.portal import SimulatedPortal
from tests.support.harness import Harness

SOURCE = "sensor.electricity_meter_10000001"
pytestmark = [pytest.mark.history(days=6), pytest.mark.knows_portal]


async def call(hass: HomeAssistant, **data: Any) -> dict[str, Any]:
    response = await hass.services.async_call(
        DOMAIN, "adopt_history", data, blocking=True, return_response=True
    )
    assert isinstance(response, dict)
    return response


async def record(
    hass: HomeAssistant,
    rows: Iterable[tuple[datetime, Decimal]],
    unit: str | None = "kWh",
    *,
    factor: int = 1,
    has_sum: bool = True,
) -> None:
    """Have the recorder remember rows with running sums, as a sensor of another integration."""
    data, total = [], 0.0
    for start, value in rows:
        total += float(value) * factor
        sums = {"sum": total} if has_sum else {"mean": total, "min": total, "max": total}
        data.append(StatisticData(start=start, state=float(value) * factor, **sums))
    async_import_statistics(
        hass,
        StatisticMetaData(
            mean_type=StatisticMeanType.NONE if has_sum else StatisticMeanType.ARITHMETIC,
            has_sum=has_sum,
            name=None,
            source="recorder",
            statistic_id=SOURCE,
            unit_class={"kWh": "energy", "Wh": "energy", "L": "volume", "ft³": "volume"}.get(
                unit or ""
            ),
            unit_of_measurement=unit,
        ),
        data,
    )
    await async_recorded(hass)


def before(portal: SimulatedPortal, meter: str, days: int = 5) -> list[tuple[datetime, Decimal]]:
    """Return hours from before the portal's history: consumption that it no longer has."""
    first = portal.truth(meter, "hour")[0][0].replace(hour=0) - timedelta(days=days)
    return [
        (first + timedelta(hours=hour), Decimal(hour % 24) / 1000 + 1) for hour in range(24 * days)
    ]


@pytest.mark.parametrize(("unit", "factor"), [("kWh", 1), ("Wh", 1000)])
async def test_hours_of_another_integration(
    hass: HomeAssistant, account: Harness, unit: str, factor: int
) -> None:
    """They become history like any other; what the store has stays, twice changes nothing."""
    account.portal.set_profile(session_minutes=None)
    await account.start_history()
    meter = account.meter()
    truth = account.portal.truth(meter.number, "hour")
    old = before(account.portal, meter.number)
    wrong = [(start, value + 5) for start, value in truth]
    await record(hass, [*old, *wrong], unit, factor=factor)
    oldest = account.entity("oldest_reading", meter.number).state
    shown = await account.statistics(meter, "consumption")
    account.portal.clear_requests()

    device = account.device(meter.number).id
    response = await call(hass, device_id=device, statistic_id=SOURCE)
    assert response["meter"] == meter.number
    assert response["taken_over"] == len(old)
    await account.settle()
    assert account.requests() == 0
    taken = [
        (reading.start, reading.value)
        for reading in account.store.readings(meter.number, Resolution.HOUR)
        if reading.origin is Origin.RECORDER
    ]
    assert taken == old
    # Days whose hours are all there have their total, as months do.
    entry = {"device_id": device, "from": old[0][0].date().isoformat()}
    days = await hass.services.async_call(
        DOMAIN, "get_readings", entry, blocking=True, return_response=True
    )
    shown_days = {row["start"]: row["consumption"] for row in days["meters"][0]["readings"]}
    for day in {start.date() for start, _ in old}:
        total = float(sum(value for start, value in old if start.date() == day))
        assert shown_days[brunei_midnight(day).isoformat()] == total
    now = await account.statistics(meter, "consumption")
    assert {start: now[start][0] for start in shown} == {
        start: state for start, (state, _) in shown.items()
    }
    assert [(start, now[start][0]) for start, _ in old] == [
        (start, float(value)) for start, value in old
    ]
    total = 0.0
    for start in sorted(now):
        total += now[start][0]
        assert now[start][1] == pytest.approx(total)
    assert (await account.statistics(meter, "cost")).keys() == now.keys()
    assert account.entity("oldest_reading", meter.number).state < oldest

    again = await call(hass, device_id=device, statistic_id=SOURCE)
    assert again == {**response, "taken_over": 0}
    await account.settle()
    assert await account.statistics(meter, "consumption") == now


@pytest.mark.parametrize(("unit", "factor"), [("m³", 1), ("L", 1000)])
async def test_days_of_water(hass: HomeAssistant, account: Harness, unit: str, factor: int) -> None:
    account.portal.set_profile(session_minutes=None)
    await account.start_history()
    meter = account.meter("water")
    first = account.portal.truth(meter.number, "day")[0][0] - timedelta(days=9)
    old = [(first + timedelta(days=n), Decimal("0.125") * (n + 1)) for n in range(9)]
    await record(hass, old, unit, factor=factor)
    wanted = {"from": str(old[2][0].date()), "to": str(old[6][0].date())}
    device = account.device(meter.number).id
    response = await call(hass, device_id=device, statistic_id=SOURCE, **wanted)
    assert (response["taken_over"], response["refused"]) == (5, 0)
    await account.settle()
    daily = await account.statistics(meter, "daily")
    assert [(start, Decimal(str(daily[start][0]))) for start, _ in old if start in daily] == old[
        2:7
    ]


async def test_hours_that_contradict_the_portals_day_are_refused(
    hass: HomeAssistant, account: Harness
) -> None:
    """A day of which only the total is known is not made less by some hours of it."""
    account.portal.set_profile(session_minutes=None)
    await account.start_history()
    meter = account.meter()
    with account.store.transaction() as db:
        db.execute("DELETE FROM reading WHERE resolution = 'hour'")
    truth = account.portal.truth(meter.number, "hour")
    day = truth[24][0].date()
    whole = [row for row in truth if row[0].date() == day]
    part = [row for row in truth if row[0].date() == day + timedelta(days=1)][:12]
    await record(hass, [*whole, *part])
    response = await call(hass, device_id=account.device(meter.number).id, statistic_id=SOURCE)
    assert (response["taken_over"], response["refused"]) == (len(whole), len(part))


@pytest.mark.parametrize(
    ("rows", "data", "key"),
    [
        (None, {}, "statistic_not_found"),
        ({"unit": "L"}, {}, "statistic_of_another_unit"),
        ({"unit": None}, {}, "statistic_of_another_unit"),
        ({"unit": "°C", "has_sum": False}, {}, "statistic_without_sum"),
        ({}, {"device_id": None}, "one_meter_needed"),
        ({}, {"from": "2026-11-10", "to": "2026-11-09"}, "range_reversed"),
    ],
)
async def test_what_can_not_be_taken_over(
    hass: HomeAssistant,
    account: Harness,
    rows: dict[str, Any] | None,
    data: dict[str, Any],
    key: str,
) -> None:
    await account.start_history()
    meter = account.meter()
    if rows is not None:
        await record(hass, before(account.portal, meter.number), **rows)
    device = account.device(None if "device_id" in data else meter.number).id
    with pytest.raises(ServiceValidationError) as refused:
        await call(hass, statistic_id=SOURCE, **data | {"device_id": device})
    assert refused.value.translation_key == key


async def test_only_administrators_take_over(
    hass: HomeAssistant, account: Harness, hass_read_only_user: MockUser
) -> None:
    await account.start_history()
    device = account.device(account.meter().number).id
    with pytest.raises(Unauthorized):
        await hass.services.async_call(
            DOMAIN,
            "adopt_history",
            {"device_id": device, "statistic_id": SOURCE},
            blocking=True,
            return_response=True,
            context=Context(user_id=hass_read_only_user.id),
        )
