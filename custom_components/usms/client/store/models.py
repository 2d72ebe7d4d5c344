"""What the store knows of meters, days and readings: numbers are `Decimal`, times aware."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from ..models import Utility


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


@dataclass(frozen=True, slots=True)
class Debt:
    """What a meter's Top Up page shows of the customer. Amounts in BND; None where it has none."""

    read_at: datetime
    customer_type: str | None
    """In the portal's words; only `Residential` has been seen."""
    owing: Decimal | None
    monthly: Decimal | None
    """What is paid back a month."""
