"""What a day and a month used."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from custom_components.usms.client.brunei import brunei_midnight
from custom_components.usms.client.consumption import (
    DayReadings,
    consumed,
    consumption,
    days_of,
    plain_consumption,
)
from custom_components.usms.client.models import Reading, Resolution, Utility
from custom_components.usms.client.store import ReadingsStore

DAY = date(2026, 11, 10)


def hours(number: int, value: str = "0.5", day: date = DAY) -> tuple[Reading, ...]:
    """Return the first hours of a day."""
    start = brunei_midnight(day)
    return tuple(Reading(start + timedelta(hours=n), Decimal(value)) for n in range(number))


@pytest.mark.parametrize(
    ("total", "known", "amount", "whole"),
    [
        (Decimal(9), 0, Decimal(9), Decimal(9)),
        (Decimal(9), 24, Decimal(12), Decimal(9)),
        (None, 24, Decimal(12), Decimal(12)),
        (None, 23, Decimal("11.5"), None),
        (None, 0, Decimal(0), None),
    ],
)
def test_a_day(total: Decimal | None, known: int, amount: Decimal, whole: Decimal | None) -> None:
    day = DayReadings(DAY, total, hours(known))
    assert (day.amount, day.whole) == (amount, whole)
    assert day.resolution is (Resolution.HOUR if known else Resolution.DAY)
    assert sum(row.value for row in day.rows) == amount
    assert day.starts.bit_count() == len(day.rows)


def test_totals_and_hours_meet_by_day() -> None:
    later = DAY + timedelta(days=2)
    totals = [
        Reading(brunei_midnight(later), Decimal(4)),
        Reading(brunei_midnight(DAY), Decimal(3)),
    ]
    days = list(days_of(totals, [*hours(2, day=DAY + timedelta(days=1)), *hours(1)]))
    assert [(day.day.day, day.total, len(day.hours)) for day in days] == [
        (10, Decimal(3), 1),
        (11, None, 2),
        (12, Decimal(4), 0),
    ]


def test_months_add_up_their_days() -> None:
    days = [
        Reading(brunei_midnight(date(2026, month, day)), Decimal(day))
        for month, day in [(10, 31), (11, 1), (11, 2)]
    ]
    months = consumed(days, Resolution.MONTH)
    assert [(row.start.month, row.start.day, row.value, row.estimated) for row in months] == [
        (10, 1, Decimal(31), False),
        (11, 1, Decimal(3), False),
    ]
    assert [row[:2] for row in consumed(days, Resolution.DAY)] == [
        (day.start, day.value) for day in days
    ]


@pytest.mark.parametrize(("resolution", "rows"), [("hour", 4), ("day", 40), ("month", 2)])
def test_as_text_it_is_the_same(tmp_path: Path, resolution: str, rows: int) -> None:
    first, last = date(2026, 10, 1), date(2026, 11, 30)
    midnights = [brunei_midnight(first + timedelta(days=n)) for n in range(40)]
    store = ReadingsStore(tmp_path / "store.db")
    store.record_meter("01234567", Utility.ELECTRICITY, "", midnights[0])
    days = [Reading(start, Decimal("10.50")) for start in midnights]
    store.save_days("01234567", first, last, days, midnights[0])
    store.save_hours("01234567", DAY, hours(3), midnights[0])
    estimate = Reading(brunei_midnight(DAY) + timedelta(hours=3), Decimal("0.001"))
    store.estimate_hours("01234567", DAY, [estimate], midnights[0])

    found = consumption(store, "01234567", Resolution(resolution), first, last)
    since, until = brunei_midnight(first), brunei_midnight(last + timedelta(days=1))
    texts = plain_consumption(store, "01234567", Resolution(resolution), since, until)
    assert len(found) == rows
    assert texts == [(row.start.isoformat(), str(row.value), row.estimated) for row in found]
    assert sum(estimated for *_, estimated in texts) == (1 if resolution == "hour" else 0)
    if resolution != "month":
        readings = store.amounts("01234567", Resolution(resolution), first, last)
        assert readings == [Reading(row.start, row.value) for row in found]
    store.close()
