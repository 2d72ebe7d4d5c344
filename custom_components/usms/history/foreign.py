"""Rows of any statistic as readings of a meter: for those who come from another integration. Pure.

A row counts where it is sure what it holds: its hour, or at midnight its whole day. All else is
refused, and counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Final, NamedTuple

from ..client.brunei import BRUNEI, brunei_midnight
from ..client.consumption import Offered
from ..client.models import Reading, Utility

OLDEST: Final = date(2015, 1, 1)
"""The portal has nothing before, so neither has what was read from it."""
_HOUR: Final = 3600
_DAY: Final = 24 * _HOUR
_DIGITS: Final = 6
_SAME: Final = 1e-6
"""By how much a change of sums may differ from the amount that made it: floats."""


class SourceRow(NamedTuple):
    """A row of a statistic, in its own unit."""

    start: float
    """In seconds since 1970."""
    state: float | None
    sum: float | None


class _Amount(NamedTuple):
    """What a row adds to the row before it."""

    start: datetime
    step: float | None
    """Seconds since the row before; None for the first row."""
    value: Decimal | None
    """None where the row has no sum, or the row before has none."""
    of_state: bool
    """Whether the row's state says the same."""


def readings_of(
    utility: Utility,
    rows: Sequence[SourceRow],
    convert: Callable[[float], float],
    now: datetime,
    span: tuple[date | None, date],
) -> Offered:
    """Return what rows with running sums, by time, say of a meter's hours and days.

    `convert` makes kWh or m³ of an amount; `span` is the first day that is wanted, or None for all,
    and the last. What can't be a whole hour or day of the past is
    refused: rows off the hour, negative changes, and a change over a gap, unless the row's state
    is the same amount. Of water there are days alone: a row at midnight, or the sum of 24 hours.
    """
    found = Offered()
    first, last = max(span[0] or OLDEST, OLDEST), span[1]
    for day, group in groupby(_amounts(rows, convert), lambda amount: amount.start.date()):
        if not first <= day <= last:
            continue
        of_day = list(group)
        midnight = brunei_midnight(day)
        at_midnight = len(of_day) == 1 and of_day[0].start == midnight
        alone = at_midnight and of_day[0].step != _HOUR
        if at_midnight and not alone and of_day[0].start.timestamp() != rows[-1].start:
            # After an hour it may be one more, or the total of a day without hours.
            found.refused += 1
            continue
        sure = [amount for amount in of_day if _is_sure(amount, _DAY if alone else _HOUR)]
        readings = [
            Reading(start, value)
            for start, _, value, _ in sure
            if value is not None and start + timedelta(seconds=_DAY if alone else _HOUR) <= now
        ]
        if alone:
            found.totals += readings
        elif utility is not Utility.WATER:
            found.hours += readings
        elif len(readings) == 24:
            total = sum((hour.value for hour in readings), Decimal(0))
            found.totals.append(Reading(midnight, total))
        else:
            readings = []
        found.refused += len(of_day) - len(readings)
    return found


def _begins_a_counter(rows: Sequence[SourceRow]) -> bool:
    """Return whether the state is what a counter shows: it rises by what the second row adds."""
    if len(rows) < 2:
        return False
    (_, state, total), (_, next_state, next_total) = rows[:2]
    if None in (state, total, next_state, next_total):
        return False
    change = next_total - total  # type: ignore[operator]
    rise = next_state - state  # type: ignore[operator]
    close = _SAME * max(1, abs(next_total))  # type: ignore[arg-type]
    return bool(abs(rise - change) < close <= abs(next_state - change))  # type: ignore[operator]


def _amounts(rows: Sequence[SourceRow], convert: Callable[[float], float]) -> Iterable[_Amount]:
    before: SourceRow | None = None
    for number, row in enumerate(rows):
        if number == 0 and _begins_a_counter(rows):
            yield _Amount(datetime.fromtimestamp(row.start, BRUNEI), None, None, of_state=False)
            before = row
            continue
        value, of_state = None, False
        if row.sum is not None and (before is None or before.sum is not None):
            change = row.sum - ((before.sum if before else None) or 0.0)
            of_state = row.state is not None and abs(change - row.state) < _SAME * max(
                1, abs(row.sum)
            )
            value = _decimal(convert(change))
        step = None if before is None else row.start - before.start
        yield _Amount(datetime.fromtimestamp(row.start, BRUNEI), step, value, of_state)
        before = row


def _is_sure(amount: _Amount, length: int) -> bool:
    """Return whether a row's amount is that of the hour or day from its start on."""
    return (
        amount.value is not None
        and amount.value >= 0
        and amount.start.timestamp() % _HOUR == 0
        and (amount.step == length or amount.of_state)
    )


def _decimal(value: float) -> Decimal:
    """Return an amount without the noise of floats, and without zeros at its end."""
    text = f"{value:.{_DIGITS}f}".rstrip("0").rstrip(".")
    return Decimal("0" if text == "-0" else text)
