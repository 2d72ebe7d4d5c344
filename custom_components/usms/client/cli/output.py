"""What a command found: as a table for people, as JSON or CSV for programs."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

from .files import write_file
from .streams import emit
from .text import cell, visible

if TYPE_CHECKING:
    from .options import Form, Options

Row = Mapping[str, Any]
_WIDE: Final = Context(prec=10_000)
"""More digits than any number of a page has."""
_EIGHTHS: Final = " ▏▎▍▌▋▊▉█"
_LONGEST_BAR: Final = 40
_SHORTEST_BAR: Final = 8


def shown(value: object) -> str:
    """Return a value as people read it."""
    if value is None:
        return "-"
    return f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else str(value)


def cents(value: Decimal | None) -> str:
    """Return B$ with two decimals; here money is rounded, nowhere before."""
    return "-" if value is None else str(in_cents(value))


def in_cents(value: Decimal) -> Decimal:
    """Return B$ rounded to cents, halves up."""
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP, _WIDE)


def tenths(value: Decimal | None) -> str:
    """Return an amount with one decimal, for what is only expected."""
    return "-" if value is None else f"{value:.1f}"


def day(value: datetime | None) -> str:
    """Return the day of a moment."""
    return "-" if value is None else f"{value:%Y-%m-%d}"


def month(value: datetime) -> str:
    """Return the month of a moment."""
    return f"{value:%Y-%m}"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    key: str
    title: str
    """With the unit, where all rows have the same."""
    text: Callable[[Any], str] = shown
    unit: str = ""
    """The key of the unit that follows the value, where rows have different ones."""

    def cell(self, row: Row) -> str:
        """Return what stands in a row."""
        text = self.text(row[self.key])
        if self.unit and row[self.key] is not None:
            text = f"{text} {row[self.unit]}"
        return visible(text)


@dataclass(frozen=True, slots=True)
class Result:
    """What a command found."""

    keys: Sequence[str]
    """Of every row, for programs."""
    rows: Sequence[Row]
    columns: Sequence[Column]
    """For people."""
    bar: str | None = None
    """The key of the column that gets a bar a row, on a terminal."""
    single: bool = False
    """One thing was asked for: programs get an object instead of a list."""
    upright: bool = False
    """People get a line a value instead of a line a row."""
    footer: Sequence[str] = ()
    form: Form | None = None
    """What it is written as where nothing was said."""


def write(result: Result, options: Options) -> None:
    """Write a result in the wanted form to the wanted place."""
    form = options.form or result.form
    if form == "json":
        text = as_json(result)
    elif form == "csv":
        text = as_csv(result)
    else:
        columns = 0
        if options.output is None and sys.stdout is not None and sys.stdout.isatty():
            columns = shutil.get_terminal_size().columns
        text = as_lines(result) if result.upright else as_table(result, columns)
    if options.output is None:
        emit(text)
    else:
        write_file(options.output, text)


def as_json(result: Result) -> str:
    """Return JSON: numbers as numbers, times in ISO form with offset."""
    rows = [{key: row[key] for key in result.keys} for row in result.rows]
    return json.dumps(rows[0] if result.single else rows, default=_plain, indent=2) + "\n"


def _plain(value: object) -> float | str:
    return _number(value) if isinstance(value, Decimal) else _time(value)


def _number(value: Decimal) -> float:
    number = float(value)
    if not isfinite(number):
        raise OverflowError(value)  # JSON has no such number
    return number


def _time(value: object) -> str:
    assert isinstance(value, datetime)  # noqa: S101 (nothing else is in a row)
    return value.isoformat()


def as_csv(result: Result) -> str:
    """Return CSV with the same keys as JSON; what is not known is empty.

    Text that a spreadsheet would run begins with `'`.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(result.keys)
    writer.writerows([_csv(row[key]) for key in result.keys] for row in result.rows)
    return out.getvalue()


def _csv(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return cell(value)
    return value.isoformat() if isinstance(value, datetime) else str(value)


def as_lines(result: Result) -> str:
    """Return a line a value, a blank line between things."""
    width = max(len(column.title) for column in result.columns)
    blocks = [
        "".join(f"{column.title:<{width}}  {column.cell(row)}\n" for column in result.columns)
        for row in result.rows
    ]
    return "\n".join([*blocks, *(f"{line}\n" for line in result.footer)])


def as_table(result: Result, terminal: int = 0) -> str:
    """Return an aligned table, with a bar a row where a terminal of that many columns has room."""
    titles = [column.title for column in result.columns]
    cells = [[column.cell(row) for column in result.columns] for row in result.rows]
    widths = [max(map(len, texts)) for texts in zip(titles, *cells, strict=True)]
    numbers = [
        any(isinstance(row[column.key], Decimal) for row in result.rows)
        for column in result.columns
    ]

    def line(texts: Sequence[str], bar: str = "") -> str:
        aligned = (
            text.rjust(width) if number else text.ljust(width)
            for text, width, number in zip(texts, widths, numbers, strict=True)
        )
        return ("  ".join(aligned) + bar).rstrip()

    room = min(terminal - sum(widths) - 2 * len(widths), _LONGEST_BAR)
    bars = _bars(result, room)
    lines = [line(titles), *map(line, cells, bars)]
    return "\n".join([*lines, *result.footer]) + "\n"


def _bars(result: Result, room: int) -> list[str]:
    if result.bar is None or room < _SHORTEST_BAR:
        return [""] * len(result.rows)
    values = [row[result.bar] or Decimal(0) for row in result.rows]
    most = max(values, default=Decimal(0)) or Decimal(1)
    plain = "utf" not in (getattr(sys.stdout, "encoding", None) or "utf-8").lower()
    return ["  " + _bar(float(max(value, Decimal(0)) / most), room, plain) for value in values]


def _bar(share: float, room: int, plain: bool) -> str:  # noqa: FBT001
    if plain:
        return "#" * round(share * room)
    full, eighths = divmod(round(share * room * 8), 8)
    return "█" * full + _EIGHTHS[eighths].strip()
