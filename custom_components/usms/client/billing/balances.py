"""Balances that were shown, without those that are none: what soon comes back. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise, zip_longest
from operator import sub
from typing import TYPE_CHECKING, Final

from ..brunei import BRUNEI
from .precision import millionths

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from ..models import Account, Balance, Meter
    from .schedule import TariffSchedule

_FALL: Final = Decimal(1)
"""BND that are hardly used between two polls."""
GLITCH: Final = timedelta(hours=7)
"""How long a balance that is none may be shown."""

_BATCH: Final = timedelta(days=1)
"""How much use may lower a balance at once."""


_EPOCH: Final = datetime(1970, 1, 1, 8, tzinfo=BRUNEI)


@dataclass(frozen=True, slots=True)
class Shown:
    """Balances by time: lists of numbers, as there are many. Moments are seconds since 1970."""

    seen: Sequence[float]
    """When each was first seen."""
    until: Sequence[float]
    """When it was last seen."""
    amounts: Sequence[int]
    """Millionths of a BND."""

    @classmethod
    def of(cls, balances: Sequence[Balance]) -> Shown:
        """Return balances as they are kept here."""
        return cls(
            [(balance.seen_at - _EPOCH).total_seconds() for balance in balances],
            [(balance.as_of - _EPOCH).total_seconds() for balance in balances],
            [millionths(balance.amount) for balance in balances],
        )

    @property
    def steps(self) -> Iterator[tuple[float, float, int]]:
        """How they moved between two looks: when one was last seen, the next first; by how much."""
        changes = map(sub, self.amounts[1:], self.amounts)
        return zip(self.until, self.seen[1:], changes, strict=False)


def believed(
    account: Account, before: Account | None, doubted: Collection[str]
) -> tuple[Account, frozenset[str]]:
    """Return an account without falls to zero that only one poll has shown, and their meters.

    `before` is the account as of the last poll, and `doubted` the meters that this returned then:
    of these, zero is believed now.
    """
    zeros = frozenset(
        meter.number
        for meter in account.meters
        if meter.number not in doubted
        and _is_zero(meter)
        and (known := before.meter(meter.number) if before else None)
        and known.balance is not None
        and known.balance >= _FALL
    )
    if before is None or not zeros:
        return account, frozenset()
    meters = (
        _as_before(meter, before.meter(meter.number)) if meter.number in zeros else meter
        for meter in account.meters
    )
    return replace(account, meters=tuple(meters)), zeros


def without_glitches(
    balances: Sequence[Balance],
    used: Callable[[datetime, datetime], Decimal] = lambda _since, _until: Decimal(0),
    schedule: TariffSchedule | None = None,
) -> list[Balance]:
    """Return balances without falls and rises that soon came back by as much.

    Any fall that one look has shown; zero also where several have, or where a top-up followed at
    once; any rise that was taken back at once. `used` returns what use may have taken at most (BND)
    between two moments, and `schedule` knows what else may be taken at once: that is no glitch.
    """
    kept: list[Balance] = []
    for balance, after in zip_longest(balances, balances[1:]):
        before = kept[-1] if kept else None
        if before and after and _is_glitch(before, balance, after, used):
            continue
        if before and not after and before.amount < 0 == balance.amount:
            continue  # the next look decides
        if before is None or before.amount != balance.amount:
            kept.append(balance)
    return _without_rises(kept, used, schedule.most_at_once if schedule else Decimal(0))


def _without_rises(
    balances: Sequence[Balance], used: Callable[[datetime, datetime], Decimal], charge: Decimal
) -> list[Balance]:
    """Return them without rises that were taken back."""
    kept = list(balances[:1])
    place = 1
    while place < len(balances):
        rose, last = balances[place].amount > kept[-1].amount, balances[-1]
        back = _taken_back(kept[-1], balances[place:], used, charge) if rose else 0
        if back and place + back == len(balances) - 1 and last.as_of == last.seen_at:
            # The next look decides: until then the rise is as one look has shown it.
            return [*kept, replace(balances[place], until=balances[place].seen_at)]
        place += back
        if kept[-1].amount != balances[place].amount:
            kept.append(balances[place])
        place += 1
    return kept


def _taken_back(
    before: Balance,
    shown: Sequence[Balance],
    used: Callable[[datetime, datetime], Decimal],
    charge: Decimal,
) -> int:
    """Return how many show a rise that then falls again by as much, at once; 0 where it stays."""
    rise, since = shown[0].amount - before.amount, shown[0].seen_at
    if rise < _FALL or since - before.as_of > GLITCH:
        return 0
    for number, (last, after) in enumerate(pairwise(shown), 1):
        if after.seen_at - since > 2 * GLITCH or last.amount > shown[0].amount:
            break
        fall, gone = last.amount - after.amount, before.amount - after.amount
        comes_back = 0 <= gone <= used(before.as_of, after.seen_at) + min(_FALL, rise / 50)
        since_batch = min(last.as_of, after.seen_at - _BATCH)
        beside = fall - used(since_batch, after.seen_at) - charge
        # Water that owes may draw all that electricity has just got.
        if after.amount and comes_back and beside >= max(_FALL, rise / 2):
            return number
    return 0


def _is_glitch(
    before: Balance,
    balance: Balance,
    after: Balance,
    used: Callable[[datetime, datetime], Decimal],
) -> bool:
    fall = before.amount - balance.amount
    gone = before.amount - after.amount
    zero = balance.amount == 0
    if zero and before.amount < 0 and after.amount < 0:  # a debt does not go for some polls
        return after.seen_at - before.as_of <= 2 * GLITCH
    return (
        fall >= _FALL
        and (zero or balance.as_of == balance.seen_at)
        and gone - (used(before.as_of, after.seen_at) if zero else 0) <= min(_FALL, fall / 4)
        and (zero or gone >= 0)
        and balance.seen_at - before.as_of <= GLITCH
        and after.seen_at - balance.seen_at <= GLITCH
        and fall - used(before.as_of, balance.seen_at) >= _FALL
    )


def _is_zero(meter: Meter) -> bool:
    return meter.balance == 0 and not meter.remaining_units


def _as_before(meter: Meter, before: Meter | None) -> Meter:
    if before is None:
        return meter
    return replace(meter, balance=before.balance, remaining_units=before.remaining_units)
