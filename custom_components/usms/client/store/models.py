"""What the store knows of meters, days and readings: numbers are `Decimal`, times aware."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from ..models import Payment, Utility


class Origin(StrEnum):
    """Where a reading comes from."""

    REPORT = "report"
    """The portal's report says so."""
    REMAINDER = "remainder"
    """Estimated: an even share of what the day's total has more than its hours."""
    RECORDER = "recorder"
    """Taken over from what else remembers it, such as Home Assistant's recorder."""


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
class DayState:
    """What the store knows about a day of a meter, and how often it was asked for."""

    day: date
    total: Decimal | None = None
    """The daily report's value; not what was taken over."""
    hours: int = 0
    """How many hours the hourly report gave; not counted any more once the day is settled."""
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
    settled_at: datetime | None = None
    """When it was found that the portal need not be asked about it any more."""
    empty_since: datetime | None = None
    """When a daily report first lacked it; None once one had it."""

    @property
    def settled(self) -> bool:
        """Whether the portal is no longer asked about it."""
        return self.settled_at is not None

    @property
    def newest_stamp(self) -> datetime | None:
        """The newest of the moments noted about it."""
        stamps = (
            self.daily_read_at,
            self.hours_read_at,
            self.changed_at,
            self.settled_at,
            self.empty_since,
        )
        return max((stamp for stamp in stamps if stamp is not None), default=None)

    def as_of(self, now: datetime) -> DayState:
        """Return it without what was noted in the future: a clock that was wrong, so never."""
        newest = self.newest_stamp
        if newest is None or newest <= now:
            return self

        def past(stamp: datetime | None) -> datetime | None:
            return stamp if stamp is not None and stamp <= now else None

        return replace(
            self,
            daily_read_at=past(self.daily_read_at),
            hours_read_at=past(self.hours_read_at),
            hours_asked=self.hours_asked if past(self.hours_read_at) else 0,
            changed_at=past(self.changed_at),
            settled_at=past(self.settled_at),
            empty_since=past(self.empty_since),
        )

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
    present: bool = True
    """Whether the account page last read had it."""


@dataclass(frozen=True, slots=True)
class Debt:
    """What a meter's Top Up page shows of the customer. Amounts in BND; None where it has none."""

    read_at: datetime
    customer_type: str | None
    """In the portal's words; only `Residential` has been seen."""
    owing: Decimal | None
    monthly: Decimal | None
    """What is paid back a month."""

    @classmethod
    def of(cls, payment: Payment, at: datetime) -> Debt:
        """Return what a Top Up page shows that was read at a moment."""
        total = payment.total_debt
        owing = total if total is not None else payment.debt_remaining
        return cls(at, payment.customer_type, owing, payment.monthly_debt)
