"""The table that the benchmarks end in: what was measured, beside what, and whether goals hold."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

type Reference = Literal["peer", "limit", "itself"]


GROWTH = 1.25
"""Up to how many times a figure has not grown, with what else the machine does."""


@dataclass(frozen=True)
class Case:
    """How much a store holds."""

    years: int
    meters: int = 2

    def __str__(self) -> str:
        """Return it as it stands in the table."""
        years = f"{self.years} year{'s' if self.years > 1 else ''}"
        return years if self.meters == 2 else f"{years}, {self.meters} meters"


@dataclass(frozen=True)
class Goal:
    """At most, or at least, so many times the peer or the limit, or so much of the unit itself."""

    factor: float
    of: Reference = "itself"
    sign: Literal["<", "≤", "≥", "="] = "≤"

    def holds(self, row: Row) -> bool | None:
        """Return whether that row keeps it; None where what it is compared with is not known."""
        if row.ours is None:
            return None
        reference = {"peer": row.peer, "limit": row.limit, "itself": 1.0}[self.of]
        if reference is None:
            return None
        bound = self.factor * reference
        return {
            "<": row.ours < bound,
            "≤": row.ours <= bound,
            "≥": row.ours >= bound,
            "=": row.ours == bound,
        }[self.sign]

    def __str__(self) -> str:
        """Return it as it stands in the table."""
        if self.of == "itself":
            return f"{self.sign} {self.factor:g}"
        return f"{self.sign} {self.of if self.factor == 1 else f'{self.factor:g} × {self.of}'}"  # noqa: RUF001


@dataclass(frozen=True)
class Row:
    """One figure: the median, where it was measured more than once."""

    figure: str
    unit: str
    ours: float | None
    """None where it could not be measured."""
    peer: float | None = None
    limit: float | None = None
    goals: Sequence[Goal] = ()

    @property
    def ratio(self) -> float | None:
        """Ours to the peer's, or to the limit where there is no peer."""
        other = self.limit if self.peer is None else self.peer
        return self.ours / other if self.ours is not None and other else None

    @property
    def goal(self) -> str:
        """All goals, in words."""
        return "; ".join(map(str, self.goals))

    @property
    def held(self) -> bool | None:
        """Whether all goals are held; None where one is unknown and none is missed, or none is."""
        kept = [goal.holds(self) for goal in self.goals]
        if False in kept:
            return False
        return None if None in kept or not kept else True

    def as_json(self) -> dict[str, str | float | bool | None]:
        """Return it for programs."""
        return {
            "figure": self.figure,
            "unit": self.unit,
            "ours": self.ours,
            "peer": self.peer,
            "limit": self.limit,
            "ratio": self.ratio,
            "goal": self.goal,
            "held": self.held,
        }


HEADINGS = ("figure", "unit", "ours", "peer", "limit", "ratio", "goal", "held")


def _cell(value: str | float | bool | None) -> str:  # noqa: FBT001
    if value is None:
        return "—"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value or "—"
    return f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def as_table(rows: Iterable[Row]) -> str:
    """Return a table in Markdown, its columns aligned."""
    lines = [HEADINGS, *(tuple(map(_cell, row.as_json().values())) for row in rows)]
    widths = [max(len(line[n]) for line in lines) for n in range(len(HEADINGS))]
    rule = tuple("-" * width for width in widths)
    return "\n".join(
        "| "
        + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        + " |"
        for line in (lines[0], rule, *lines[1:])
    )


def as_json(rows: Iterable[Row]) -> str:
    """Return a list for programs."""
    return json.dumps([row.as_json() for row in rows], indent=2, ensure_ascii=False)
