"""The parameters of queries: each says what it takes, and reads it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from custom_components.usms.client import BRUNEI, Resolution
from custom_components.usms.client.brunei import brunei_midnight

from .errors import ErrorCode, RestError

MOST_ROWS: Final = 20_000
"""Rows in one answer at most: more than two years of hours."""
USUAL_ROWS: Final = 1_000
MOST_CONSUMPTION: Final = 1_000_000
"""kWh or m³ of a month, at most."""
_NUMBER: Final = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?")
_DATE: Final = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}")
_MOMENT: Final = re.compile(
    _DATE.pattern + r"[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a query."""

    name: str
    description: str
    schema: Mapping[str, Any]
    """What it takes, as JSON Schema."""
    read: Callable[[str], Any]
    """Makes a value of the text; raises ValueError or RestError."""
    example: Any


def values_of(
    parameters: tuple[Parameter, ...], query: Mapping[str, list[str]]
) -> Mapping[str, Any]:
    """Return the values of a query by name; raises RestError where it is no such query."""
    known = {parameter.name: parameter for parameter in parameters}
    values = {}
    for name, texts in query.items():
        if name not in known:
            names = ", ".join(known) or "none"
            problem = f"There is no parameter {name[:40]!r} here; there are: {names}"
            raise RestError(ErrorCode.INVALID_PARAMETER, problem)
        if len(texts) > 1:
            raise RestError(ErrorCode.INVALID_PARAMETER, f"{name} is given more than once")
        try:
            values[name] = known[name].read(texts[0])
        except ValueError as err:
            problem = f"{name}: {known[name].description}"
            raise RestError(ErrorCode.INVALID_PARAMETER, problem) from err
    return values


def _start(text: str) -> datetime:
    """Return the moment that a range starts with."""
    return _moment(text, timedelta(0))


def _end(text: str) -> datetime:
    """Return the moment before which a range ends; a day is part of it."""
    return _moment(text, timedelta(days=1))


def _moment(text: str, after_day: timedelta) -> datetime:
    try:
        if _DATE.fullmatch(text):
            return brunei_midnight(date.fromisoformat(text)) + after_day
        if _MOMENT.fullmatch(text):
            return datetime.fromisoformat(text.upper()).astimezone(BRUNEI)
    except ValueError:
        pass
    problem = (
        f"{text[:40]!r} is neither a day such as 2026-11-30 nor a time with its offset such as"
        " 2026-11-30T08:00:00%2B08:00 (a + stands as %2B), between 2000 and 2099"
    )
    raise RestError(ErrorCode.INVALID_DATE, problem)


def _limit(text: str) -> int:
    rows = int(text) if re.fullmatch(r"[0-9]{1,9}", text) else 0
    if not 1 <= rows <= MOST_ROWS:
        raise ValueError(text)
    return rows


def _amount(text: str) -> Decimal:
    if not _NUMBER.fullmatch(text) or not 0 <= (amount := Decimal(text)) <= MOST_CONSUMPTION:
        raise ValueError(text)
    return amount


_MOMENT_SCHEMA: Final = {
    "type": "string",
    "anyOf": [
        {"format": "date", "pattern": "^20[0-9]{2}-"},
        {"format": "date-time", "pattern": "^20[0-9]{2}-"},
    ],
}

RESOLUTION: Final = Parameter(
    "resolution",
    "`hour` (electricity only), `day` or `month`",
    {"type": "string", "enum": [*Resolution], "default": Resolution.DAY},
    Resolution,
    "day",
)
START: Final = Parameter(
    "start",
    "The first day (Brunei), or a time with offset. By default 7 days (`hour`), 31 days (`day`) or"
    " 12 months (`month`) before the end. A range has at most 3660 days.",
    _MOMENT_SCHEMA,
    _start,
    "2026-11-01",
)
END: Final = Parameter(
    "end",
    "The last day (Brunei), which is included, or a time with offset, before which readings start."
    " By default today.",
    _MOMENT_SCHEMA,
    _end,
    "2026-11-07",
)
LIMIT: Final = Parameter(
    "limit",
    f"How many readings an answer has at most, 1 to {MOST_ROWS}; where there are more, the header"
    " `Link` says where they go on",
    {"type": "integer", "minimum": 1, "maximum": MOST_ROWS, "default": USUAL_ROWS},
    _limit,
    1000,
)
CONSUMPTION: Final = Parameter(
    "consumption",
    f"What a month uses, in kWh or m³: a number from 0 to {MOST_CONSUMPTION}",
    {"type": "number", "minimum": 0, "maximum": MOST_CONSUMPTION},
    _amount,
    750,
)
METER: Final = Parameter(
    "meter",
    "The meter whose tariff is meant; by default the first of that utility",
    {"type": "string"},
    lambda text: text,
    "12345678",
)
