"""Water that runs all day, and the summary of a week."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from homeassistant.core import ServiceCall, SupportsResponse
from homeassistant.exceptions import ServiceValidationError

from tests.blueprints.conftest import FRIDAY, Home


@pytest.mark.parametrize(
    ("yesterday", "average", "told"),
    [
        ("1.5", "0.6", True),
        ("1.2", "0.6", False),
        ("0.45", "0.1", False),  # far above, but little
        ("unknown", "0.6", False),
        ("1.5", "unavailable", False),
        ("3", "0", True),
    ],
)
async def test_a_leak(home: Home, yesterday: str, average: str, told: bool) -> None:
    water = {"unit_of_measurement": "m³"}
    await home.use(
        "unusual_consumption",
        yesterday=home.sensor("consumption_yesterday", yesterday, **water),
        average=home.sensor("average_per_day", average, **water),
    )
    assert await home.messages() == []
    await home.forward(timedelta(minutes=31))
    messages = await home.messages()
    assert len(messages) == told
    if average == "0.6" and told:
        text = "House: 1.5 m³ yesterday, 2.5 times the usual 0.6 m³."
        assert messages == [("Unusual consumption", text)]
    await home.forward(timedelta(hours=23))
    assert await home.messages() == []
    await home.forward(timedelta(hours=1))
    assert len(await home.messages()) == told


def readings(first: float, second: float | None, missing: int = 0) -> dict[str, Any]:
    """Return what `usms.get_readings` does: a fortnight, each week at an amount a day.

    Days at either end may not be published.
    """
    rows = []
    for n in range(missing, 14 - missing):
        amount = first if n < 7 else second
        if amount is not None:
            day = FRIDAY.replace(hour=0, minute=0) + timedelta(days=n - 12)
            row = {"start": day.isoformat(), "consumption": amount, "unit": "kWh"}
            rows.append(row | {"estimated": False})
    return {"meters": [{"meter": "10000001", "utility": "electricity", "readings": rows}]}


async def test_the_week_of_two_meters(home: Home) -> None:
    shop, flat, asked = home.add_device("Shop"), home.add_device("Flat"), []
    answers: Mapping[str, dict[str, Any]] = {
        home.device: readings(10, 12),
        shop: readings(3, None),
        flat: readings(10, 12, missing=1),
    }

    async def get_readings(call: ServiceCall) -> dict[str, Any]:
        asked.append(dict(call.data))
        return answers[call.data["device_id"]]

    home.hass.services.async_register(
        "usms", "get_readings", get_readings, supports_response=SupportsResponse.ONLY
    )
    figures = [
        home.sensor("cost_this_month", "21.5", unit_of_measurement="BND"),
        home.sensor("forecast_cost", "unknown", unit_of_measurement="BND"),
        home.sensor("runs_out", "2026-12-01T01:00:00+00:00", device_class="timestamp"),
    ]
    await home.use(
        "weekly_summary",
        meters=[home.device, shop, flat],
        figures=figures,
        weekday="sun",
        at="18:00:00",
    )
    await home.forward(timedelta(days=1, hours=7))
    assert await home.messages() == []
    await home.forward(timedelta(days=1))
    ((title, message),) = await home.messages()
    assert title == "Your week"
    assert message.splitlines() == [
        "House: 84.0 kWh (week before: 70.0 kWh)",
        "Shop: no readings",
        "Flat: 72.0 kWh on 6 of 7 days",
        "House cost this month: 21.5 BND",
        "House runs out: 01/12/2026 09:00",
    ]
    range_asked = {"resolution": "day", "from": "2026-11-08", "to": "2026-11-21"}
    assert asked == [{"device_id": device} | range_asked for device in answers]


async def test_the_week_of_an_account_that_is_not_loaded(home: Home) -> None:
    async def get_readings(_call: ServiceCall) -> dict[str, Any]:
        raise ServiceValidationError("not loaded")

    home.hass.services.async_register(
        "usms", "get_readings", get_readings, supports_response=SupportsResponse.ONLY
    )
    await home.use("weekly_summary", meters=[home.device], weekday="fri", at="12:00:00")
    await home.forward(timedelta(minutes=31))
    assert await home.messages() == [("Your week", "House: no readings")]
