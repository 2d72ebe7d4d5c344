"""When credit is low: by balance or by days left, and not back and forth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from .client.billing.precision import days_known
from .const import CONF_LOW_CREDIT
from .prices import meter_options

if TYPE_CHECKING:
    from .client.summary import Figures

CONF_BY: Final = "by"
CONF_THRESHOLD: Final = "threshold"
HYSTERESIS: Final = Decimal("1.25")
"""By which factor credit has to be above the threshold to be low no more."""


class LowCreditBy(StrEnum):
    """What the threshold is of."""

    DAYS = "days"
    BALANCE = "balance"


@dataclass(frozen=True, slots=True)
class LowCredit:
    """When credit counts as low."""

    by: LowCreditBy = LowCreditBy.DAYS
    threshold: float = 3.0
    """Days, or BND."""

    @classmethod
    def of(cls, options: Mapping[str, Any], meter: str) -> LowCredit:
        """Return what the options say of a meter."""
        chosen = meter_options(options, meter).get(CONF_LOW_CREDIT)
        return cls.of_dict(chosen) if chosen else cls()

    @classmethod
    def of_dict(cls, chosen: Mapping[str, Any]) -> LowCredit:
        """Return what was chosen."""
        return cls(LowCreditBy(chosen[CONF_BY]), chosen[CONF_THRESHOLD])

    def credit(self, figures: Figures) -> Decimal | None:
        """Return what the threshold is compared with; None while that is not known."""
        if figures.standing is None:
            return None
        left = figures.standing.balance.expected
        if self.by is LowCreditBy.BALANCE:
            return left
        if left <= 0:
            return Decimal(0)
        forecast = figures.spending.forecast if figures.spending else None
        if forecast is None:
            return None
        # A balance that lasts for years has no date.
        return Decimal("inf") if forecast.days_left is None else forecast.days_left

    def is_low(self, figures: Figures, *, was: bool | None, by: LowCredit | None) -> bool | None:
        """Return whether credit is low; once it is, until it is well above the threshold.

        `was` it low `by` what was chosen then: what is chosen anew holds at once.
        """
        credit = self.credit(figures)
        if credit is None:
            return was
        stays = bool(was) and by == self
        return self._reaches(credit) or (stays and self._reaches(credit / HYSTERESIS))

    def _reaches(self, credit: Decimal) -> bool:
        """Return whether that is low, as it is shown."""
        days = self.by is LowCreditBy.DAYS and credit.is_finite()
        return (days_known(credit) if days else credit) <= Decimal(str(self.threshold))
