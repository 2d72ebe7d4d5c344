"""What is shown of a meter, counted from a real store."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from custom_components.usms.client import (
    BRUNEI,
    Meter,
    Reading,
    TariffSchedule,
    Utility,
    residential_electricity,
)
from custom_components.usms.client.brunei import brunei_midnight
from custom_components.usms.client.store import ReadingsStore
from custom_components.usms.client.store.payments import Payments
from custom_components.usms.client.summary import Figures, count

METER = "10000001"
NOW = datetime(2026, 11, 20, 14, 30, tzinfo=BRUNEI)
TODAY = NOW.date()
DAY = timedelta(days=1)
RESIDENTIAL = TariffSchedule.always(residential_electricity())


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ReadingsStore]:
    store = ReadingsStore(tmp_path / "readings.db")
    store.record_meter(METER, Utility.ELECTRICITY, "100 5", NOW)
    yield store
    store.close()


def save_days(store: ReadingsStore, first: date, last: date, amount: str) -> None:
    """Store the daily report of those days."""
    days = [first + n * DAY for n in range((last - first).days + 1)]
    readings = [Reading(brunei_midnight(day), Decimal(amount)) for day in days]
    store.save_days(METER, first, last, readings, NOW)


def save_hours(store: ReadingsStore, day: date, hours: int, amount: str) -> None:
    """Store that many hours of a day."""
    start = brunei_midnight(day)
    readings = [Reading(start + n * timedelta(hours=1), Decimal(amount)) for n in range(hours)]
    store.save_hours(METER, day, readings, NOW)


def save_november(store: ReadingsStore, hours: int, amount: str) -> None:
    """Store a month: 20 kWh a day, and that many hours of its last day."""
    save_days(store, date(2026, 11, 1), date(2026, 11, 29), "20")
    save_hours(store, date(2026, 11, 30), hours, amount)


def counted(
    store: ReadingsStore, schedule: TariffSchedule | None, now: datetime, balance: Decimal | None
) -> Figures:
    """Count after the meter's card has shown that balance."""
    Payments(store).record_balance(Meter(METER, Utility.ELECTRICITY, balance=balance), now)
    return count(store, METER, schedule, now)


def test_an_empty_store_shows_nothing(store: ReadingsStore) -> None:
    found = counted(store, RESIDENTIAL, NOW, None)
    used = found.consumption
    assert (used.today, used.yesterday, used.this_month, used.last_month) == (None,) * 4
    assert (used.oldest, used.newest) == (None, None)
    assert found.spending is not None
    assert found.spending.this_month is None
    assert found.spending.forecast is None
    assert used.counts(date(2020, 1, 1))


def test_days_and_the_hours_of_today(store: ReadingsStore) -> None:
    save_days(store, date(2026, 9, 1), TODAY - DAY, "24")
    save_hours(store, TODAY, 13, "1.5")
    found = counted(store, RESIDENTIAL, NOW, Decimal("2.00"))
    used, priced = found.consumption, found.spending
    assert used.day == TODAY
    assert (used.today, used.yesterday) == (Decimal("19.5"), 24)
    assert used.this_month == 19 * 24 + Decimal("19.5")
    assert used.last_day == TODAY
    assert used.last_month == 31 * 24
    assert used.oldest == brunei_midnight(date(2026, 9, 1))
    assert used.newest == brunei_midnight(TODAY) + timedelta(hours=12)
    assert (found.at, found.standing.amount.expected, found.schedule) == (
        NOW,
        Decimal("2.00"),
        RESIDENTIAL,
    )
    assert priced is not None
    assert priced.last_month == Decimal("6.00") + 144 * Decimal("0.08")
    assert priced.this_month == used.this_month * Decimal("0.01")
    assert priced.per_day == 24
    # What was used since 13:00 is not published yet, and counts as expected.
    assert priced.left_in_tier == 600 - used.this_month - Decimal("1.5")
    assert priced.forecast is not None
    assert priced.forecast.used == used.this_month + Decimal("1.5")
    assert priced.forecast is not None
    assert priced.forecast.newest == TODAY - DAY
    assert priced.forecast.per_day == 24


def test_a_meter_without_prices_still_counts(store: ReadingsStore) -> None:
    save_days(store, date(2026, 11, 1), TODAY - DAY, "24")
    found = counted(store, None, NOW, Decimal(5))
    assert found.consumption.yesterday == 24
    assert (found.schedule, found.spending) == (None, None)


def test_a_day_of_24_hours_is_complete_before_its_total_is_there(store: ReadingsStore) -> None:
    save_days(store, date(2026, 11, 1), TODAY - 3 * DAY, "24")
    save_hours(store, TODAY - 2 * DAY, 24, "2")
    save_hours(store, TODAY - DAY, 20, "2")
    found = counted(store, RESIDENTIAL, NOW, None)
    # Yesterday shows what there is of it, but a forecast rests on whole days.
    assert found.consumption.yesterday == 40
    assert found.spending is not None
    assert found.spending.forecast is not None
    assert found.spending.forecast.newest == TODAY - 2 * DAY
    # Its first day is none: the meter was there for a part of it.
    assert found.spending.per_day == Decimal(16 * 24 + 48) / 17


def test_the_day_of_the_installation_is_no_day(store: ReadingsStore) -> None:
    save_days(store, TODAY - DAY, TODAY - DAY, "2.1")
    save_hours(store, TODAY, 8, "0.7")
    found = counted(store, RESIDENTIAL, NOW, Decimal(10))
    assert found.spending is not None
    assert found.spending.forecast is None
    assert found.consumption.yesterday == Decimal("2.1")
    save_days(store, TODAY, TODAY, "16.8")
    later = counted(store, RESIDENTIAL, NOW + DAY, Decimal(10))
    assert later.spending is not None
    assert later.spending.forecast is not None
    assert later.spending.forecast.per_day == Decimal("16.8")


def test_a_month_has_its_first_day_too(store: ReadingsStore) -> None:
    """It is none to go by, and yet it was used and costs."""
    save_november(store, 23, "0.833")
    now = datetime(2026, 11, 30, 23, 59, tzinfo=BRUNEI)
    priced = counted(store, RESIDENTIAL, now, None).spending
    assert priced is not None
    assert priced.forecast is not None
    assert priced.forecast.month_consumption.expected == pytest.approx(600, abs=0.5)
    assert priced.this_month is not None
    assert priced.forecast.month_cost.expected >= priced.this_month


def test_a_part_of_a_day_has_the_rest_of_it_beside(store: ReadingsStore) -> None:
    """Last month is never below what is known of it and what its last day still lacks."""
    save_november(store, 20, "1.5")
    now = datetime(2026, 12, 1, 0, 25, tzinfo=BRUNEI)
    used = counted(store, RESIDENTIAL, now, None).consumption
    assert used.days_estimated == 1
    assert used.last_month == pytest.approx(29 * 20 + 30 + Decimal(20) * 4 / 24, abs=Decimal("0.1"))


def test_a_month_of_which_nothing_says_what_it_lacks_is_not_known(store: ReadingsStore) -> None:
    save_hours(store, date(2026, 11, 30), 9, "1.5")
    save_days(store, date(2026, 12, 1), date(2026, 12, 1), "30")
    now = datetime(2026, 12, 2, 8, 0, tzinfo=BRUNEI)
    found = counted(store, RESIDENTIAL, now, None)
    assert found.consumption.last_month is None
    assert found.spending is not None
    assert found.spending.last_month is None


@pytest.mark.parametrize(("known", "expected"), [(1, None), (14, None), (15, 1800), (29, 1800)])
def test_a_month_of_which_most_is_missing_is_not_known(
    store: ReadingsStore, known: int, expected: int | None
) -> None:
    save_days(store, date(2026, 10, 1), date(2026, 10, 31), "30")
    save_days(store, date(2026, 11, 1), date(2026, 11, known), "60")
    found = counted(store, RESIDENTIAL, datetime(2026, 12, 2, 8, 0, tzinfo=BRUNEI), None)
    assert found.consumption.last_month == expected
    assert found.spending is not None
    assert (found.spending.last_month is None) == (expected is None)


def test_an_empty_home_has_the_charges_of_its_tariff(store: ReadingsStore) -> None:
    """3.00 a month and nothing used: a balance of 3.00 lasts about a month."""
    terms = {"kind": "own", "tiers": [{"rate": "0.10"}], "monthly_fixed": "3"}
    schedule = TariffSchedule.from_dict({"utility": "electricity", "tariffs": [terms]})
    save_days(store, date(2026, 11, 15), TODAY - DAY, "0")
    found = counted(store, schedule, NOW, Decimal("3.00")).spending
    assert found is not None
    assert found.forecast is not None
    assert found.forecast.month_cost.expected == 3
    assert found.forecast.days_left == pytest.approx(Decimal(30), abs=2)
    free = counted(store, RESIDENTIAL, NOW, Decimal("3.00")).spending
    assert free is not None
    assert free.forecast is None


def test_no_figure_gets_better_before_the_balance_is_read_again(store: ReadingsStore) -> None:
    """Not within the first hours either, whatever a day's hours use."""
    save_days(store, date(2026, 10, 1), TODAY - 5 * DAY, "24")
    for n in range(4, 0, -1):
        rest = [
            Reading(brunei_midnight(TODAY - n * DAY) + h * timedelta(hours=1), Decimal(use))
            for h, use in enumerate([3] * 6 + [0] * 12 + [1] * 6)
        ]
        store.save_hours(METER, TODAY - n * DAY, rest, NOW)
    first = brunei_midnight(TODAY)
    counted(store, RESIDENTIAL, first, Decimal("2.00"))
    found = [count(store, METER, RESIDENTIAL, first + n * timedelta(minutes=10)) for n in range(25)]
    for figures in (
        [one.spending.forecast.days_left for one in found],
        [one.spending.forecast.runs_out for one in found],
        [one.spending.buys for one in found],
        [one.standing.amount.expected for one in found],
    ):
        assert all(later <= sooner for sooner, later in pairwise(figures))
    shown = [one.standing.balance.expected for one in found]
    assert shown[:13] == [Decimal("2.00")] * 13
    assert shown[13] < Decimal("1.99")


def test_tiers_run_on_through_days_that_are_missing(store: ReadingsStore) -> None:
    """What is shown of today costs what its tier says; the missing days cost nothing here."""
    save_days(store, date(2026, 10, 1), date(2026, 11, 1), "30")
    save_days(store, date(2026, 11, 9), date(2026, 11, 26), "30")
    now = datetime(2026, 11, 27, 12, 5, tzinfo=BRUNEI)
    save_hours(store, now.date(), 12, "1.25")
    priced = counted(store, RESIDENTIAL, now, None).spending
    assert priced is not None
    assert priced.tier_number == 2
    assert priced.today == pytest.approx(Decimal("1.20"))
    known = 19 * 30 + 15
    assert priced.this_month == pytest.approx(
        RESIDENTIAL.on(now.date()).cost(Decimal(known + 7 * 30))
        - RESIDENTIAL.on(now.date()).cost(Decimal(8 * 30))
        + RESIDENTIAL.on(now.date()).cost(Decimal(30)),
        abs=Decimal("0.05"),
    )


def test_a_meter_counts_its_own(store: ReadingsStore) -> None:
    other = "1000000002"
    store.record_meter(other, Utility.WATER, "", NOW)
    save_days(store, date(2026, 11, 1), TODAY - DAY, "24")
    assert count(store, other, None, NOW, None).consumption.this_month is None


def test_which_changes_matter(store: ReadingsStore) -> None:
    save_days(store, date(2026, 6, 1), TODAY - DAY, "24")
    used = counted(store, RESIDENTIAL, NOW, None).consumption
    assert used.counts(TODAY)
    assert used.counts(date(2026, 10, 1))
    assert not used.counts(date(2026, 9, 30))
    assert used.counts(date(2026, 6, 1))
    assert used.counts(date(2026, 5, 31))
