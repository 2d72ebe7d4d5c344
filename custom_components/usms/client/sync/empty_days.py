"""Days that were empty when they were asked for: not published yet, or never.

Pure. The portal publishes days weeks late at times, so they stay open, are asked for ever less
often, and end.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from .history_start import WINDOW

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date, datetime

    from ..store.models import DayState

ASKED_AGAIN: Final = tuple(timedelta(days=days) for days in (3, 10, 30, 90))
"""After that time since a day was first found empty it is asked for again."""


def open_empty_days(days: Iterable[DayState], start: date | None) -> Iterator[DayState]:
    """Yield the days that were empty and may still come: those since the start of the history."""
    for day in days:
        if day.empty_since and start and day.day > start and not is_over(day):
            yield day


def before_the_start(days: Iterable[DayState], start: date | None) -> Iterator[DayState]:
    """Yield the empty days of a report's length before the history's start.

    The portal may offer a longer history again: then the search for the start goes on.
    """
    for day in days:
        if day.empty_since and start and start - WINDOW <= day.day < start and not is_over(day):
            yield day


def is_due_again(day: DayState, now: datetime) -> bool:
    """Whether to ask once more for a day that was empty."""
    if day.empty_since is None or day.daily_read_at is None:
        return False
    return any(day.daily_read_at < day.empty_since + span <= now for span in ASKED_AGAIN)


def is_over(day: DayState) -> bool:
    """Whether a day that was empty is asked for no more."""
    return (
        day.empty_since is not None
        and day.daily_read_at is not None
        and day.daily_read_at >= day.empty_since + ASKED_AGAIN[-1]
    )
