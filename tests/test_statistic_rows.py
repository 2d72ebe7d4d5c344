"""Readings as rows of statistics: any days, priced by any tariffs."""

from calendar import monthrange
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.usms.client import Reading, Tariff, TariffSchedule
from custom_components.usms.client.brunei import brunei_midnight
from custom_components.usms.history.statistic_rows import (
    DayReadings,
    Row,
    Rows,
    RunningSums,
    build_rows,
    stretches,
)
from tests.support.tariffs import AMOUNTS, tariffs

FIRST = date(2026, 10, 20)


def at(day: date, hour: int, value: Decimal) -> Reading:
    return Reading(brunei_midnight(day) + timedelta(hours=hour), value)


@st.composite
def histories(draw: st.DrawFn) -> list[DayReadings]:
    """Days by time, some missing, each with hours, with its total, or with both."""
    days = sorted(draw(st.sets(st.integers(0, 50), min_size=1, max_size=12)))
    history = []
    for number in days:
        day = FIRST + timedelta(days=number)
        hours = draw(st.dictionaries(st.integers(0, 23), AMOUNTS, max_size=4))
        total = draw(AMOUNTS if not hours else st.none() | AMOUNTS)
        readings = tuple(at(day, hour, value) for hour, value in sorted(hours.items()))
        history.append(DayReadings(day, total, readings))
    return history


def all_rows(history: list[DayReadings], sums: RunningSums) -> Rows:
    rows = Rows()
    for day in history:
        part = build_rows(day, sums)
        rows.consumption += part.consumption
        rows.cost += part.cost
        rows.daily += part.daily
    return rows


def test_a_day_is_its_hours_else_its_total_at_midnight() -> None:
    total, hours = Decimal("7.5"), (at(FIRST, 3, Decimal(2)), at(FIRST, 4, Decimal(3)))
    midnight = brunei_midnight(FIRST)
    sums = RunningSums.priced_by(None)
    rows = build_rows(DayReadings(FIRST, total, hours), sums)
    assert rows.consumption == [
        Row(hours[0].start, Decimal(2), Decimal(2)),
        Row(hours[1].start, Decimal(3), Decimal(5)),
    ]
    assert rows.daily == [Row(midnight, total, total)]
    assert rows.cost == []  # nothing says what it costs

    following = FIRST + timedelta(days=1)
    rows = build_rows(DayReadings(following, total), sums)
    assert rows.consumption == [Row(brunei_midnight(following), total, Decimal("12.5"))]
    assert build_rows(DayReadings(following + timedelta(days=1), None), sums) == Rows()


@given(histories(), tariffs())
def test_every_series_adds_up(history: list[DayReadings], tariff: Tariff) -> None:
    rows = all_rows(history, RunningSums.priced_by(TariffSchedule.always(tariff)))
    for series in (rows.consumption, rows.cost, rows.daily):
        assert not series or series[0].sum == series[0].state
        for before, after in pairwise(series):
            assert before.start < after.start
            assert before.sum + after.state == after.sum
    assert [row.start for row in rows.cost] == [row.start for row in rows.consumption]

    bills: dict[tuple[int, int], tuple[Decimal, Decimal, int]] = {}
    for used, cost in zip(rows.consumption, rows.cost, strict=True):
        month = (used.start.year, used.start.month)
        consumption, paid, _ = bills.get(month, (Decimal(0), Decimal(0), 0))
        bills[month] = consumption + used.state, paid + cost.state, used.start.day
    for month, (consumption, paid, last) in bills.items():
        days = monthrange(*month)[1]
        fixed, minimum = (tariff.monthly_fixed * last / days, tariff.monthly_minimum * last / days)
        assert abs(paid - max(minimum, fixed + tariff.cost(consumption))) < Decimal("1e-20")


@given(histories(), tariffs(), st.data())
def test_the_rows_may_be_built_in_pieces(
    history: list[DayReadings], tariff: Tariff, data: st.DataObject
) -> None:
    schedule = TariffSchedule.always(tariff)
    cut = data.draw(st.integers(0, len(history)))
    sums = RunningSums.priced_by(schedule)
    first, second = all_rows(history[:cut], sums), all_rows(history[cut:], sums)
    whole = all_rows(history, RunningSums.priced_by(schedule))
    assert first.consumption + second.consumption == whole.consumption
    assert first.cost + second.cost == whole.cost
    assert first.daily + second.daily == whole.daily


@pytest.mark.parametrize(
    ("known", "wanted", "expected"),
    [
        ([], [], []),
        ([1, 2, 3], [1, 2, 3], [(1, 3)]),
        ([1, 2, 3], [1, 3], [(1, 1), (3, 3)]),
        ([1, 5, 9], [1, 5], [(1, 5)]),
        ([1, 5, 7, 9], [1, 5, 9], [(1, 5), (9, 9)]),
    ],
)
def test_stretches_end_at_known_days_that_are_not_wanted(
    known: list[int], wanted: list[int], expected: list[tuple[int, int]]
) -> None:
    def day(number: int) -> date:
        return FIRST + timedelta(days=number)

    found = stretches([day(n) for n in wanted], [day(n) for n in known])
    assert list(found) == [(day(first), day(last)) for first, last in expected]
