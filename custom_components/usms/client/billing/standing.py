"""What is left of a balance: as it was shown last, run forward.

Pure. Money is BND, consumption kWh or m³, days are Brunei's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from ..brunei import brunei_date, brunei_midnight
from ..consumption import DayReadings
from ..models import Balance, TopUp
from .forecast import Estimate
from .habits import Habits
from .precision import as_amount
from .schedule import RunningBill, TariffSchedule

FRESH: Final = timedelta(hours=2)
"""A balance that was seen so lately is shown as it was."""
LONGEST: Final = timedelta(days=30)
"""An older balance says nothing any more."""
_LATE: Final = timedelta(days=2)
"""So much later than it was used, use lowers the balance at the latest."""
_UNMOVED: Final = Decimal("0.10")
"""BND of published use that a balance can't have missed."""
_DAY: Final = timedelta(days=1)
_HOUR: Final = timedelta(hours=1)
_ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Standing:
    """What is left of a meter's balance at a moment."""

    shown: Balance
    """The last that its card has shown."""
    amount: Estimate
    """BND at the moment; below 0 the meter owes."""

    estimated: bool = False
    """Whether the balance is too old to be shown as it was."""
    empty_since: datetime | None = None
    """When it was used up, by that."""

    @property
    def balance(self) -> Estimate:
        """BND as they are shown; what follows from them goes by `amount`."""
        return self.amount if self.estimated else Estimate.sure(self.shown.amount)


def standing(
    shown: Balance | None,
    topups: Iterable[TopUp],
    days: Mapping[date, DayReadings],
    habits: Habits | None,
    schedule: TariffSchedule | None,
    now: datetime,
    *,
    seen: Collection[str] = (),
) -> Standing | None:
    """Return what is left of the balance shown last; None where that can't be known.

    It is run forward: plus the top-ups made since, less what the readings since then cost
    (`days`, from the first of its month), and what is expected where none are published. Top-ups
    that a balance has shown are `seen`, by transaction, whatever time they say.
    """
    if shown is None:
        return None
    if schedule is not None and habits is not None:
        shown = _as_it_moved(shown, days, habits, schedule, now)
    if now - shown.as_of > LONGEST:
        return None
    old = now - shown.as_of > FRESH
    if schedule is None or habits is None:
        return None if old else Standing(shown, Estimate.sure(shown.amount))
    new = (topup for topup in topups if topup.at > shown.as_of and topup.transaction not in seen)
    paid = sum((topup.credited for topup in new), _ZERO)
    used = list(_used(days, habits, shown.as_of, now))
    low, high = habits.off(sum(day.open for day in used))
    had = shown.amount + paid
    less, expected, more = (had - _cost(used, schedule, 1 + off) for off in (high, 0.0, low))
    empty = _empty_since(had, used, schedule, habits, (shown.as_of, now)) if expected <= 0 else None
    return Standing(shown, Estimate(expected, less, more), estimated=old, empty_since=empty)


def _as_it_moved(
    shown: Balance,
    days: Mapping[date, DayReadings],
    habits: Habits,
    schedule: TariffSchedule,
    now: datetime,
) -> Balance:
    """Return a balance as of when it moved last, if it has not though readings say that it should.

    Some portals go on showing a balance that is no longer updated.
    """
    until = now - _LATE
    if shown.as_of <= shown.seen_at or until <= shown.seen_at:
        return shown
    # Charges beside use may be taken at once, some day; use within the least charge may be, too.
    missed = _cost(_used(days, habits, shown.seen_at, until), schedule.by_use, 0.0)
    least = max(dated.tariff.monthly_minimum for dated in schedule.tariffs)
    return replace(shown, until=shown.seen_at) if missed >= least + _UNMOVED else shown


def _empty_since(
    had: Decimal,
    used: Iterable[_DayUsed],
    schedule: TariffSchedule,
    habits: Habits,
    between: tuple[datetime, datetime],
) -> datetime:
    """Return when a balance was used up: within its day, as days run."""
    (since, now), left = between, had
    bill, by = RunningBill(schedule), habits.shape.by
    for day in used:
        if day.before is not None:
            bill.use(day.day, day.before)
        midnight = brunei_midnight(day.day)
        left -= bill.use(day.day, _ZERO)  # its charges, as it begins
        cost = bill.use(day.day, day.known + as_amount(day.expected))
        if cost >= left and day.day >= brunei_date(since):
            begin = by(max((since - midnight) / _DAY, 0.0))
            end = by(min((now - midnight) / _DAY, 1.0))
            part = float(max(left, _ZERO) / cost) if cost else 0.0
            at = midnight + _DAY * habits.shape.when(begin + (end - begin) * part)
            return min(max(since, at), now)
        left -= cost
    return now


class _DayUsed(NamedTuple):
    """What a day used: before the balance was shown, and after it."""

    day: date
    before: Decimal | None
    """None for a later day."""
    known: Decimal
    expected: float
    """Where nothing is published."""
    open: float
    """Which part of the day that is."""


def _used(
    days: Mapping[date, DayReadings], habits: Habits, since: datetime, now: datetime
) -> Iterator[_DayUsed]:
    """Yield what each day used, from the first of the month of `since`."""
    day = brunei_date(since).replace(day=1)
    while day <= brunei_date(now):
        begin = brunei_midnight(day)
        before = _between(days.get(day), habits, day, begin, min(since, begin + _DAY))
        after = _between(days.get(day), habits, day, max(since, begin), min(now, begin + _DAY))
        # Months begin where the meter's readings do.
        if day >= min(habits.oldest, brunei_date(since)):
            seen = day <= brunei_date(since)
            yield _DayUsed(day, before[0] + as_amount(before[1]) if seen else None, *after)
        day += _DAY


def _between(
    day: DayReadings | None, habits: Habits, date_: date, since: datetime, until: datetime
) -> tuple[Decimal, float, float]:
    """Return what a part of a day used: what is published of it, and what is expected beside.

    With the part of the day that is not published.
    """
    if since >= until:
        return _ZERO, 0.0, 0.0
    begin = brunei_midnight(date_)
    shape = habits.shape
    share = shape.by((until - begin) / _DAY) - shape.by((since - begin) / _DAY)
    if day is not None and day.total is not None and not day.hours:
        return day.total * as_amount(share), 0.0, 0.0
    known, open_ = _ZERO, (until - since) / _DAY
    for hour in day.hours if day is not None else ():
        overlap = min(until, hour.start + _HOUR) - max(since, hour.start)
        if overlap > timedelta(0):
            part = overlap / _HOUR
            known += hour.value * Decimal(part)
            share -= part * shape.of(hour.start.astimezone(begin.tzinfo).hour)
            open_ -= overlap / _DAY
    return known, max(share, 0.0) * habits.on(date_), max(open_, 0.0)


def _cost(used: Iterable[_DayUsed], schedule: TariffSchedule, factor: float) -> Decimal:
    """Return what was used since then costs, where what is expected is off by that factor."""
    bill, total = RunningBill(schedule), _ZERO
    for day in used:
        if day.before is not None:
            bill.use(day.day, day.before)
        total += bill.use(day.day, day.known + as_amount(day.expected * factor))
    return total
