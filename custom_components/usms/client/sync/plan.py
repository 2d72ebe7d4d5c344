"""Which report to read next, and why: pure functions of what the store holds, and the clock.

The order of things:

1. days first: daily reports backwards from yesterday, every meter's, to the start of its history;
2. what is due today: today's hours when the card moved, the last three days and the daily report
   twice a day (a meter without hours: its daily report once a day);
3. days that were empty when asked for, ever less often;
4. hours behind: every day that has a total and was never asked for, newest first;
5. days whose hours do not add up to their total, a bounded number of times;
6. far looks before the start of the history, one a week.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import chain
from typing import TYPE_CHECKING, Final

from ..brunei import brunei_date, brunei_midnight
from ..models import Resolution, Utility
from ..store.models import DayState, StoredMeter
from .empty_days import before_the_start, is_due_again, open_empty_days
from .history_start import EMPTY_MONTHS, WINDOW, Search
from .known_days import KnownDays

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

RECENT_DAYS: Final = 3
"""So many days are read again and again: the portal corrects them."""
UNCHANGED: Final = timedelta(days=35)
"""A day that has not changed for so long is settled, even where it does not add up."""
REREAD_TIMES: Final = (timedelta(hours=9, minutes=30), timedelta(hours=21, minutes=30))
"""When the recent days are read again, in Brunei: after the portal's night and in the evening."""
TODAY_INTERVAL: Final = timedelta(minutes=45)
"""The least time between two readings of today's hours."""
TODAY_INTERVAL_IN_FULL: Final = timedelta(hours=4)
"""The same where each report costs three requests, to stay within 60 a day."""
ASKED_AT_MOST: Final = 3
"""So often a day older than three days is asked for hours that are missing."""
ASKED_AGAIN_AFTER: Final = timedelta(days=3)
HOURLY_TRIED_AGAIN_AFTER: Final = timedelta(days=7)


class Why(StrEnum):
    """Why a report is read."""

    HISTORY_DAYS = "history_days"
    TODAY = "today"
    RECENT = "recent"
    DAILY = "daily"
    EMPTY_DAYS = "empty_days"
    HISTORY_HOURS = "history_hours"
    MISSING_HOURS = "missing_hours"


@dataclass(frozen=True, slots=True)
class Step:
    """One report to read."""

    meter: str = field(repr=False)
    resolution: Resolution
    first: date
    last: date
    why: Why


@dataclass(frozen=True, slots=True)
class MeterState:
    """All that the plan knows of a meter."""

    meter: StoredMeter
    days: KnownDays

    def day(self, day: date) -> DayState:
        """Return what is known of a day, which may be nothing."""
        return self.days.get(day) or DayState(day)

    def as_of(self, now: datetime) -> MeterState:
        """Return it without what a wrong clock has noted."""
        days = self.days.as_of(now)
        return self if days is self.days else replace(self, days=days)

    def has_hours(self, now: datetime) -> bool:
        """Whether to ask for hourly reports: not for water, nor lately refused."""
        if self.meter.utility is not Utility.ELECTRICITY:
            return False
        refused = self.meter.hourly_refused_at
        return refused is None or now - refused >= HOURLY_TRIED_AGAIN_AFTER


@dataclass(frozen=True, slots=True)
class Outlook:
    """How far the history has come, in reports."""

    done: int
    left: int
    days_complete: bool
    """Whether the daily history of every meter is there, back to its start."""
    empty_days: int = 0
    """Days that were empty when asked for, and are asked for again."""
    planned: bool = False
    """Whether it is known what is left: each day that is found adds a report of its hours."""


def next_step(
    meters: Sequence[MeterState],
    now: datetime,
    *,
    page_serves: bool | None = None,
    deferred: Iterable[Step] = (),
) -> Step | None:
    """Return the report to read next, or None when nothing is due.

    `page_serves` is whether a report costs one request instead of three; `deferred` are steps
    that failed lately and wait.
    """
    waiting = set(deferred)
    meters = [meter.as_of(now) for meter in meters]
    return next(
        (step for step in _steps(meters, now, page_serves=page_serves) if step not in waiting), None
    )


def _steps(
    meters: Sequence[MeterState], now: datetime, *, page_serves: bool | None
) -> Iterator[Step]:
    found = [(meter, meter.days.search(now)) for meter in meters]
    for meter, days in found:
        if days.end is None:
            yield from _history_days(meter, days)
    for meter in meters:
        yield from _due(meter, now, page_serves=page_serves)
    for meter in meters:
        yield from _empty_days(meter, now)
    for meter in meters:
        yield from _history_hours(meter, now)
    for meter in meters:
        yield from _missing_hours(meter, now)
    for meter, days in found:
        yield from _history_days(meter, days)


# --- 1. days first, and 6. far looks ---


def _history_days(state: MeterState, found: Search) -> Iterator[Step]:
    """Yield the next stretch of days, a report long, that no daily report has covered."""
    if found.first and found.last:
        yield Step(state.meter.number, Resolution.DAY, found.first, found.last, Why.HISTORY_DAYS)


def history_found(state: MeterState, now: datetime) -> bool:
    """Whether the start of a meter's history is known."""
    return state.days.search(now).end is not None


# --- 2. what is due ---


def _due(state: MeterState, now: datetime, *, page_serves: bool | None) -> Iterator[Step]:
    number, today = state.meter.number, brunei_date(now)
    yesterday = today - timedelta(days=1)
    due_at = reread_due_at(now)
    hourly = state.has_hours(now)
    if hourly and _today_is_due(state, now, page_serves=page_serves):
        yield Step(number, Resolution.HOUR, today, today, Why.TODAY)
    read_at = state.day(yesterday).daily_read_at
    if read_at is None or (read_at < due_at and (hourly or not _read_since_morning(state, now))):
        yield Step(
            number, Resolution.DAY, yesterday - WINDOW + timedelta(days=1), yesterday, Why.DAILY
        )
    if hourly:
        for back in range(1, RECENT_DAYS + 1):
            day = state.day(today - timedelta(days=back))
            if (day.hours_read_at is None or day.hours_read_at < due_at) and _may_have_hours(
                state, day.day
            ):
                yield Step(number, Resolution.HOUR, day.day, day.day, Why.RECENT)


def _today_is_due(state: MeterState, now: datetime, *, page_serves: bool | None) -> bool:
    """Today's hours: whenever the card moved since they were read, but not too often."""
    read_at = state.day(brunei_date(now)).hours_read_at
    if read_at is None:
        return True
    moved = state.meter.card_changed_at
    interval = TODAY_INTERVAL_IN_FULL if page_serves is False else TODAY_INTERVAL
    return moved is not None and moved > read_at and now - read_at >= interval


def _read_since_morning(state: MeterState, now: datetime) -> bool:
    """Whether a meter without hours has had its daily report since this morning, with yesterday."""
    yesterday = state.day(brunei_date(now) - timedelta(days=1))
    morning = brunei_midnight(brunei_date(now)) + REREAD_TIMES[0]
    read_at = yesterday.daily_read_at
    if now < morning:
        return True
    return read_at is not None and read_at >= morning and yesterday.total is not None


def reread_due_at(now: datetime) -> datetime:
    """Return when the recent days last became due."""
    midnight = brunei_midnight(brunei_date(now))
    past = [midnight + time for time in REREAD_TIMES if midnight + time <= now]
    return past[-1] if past else midnight - timedelta(days=1) + REREAD_TIMES[-1]


def _may_have_hours(state: MeterState, day: date) -> bool:
    """Whether hours can be there: not before the meter's first day."""
    first = state.days.oldest_total
    return first is None or day >= first


# --- 3. days that were empty ---


def _empty_days(state: MeterState, now: datetime) -> Iterator[Step]:
    """Yield the newest stretch of days, a report long, that were empty and are due again."""
    start = state.days.oldest_used
    open_days = chain(
        open_empty_days(state.days.open, start), before_the_start(state.days.open, start)
    )
    due = sorted(day.day for day in open_days if is_due_again(day, now))
    if due:
        first = next(day for day in due if due[-1] - day < WINDOW)
        yield Step(state.meter.number, Resolution.DAY, first, due[-1], Why.EMPTY_DAYS)


# --- 4. and 5. hours behind ---


def _history_hours(state: MeterState, now: datetime) -> Iterator[Step]:
    if state.has_hours(now):
        for day in state.days.open:
            if is_wanted(day):
                yield _hours(state, day, Why.HISTORY_HOURS)


def _missing_hours(state: MeterState, now: datetime) -> Iterator[Step]:
    if state.has_hours(now):
        for day in state.days.open:
            if _is_missed(day, now):
                yield _hours(state, day, Why.MISSING_HOURS)


def is_wanted(day: DayState) -> bool:
    """Whether a day's hours were never asked for, or not since its total changed."""
    return day.total is not None and not day.settled and day.hours_asked == 0


def _is_missed(day: DayState, now: datetime) -> bool:
    """Whether to ask once more for hours that do not add up to their day."""
    if day.total is None or day.settled or day.adds_up or day.hours_read_at is None:
        return False
    age = brunei_date(now) - day.day
    if age <= timedelta(days=RECENT_DAYS):
        return False  # read twice a day anyway
    # The further back, the less will come: a day long past is asked once more, one without any
    # hour not at all.
    most = ASKED_AT_MOST if age <= UNCHANGED else min(ASKED_AT_MOST - 1, day.hours + 1)
    return day.hours_asked < most and now - day.hours_read_at >= ASKED_AGAIN_AFTER


def _hours(state: MeterState, day: DayState, why: Why) -> Step:
    return Step(state.meter.number, Resolution.HOUR, day.day, day.day, why)


# --- how far it has come ---


def outlook(
    meters: Sequence[MeterState], now: datetime, *, deferred: Iterable[Step] = ()
) -> Outlook:
    """Return how many reports of history are read and how many are left, as far as known.

    Days whose report is `deferred` are not waited for.
    """
    done = left = empty = 0
    days_complete = planned = bool(meters)
    waiting = set(deferred)
    meters = [meter.as_of(now) for meter in meters]
    for meter in meters:
        asked = sum(1 for day in meter.days.values() if day.daily_read_at)
        empty += len(list(open_empty_days(meter.days.open, meter.days.oldest_used)))
        done += -(-asked // WINDOW.days)
        if not history_found(meter, now):
            days_complete = False
            planned &= waiting.issuperset(_history_days(meter, meter.days.search(now)))
            left += EMPTY_MONTHS
        if meter.has_hours(now):
            wanted = sum(1 for day in meter.days.values() if is_wanted(day))
            left += wanted
            done += sum(1 for day in meter.days.values() if day.total is not None) - wanted
    return Outlook(done, left, days_complete, empty, planned)
