"""Top-ups: what the transaction history has and, where it can't be read, rises of the balance.

Pure. Money is BND. Nothing else is a top-up: neither what is left over where an estimate is
compared with a balance, nor what the history has read and does not have.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from decimal import Decimal
from itertools import combinations
from typing import Final

from ..brunei import BRUNEI
from ..models import TopUp, TopUpOrigin, Utility
from .ledger import Between, Costs, Step

SMALLEST: Final = Decimal("0.50")
"""BND: a smaller rise is a correction."""
WITHIN: Final = timedelta(hours=48)
"""How long after a top-up the balance may rise, and how long the history may lack it."""
_AHEAD: Final = timedelta(hours=2)
"""How much later than the rise the history may say that a top-up was."""
_LEAST_TRANSFER: Final = Decimal("0.05")
"""BND: what water owes after two days may be little."""
_CENT: Final = Decimal("0.01")
_ROUNDED: Final = 2 * _CENT
_ABOUT: Final = Decimal("0.25")
_MOST: Final = 8
"""Rows of the history that are tried together for a rise."""
_FEW: Final = 3
"""Days on which something other than use may have moved the balance, however few are known."""
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Rise:
    """A balance that rose between two looks."""

    step: Step
    used: Between
    """What was used meanwhile."""

    @property
    def low(self) -> Decimal:
        """BND that were credited at least."""
        return self.step.change + self.used.low

    @property
    def expected(self) -> Decimal:
        """BND that were credited, as far as is known."""
        return self.step.change + self.used.expected

    @property
    def high(self) -> Decimal:
        """BND that were credited at most."""
        return self.step.change + self.used.high

    def allows(self, credited: Decimal) -> bool:
        """Return whether so much may have been credited."""
        return self.low - _ROUNDED <= credited <= self.high + _ROUNDED


@dataclass(frozen=True, slots=True)
class Rises:
    """The rises of a meter's balance, and what is known of each."""

    found: tuple[TopUp, ...] = ()
    """What the history does not have: top-ups, where it can't be read; else adjustments."""
    rows: Mapping[str, tuple[TopUp, ...]] = field(default_factory=dict)
    """The rows of the history that a rise was, by what it would be called as a top-up."""
    unsettled: tuple[datetime, ...] = ()
    """When the balance rose while the history does not have it yet."""
    doubted: tuple[datetime, ...] = ()
    """When it moved otherwise than use explains, while no row of the history is the reason."""
    steps: tuple[Step, ...] = ()
    """All that use does not explain: rises, what is doubted, and what another meter drew."""

    def with_transfer(self, step: Step, transfer: TopUp) -> Rises:
        """Return the rises with a transfer in the place of what else that step was."""
        others = [topup for topup in self.found if topup.at != step.at]
        return Rises(
            found=tuple(sorted((*others, transfer), key=lambda topup: topup.at)),
            rows=self.rows,
            unsettled=tuple(at for at in self.unsettled if at != step.at),
            doubted=tuple(at for at in self.doubted if at != step.at),
            steps=(*self.steps, step),
        )


def rises(steps: Iterable[Step], costs: Costs, smallest: Decimal = SMALLEST) -> list[Rise]:
    """Return the rises of a balance of at least so much, by time."""
    return [Rise(step, costs.between(step)) for step in steps if step.change >= smallest]


def doubts(moved: Iterable[Step], costs: Costs) -> list[Rise]:
    """Return the falls that use does not explain, by time: too small, or too large.

    A top-up that is smaller than what was used meanwhile hides in the one, a reversal in the other.
    Nothing is doubted before all that was used meanwhile is published, nor what happens on most
    days: that is how the portal charges.
    """
    small = [step for step in moved if step.change < SMALLEST and costs.is_published(step.at)]
    falls = (Rise(step, costs.between(step)) for step in small)
    # What is lowered in batches may be hours away from its use.
    most = SMALLEST + (0 if costs.early == costs.late else costs.per_day / 4)
    found = [fall for fall in falls if fall.low >= most or fall.high <= -most]
    days = {step.at.astimezone(BRUNEI).date() for step in small}
    doubted = {fall.step.at.astimezone(BRUNEI).date() for fall in found}
    return found if len(doubted) <= max(len(days) / 2, _FEW) else []


def settle(
    meter: str,
    found: Sequence[Rise],
    doubted: Sequence[Rise],
    history: Sequence[TopUp],
    *,
    read_at: datetime | None,
    readable: bool,
) -> Rises:
    """Return what each rise was, and which of what is doubted rows of the history explain.

    `history` is what the transaction history had when it was last read, at `read_at`; `readable`
    is whether that was the last try.
    """
    claimed = _matched((*found, *doubted), history)
    others: list[TopUp] = []
    unsettled: list[datetime] = []
    for rise in found:
        if rise in claimed:
            continue
        at = rise.step.at
        if read_at is not None and read_at >= at + WITHIN:
            others.append(named(meter, rise, TopUpOrigin.ADJUSTMENT))
            continue
        unsettled.append(at)
        if not readable:
            others.append(named(meter, rise, TopUpOrigin.BALANCE))
    return Rises(
        found=tuple(others),
        rows={name(rise.step, TopUpOrigin.BALANCE): rows for rise, rows in claimed.items()},
        unsettled=tuple(unsettled),
        doubted=tuple(fall.step.at for fall in doubted if fall not in claimed),
        steps=tuple(rise.step for rise in (*found, *doubted)),
    )


def _matched(found: Sequence[Rise], history: Sequence[TopUp]) -> dict[Rise, tuple[TopUp, ...]]:
    """Return which rows each rise was: sums that fit, then what fits about."""
    claimed: dict[Rise, tuple[TopUp, ...]] = {}
    left = [topup for topup in history if topup.credited]
    for fits in (_exactly, _about):
        for rise in found:
            if rise in claimed:
                continue
            near = [topup for topup in left if _near(topup, rise.step)][:_MOST]
            if rows := fits(rise, near):
                claimed[rise] = rows
                left = [topup for topup in left if topup not in rows]
    return claimed


def _near(topup: TopUp, step: Step) -> bool:
    """Return whether a top-up may have been credited in a step; a date alone is all its day."""
    whole_day = topup.at.astimezone(BRUNEI).time() == time()
    last = topup.at + _DAY if whole_day else topup.at
    return topup.at - _AHEAD <= step.at and last >= step.since - WITHIN


def _exactly(rise: Rise, near: Sequence[TopUp]) -> tuple[TopUp, ...]:
    for number in range(1, len(near) + 1):
        for rows in combinations(near, number):
            if rise.allows(sum((topup.credited for topup in rows), Decimal(0))):
                return rows
    return ()


def _about(rise: Rise, near: Sequence[TopUp]) -> tuple[TopUp, ...]:
    credited = sum((topup.credited for topup in near), Decimal(0))
    off = abs(credited - (rise.low + rise.high) / 2)
    return tuple(near) if near and off <= _ABOUT * abs(credited) else ()


def name(step: Step, origin: TopUpOrigin) -> str:
    """Return what a rise is called as a transaction."""
    return f"{origin}-{int(step.at.timestamp())}"


def named(meter: str, rise: Rise, origin: TopUpOrigin, *, out: bool = False) -> TopUp:
    """Return a rise (or, with `out`, what another meter lost by it) as a top-up."""
    sign = -1 if out else 1
    amount = sign * rise.expected.quantize(_CENT)
    low, high = sorted((sign * rise.low, sign * rise.high))
    return TopUp(
        at=rise.step.at,
        transaction=name(rise.step, origin),
        meter=meter,
        amount=amount,
        debt_cleared=None,
        recharge=amount,
        units=None,
        origin=origin,
        low=low.quantize(_CENT),
        high=high.quantize(_CENT),
    )


# --- transfers ---


def transfers(
    utilities: Mapping[str, Utility],
    moved: Mapping[str, Sequence[Step]],
    costs: Mapping[str, Costs],
) -> Iterator[tuple[str, str, Rise]]:
    """Yield what water drew on electricity: the meter that rose, the one that fell, and the rise.

    Water that owes for 48 hours draws on the balance of electricity (the operator's FAQ): one falls
    as the other rises, between the same two looks, also by less than anyone would top up.
    """
    for water, utility in utilities.items():
        if utility is not Utility.WATER:
            continue
        for rise in rises(moved[water], costs[water], _LEAST_TRANSFER):
            for other, kind in utilities.items():
                if kind is Utility.ELECTRICITY and _fell(rise, moved[other], costs[other]):
                    yield water, other, rise
                    break


def _fell(rise: Rise, moved: Sequence[Step], costs: Costs) -> bool:
    """Return whether another balance fell by as much, beside what was used, in the same step."""
    for step in moved:
        if step.at == rise.step.at and step.change < 0:
            used = costs.between(step)
            low, high = -step.change - used.high, -step.change - used.low
            return _ROUNDED < low <= rise.high + _ROUNDED and rise.low <= high + _ROUNDED
    return False
