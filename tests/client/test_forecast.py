"""What a month will come to and when a balance runs out, as far as days tell."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.usms.client import (
    BRUNEI,
    Reading,
    Tariff,
    TariffSchedule,
    Utility,
    residential_electricity,
    residential_water,
    tiers_of,
)
from custom_components.usms.client.billing.day_shape import EVEN, shape_of
from custom_components.usms.client.billing.forecast import Forecast, Part, forecast
from custom_components.usms.client.billing.habits import LONGEST, habits_of
from custom_components.usms.client.billing.run_out import Spending
from custom_components.usms.client.consumption import DayReadings
from tests.support.tariffs import tariffs

DAY = timedelta(days=1)
FIRST = date(2026, 8, 3)  # a Monday
RESIDENTIAL = TariffSchedule.always(residential_electricity())
FLAT = TariffSchedule.always(
    Tariff("flat", Utility.ELECTRICITY, tiers_of([(None, Decimal("0.5"))]))
)

type Days = dict[date, Decimal]


def days(pattern: Callable[[date], float], count: int, first: date = FIRST) -> Days:
    """Return what was used on that many days."""
    dates = (first + n * DAY for n in range(count))
    return {day: Decimal(str(pattern(day))) for day in dates}


def always(amount: float) -> Callable[[date], float]:
    return lambda _day: amount


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=BRUNEI)


def told(
    known: Days, now: datetime, balance: str | None = None, parts: dict[date, Part] | None = None
) -> Forecast:
    """Return the forecast at a flat price of half a dollar."""
    found = forecast(
        known,
        FLAT,
        now,
        None if balance is None else Decimal(balance),
        parts,
    )
    assert found is not None
    return found


# --- what it takes ---


@pytest.mark.parametrize(
    "known", [{}, {date(2026, 11, 20): Decimal(5)}, {date(2026, 11, 25): Decimal(5)}]
)
def test_there_is_none_without_a_complete_day(known: Days) -> None:
    now = datetime(2026, 11, 20, 14, 30, tzinfo=BRUNEI)
    assert forecast(known, FLAT, now, Decimal(10), {now.date(): Part(Decimal(3), 14 / 24)}) is None


def test_one_day_is_enough() -> None:
    found = told({date(2026, 11, 19): Decimal(10)}, midnight(date(2026, 11, 20)), "10")
    assert found.newest == date(2026, 11, 19)
    assert found.per_day == 10
    # Readings begin on the 19th, so the month has 12 days of it.
    assert found.month_consumption.expected == 120
    assert found.runs_out == midnight(date(2026, 11, 22))
    assert found.days_left == 2


def test_without_a_balance_no_date() -> None:
    found = told(days(always(10), 60), midnight(FIRST + 60 * DAY))
    assert (found.runs_out, found.runs_out_early, found.runs_out_late) == (None, None, None)
    assert found.days_left is None


# --- steady use ---


@pytest.mark.parametrize(
    ("balance", "left"), [("0", "0"), ("-3", "0"), ("5", "1"), ("7.5", "1.5"), ("500", "100")]
)
def test_a_balance_at_a_steady_rate(balance: str, left: str) -> None:
    found = told(days(always(10), 60), midnight(FIRST + 60 * DAY), balance)
    assert found.days_left == Decimal(left)


def test_what_today_used_already_counts() -> None:
    known = days(always(24), 100)
    now = midnight(FIRST + 100 * DAY) + timedelta(hours=6)
    usual, heavy = told(known, now), told(known, now, parts={now.date(): Part(Decimal(16), 6 / 24)})
    assert heavy.month_consumption.expected - usual.month_consumption.expected == 10
    assert heavy.month_cost.expected - usual.month_cost.expected == 5


def test_through_the_tiers_and_over_the_turn_of_the_month() -> None:
    # 50 kWh a day: on 28 November 1350 kWh are used, in the second tier at 0.08; from 1 December
    # again 0.01. Three days at 4.00, then 0.50 a day.
    known = days(always(50), 117)
    now = midnight(date(2026, 11, 28))
    assert max(known) == now.date() - DAY
    found = forecast(known, RESIDENTIAL, now, Decimal("13.25"))
    assert found is not None
    assert found.runs_out == midnight(date(2026, 12, 3)) + timedelta(hours=12)
    assert found.month_cost.expected == Decimal("6.00") + 900 * Decimal("0.08")


def test_a_dearer_tariff_to_come_is_counted_from_its_day() -> None:
    known, now = days(always(10), 117), midnight(date(2026, 11, 28))
    dear = Tariff("dear", Utility.ELECTRICITY, tiers_of([(None, Decimal(1))]))
    schedule = FLAT.with_tariff(date(2026, 11, 29), dear)
    assert Spending(now, Decimal(270), schedule, lambda _day: 10.0).runs_out(
        Decimal(25)
    ) == midnight(date(2026, 11, 30)) + timedelta(days=1)
    found = forecast(known, schedule, now)
    assert found is not None
    assert found.month_cost.expected == 28 * 5 + 2 * 10


def test_a_balance_beyond_two_years_has_no_date() -> None:
    assert told(days(always(0.5), 60), midnight(FIRST + 60 * DAY), "1000").runs_out is None
    assert told(days(always(0), 60), midnight(FIRST + 60 * DAY), "1").runs_out is None


# --- how people live ---


def test_a_week_has_its_pattern() -> None:
    def family(day: date) -> float:
        return 30.0 if day.weekday() in (4, 6) else 10.0

    known = days(family, 70)  # the newest is a Sunday
    monday = midnight(FIRST + 70 * DAY)
    found = told(known, monday, "20")
    assert found.runs_out is not None
    # Four days at 10 kWh cost 20 in all; the rate of the mean day (15.7) would end it on Wednesday.
    assert abs(found.runs_out - monday - 4 * DAY) < timedelta(hours=12)


def test_holes_are_filled_with_what_is_usual() -> None:
    known = days(always(10), 110)
    now = midnight(FIRST + 110 * DAY)
    whole = told(known, now, "50")
    for lost in (3, 50, 91, 100, 101, 102, 108, 109):
        del known[FIRST + lost * DAY]
    holed = told(known, now, "50")
    assert holed.month_consumption.expected == whole.month_consumption.expected
    assert holed.runs_out == whole.runs_out
    assert holed.newest == FIRST + 107 * DAY


def test_one_day_of_visitors_is_no_new_life() -> None:
    known = days(always(10), 100)
    known[FIRST + 99 * DAY] = Decimal(20)
    assert 10 <= told(known, midnight(FIRST + 100 * DAY)).per_day <= Decimal("11.1")


def test_after_a_fortnight_away_life_is_as_before() -> None:
    known = days(always(10), 100) | days(always(1), 14, FIRST + 70 * DAY)
    found = told(known, midnight(FIRST + 100 * DAY))
    # The mean of the last 30 days would say 5.8.
    assert abs(found.per_day - 10) < 2


def test_a_home_that_is_empty_stays_so_about_as_long() -> None:
    known = days(always(10), 70) | days(always(1), 4, FIRST + 70 * DAY)
    now = midnight(FIRST + 74 * DAY)
    # The level is 10 kWh a day; four days that were empty have two more at least.
    known_level = told(days(always(10), 74), now, "20").days_left
    left = told(known, now, "20").days_left
    assert left is not None
    assert known_level is not None
    assert left > known_level + 1


@pytest.mark.parametrize("standby", [0, 1])
def test_a_home_that_is_empty_may_stay_so_or_not(standby: int) -> None:
    known = days(always(20), 100) | days(always(standby), 6, FIRST + 100 * DAY)
    found = told(known, midnight(FIRST + 106 * DAY), "100")  # ten days at home
    rest = date(2026, 11, 30) - (FIRST + 105 * DAY)
    used = sum(amount for day, amount in known.items() if day.month == 11)
    assert found.month_consumption.low <= used + standby * rest.days
    assert found.month_consumption.high >= used + 18 * rest.days
    assert found.runs_out_early is not None
    assert found.runs_out_early <= found.made_at + 11 * DAY
    assert (found.runs_out_late or found.made_at + 99 * DAY) > found.made_at + 20 * DAY


def test_who_moved_out_does_not_come_back() -> None:
    known = days(always(10), 70) | days(always(1), 60, FIRST + 70 * DAY)
    found = told(known, midnight(FIRST + 130 * DAY), "500")
    assert abs(found.per_day - 1) < Decimal("0.01")


@pytest.mark.parametrize("standby", [0, 1, 3])
@pytest.mark.parametrize("away", [7, 14, 30, 60, 90, 160])
@pytest.mark.parametrize("back", [3, 10, 28])
def test_who_comes_home_has_as_little_left_as_before(away: int, back: int, standby: int) -> None:
    chance = Random(away + back)
    known = days(lambda _day: round(20 * chance.uniform(0.75, 1.25), 3), 100 + away + back)
    known |= days(always(standby), away, FIRST + 100 * DAY)
    found = told(known, midnight(FIRST + (100 + away + back) * DAY), "100")
    assert found.days_left is not None
    assert found.runs_out_early is not None
    assert 7 < found.days_left < 13
    assert found.runs_out_early <= found.made_at + 11 * DAY


def test_who_is_away_now_and_then_is_expected_to_be_so_again() -> None:
    """Two days of every five empty: absences of a few days are part of life."""
    known = days(lambda day: 20.0 if (day - FIRST).days % 5 < 3 else 2.0, 120)
    found = told(known, midnight(FIRST + 120 * DAY), "192")
    assert found.days_left is not None
    assert 25 < found.days_left < 35  # 30 in truth


def test_a_new_appliance_is_learnt_within_a_month() -> None:
    def more(since: int) -> Decimal:
        known = days(always(10), 70) | days(always(16), since, FIRST + 70 * DAY)
        return told(known, midnight(FIRST + (70 + since) * DAY)).per_day

    assert 10 < more(3) < more(7) < more(14) < 16
    assert more(30) > 15


def test_who_lives_unevenly_gets_a_wider_range() -> None:
    now = midnight(FIRST + 112 * DAY)

    def width(known: Days) -> Decimal:
        cost = told(known, now).month_cost
        return cost.high - cost.low

    even = days(always(10), 112)
    uneven = days(lambda day: 4.5 if day.toordinal() // 9 % 2 else 15.5, 112)
    assert width(uneven) > 3 * width(even)


def test_hours_that_have_passed_unpublished_count_as_expected() -> None:
    last = date(2026, 11, 30)
    known = days(always(24), (last - FIRST).days)
    late = midnight(last) + timedelta(hours=23, minutes=50)
    found = told(known, late, parts={last: Part(Decimal(10), 10 / 24)})
    # Ten hours are published, and nearly fourteen more are over.
    assert abs(found.used - 719 - Decimal(5) / 6) < Decimal("0.01")
    assert abs(found.month_consumption.expected - 720) < Decimal("0.01")
    whole = told(known, late, parts={last: Part(Decimal(24), 24 / 24)})
    assert whole.month_consumption.low == whole.month_consumption.high == 720


def test_a_day_known_in_part_fills_up_with_what_is_usual() -> None:
    known = days(always(24), 110)
    yesterday = FIRST + 109 * DAY
    del known[yesterday]
    now = midnight(FIRST + 110 * DAY)
    part = told(known, now, parts={yesterday: Part(Decimal(6), 12 / 24)})
    assert told(known, now).used - part.used == 6


def test_zero_days_do_not_bias_a_weekday() -> None:
    def shop(day: date) -> float:
        return 0.0 if day.weekday() == 4 else 20.0

    known = days(shop, 112)  # the newest is a Sunday
    for closed in (30, 31, 32, 33, 60):
        known[FIRST + closed * DAY] = Decimal(0)
    found = told(known, midnight(FIRST + 112 * DAY), "40")
    # Monday to Thursday come to 80 kWh, which is what the balance buys; on Friday none is used.
    assert found.days_left is not None
    assert found.days_left + Decimal("0.2") >= 4
    assert found.days_left < Decimal("5.3")
    assert abs(found.per_day * 7 - 120) < 4


def test_a_fortnight_of_shifts_is_foreseen() -> None:
    known = days(lambda day: 20.0 if (day - FIRST).days % 28 < 14 else 2.0, 140)
    found = told(known, midnight(FIRST + 140 * DAY), "150")
    # Fourteen days at home cost 140, then ten of fourteen away the rest.
    assert found.days_left is not None
    assert 20 < found.days_left < 26


@pytest.mark.parametrize("weeks", [20, 23])
def test_what_a_weekend_may_use_runs_out_on_it(weeks: int) -> None:
    """In a house that is visited on two weekends of three, as on the last and the next."""

    def visited(day: date) -> float:
        return 12.0 if day.weekday() >= 4 and (day - FIRST).days // 7 % 3 else 0.6

    known = days(visited, 7 * weeks)
    found = told(known, midnight(FIRST + 7 * weeks * DAY), "15")
    # From Monday to Thursday 2.4 of 30 kWh, then 12 a day: until Sunday.
    assert found.days_left is not None
    assert 6 <= found.days_left < 7


def test_the_first_days_have_the_range_of_how_homes_differ() -> None:
    def width(count: int) -> Decimal:
        known = days(always(10), count, date(2026, 11, 1))
        cost = told(known, midnight(date(2026, 11, 1) + count * DAY)).month_consumption
        return (cost.high - cost.low) / (30 - count)

    assert width(1) > 10
    assert width(1) > width(3) > width(7) > width(21)


def test_days_that_are_not_known_make_a_forecast_no_surer() -> None:
    """Nor does it get surer with the time since the last that is known."""
    random = Random(5)
    lately = {FIRST + n * DAY: 10 * random.lognormvariate(0, 0.3) for n in range(4)}
    before = {FIRST - (60 - n) * DAY: 10 * random.lognormvariate(0, 0.3) for n in range(10)}

    def width(days: dict[date, float], today: date, span: int) -> float:
        habits = habits_of(days, today)
        assert habits is not None
        low, high = habits.off(span)
        return high - low

    for span in (1, 7, 28):
        today = FIRST + 4 * DAY
        assert width(before | lately, today, span) > 0.6 * width(lately, today, span) > 0.2
        widths = [width(lately, today + n * DAY, span) for n in (0, 20, 60)]
        assert widths == sorted(widths)
        assert widths[2] > 1.5 * widths[0]


def test_a_home_that_has_used_nothing_yet_has_no_forecast() -> None:
    known = {FIRST + n * DAY: Decimal(0) for n in range(40)}
    few = dict(list(known.items())[:7])
    assert forecast(few, FLAT, midnight(FIRST + 7 * DAY), Decimal(10)) is None
    found = forecast(known, FLAT, midnight(FIRST + 40 * DAY), Decimal(10))
    assert found is not None  # a house that stays empty
    assert found.month_consumption.expected == 0


EVENING = [0.5] * 18 + [2.5] * 6


def test_days_run_as_they_did() -> None:
    """Balance and forecast know how much of a day comes in its evening."""
    start = midnight(FIRST)
    days = [
        DayReadings(
            FIRST + n * DAY,
            Decimal(24),
            tuple(
                Reading(start + n * DAY + hour * timedelta(hours=1), Decimal(str(used)))
                for hour, used in enumerate(EVENING)
            ),
        )
        for n in range(20)
    ]
    shape = shape_of(days)
    assert shape.by(0.75) == pytest.approx(9 / 24, abs=0.05)
    assert shape.when(shape.by(0.8)) == pytest.approx(0.8)
    known = {day.day: day.total for day in days if day.total is not None}
    now = start + 20 * DAY + timedelta(hours=18)
    part = {now.date(): Part(Decimal(9), shape.by(0.75))}
    found = forecast(known, FLAT, now, Decimal("3.75"), part, shape)
    assert found is not None
    assert found.runs_out is not None
    assert found.runs_out - now < timedelta(hours=3.5)  # that buys 7.5 kWh
    even = forecast(known, FLAT, now, Decimal("3.75"), {now.date(): Part(Decimal(9), 0.75)})
    assert even is not None
    assert even.runs_out is not None
    assert even.runs_out - now > timedelta(hours=6)


def test_the_latest_end_is_known_within_hours_too() -> None:
    """And it is later the more there is."""
    known = days(lambda _: 24.0, 5)
    now = midnight(FIRST + 5 * DAY) + timedelta(hours=18)
    made = [forecast(known, FLAT, now, Decimal(amount)) for amount in ("0.5", "1", "3", "8")]
    late = [found.runs_out_late for found in made if found]
    assert None not in late
    assert late == sorted(late)  # type: ignore[type-var]


def test_no_shape_is_known_without_hours() -> None:
    assert shape_of([DayReadings(FIRST, Decimal(24))]) == EVEN
    assert [EVEN.by(part) for part in (0, 0.25, 1)] == pytest.approx([0, 0.25, 1])


@given(st.lists(st.floats(0, 10), min_size=24, max_size=24), st.floats(0, 1))
def test_shapes_go_there_and_back(hours: list[float], part: float) -> None:
    start = midnight(FIRST)
    day = DayReadings(
        FIRST,
        None,
        tuple(
            Reading(start + n * timedelta(hours=1), Decimal(f"{used:.3f}"))
            for n, used in enumerate(hours)
        ),
    )
    shape = shape_of([day])
    assert 0 <= shape.by(part) <= 1
    assert shape.when(shape.by(part)) == pytest.approx(part, abs=1e-6)
    assert shape.share(day) == pytest.approx(1)


def test_the_first_days_have_a_wider_range_the_less_even_they_are() -> None:
    def off(amounts: Sequence[float]) -> float:
        habits = habits_of({FIRST + n * DAY: amount for n, amount in enumerate(amounts)})
        assert habits is not None
        low, high = habits.off(3)
        return high - low

    even, uneven = [10.0, 11.0, 9.0, 10.0, 11.0, 9.0, 10.0], [4.0, 16.0, 4.0, 14.0, 8.0, 20.0, 4.0]
    assert off(uneven[:1]) == off(even[:1])
    assert off(uneven[:3]) > 1.5 * off(even[:3])
    assert off(uneven) > 2.5 * off(even)


def test_a_first_error_of_its_own_does_not_narrow_the_range_much() -> None:
    amounts = [4.0, 16.0, 4.0, 14.0, 8.0, 20.0, 4.0, 10.0, 9.0, 11.0]

    def off(count: int) -> float:
        habits = habits_of({FIRST + n * DAY: amounts[n] for n in range(count)})
        assert habits is not None
        low, high = habits.off(3)
        return high - low

    # After ten days there is one error over three days, and no width in one.
    assert off(10) > 0.8 * off(9)


# --- whatever was used ---

AMOUNTS = st.decimals(min_value=0, max_value=500, places=3)
MONEY = st.decimals(min_value=-50, max_value=500, places=2)


@st.composite
def histories(draw: st.DrawFn) -> Days:
    """Any days with any holes."""
    some = draw(st.lists(st.none() | AMOUNTS, max_size=90))
    return {FIRST + n * DAY: amount for n, amount in enumerate(some) if amount is not None}


@st.composite
def moments(draw: st.DrawFn) -> datetime:
    """Some moment in or after those days."""
    return midnight(FIRST) + draw(st.integers(0, 100 * 24)) * timedelta(hours=1)


@given(histories(), tariffs(), moments(), st.none() | MONEY, st.none() | AMOUNTS)
@settings(max_examples=60, deadline=None)
def test_nothing_is_negative_and_the_range_holds_what_is_expected(
    known: Days, tariff: Tariff, now: datetime, balance: Decimal | None, today: Decimal | None
) -> None:
    parts = None if today is None else {now.date(): Part(today, now.hour / 24)}
    found = forecast(known, TariffSchedule.always(tariff), now, balance, parts)
    past = [amount for day, amount in known.items() if day < now.date()]
    charged = tariff.monthly_fixed > 0 or tariff.monthly_minimum > 0
    assert (found is None) == (not past or not (charged or any(past) or len(past) >= 28))
    if found is None:
        return
    assert found.newest < now.date()
    assert found.per_day >= 0
    for estimate in (found.month_consumption, found.month_cost):
        assert 0 <= estimate.low <= estimate.expected <= estimate.high
    far = now + timedelta(days=10000)
    dates = (found.runs_out_early, found.runs_out, found.runs_out_late)
    early, expected, late = ((when or far) for when in dates)
    # Times are counted in microseconds, amounts in millionths of a unit.
    assert now <= early <= expected + timedelta(minutes=1)
    assert expected <= late + timedelta(minutes=1)
    if balance is None:
        assert dates == (None, None, None)
    if found.days_left is not None:
        assert found.days_left >= 0


@given(histories(), tariffs(), moments(), MONEY, MONEY)
@settings(max_examples=60, deadline=None)
def test_more_money_lasts_longer(
    known: Days, tariff: Tariff, now: datetime, one: Decimal, other: Decimal
) -> None:
    schedule = TariffSchedule.always(tariff)
    less, more = sorted((one, other))
    poor, rich = (forecast(known, schedule, now, amount) for amount in (less, more))
    if poor is None or rich is None:
        assert poor is rich
        return
    far = now + timedelta(days=10000)
    assert (poor.runs_out or far) <= (rich.runs_out or far)
    assert poor.month_cost == rich.month_cost


@given(st.lists(AMOUNTS, min_size=30, max_size=30))
@settings(deadline=None)
def test_at_the_end_of_a_month_all_is_known(amounts: list[Decimal]) -> None:
    known = {date(2026, 11, n + 1): amount for n, amount in enumerate(amounts)}
    last = datetime(2026, 11, 30, 23, 59, 59, tzinfo=BRUNEI)
    found = forecast(known, RESIDENTIAL, last, None, {last.date(): Part(amounts[-1], 24 / 24)})
    assert found is not None
    whole = sum(amounts, Decimal(0))
    assert abs(found.month_consumption.expected - whole) < Decimal("0.02")
    assert abs(found.month_cost.expected - residential_electricity().bill(whole)) < Decimal("0.01")


def test_it_is_quick_however_long_the_history_and_the_balance() -> None:
    known = days(lambda day: 10 + day.toordinal() % 7, 4000, date(2015, 12, 11))
    now = midnight(max(known) + DAY)
    water = TariffSchedule.always(residential_water())
    forecast(known, water, now, Decimal(800))
    began = perf_counter()
    long = forecast(known, water, now, Decimal(800))
    assert perf_counter() - began < 0.2
    assert long == forecast(dict(list(known.items())[-LONGEST:]), water, now, Decimal(800))
