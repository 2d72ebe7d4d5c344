"""When credit is low: by balance or by days left, and not back and forth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from .const import CONF_LOW_CREDIT
from .prices import meter_options

if TYPE_CHECKING:
    from .client.summary import Figures

CONF_BY: Final = "by"
CONF_THRESHOLD: Final = "threshold"
HYSTERESIS: Final = 1.25
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
        return cls(LowCreditBy(chosen[CONF_BY]), chosen[CONF_THRESHOLD]) if chosen else cls()

    def credit(self, figures: Figures) -> float | None:
        """Return what the threshold is compared with; None while that is not known."""
        if figures.standing is None:
            return None
        left = figures.standing.balance.expected
        if self.by is LowCreditBy.BALANCE:
            return float(left)
        if left <= 0:
            return 0.0
        forecast = figures.spending.forecast if figures.spending else None
        if forecast is None:
            return None
        # A balance that lasts for years has no date.
        return float("inf") if forecast.days_left is None else float(forecast.days_left)

    def is_low(self, figures: Figures, *, was: bool | None) -> bool | None:
        """Return whether credit is low; once it is, until it is well above the threshold."""
        credit = self.credit(figures)
        if credit is None:
            return was
        return credit <= self.threshold or (bool(was) and credit < self.threshold * HYSTERESIS)
