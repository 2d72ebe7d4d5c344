"""Which report is read next, and what follows from what was read: no I/O."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.usms.client.brunei import BRUNEI, brunei_midnight
from custom_components.usms.client.models import Reading, Resolution, Utility
from custom_components.usms.client.store.models import DayState, Origin, StoredMeter, StoredReading
from custom_components.usms.client.sync.empty_days import is_due_again, is_over, open_empty_days
from custom_components.usms.client.sync.history_start import End, search
from custom_components.usms.client.sync.known_days import KnownDays
from custom_components.usms.client.sync.plan import (
    MeterState,
    Step,
    Why,
    history_found,
    next_step,
    outlook,
    reread_due_at,
)
from custom_components.usms.client.sync.settling import estimates, is_settled, remainder

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=BRUNEI)
TODAY = NOW.date()
YESTERDAY = TODAY - timedelta(days=1)
NEXT_WEEK, LAST_WEEK = NOW + timedelta(days=7), NOW - timedelta(days=7)
LONG_AGO = datetime(2026, 10, 1, tzinfo=BRUNEI)


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def electricity(days: dict[date, DayState] | None = None, **changes: object) -> MeterState:
    meter = StoredMeter("10000001", Utility.ELECTRICITY, card_changed_at=NOW)
    return MeterState(replace(meter, **changes), KnownDays(days or {}))


def water(days: dict[date, DayState] | None = None) -> MeterState:
    return MeterState(StoredMeter("2000000001", Utility.WATER), KnownDays(days or {}))


def known_days(
    count: int, *, empty: int = 62, make: Callable[[date], DayState] | None = None
) -> dict[date, DayState]:
    """Return a full history of `count` days up to yesterday, its start found, all of it settled."""

    def settled(day: date) -> DayState:
        return DayState(
            day,
            total=Decimal(24),
            hours=24,
            hours_sum=Decimal(24),
            daily_read_at=NOW,
            hours_read_at=NOW,
            hours_asked=1,
            changed_at=LONG_AGO,
            settled_at=NOW,
        )

    days = {ago(n): (make or settled)(ago(n)) for n in range(1, count + 1)}
    for n in range(count + 1, count + empty + 1):
        days[ago(n)] = nothing(ago(n))
    return looked_beyond(days) if empty >= 62 else days


def nothing(day: date, asked: datetime = NOW) -> DayState:
    """Return a day that was empty when it was asked for."""
    return DayState(day, daily_read_at=asked, empty_since=asked)


def looked_beyond(days: dict[date, DayState]) -> dict[date, DayState]:
    """Return days with all jumps beyond the start, which found nothing."""
    while (found := search(days, NOW)).first and found.last:
        for n in range((found.last - found.first).days + 1):
            day = found.first + timedelta(days=n)
            days[day] = nothing(day, LAST_WEEK)
    return days


def test_a_new_account_begins_with_the_last_31_days() -> None:
    step = next_step([electricity()], NOW)
    assert step == Step("10000001", Resolution.DAY, ago(31), YESTERDAY, Why.HISTORY_DAYS)


def test_days_of_every_meter_come_before_any_hour() -> None:
    first = electricity(known_days(40))
    assert next_step([first, water()], NOW) == Step(
        "2000000001", Resolution.DAY, ago(31), YESTERDAY, Why.HISTORY_DAYS
    )


def test_months_follow_each_other_backwards_until_two_are_empty() -> None:
    days = {ago(n): DayState(ago(n), total=Decimal(1), daily_read_at=NOW) for n in range(1, 32)}
    for month in (1, 2):
        step = next_step([water(days)], NOW)
        assert step is not None
        assert (step.first, step.last) == (ago(31 * month + 31), ago(31 * month + 1))
        for n in range(31 * month + 1, 31 * month + 32):
            days[ago(n)] = nothing(ago(n))
    assert not history_found(water(days), NOW)
    days = looked_beyond(days)
    assert history_found(water(days), NOW)
    assert next_step([water(days)], NOW) is None


def test_a_jump_beyond_two_empty_months_finds_what_lies_before() -> None:
    """Such as before a long time without a tenant, or without a report."""
    days = known_days(31, empty=62)
    for n in range(200, 320):  # only what is asked for is known
        days.pop(ago(n), None)
    truth = {ago(n) for n in range(200, 300)}
    asked = 0
    while (found := search(days, NOW)).first and found.last:
        asked += 1
        for n in range((found.last - found.first).days + 1):
            day = found.first + timedelta(days=n)
            days[day] = (
                DayState(day, total=Decimal(1), daily_read_at=LAST_WEEK)
                if day in truth
                else nothing(day, LAST_WEEK)
            )
    assert truth <= {day for day, state in days.items() if state.total}
    assert found.end is End.NOTHING_BEFORE
    assert asked < 20


def test_months_of_zeros_end_the_search_like_empty_ones() -> None:
    days = known_days(31, empty=0)
    days |= {ago(n): DayState(ago(n), total=Decimal(0), daily_read_at=NOW) for n in range(32, 94)}
    found = search(days, NOW)
    assert found.last is not None
    assert found.last < ago(94 + 31)  # a jump, not the month before


def test_nothing_is_looked_for_before_2015() -> None:
    days: dict[date, DayState] = {}
    while (found := search(days, NOW)).first and found.last:
        assert found.first >= date(2015, 1, 1)
        for n in range((found.last - found.first).days + 1):
            day = found.first + timedelta(days=n)
            days[day] = DayState(day, total=Decimal(1), daily_read_at=NOW)
    assert found.end is End.EARLIEST
    assert min(days) == date(2015, 1, 1)


def test_days_that_were_empty_are_asked_for_again_and_end() -> None:
    days = known_days(100)
    hole = ago(60)
    days[hole] = nothing(hole)
    asked_after = []
    for later in range(120):
        now = NOW + timedelta(days=later)
        (day,) = open_empty_days([days[hole]], ago(100)) or [None]
        if day and is_due_again(day, now):
            asked_after.append(later)
            days[hole] = replace(days[hole], daily_read_at=now)
        if is_over(days[hole]):
            break
    assert asked_after == [3, 10, 30, 90]
    steps = [next_step([water(known_days(100) | {hole: nothing(hole)})], NOW + timedelta(days=3))]
    assert steps[0] is not None


@pytest.mark.parametrize("ahead", [timedelta(hours=2), timedelta(days=400)])
def test_what_a_clock_ahead_has_noted_counts_as_never(ahead: timedelta) -> None:
    """One round with the clock a year ahead, and no day was read for a year."""
    wrong = NOW + ahead
    days = {
        day: replace(state, daily_read_at=wrong, hours_read_at=wrong, settled_at=wrong)
        for day, state in known_days(40).items()
    }
    days[wrong.date()] = DayState(wrong.date(), hours_read_at=wrong, hours_asked=1)
    step = next_step([electricity(days)], NOW)
    assert step == Step("10000001", Resolution.DAY, ago(31), YESTERDAY, Why.HISTORY_DAYS)
    assert outlook([electricity(days)], NOW).days_complete is False


def test_nothing_is_settled_unasked() -> None:
    """Forty days ahead for once, and 121 days were settled unread."""
    day = DayState(ago(60), total=Decimal(3), daily_read_at=LONG_AGO, changed_at=LONG_AGO)
    assert not is_settled(day, NOW)
    assert is_settled(day, NOW, has_hours=False)
    assert not is_settled(replace(day, total=None), NOW, has_hours=False)


def test_one_empty_month_does_not_end_history() -> None:
    days = known_days(31, empty=31)
    assert not history_found(water(days), NOW)
    days |= {ago(n): DayState(ago(n), total=Decimal(1), daily_read_at=NOW) for n in range(63, 94)}
    step = next_step([water(days)], NOW)
    assert step is not None
    assert step.last == ago(94)


def test_a_gap_from_a_long_absence_is_read_without_reading_its_neighbours() -> None:
    days = {
        day: known for day, known in known_days(120).items() if not 40 < (TODAY - day).days < 60
    }
    step = next_step([water(days)], NOW)
    assert step is not None
    assert (step.first, step.last, step.why) == (ago(59), ago(41), Why.HISTORY_DAYS)


def test_hours_come_newest_first_and_only_for_days_with_a_total() -> None:
    def unread(day: date) -> DayState:
        total = None if day == ago(6) else Decimal(24)
        return DayState(day, total=total, daily_read_at=NOW)

    days = known_days(5) | {ago(n): unread(ago(n)) for n in range(6, 10)}
    days |= {ago(n): DayState(ago(n), daily_read_at=NOW) for n in range(10, 80)}
    days[TODAY] = DayState(TODAY, hours_read_at=NOW)
    step = next_step([electricity(days)], NOW)
    assert step == Step("10000001", Resolution.HOUR, ago(7), ago(7), Why.HISTORY_HOURS)


@pytest.mark.parametrize(
    ("read_ago", "moved_ago", "serves", "due"),
    [
        (None, None, None, True),  # never read
        (60, 10, True, True),  # moved since
        (60, 90, True, False),  # not moved since
        (20, 10, True, False),  # too soon
        (60, 10, False, False),  # too soon where each report costs three requests
        (250, 10, False, True),
    ],
)
def test_todays_hours_follow_the_card(
    read_ago: int | None, moved_ago: int | None, serves: bool | None, due: bool
) -> None:
    days = known_days(40)
    if read_ago is not None:
        days[TODAY] = DayState(TODAY, hours_read_at=NOW - timedelta(minutes=read_ago))
    moved = None if moved_ago is None else NOW - timedelta(minutes=moved_ago)
    step = next_step([electricity(days, card_changed_at=moved)], NOW, page_serves=serves)
    assert (step is not None and step.why is Why.TODAY) == due


def test_the_last_three_days_are_read_again_twice_a_day() -> None:
    days = known_days(40)
    days[TODAY] = DayState(TODAY, hours_read_at=NOW)
    morning = NOW.replace(hour=9, minute=0)
    for n in (1, 2, 3, 4):
        days[ago(n)] = replace(days[ago(n)], hours_read_at=morning)
    read = []
    while (step := next_step([electricity(days, card_changed_at=None)], NOW)) is not None:
        read.append(step)
        days[step.first] = replace(days[step.first], hours_read_at=NOW)
    assert [(step.first, step.why) for step in read] == [(ago(n), Why.RECENT) for n in (1, 2, 3)]


@pytest.mark.parametrize(
    ("time", "due_at"),
    [("09:29", "2026-11-19T21:30"), ("09:30", "2026-11-20T09:30"), ("23:59", "2026-11-20T21:30")],
)
def test_reread_times_are_in_brunei(time: str, due_at: str) -> None:
    now = datetime.fromisoformat(f"2026-11-20T{time}+08:00")
    assert reread_due_at(now) == datetime.fromisoformat(f"{due_at}+08:00")


def test_water_is_read_once_a_day_and_again_while_yesterday_is_missing() -> None:
    days = known_days(40)
    days[YESTERDAY] = replace(days[YESTERDAY], daily_read_at=NOW - timedelta(hours=13))
    step = next_step([water(days)], NOW)
    assert step is not None
    assert (step.why, step.last) == (Why.DAILY, YESTERDAY)
    days[YESTERDAY] = replace(days[YESTERDAY], daily_read_at=NOW)
    assert next_step([water(days)], NOW) is None
    evening = NOW.replace(hour=22)
    assert next_step([water(days)], evening) is None
    days[YESTERDAY] = replace(days[YESTERDAY], total=None)
    again = next_step([water(days)], evening)
    assert again is not None
    assert again.why is Why.DAILY


def test_missing_hours_are_asked_for_a_bounded_number_of_times() -> None:
    days = known_days(40)
    days[TODAY] = DayState(TODAY, hours_read_at=NOW)
    hole = replace(days[ago(10)], hours=23, hours_sum=Decimal(23), settled_at=None)
    clock, asked = NOW, 1
    for _ in range(100):
        clock += timedelta(days=1)
        state = electricity({ago(10): replace(hole, hours_asked=asked)}, card_changed_at=None)
        steps = [
            step
            for step in [next_step([state], clock, deferred=_all_but_missing(state, clock))]
            if step
        ]
        if steps:
            assert steps[0].why is Why.MISSING_HOURS
            asked += 1
            hole = replace(hole, hours_read_at=clock)
    assert asked == 3


def _all_but_missing(state: MeterState, now: datetime) -> list[Step]:
    """Return every step that is due before missing hours are."""
    deferred: list[Step] = []
    while (step := next_step([state], now, deferred=deferred)) and (
        step.why is not Why.MISSING_HOURS
    ):
        deferred.append(step)
    return deferred


def test_a_meter_without_hourly_reports_lives_from_the_daily_one() -> None:
    unread = known_days(40, make=lambda day: DayState(day, total=Decimal(1), daily_read_at=NOW))
    assert next_step([water(unread)], NOW) is None
    refused = electricity(unread, hourly_refused_at=NOW - timedelta(days=1))
    assert next_step([refused], NOW) is None
    tried_again = electricity(unread, hourly_refused_at=NOW - timedelta(days=8))
    step = next_step([tried_again], NOW)
    assert step is not None
    assert step.resolution is Resolution.HOUR


@pytest.mark.parametrize(
    ("days_ago", "changes", "settled"),
    [
        (4, {}, True),
        (3, {}, False),  # recent
        (4, {"hours_sum": Decimal(23)}, False),  # does not add up
        (4, {"total": None}, False),
        (34, {"hours_sum": Decimal(23)}, False),
        (36, {"hours_sum": Decimal(23)}, True),  # unchanged for 35 days
        (36, {"hours_sum": Decimal(23), "changed_at": NOW}, False),
    ],
)
def test_settled(days_ago: int, changes: dict[str, object], settled: bool) -> None:
    day = replace(known_days(40)[ago(days_ago)], settled_at=None, **changes)
    assert is_settled(day, NOW) is settled


def test_the_outlook_counts_reports() -> None:
    new = electricity()
    assert outlook([new], NOW).days_complete is False
    # How many reports there will be is not known before its days are.
    assert outlook([new], NOW).planned is False
    step = next_step([new], NOW)
    assert step is not None
    assert outlook([new], NOW, deferred=[step]).planned is True
    days = known_days(62, make=lambda day: DayState(day, total=Decimal(1), daily_read_at=NOW))
    ahead = outlook([electricity(days)], NOW)
    # Four months, and seven jumps beyond them.
    assert (ahead.done, ahead.left, ahead.days_complete, ahead.planned) == (11, 62, True, True)
    both = outlook([electricity(days), replace(new, meter=replace(new.meter, number="2"))], NOW)
    assert (both.days_complete, both.planned) == (False, False)


VALUES = st.decimals(min_value=0, max_value=50, places=3)


@given(st.dictionaries(st.integers(0, 23), VALUES), VALUES)
def test_estimates_make_the_day_add_up(hours: dict[int, Decimal], left: Decimal) -> None:
    day = date(2026, 5, 1)
    reported = [
        Reading(brunei_midnight(day) + timedelta(hours=hour), value)
        for hour, value in hours.items()
    ]
    spread = remainder(day, reported, sum(hours.values(), Decimal(0)) + left)
    if len(hours) == 24 or not left:
        assert spread == []
        return
    assert sum(reading.value for reading in spread) == left
    assert {reading.start for reading in spread}.isdisjoint({r.start for r in reported})
    assert len(spread) + len(reported) == 24
    values = [reading.value for reading in spread]
    assert max(values) - min(values) <= Decimal("0.001")


def test_less_than_nothing_is_not_spread() -> None:
    day = date(2026, 5, 1)
    reported = [Reading(brunei_midnight(day), Decimal(3))]
    assert remainder(day, reported, Decimal(2)) == []


def test_far_looks_beyond_the_start_come_last_and_one_a_week() -> None:
    days = {ago(n): DayState(ago(n), total=Decimal(1), daily_read_at=NOW) for n in range(1, 32)}
    days |= {ago(n): nothing(ago(n)) for n in range(32, 94)}
    jump = next_step([water(days), electricity()], NOW)
    assert jump is not None
    assert (jump.meter, jump.last) == ("2000000001", ago(156))  # the first, at once
    days |= {ago(n): nothing(ago(n)) for n in range(156, 187)}
    assert history_found(water(days), NOW)
    assert next_step([water(days)], NOW) is None
    due = replace(days[YESTERDAY], daily_read_at=NEXT_WEEK)
    read = days | {ago(n): replace(due, day=ago(n)) for n in range(-7, 2)}
    read |= {ago(n): nothing(ago(n), NEXT_WEEK) for n in range(32, 94)}
    assert next_step([water(read)], NEXT_WEEK) == Step(
        "2000000001", Resolution.DAY, ago(248), ago(218), Why.HISTORY_DAYS
    )
    assert history_found(water(read), NEXT_WEEK)


@pytest.mark.parametrize(
    ("values", "estimated"),
    [
        (("1", "1"), True),  # just the even shares that were estimated before
        (("0.4", "1.6"), False),
        (("1", "0.5"), True),  # it does not add up
    ],
)
def test_what_was_taken_over_of_estimates_are_estimates(
    values: tuple[str, str], estimated: bool
) -> None:
    day = date(2026, 11, 5)
    midnight = brunei_midnight(day)

    def hour(n: int, value: str, origin: Origin) -> StoredReading:
        start = midnight + timedelta(hours=n)
        return StoredReading(start, Decimal(value), origin, midnight, settled=False)

    stored = [hour(n, "0.5", Origin.REPORT) for n in range(22)]
    stored += [hour(22 + n, value, Origin.RECORDER) for n, value in enumerate(values)]
    found = estimates(day, stored, Decimal(13))
    assert (found is not None) is estimated
    if found:
        assert [str(one.value) for one in found] == ["1.000", "1.000"]
