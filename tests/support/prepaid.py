"""A prepaid home for tests of the money: what its meter shows to whoever looks at it.

Unlike the simulated portal it knows no pages: a balance that moves in its own ways, readings that
are published in others, and a transaction history that may be late or missing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from itertools import accumulate
from pathlib import Path
from random import Random

from custom_components.usms.client import BRUNEI, Meter, Reading, TopUp, Utility
from custom_components.usms.client.billing.schedule import RunningBill, TariffSchedule
from custom_components.usms.client.billing.tariff import commercial_electricity, residential
from custom_components.usms.client.brunei import brunei_midnight
from custom_components.usms.client.review import Review, review
from custom_components.usms.client.store import ReadingsStore
from custom_components.usms.client.store.payments import Payments
from custom_components.usms.client.sync.settling import remainder

NUMBER = "50000001"
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
CENT = Decimal("0.01")
BEGIN = datetime(2026, 9, 14, tzinfo=BRUNEI)


@dataclass(frozen=True)
class Home:
    """How a home uses, and how its portal behaves."""

    name: str
    kwh_per_day: float = 25
    charging: bool = False
    """A car that takes 22 kWh on some nights."""
    kva: int | None = None
    lag: tuple[float, float] = (0.0, 0.0)
    """Hours after which an hour lowers the balance: between these, drawn anew."""
    batch_hours: int = 0
    """The balance is lowered every so many hours only."""
    rounds_up: bool = False
    hours: str = "offered"
    """Also `gaps` (a `-` now and then) or `none`."""
    lost_days: int = 0
    price: float = 1.0
    """What the portal charges, as a factor of what it should."""
    fixed: int = 0
    """BND a month, taken at nine o'clock on the first."""
    outage: tuple[int, int] = (0, 0)
    """The days, from the first, on which nothing can be polled."""
    topups: tuple[tuple[float, int, int], ...] = ((5.52, 10, 0), (17.8, 20, 0), (29.31, 10, 0))
    """When, in days from the first; how much was paid; and what of it went to a debt."""
    gifts: tuple[tuple[float, int], ...] = ()
    """Refunds, which the history does not have."""
    zeros: tuple[float, ...] = ()
    """When a poll shows 0.00."""
    zero_polls: int = 1
    """How many polls in a row, for six hours at most."""
    credited_after: float = 0
    """Hours from the payment to the balance."""
    date_only: bool = False
    """The history has dates without times."""


@dataclass
class Lived:
    """What was announced, found and reviewed of a home."""

    news: list[tuple[datetime, TopUp]] = field(default_factory=list)
    reviews: list[tuple[datetime, Review]] = field(default_factory=list)
    topups: list[TopUp] = field(default_factory=list)


class Prepaid:
    """A home that is polled and read for some weeks."""

    def __init__(self, home: Home, *, minutes: int, history: str, days: int = 34) -> None:
        """Poll every so many minutes; the history is `there`, `late` or `absent`."""
        self.home = home
        self.minutes = minutes
        self.history = history
        self.end = BEGIN + days * DAY
        self.random = Random(f"{home.name}/{minutes}")
        tariff = (
            commercial_electricity(Decimal(home.kva))
            if home.kva
            else residential(Utility.ELECTRICITY)
        )
        self.schedule = TariffSchedule.always(tariff)
        self.used = {BEGIN + n * HOUR: self._use(BEGIN + n * HOUR) for n in range(24 * days)}
        lost = self.random.sample(range(2, days - 12), home.lost_days)
        self.lost = {(BEGIN + n * DAY).date() for n in lost}
        self._keep_book()
        polls = (BEGIN + timedelta(minutes=n) for n in range(7, days * 24 * 60, minutes))
        self._polls = [at for at in polls if self.is_polled(at)]

    def _use(self, start: datetime) -> Decimal:
        shape = 1.6 if start.hour >= 18 or start.hour < 1 else 0.75
        use = self.home.kwh_per_day / 24 * shape * self.random.lognormvariate(0, 0.35)
        if self.home.charging and start.hour in {23, 0, 1} and start.day % 3 == 0:
            use += 7.4
        return Decimal(f"{use:.3f}")

    def _keep_book(self) -> None:
        """Write what moves the balance, and when."""
        moves: list[tuple[datetime, Decimal]] = [(BEGIN, Decimal(30))]
        bill, factor = RunningBill(self.schedule), Decimal(str(self.home.price))
        for start, used in self.used.items():
            at = start + HOUR + timedelta(hours=self.random.uniform(*self.home.lag))
            if self.home.batch_hours:
                at = start.replace(hour=start.hour // self.home.batch_hours * self.home.batch_hours)
                at += timedelta(hours=self.home.batch_hours, minutes=4)
            moves.append((at, -bill.use(start.date(), used) * factor))
            if self.home.fixed and (start.day, start.hour) == (1, 9):
                moves.append((start, -Decimal(self.home.fixed)))
        self.truth: list[tuple[datetime, Decimal]] = []
        for place, paid, debt in self.home.topups:
            at = (BEGIN + place * DAY).replace(microsecond=0)
            credited = at + timedelta(hours=self.home.credited_after)
            moves.append((credited, Decimal(paid - debt)))
            self.truth.append((at, Decimal(paid - debt)))
        moves += [(BEGIN + place * DAY, Decimal(amount)) for place, amount in self.home.gifts]
        moves.sort()
        self._times = [at for at, _ in moves]
        self._sums = list(accumulate(amount for _, amount in moves))

    def balance(self, at: datetime) -> Decimal:
        """Return what the card shows."""
        for place in self.home.zeros:
            lasts = timedelta(minutes=min(self.home.zero_polls * self.minutes, 360))
            if timedelta(0) <= at - (BEGIN + place * DAY) < lasts:
                return Decimal("0.00")
        shown = self._sums[bisect_right(self._times, at) - 1]
        return shown.quantize(CENT, ROUND_CEILING if self.home.rounds_up else ROUND_FLOOR)

    def is_polled(self, at: datetime) -> bool:
        """Return whether the account can be polled."""
        first, last = self.home.outage
        return not first <= (at - BEGIN) / DAY < last

    def rows(self, at: datetime) -> Iterator[TopUp]:
        """Yield what the transaction history has by then."""
        late = timedelta(hours=20 if self.history == "late" else 0)
        for number, (place, paid, debt) in enumerate(self.home.topups):
            made = (BEGIN + place * DAY).replace(microsecond=0)
            if made + late <= at:
                shown = brunei_midnight(made.date()) if self.home.date_only else made
                amounts = (Decimal(paid), Decimal(debt), Decimal(paid - debt), None)
                yield TopUp(shown, f"T{number}", NUMBER, *amounts)

    def live(self) -> Lived:
        """Poll, read what is due, review and announce, as the integration does."""
        lived = Lived()
        store = ReadingsStore(Path(":memory:"))
        store.record_meter(NUMBER, Utility.ELECTRICITY, "", BEGIN)
        payments, before = Payments(store), None
        payments.unannounced(NUMBER, BEGIN)
        at, review_at = BEGIN + timedelta(minutes=7), BEGIN
        while at < self.end:
            if self.is_polled(at):
                card = Meter(NUMBER, Utility.ELECTRICITY, balance=self.balance(at))
                known = payments.balance(NUMBER)
                payments.record_balance(card, at, before=before)
                before = at
                rose = known is not None and card.balance > known.amount
                if rose or at >= review_at:
                    if at >= review_at:
                        self._read(store, at)
                        review_at = at + timedelta(hours=8)
                    if self.history == "absent":
                        payments.history_failed(NUMBER, at)
                    else:
                        payments.save_history(NUMBER, list(self.rows(at)), at)
                    lived.reviews.append(
                        (at, review(store, {NUMBER: self.schedule}, at)[NUMBER])
                        if len(payments.balances(NUMBER)) > 1
                        else (at, Review())
                    )
                    lived.news += [(at, topup) for topup in payments.unannounced(NUMBER, at)]
            at += timedelta(minutes=self.minutes)
        lived.topups = payments.topups(NUMBER)
        store.close()
        return lived

    def _read(self, store: ReadingsStore, at: datetime) -> None:
        """Read the reports of the last days."""
        for day in ((at - n * DAY).date() for n in range(1, 6)):
            if day < BEGIN.date() or day in self.lost or at < brunei_midnight(day) + 34 * HOUR:
                continue
            hours = self._hours(day)
            total = sum((hour.value for hour in hours), Decimal(0))
            store.save_days(NUMBER, day, day, [Reading(brunei_midnight(day), total)], at)
            if self.home.hours == "none":
                continue
            if self.home.hours == "gaps":
                hours = [hour for hour in hours if (hour.start.hour + day.day) % 11]
            store.save_hours(NUMBER, day, hours, at)
            if len(hours) < 24:
                store.estimate_hours(NUMBER, day, remainder(day, hours, total), at)

    def _hours(self, day: date) -> list[Reading]:
        starts = [brunei_midnight(day) + n * HOUR for n in range(24)]
        return [Reading(start, self.used[start]) for start in starts]

    def used_between(self, at: datetime) -> Decimal:
        """Return what was taken from the balance between the polls around a moment."""
        polls, place = self._polls, bisect_right(self._polls, at)
        if place == len(polls) or not place:
            return Decimal(10**6)
        first, last = (bisect_right(self._times, polls[place - n]) for n in (1, 0))
        moves = [
            b - a
            for a, b in zip(self._sums[first - 1 : last - 1], self._sums[first:last], strict=True)
        ]
        return -sum((move for move in moves if move < 0), Decimal(0))
