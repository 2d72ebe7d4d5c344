"""The tariffs of a meter over time, and what consumption costs as it comes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise

from ..errors import WrongTariff
from ..models import Utility
from .tariff import Tariff


@dataclass(frozen=True, slots=True)
class DatedTariff:
    """A tariff and the day from which it holds; None for the first: from ever."""

    since: date | None
    tariff: Tariff


@dataclass(frozen=True, slots=True)
class TariffSchedule:
    """The tariffs of a meter over time, by the day from which each holds.

    Before the first day the first tariff holds too: nothing else is known. Raises `WrongTariff`
    where days or utilities do not go together.
    """

    tariffs: tuple[DatedTariff, ...]

    def __post_init__(self) -> None:
        """Check that each day has one tariff."""
        if not self.tariffs:
            raise WrongTariff("tariffs", "there is no tariff")
        for number, (old, new) in enumerate(pairwise(self.tariffs), 1):
            if new.since is None or (old.since is not None and new.since <= old.since):
                raise WrongTariff(f"tariffs[{number}].since", "a date after that of the one before")
            if new.tariff.utility is not old.tariff.utility:
                raise WrongTariff(f"tariffs[{number}].utility", "a meter measures one utility")

    @classmethod
    def always(cls, tariff: Tariff) -> TariffSchedule:
        """Return the schedule of a tariff that never changes."""
        return cls((DatedTariff(None, tariff),))

    def changed(self, since: date, tariff: Tariff) -> TariffSchedule:
        """Return the schedule with that tariff from a day on, whatever was there from then on."""
        kept = tuple(dated for dated in self.tariffs if dated.since is None or dated.since < since)
        return TariffSchedule((*kept, DatedTariff(since, tariff)))

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> TariffSchedule:
        """Make a schedule of what `to_dict` gives, or of options in that form.

        Raises `WrongTariff` that names the field.
        """
        if extra := data.keys() - {"utility", "tariffs"}:
            raise WrongTariff(min(map(str, extra)), "no part of a schedule of tariffs")
        try:
            utility = Utility(str(data.get("utility")))
        except ValueError:
            raise WrongTariff("utility", "electricity or water") from None
        tariffs = data.get("tariffs")
        if not isinstance(tariffs, list):
            raise WrongTariff("tariffs", "a list of tariffs")
        return cls(
            tuple(
                _dated(f"tariffs[{number}]", utility, part) for number, part in enumerate(tariffs)
            )
        )

    def to_dict(self) -> dict[str, object]:
        """Return the schedule as JSON can hold it."""
        return {
            "utility": self.utility.value,
            "tariffs": [
                {"since": dated.since and dated.since.isoformat(), **dated.tariff.to_dict()}
                for dated in self.tariffs
            ],
        }

    @property
    def utility(self) -> Utility:
        """What the meter measures."""
        return self.tariffs[0].tariff.utility

    def on(self, day: date) -> Tariff:
        """Return the tariff that holds on a day of Brunei."""
        for dated in reversed(self.tariffs):
            if dated.since is None or dated.since <= day:
                return dated.tariff
        return self.tariffs[0].tariff

    def cost_between(self, day: date, before: Decimal | None, after: Decimal) -> Decimal:
        """Return the cost of a day's piece of its month, as `Tariff.cost_between`."""
        return self.on(day).cost_between(before, after)


def _dated(place: str, utility: Utility, data: object) -> DatedTariff:
    if not isinstance(data, Mapping):
        raise WrongTariff(place, "a tariff with its kind")
    since, terms = data.get("since"), {key: data[key] for key in data if key != "since"}
    if since is not None:
        try:
            since = date.fromisoformat(str(since))
        except ValueError:
            raise WrongTariff(f"{place}.since", "a date such as 2026-11-30") from None
    try:
        return DatedTariff(since, Tariff.from_dict(utility, terms))
    except WrongTariff as err:
        raise WrongTariff(f"{place}.{err.field}", err.problem) from err


@dataclass(slots=True)
class RunningBill:
    """Prices consumption as it comes, by time, through the tiers of each month."""

    schedule: TariffSchedule
    month: tuple[int, int] | None = None
    consumption: Decimal | None = None
    """kWh or m³ of the month so far; None before its first."""

    def use(self, day: date, amount: Decimal) -> Decimal:
        """Take in what was consumed on a day, or in an hour of it; return what it costs (BND)."""
        if self.month != (day.year, day.month):
            self.month, self.consumption = (day.year, day.month), None
        before = self.consumption
        self.consumption = (before or Decimal(0)) + amount
        return self.schedule.cost_between(day, before, self.consumption)
