"""What the portal tells, as values: all numbers are `Decimal`, all times aware."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum

BRUNEI = timezone(timedelta(hours=8), "Asia/Brunei")
"""Brunei's time: UTC+8 all year. A fixed offset needs no time zone database."""


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
class Meter:
    """One meter as its card on the account page shows it.

    A value that the card shows as `-` (a new meter, or one being updated) is None.
    """

    number: str = field(repr=False)
    utility: Utility | None
    """From the unit on the card, else from the number's length; None where neither tells."""
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

    def meter(self, number: str) -> Meter | None:
        """Return the meter of that number, if the account has it."""
        return next((meter for meter in self.meters if meter.number == number), None)


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
    """The balance rose as nothing else explains."""
    TRANSFER = "transfer"
    """So did it, while the balance of another meter of the account fell by as much."""


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
class Debt:
    """What a meter's Top Up page tells of the customer. Amounts in BND; None where it has none."""

    read_at: datetime
    customer_type: str | None
    """In the portal's words; only `Residential` has been seen."""
    owing: Decimal | None
    monthly: Decimal | None
    """What is paid back a month."""


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


# --- what the readings store adds ---


class Origin(StrEnum):
    """Where a reading comes from."""

    REPORT = "report"
    """The portal's report says so."""
    REMAINDER = "remainder"
    """Estimated: an even share of what the day's total has more than its hours."""


@dataclass(frozen=True, slots=True)
class StoredReading:
    """A reading and what is known about it."""

    start: datetime
    value: Decimal
    """kWh or m³."""
    origin: Origin
    read_at: datetime
    settled: bool
    """Whether the portal is no longer asked about its day."""

    @property
    def estimated(self) -> bool:
        """Whether the value is a share of the day's remainder."""
        return self.origin is Origin.REMAINDER


@dataclass(frozen=True, slots=True)
class Balance:
    """A balance that a meter's card began to show."""

    seen_at: datetime
    """When it was first seen; since then it changed no more, until the next."""
    amount: Decimal
    """BND; below 0 the meter owes."""
    units: Decimal | None = None
    """kWh or m³ left, as the portal has it."""


@dataclass(frozen=True, slots=True)
class DayState:
    """What the store knows about a day of a meter, and how often it was asked for."""

    day: date
    total: Decimal | None = None
    """The daily report's value."""
    hours: int = 0
    """How many hours the hourly report gave."""
    hours_sum: Decimal = Decimal(0)
    """Of these hours."""
    estimated: int = 0
    """How many hours are estimated."""
    daily_read_at: datetime | None = None
    """When a daily report that covers the day was last read, whether it had the day or not."""
    hours_read_at: datetime | None = None
    hours_asked: int = 0
    """How often its hours were asked for since its total last changed."""
    changed_at: datetime | None = None
    """When any of its values last changed."""
    settled: bool = False

    @property
    def adds_up(self) -> bool:
        """Whether the reported hours are the day's total, no more and no less."""
        return self.total is not None and self.hours > 0 and self.hours_sum == self.total


@dataclass(frozen=True, slots=True)
class StoredMeter:
    """A meter of the store."""

    number: str = field(repr=False)
    utility: Utility | None
    hourly_refused_at: datetime | None = None
    """When the portal last did not offer hourly reports for it; None where it does."""
    card_changed_at: datetime | None = None
    """When units or balance on its card last moved."""


def utcnow() -> datetime:
    """Return the present moment, aware."""
    return datetime.now(UTC)


def brunei_date(moment: datetime) -> date:
    """Return the day that it is in Brunei at that moment."""
    return moment.astimezone(BRUNEI).date()


def brunei_midnight(day: date) -> datetime:
    """Return the moment a day begins in Brunei."""
    return datetime(day.year, day.month, day.day, tzinfo=BRUNEI)
