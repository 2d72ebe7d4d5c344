"""What rows of another integration say of a meter, and what of it a store can take. Pure."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from custom_components.usms.client import BRUNEI, Reading, Utility
from custom_components.usms.client.consumption import DayReadings, Offered, days_of, fitting
from custom_components.usms.history.foreign import SourceRow, readings_of

DAY = date(2026, 5, 4)
MIDNIGHT = datetime(2026, 5, 4, tzinfo=BRUNEI)
NOW = MIDNIGHT + timedelta(days=30)
HOUR, ELECTRICITY, WATER = timedelta(hours=1), Utility.ELECTRICITY, Utility.WATER
ALL = (None, date(2026, 6, 30))

type Rows = list[tuple[float, float | None, float | None]]
"""Hours after midnight, state and sum."""


def found(utility: Utility, rows: Rows, now: datetime = NOW, **more: object) -> Offered:
    return readings_of(
        utility,
        [SourceRow((MIDNIGHT + hour * HOUR).timestamp(), *row) for hour, *row in rows],
        lambda amount: amount,
        now,
        ALL,
    )


def hours(readings: list[Reading]) -> dict[float, str]:
    return {(reading.start - MIDNIGHT) / HOUR: str(reading.value) for reading in readings}


def running(amounts: dict[float, float], *, counter: float | None = None) -> Rows:
    """Return rows with the running sum of amounts; with a counter that is their state."""
    total, rows = 0.0, []
    for start, amount in amounts.items():
        total += amount
        rows.append((start, amount if counter is None else counter + total, total))
    return rows


@pytest.mark.parametrize(
    ("rows", "expected", "refused"),
    [
        # Imported: the state is the hour's, so neither the first nor one over a gap is doubtful.
        (running({5: 0.5, 6: 0.25, 9: 1.125}), {5: "0.5", 6: "0.25", 9: "1.125"}, 0),
        # A counter: what its first row holds is not known, nor what fell into a gap.
        (running({5: 0.0, 6: 0.25, 9: 1.125, 10: 0.5}, counter=900), {6: "0.25", 10: "0.5"}, 2),
        # A sum that begins with the counter's value is none of the hour.
        ([(5, 0.5, 900.5), (6, 0.25, 900.75)], {6: "0.25"}, 1),
        # Noise of floats.
        ([(5, 0.1, 0.1), (6, 0.2, 0.30000000000000004)], {5: "0.1", 6: "0.2"}, 0),
        # Off the hour, without a sum, after one without, a sum that falls.
        ([(5, 0.5, 0.5), (6.5, 0.5, 1.0)], {5: "0.5"}, 1),
        ([(5, 0.5, 0.5), (6, 0.5, None), (7, 0.5, 1.5), (8, 0.5, 2.0)], {5: "0.5", 8: "0.5"}, 2),
        (running({5: 0.5, 6: -0.5, 7: 0.25}), {5: "0.5", 7: "0.25"}, 1),
        (running({5: 10.0, 6: 0.0}), {5: "10", 6: "0"}, 0),
    ],
)
def test_hours(rows: Rows, expected: dict[float, str], refused: int) -> None:
    of_electricity = found(ELECTRICITY, rows)
    assert hours(of_electricity.hours) == expected
    assert (of_electricity.totals, of_electricity.refused) == ([], refused)


def test_rows_alone_at_midnight_are_totals() -> None:
    days = running({0: 1.5, 24: 2.0, 48: 0.5, 96: 1.0})
    for utility in Utility:
        taken = found(utility, days)
        assert hours(taken.totals) == {0: "1.5", 24: "2", 48: "0.5", 96: "1"}
        assert (taken.hours, taken.refused) == ([], 0)
    counted = found(WATER, running({0: 1.5, 24: 2.0, 48: 0.5, 96: 1.0}, counter=900))
    assert (hours(counted.totals), counted.refused) == ({24: "2", 48: "0.5"}, 2)


def test_a_last_hour_at_midnight_is_no_total() -> None:
    rows = running({22: 0.5, 23: 0.5, 24: 0.25})
    assert hours(found(ELECTRICITY, rows).hours) == {22: "0.5", 23: "0.5", 24: "0.25"}
    assert found(WATER, rows).refused == 3


def test_a_row_at_midnight_after_an_hour_may_be_a_total() -> None:
    rows = running({22: 0.5, 23: 0.5, 24: 25.32, 48: 0.5, 49: 0.25})
    of_days = found(ELECTRICITY, rows)
    assert hours(of_days.hours) == {22: "0.5", 23: "0.5", 48: "0.5", 49: "0.25"}
    assert (of_days.totals, of_days.refused) == ([], 1)


def test_a_counter_whose_sum_is_its_state() -> None:
    rows = [(5, 101.0, 101.0), (6, 102.01, 102.01), (7, 103.03, 103.03)]
    assert hours(found(ELECTRICITY, rows).hours) == {6: "1.01", 7: "1.02"}
    # A first hour of an amount is one, also where the second has as much.
    rows = [(5, 0.5, 0.5), (6, 0.5, 1.0)]
    assert hours(found(ELECTRICITY, rows).hours) == {5: "0.5", 6: "0.5"}


def test_hours_that_make_a_day_whole_are_its_total() -> None:
    day = [Reading(MIDNIGHT + n * HOUR, Decimal("0.5")) for n in range(24)]
    assert [total.value for total in fitting(Offered(hours=day), []).whole] == [12]
    assert fitting(Offered(hours=day[:-1]), []).whole == []
    known = DayReadings(DAY, None, tuple(day[:4]))
    assert [total.value for total in fitting(Offered(hours=day), [known]).whole] == [12]
    known = DayReadings(DAY, Decimal(12), tuple(day[:4]))
    assert fitting(Offered(hours=day), [known]).whole == []


def test_of_water_whole_days_are_summed() -> None:
    taken = found(WATER, running(dict.fromkeys(range(20, 60), 0.25)))
    assert hours(taken.totals) == {24: "6.00"}
    assert (taken.hours, taken.refused) == ([], 16)


def test_nothing_of_the_future_or_from_before_2015() -> None:
    now = MIDNIGHT + timedelta(hours=7, minutes=30)
    assert hours(found(ELECTRICITY, running({6: 0.5, 7: 0.5, 8: 0.5}), now).hours) == {6: "0.5"}
    assert found(WATER, running({0: 0.5}), now).totals == []
    long_ago = (datetime(2014, 12, 31, tzinfo=BRUNEI) - MIDNIGHT) / HOUR
    taken = found(WATER, running({long_ago: 1.0, long_ago + 24: 2.0}))
    assert [reading.start.year for reading in taken.totals] == [2015]


def test_only_the_days_that_are_wanted() -> None:
    rows = [SourceRow(MIDNIGHT.timestamp() + n * 86400, 1.0, n + 1.0) for n in range(5)]
    span = (DAY + timedelta(days=1), DAY + timedelta(days=2))
    taken = readings_of(WATER, rows, lambda litres: litres / 1000, NOW, span)
    assert hours(taken.totals) == {24: "0.001", 48: "0.001"}


def reading(hour: float, value: str) -> Reading:
    return Reading(MIDNIGHT + hour * HOUR, Decimal(value))


@pytest.mark.parametrize(
    ("total", "known", "new", "expected", "refused"),
    [
        (None, {}, {1: "0.5", 2: "0.5"}, {1: "0.5", 2: "0.5"}, 0),
        (None, {1: "0.7"}, {1: "0.5", 2: "0.5"}, {2: "0.5"}, 0),
        # The portal's total stands for the whole day, so hours must not show less or more.
        ("12", {}, {1: "0.5", 2: "0.5"}, {}, 2),
        ("1.001", {}, {1: "0.5", 2: "0.5"}, {1: "0.5", 2: "0.5"}, 0),
        ("1.2", {1: "0.7"}, {1: "9", 2: "0.5"}, {2: "0.5"}, 0),
        ("1.2", {1: "0.7"}, {2: "0.9"}, {}, 1),
        ("1.2", {1: "0.7", 2: "0.5"}, {1: "9", 2: "9"}, {}, 0),
    ],
)
def test_hours_beside_a_store(
    total: str | None,
    known: dict[float, str],
    new: dict[float, str],
    expected: dict[float, str],
    refused: int,
) -> None:
    of_store = DayReadings(
        DAY,
        None if total is None else Decimal(total),
        tuple(reading(*hour) for hour in known.items()),
    )
    taken = fitting(Offered(hours=[reading(*hour) for hour in new.items()]), [of_store])
    assert (hours(taken.hours), taken.refused) == (expected, refused)


@pytest.mark.parametrize(
    ("day", "taken"),
    [
        (DayReadings(DAY, None), True),
        (DayReadings(DAY, Decimal(1)), False),
        (DayReadings(DAY, None, (reading(6, "2"),)), True),
        (DayReadings(DAY, None, (reading(6, "2.5"),)), False),
        (DayReadings(DAY, None, tuple(reading(n, "0.1") for n in range(20))), True),
        (DayReadings(DAY, None, tuple(reading(n, "0.0835") for n in range(24))), True),
        (DayReadings(DAY, None, tuple(reading(n, "0.05") for n in range(24))), False),
    ],
)
def test_a_total_beside_a_store(day: DayReadings, taken: bool) -> None:
    total = reading(0, "2")
    offered = fitting(Offered(totals=[total]), [day])
    assert offered.totals == ([total] if taken else [])
    assert offered.refused == (not taken and day.total is None)


amounts = st.dictionaries(
    st.integers(0, 24 * 9), st.integers(0, 5000).map(lambda n: n / 1000), max_size=120
).map(lambda rows: dict(sorted(rows.items())))


@given(amounts, st.floats(0, 10000), st.sampled_from(list(Utility)))
@example(dict.fromkeys([0, 1, 143, 144, 168], 0.5), 0.0, ELECTRICITY)
def test_what_is_taken_is_what_was_used(
    rows: dict[float, float], counter: float, utility: Utility
) -> None:
    """Each reading is the truth, taking over twice brings nothing, and no row is lost unseen."""
    imported, counted = (
        found(utility, running(rows)),
        found(utility, running(rows, counter=counter)),
    )
    for taken in (imported, counted):
        for hour, value in hours(taken.hours).items():
            assert float(value) == pytest.approx(rows[hour], abs=2e-6)
        known = list(days_of(taken.totals, taken.hours))
        again = fitting(Offered(hours=taken.hours, totals=taken.totals), known)
        assert (again.hours, again.totals, again.refused) == ([], [], 0)
    if utility is ELECTRICITY:
        assert len(imported.hours) + len(imported.totals) + imported.refused == len(rows)
        # A row alone at midnight, after an hour, may be the day's total.
        days = [hour // 24 for hour in rows]
        either = [n for n in rows if n % 24 == 0 and n - 1 in rows and days.count(n // 24) == 1]
        assert imported.refused == sum(hour < max(rows) for hour in either)
        assert len(counted.hours) + len(counted.totals) + counted.refused == len(rows)
