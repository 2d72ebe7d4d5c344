"""The tariffs of a meter over time, and what consumption costs as it comes."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Final, NamedTuple

from ..errors import WrongTariff
from ..models import Utility
from .tariff import Tariff

_ZERO: Final = Decimal(0)


class Charges(NamedTuple):
    """What is charged whatever is used, in BND."""

    fixed: Decimal
    minimum: Decimal


_NOTHING: Final = Charges(_ZERO, _ZERO)


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

    def with_tariff(self, since: date | None, tariff: Tariff) -> TariffSchedule:
        """Return the schedule with that tariff from a day on, to the next; None: from ever."""
        others = [dated for dated in self.tariffs if dated.since != since]
        dated = sorted((*others, DatedTariff(since, tariff)), key=lambda one: one.since or date.min)
        return TariffSchedule(tuple(dated))

    def without(self, since: date) -> TariffSchedule:
        """Return the schedule without the tariff of that day: the one before it holds on.

        Raises `WrongTariff` where it is the first: nothing else is known of the time before it.
        """
        if since == self.tariffs[0].since:
            raise WrongTariff("since", "the first tariff can only be replaced")
        return TariffSchedule(tuple(dated for dated in self.tariffs if dated.since != since))

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

    @property
    def most_at_once(self) -> Decimal:
        """What a month's charges may take beside use, where they are taken at once (BND)."""
        tariffs = [dated.tariff for dated in self.tariffs]
        return max(one.monthly_fixed + one.monthly_minimum for one in tariffs)

    @property
    def by_use(self) -> TariffSchedule:
        """The prices of what is used alone, without fixed and minimum charges."""
        return TariffSchedule(
            tuple(
                replace(
                    dated,
                    tariff=replace(dated.tariff, monthly_fixed=_ZERO, monthly_minimum=_ZERO),
                )
                for dated in self.tariffs
            )
        )

    @property
    def charged(self) -> bool:
        """Whether anything is charged beside use."""
        return any(
            dated.tariff.monthly_fixed or dated.tariff.monthly_minimum for dated in self.tariffs
        )

    def on(self, day: date) -> Tariff:
        """Return the tariff that holds on a day of Brunei."""
        for dated in reversed(self.tariffs):
            if dated.since is None or dated.since <= day:
                return dated.tariff
        return self.tariffs[0].tariff

    def charges(self, first: date, last: date) -> Charges:
        """Return the fixed and minimum charges of days of one month, by days of each tariff."""
        if not self.charged:  # asked for each day that is priced
            return _NOTHING
        spans = list(self.spans(first, last))
        whole = monthrange(first.year, first.month)[1]
        return Charges(
            sum((tariff.monthly_fixed * days for tariff, days in spans), _ZERO) / whole,
            sum((tariff.monthly_minimum * days for tariff, days in spans), _ZERO) / whole,
        )

    def spans(self, first: date, last: date) -> Iterator[tuple[Tariff, int]]:
        """Yield the tariffs that hold on those days, and on how many of them."""
        starts = [dated.since for dated in self.tariffs[1:] if dated.since]
        begins = [first, *(since for since in starts if first < since <= last)]
        for begin, end in pairwise([*begins, last + timedelta(days=1)]):
            yield self.on(begin), (end - begin).days


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
    """Prices consumption as it comes, by time, through the tiers of each month.

    Fixed and minimum charges are spread over the days of the month, whenever the portal takes them:
    all days of a month add up to its bill. Where a tariff changes within a month, tiers run on.
    """

    schedule: TariffSchedule
    month: date | None = None
    """Its first day."""
    consumption: Decimal = _ZERO
    """kWh or m³ of the month so far."""
    _day: date | None = None
    """The last that was priced."""
    _tariff: Tariff | None = None
    """Of that day."""
    _cost: Decimal = _ZERO
    """BND for all of the month's consumption at that tariff."""
    _used: Decimal = _ZERO
    """BND for it at the tariffs it was used at."""
    _until: date | None = None
    """The last day whose charges are in."""
    _charges: Charges = _NOTHING
    _bill: Decimal = _ZERO
    """BND of the month so far."""

    def use(self, day: date, amount: Decimal) -> Decimal:
        """Take in what was consumed on a day, or in an hour of it; return what it costs (BND)."""
        tariff = self._tariff if day == self._day else None
        if tariff is None:
            tariff = self._turn_to(day)
        self.consumption += amount
        before, self._cost = self._cost, tariff.cost(self.consumption)
        self._used += self._cost - before
        so_far = self._bill
        self._bill = max(self._charges.minimum, self._charges.fixed + self._used)
        return self._bill - so_far

    def _turn_to(self, day: date) -> Tariff:
        """Begin a day, and its month where that is another; return its tariff."""
        first = day.replace(day=1)
        if self.month != first:
            self.month, self.consumption, self._used = first, _ZERO, _ZERO
            self._until, self._charges, self._bill = None, _NOTHING, _ZERO
        if self._until is None or day > self._until:
            self._until, self._charges = day, self.schedule.charges(first, day)
        self._day, self._tariff = day, self.schedule.on(day)
        self._cost = self._tariff.cost(self.consumption)
        return self._tariff
