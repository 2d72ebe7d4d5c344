"""Balances that are none: falls that soon come back. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from ..models import Account, Balance, Meter

_FALL: Final = Decimal(1)
"""BND that are hardly used between two polls."""
GLITCH: Final = timedelta(hours=7)
"""How long a balance that is none may be shown."""


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
) -> list[Balance]:
    """Return balances without falls that soon came back by as much.

    Any that one look has shown; zero also where several have, or where a top-up followed at once.
    `used` returns what use may have taken at most (BND) between two moments: that is no glitch.
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
    return kept


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
