"""What the portal shows, as values: all numbers are `Decimal`, all times aware."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

CURRENCY: Final = "BND"
"""Of all amounts of money."""


class Utility(StrEnum):
    """What a meter measures."""

    ELECTRICITY = "electricity"
    WATER = "water"

    @property
    def unit(self) -> str:
        """The unit that the portal shows: kWh or m³."""
        return "kWh" if self is Utility.ELECTRICITY else "m³"


class Resolution(StrEnum):
    """How long a reading lasts."""

    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Unread:
    """A part of a page that can't be read, and was left out."""

    page: str
    missing: str
    """What was expected there; no text of the page."""
    sample: str | None = field(default=None, repr=False)
    """The page with its structure alone, without personal data."""


@dataclass(frozen=True, slots=True)
class Meter:
    """One meter as its card on the account page shows it.

    A value that the card shows as `-` (a new meter, or one being updated) is None.
    """

    number: str = field(repr=False)
    utility: Utility | None
    """From the unit on the card, else from the number's length; None where neither is clear."""
    status: str | None = None
    """In the portal's words; only `ACTIVE` has been seen."""
    remaining_units: Decimal | None = None
    """kWh or m³ left."""
    balance: Decimal | None = None
    """BND left; negative where the meter owes."""
    last_updated: datetime | None = None
    """When the portal says it heard from the meter; midnight where it gives only the date."""

    @property
    def unit(self) -> str | None:
        """The unit of `remaining_units`."""
        return self.utility.unit if self.utility else None


@dataclass(frozen=True, slots=True)
class Account:
    """All meters of an account, from one request."""

    meters: tuple[Meter, ...]
    read_at: datetime
    meters_announced: int | None = None
    """How many meters the page says there are, where it says so; more than `meters` has means
    that the portal shows the rest on further pages."""
    unread: Unread | None = field(default=None, compare=False)
    """Of what can't be read on the cards: of the first; None where all can."""

    def meter(self, number: str) -> Meter | None:
        """Return the meter of that number, if the account has it."""
        return next((meter for meter in self.meters if meter.number == number), None)


def with_known_utilities(account: Account, before: Account | None) -> Account:
    """Return an account in which each meter measures what it did before.

    Units that a card shows in another utility's are not believed.
    """
    meters, unread = [], account.unread
    for meter in account.meters:
        known = before.meter(meter.number) if before else None
        if known and known.utility and meter.utility not in {None, known.utility}:
            meters.append(replace(meter, utility=known.utility, remaining_units=None))
            unread = unread or Unread("Home", "a card's remaining unit in the meter's unit")
        else:
            meters.append(meter)
    return replace(account, meters=tuple(meters), unread=unread)


@dataclass(frozen=True, slots=True)
class Reading:
    """Consumption in one hour or on one day of Brunei."""

    start: datetime
    """Aware, in Brunei's time: the hour's begin, or midnight of the day."""
    value: Decimal
    """kWh or m³."""


@dataclass(frozen=True, slots=True)
class Report:
    """The portal's answer to one question about consumption: only what it has published."""

    meter: str = field(repr=False)
    resolution: Resolution
    first: date
    last: date
    """The days asked for, both included."""
    readings: tuple[Reading, ...]
    """By time, without duplicates. Hours and days that were not published are not there."""
    total: Decimal | None
    """What the grid's footer says, in the unit of the readings; None without a footer."""
    utility: Utility | None = None
    """What the page says that the meter measures, where it says so."""
    unread: Unread | None = field(default=None, compare=False)
    """Of the rows that are left out, for they can't be read: of the first; None where all can."""

    @property
    def difference(self) -> Decimal:
        """The footer's total less the sum of the rows: 0 where the page is consistent."""
        if self.total is None:
            return Decimal(0)
        return self.total - sum((reading.value for reading in self.readings), Decimal(0))


class TopUpOrigin(StrEnum):
    """Where a top-up is known from."""

    HISTORY = "history"
    """The portal's transaction history has it."""
    BALANCE = "balance"
    """The balance rose, and the transaction history can't be read."""
    TRANSFER = "transfer"
    """The balance rose while that of another meter of the account fell by as much."""
    ADJUSTMENT = "adjustment"
    """The balance rose, and the transaction history was read and has nothing of it: no top-up."""


class TopUpKind(StrEnum):
    """What moved a balance up, as far as is known."""

    TOP_UP = "top_up"
    REVERSAL = "reversal"
    """A top-up that was taken back."""
    TRANSFER = "transfer"
    REFUND = "refund"
    ADJUSTMENT = "adjustment"


_WORDS: Final = {
    "refund": TopUpKind.REFUND,
    "transfer": TopUpKind.TRANSFER,
    "adjust": TopUpKind.ADJUSTMENT,
    "correct": TopUpKind.ADJUSTMENT,
}
"""Of the transaction history. None of them has been seen yet: a guess that keeps such a row from
counting as paid."""


_SURE: Final = Decimal("0.02")


@dataclass(frozen=True, slots=True)
class TopUp:
    """One payment into a meter. Amounts in BND."""

    at: datetime
    transaction: str = field(repr=False)
    meter: str = field(repr=False)
    amount: Decimal
    """What was paid."""
    debt_cleared: Decimal | None
    """The part that went to a debt."""
    recharge: Decimal | None
    """The part that went to the balance."""
    units: Decimal | None
    """kWh or m³ credited for it."""
    payment_mode: str | None = None
    site: str | None = None
    source: str | None = None
    """The portal's word for where it came from."""
    origin: TopUpOrigin = TopUpOrigin.HISTORY
    low: Decimal | None = None
    high: Decimal | None = None
    """Between these `amount` lies, where it is not known for sure."""

    @property
    def kind(self) -> TopUpKind:
        """What it is."""
        if self.origin is TopUpOrigin.TRANSFER:
            return TopUpKind.TRANSFER
        if self.origin is TopUpOrigin.ADJUSTMENT:
            return TopUpKind.ADJUSTMENT
        words = f"{self.source or ''} {self.payment_mode or ''}".casefold()
        for word, kind in _WORDS.items():
            if word in words:
                return kind
        return TopUpKind.REVERSAL if self.amount < 0 else TopUpKind.TOP_UP

    @property
    def is_sure(self) -> bool:
        """Whether its amount is known to 2 %."""
        if self.low is None or self.high is None:
            return True
        return (self.high - self.low) / 2 <= abs(self.amount) * _SURE

    @property
    def credited(self) -> Decimal:
        """What it raised the balance by."""
        if self.recharge is not None:
            return self.recharge
        return self.amount - (self.debt_cleared or 0)


@dataclass(frozen=True, slots=True)
class Payment:
    """A meter's Top Up page, read only. Amounts in BND; None where the page shows nothing."""

    meter: str = field(repr=False)
    customer_type: str | None
    debt_clearance: str | None
    """How a debt is paid back, in the portal's words, such as `DEBT_ADJUSTED`."""
    total_debt: Decimal | None
    repayment_period: str | None
    monthly_debt: Decimal | None
    debt_remaining_period: str | None
    debt_remaining: Decimal | None
    remaining_units: Decimal | None
    balance: Decimal | None


@dataclass(frozen=True, slots=True)
class Balance:
    """A balance that a meter's card began to show."""

    seen_at: datetime
    """When it was first seen."""
    amount: Decimal
    """BND; below 0 the meter owes."""
    units: Decimal | None = None
    """kWh or m³ left, as the portal has it."""
    until: datetime | None = None
    """When it was last seen, to the hour; None where that is `seen_at`."""

    @property
    def as_of(self) -> datetime:
        """The moment for which it is known."""
        return self.until or self.seen_at


@dataclass(frozen=True, slots=True)
class Challenge:
    """A captcha that waits for a person's answer."""

    image: bytes = field(repr=False)
    """The picture as served: black on transparent, so put it on white to show it."""
    content_type: str
    key: str = field(repr=False)
    """Which page of the portal it stands on; opaque to callers."""
    drawn_at: datetime
    """When the portal drew it; one that waits for long is renewed."""
