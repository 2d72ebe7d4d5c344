"""What a day and a month used."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from custom_components.usms.client.brunei import brunei_midnight
from custom_components.usms.client.consumption import DayReadings, consumed, days_of
from custom_components.usms.client.models import Reading, Resolution

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
