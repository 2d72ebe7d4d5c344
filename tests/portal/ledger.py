"""Balance and top-ups: consumption lowers the balance through the tariff, top-ups raise it.

Prices are the operator's residential ones, written here again on purpose: the portal must not
share code with what it is there to check.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .profile import Profile
    from .truth import Truth

_TIERS: Final[dict[str, tuple[tuple[Decimal | None, Decimal], ...]]] = {
    "electricity": (
        (Decimal(600), Decimal("0.01")),
        (Decimal(2000), Decimal("0.08")),
        (Decimal(4000), Decimal("0.10")),
        (None, Decimal("0.12")),
    ),
    "water": ((Decimal("54.54"), Decimal("0.11")), (None, Decimal("0.44"))),
}


@dataclass(frozen=True)
class TopUp:
    """One row of the transaction history."""

    at: datetime
    number: str
    meter: str
    amount: Decimal
    debt: Decimal
    recharge: Decimal
    units: Decimal
    mode: str
    site: str
    source: str


@dataclass(frozen=True)
class _Entry:
    at: datetime
    balance: Decimal
    month: tuple[int, int]
    used: Decimal


class Ledger:
    """The account book of one meter, written as far as it was asked for."""

    def __init__(self, truth: Truth, profile: Profile) -> None:
        """Open with some credit."""
        self._truth = truth
        self._profile = profile
        self._owes_since: datetime | None = None
        self._random = Random(f"{truth.seed}/{truth.number}/ledger")
        first = truth.installed
        credit = (
            Decimal(str(profile.opening_credit)) if truth.utility == "electricity" else Decimal(4)
        )
        self._entries = [_Entry(first, credit, (first.year, first.month), Decimal(0))]
        self._day = first.date()
        self.topups: list[TopUp] = []
        self.drawn: list[tuple[datetime, Decimal]] = []
        """When it drew on another meter's balance, and how much."""

    def entry(self, at: datetime) -> _Entry:
        """Return the state of the book at a moment."""
        while self._day < at.date() + timedelta(days=1):
            self._write_day()
            self._day += timedelta(days=1)
        place = bisect_right(self._entries, at, key=lambda entry: entry.at)
        return self._entries[max(place - 1, 0)]

    def balance(self, at: datetime) -> Decimal:
        """Return the balance (BND) at a moment, unrounded."""
        return self.entry(at).balance

    def remaining_units(self, at: datetime, *, flat: bool) -> Decimal:
        """Return what the balance buys (kWh or m³): at today's tier, or through the tiers."""
        entry = self.entry(at)
        used = entry.used if entry.month == (at.year, at.month) else Decimal(0)
        tiers = _TIERS[self._truth.utility]
        left, units = entry.balance, Decimal(0)
        for upto, price in tiers:
            room = None if upto is None else max(upto - used - units, Decimal(0))
            if room == 0:
                continue
            if flat or left <= 0 or room is None or room * price >= left:
                return units + left / price
            units += room
            left -= room * price
        return units

    def _write_day(self) -> None:
        truth = self._truth
        if truth.utility == "water":
            midnight = datetime.combine(self._day, datetime.min.time(), truth.installed.tzinfo)
            self._use(midnight + timedelta(hours=29), truth.water(self._day))
        else:
            for hour in truth.hours(self._day):
                self._use(hour.start + timedelta(hours=1), hour.value)

    def _use(self, at: datetime, amount: Decimal) -> None:
        last = self._entries[-1]
        begun = at - timedelta(seconds=1)
        month = (begun.year, begun.month)
        used = last.used if last.month == month else Decimal(0)
        cost = (self._cost(used + amount) - self._cost(used)) * self._profile.price_percent / 100
        self._entries.append(_Entry(at, last.balance - cost, month, used + amount))
        if self._profile.water_draws_on_electricity and self._truth.utility == "water":
            self._draw(at)
        elif self._entries[-1].balance < Decimal("1.50"):
            self._top_up(at + timedelta(minutes=self._random.randrange(5, 50)))

    def _draw(self, at: datetime) -> None:
        """Draw on another meter after two days below zero."""
        last = self._entries[-1]
        if last.balance >= 0:
            self._owes_since = None
        elif self._owes_since is None:
            self._owes_since = at
        elif at - self._owes_since >= timedelta(hours=48):
            self.drawn.append((at, -last.balance))
            self._entries.append(_Entry(at, Decimal(0), last.month, last.used))
            self._owes_since = None

    def _cost(self, amount: Decimal) -> Decimal:
        total = below = Decimal(0)
        for upto, price in _TIERS[self._truth.utility]:
            if upto is None or amount <= upto:
                return total + (amount - below) * price
            total += (upto - below) * price
            below = upto
        return total

    def _top_up(self, at: datetime) -> None:
        last = self._entries[-1]
        amount = Decimal(self._random.choice((5, 10, 10, 20)))
        at = at.replace(second=self._random.randrange(60), microsecond=0)
        credited = at + timedelta(minutes=self._profile.credit_delay_minutes)
        self._entries.append(_Entry(credited, last.balance + amount, last.month, last.used))
        price = _TIERS[self._truth.utility][0][1]
        self.topups.append(
            TopUp(
                at=at,
                number=f"T{len(self.topups) + 1:08d}",
                meter=self._truth.number,
                amount=amount,
                debt=Decimal(0),
                recharge=amount,
                units=(amount / price).quantize(Decimal("0.001")),
                mode=self._random.choice(("Online Banking", "Debit Card", "Cash")),
                site=self._random.choice(("Portal", "Counter 1", "Mobile App")),
                source=self._random.choice(("WEB", "POS")),
            )
        )
