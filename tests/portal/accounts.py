"""Who has which meters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from .ledger import Ledger
from .truth import Truth

if TYPE_CHECKING:
    from .ledger import TopUp
    from .profile import Profile

DEMO_USERNAME = "01001234"
DEMO_PASSWORD = "demo-password"
OTHER_USERNAME = "01005678"
OTHER_PASSWORD = "other-password"


class Meter:
    """A meter of the simulated household."""

    def __init__(
        self, seed: int, number: str, utility: str, installed: datetime, profile: Profile
    ) -> None:
        """Install it at that moment."""
        self.number = number
        self.utility = utility
        self.truth = Truth(seed, number, utility, installed)
        self._ledger = Ledger(self.truth, profile)
        self._profile = profile
        self.draws_on_this: list[Meter] = []
        """Water meters that may draw on this one's balance."""

    @property
    def installed(self) -> date:
        """The first day."""
        return self.truth.installed.date()

    def balance(self, at: datetime) -> Decimal:
        """Return BND left, unrounded."""
        balance = self._ledger.balance(at) - sum(
            amount for water in self.draws_on_this for amount in water.drawn(at)
        )
        return balance - 1000 if self._profile.overdrawn else balance

    def drawn(self, until: datetime) -> list[Decimal]:
        """Return what it drew on another meter's balance so far."""
        self._ledger.balance(until)
        return [amount for at, amount in self._ledger.drawn if at <= until]

    def remaining_units(self, at: datetime) -> Decimal:
        """Return kWh or m³ left, unrounded."""
        if self._profile.overdrawn:
            return Decimal("-12.5")
        flat = self.utility == "water" and self._profile.water_units == "flat"
        return self._ledger.remaining_units(at, flat=flat)

    def topups(self, until: datetime | None = None) -> list[TopUp]:
        """Return the top-ups so far, oldest first."""
        if until is None:
            return list(self._ledger.topups)
        self._ledger.balance(until)
        return [topup for topup in self._ledger.topups if topup.at <= until]


@dataclass
class Account:
    """A holder, by user name."""

    username: str
    password: str
    meters: list[Meter]
    wrong_passwords: int = 0


def make_accounts(seed: int, days: int, now: datetime, profile: Profile) -> dict[str, Account]:
    """Return the demo account, with spare meters for larger ones, and another of one meter."""
    installed = (now - timedelta(days=days)).replace(hour=10, minute=0, second=0, microsecond=0)

    def meter(number: str, utility: str) -> Meter:
        return Meter(seed, number, utility, installed, profile)

    demo = [
        meter("10000001", "electricity"),
        meter("2000000001", "water"),
        meter("10000002", "electricity"),
        meter("2000000002", "water"),
        meter("10000003", "electricity"),
    ]
    demo[0].draws_on_this.append(demo[1])
    return {
        DEMO_USERNAME: Account(DEMO_USERNAME, DEMO_PASSWORD, demo),
        OTHER_USERNAME: Account(OTHER_USERNAME, OTHER_PASSWORD, [meter("10000009", "electricity")]),
    }
