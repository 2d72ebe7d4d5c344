"""When a balance is used up: through the tiers, and with what is expected off by its range.

Pure. Money is BND, consumption kWh or m³, days are Brunei's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple, TypeAlias

from ..brunei import BRUNEI, brunei_date, brunei_midnight
from .day_shape import EVEN, DayShape
from .precision import as_amount
from .schedule import RunningBill, TariffSchedule

HORIZON: Final = timedelta(days=2 * 365)
"""A balance that lasts longer has no date."""
_BY_HOUR: Final = 2
_BY_DAY: Final = 28
"""Days that are gone through by the hour and by the day; many at once after them."""
_DAY: Final = timedelta(days=1)
_HOUR: Final = timedelta(hours=1)
_ZERO: Final = Decimal(0)

Off: TypeAlias = Callable[[float], float]
"""By which share the use of so many days from now on is off what is expected."""


def as_expected(_days: float) -> float:
    """Be off by nothing."""
    return 0.0


class _Piece(NamedTuple):
    """A day to come, or an hour of it."""

    begin: datetime
    end: datetime
    day: date
    amount: float
    """What is expected of it."""


class _Stretch(NamedTuple):
    """Days of one month and one tariff."""

    last: date
    amount: float


@dataclass(frozen=True, slots=True)
class Spending:
    """What a meter is expected to use from a moment on."""

    now: datetime
    used: Decimal
    """Of its month before that."""
    schedule: TariffSchedule
    expected: Callable[[date], float]
    """What a whole day uses."""
    shape: DayShape = EVEN
    """How that comes."""

    def runs_out(self, balance: Decimal, off: Off = as_expected) -> datetime | None:
        """Return when a balance is used up, in Brunei's time; None after `HORIZON`.

        That is when all that is used until then, off by the share of so many days, costs as much: a
        larger balance never lasts shorter.
        """
        if balance <= 0:
            return self.now.astimezone(BRUNEI)
        spent, used = _ZERO, list[_Stretch]()
        for span in self._spans(self.now + HORIZON):
            parts = [span]
            while parts:
                part = parts.pop()
                after = self._with(used, part)
                cost = self._cost(after, part[-1].end, off)
                if cost <= balance:
                    spent, used = max(spent, cost), after
                elif len(part) == 1:
                    # The charges of a day go as it begins, as those of days that are over do.
                    begun = [part[0]._replace(amount=0.0)]
                    end = part[0].end
                    spent += self._cost(self._with(used, begun), end, off)
                    spent -= self._cost(used, end, off)
                    share = (balance - spent) / (cost - spent) if balance > spent else _ZERO
                    return self._within(part[0], float(share))
                else:
                    half = len(part) // 2
                    parts += [part[half:], part[:half]]
        return None

    def uses(self, until: datetime) -> Decimal:
        """Return what is used until a moment."""
        first, last = brunei_date(self.now), brunei_date(until)
        total = 0.0
        for day in (first + n * _DAY for n in range((last - first).days + 1)):
            midnight = brunei_midnight(day)
            begin, end = ((moment - midnight) / _DAY for moment in (self.now, until))
            share = self.shape.by(min(end, 1.0)) - self.shape.by(max(begin, 0.0))
            total += self.expected(day) * share
        return as_amount(total)

    def cost(self, until: date, off: Off = as_expected) -> Decimal:
        """Return the least balance that lasts to the end of that day."""
        most, used = _ZERO, list[_Stretch]()
        for span in self._spans(brunei_midnight(until + _DAY)):
            used = self._with(used, span)
            most = max(most, self._cost(used, span[-1].end, off))
        return most

    def _spans(self, until: datetime) -> Iterator[Sequence[_Piece]]:
        """Yield the pieces of the time until a midnight: hours, days, then many days at once."""
        today = brunei_date(self.now)
        ahead, count = 0, (brunei_date(until) - today).days
        while ahead < count:
            if ahead < _BY_HOUR:
                yield self._hours(today + ahead * _DAY)
                ahead += 1
                continue
            # As far ahead, use grows with time even where it is off by more.
            many = 1 if ahead < _BY_DAY else ahead
            days = (today + n * _DAY for n in range(ahead, min(ahead + many, count)))
            yield [
                _Piece(brunei_midnight(day), brunei_midnight(day + _DAY), day, self.expected(day))
                for day in days
            ]
            ahead += many

    def _hours(self, day: date) -> list[_Piece]:
        """Return what is left of a day by the hour."""
        midnight, amount, hours = brunei_midnight(day), self.expected(day), list[_Piece]()
        for hour in range(24):
            begin, end = max(self.now, midnight + hour * _HOUR), midnight + (hour + 1) * _HOUR
            if begin < end:
                by = self.shape.by
                share = by((end - midnight) / _DAY) - by((begin - midnight) / _DAY)
                hours.append(_Piece(begin, end, day, amount * share))
        return hours

    def _with(self, used: Sequence[_Stretch], pieces: Sequence[_Piece]) -> list[_Stretch]:
        """Return what is used with some pieces more."""
        stretches = list(used)
        for piece in pieces:
            last = stretches[-1] if stretches else _Stretch(date.min, 0.0)
            if (last.last.year, last.last.month) != (piece.day.year, piece.day.month) or (
                self.schedule.on(last.last) is not self.schedule.on(piece.day)
            ):
                stretches.append(_Stretch(piece.day, piece.amount))
            else:
                stretches[-1] = _Stretch(piece.day, last.amount + piece.amount)
        return stretches

    def _cost(self, used: Sequence[_Stretch], end: datetime, off: Off) -> Decimal:
        """Return what is used until then costs, off by the share of so many days."""
        factor = 1 + off((end - self.now) / _DAY)
        bill = RunningBill(self.schedule)
        bill.use(brunei_date(self.now), self.used)
        return sum((bill.use(day, as_amount(amount * factor)) for day, amount in used), _ZERO)

    def _within(self, piece: _Piece, share: float) -> datetime:
        """Return when a share of a piece's use has come."""
        begin = piece.begin.astimezone(BRUNEI)
        if piece.end - piece.begin == _DAY:
            return begin + _DAY * self.shape.when(share)
        return begin + (piece.end - piece.begin) * share
