"""The shapes of what the REST view answers, as JSON Schema, each with an example."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from custom_components.usms.client import TariffKind, Utility
from custom_components.usms.client.models import CURRENCY

from .errors import ErrorCode

type Schema = Mapping[str, Any]

_UNIT: Final = "in the unit of `unit`"
_MONEY: Final = "in BND"


def _text(description: str, **more: object) -> Schema:
    return {"type": "string", "description": description, **more}


def _number(description: str, **more: object) -> Schema:
    return {"type": "number", "description": description, **more}


def _count(description: str) -> Schema:
    return {"type": "integer", "minimum": 0, "description": description}


def _flag(description: str) -> Schema:
    return {"type": "boolean", "description": description}


def _time(description: str) -> Schema:
    return _text(f"{description}; with offset", format="date-time")


def _date(description: str) -> Schema:
    return _text(description, format="date")


def _or_null(schema: Schema) -> Schema:
    if "$ref" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    if "enum" in schema:
        return {**schema, "type": [schema["type"], "null"], "enum": [*schema["enum"], None]}
    return {**schema, "type": [schema["type"], "null"]}


def _list(items: Schema, description: str) -> Schema:
    return {"type": "array", "items": items, "description": description}


def _object(description: str, example: Mapping[str, Any], **properties: Schema) -> Schema:
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
        "examples": [example],
    }


def reference(name: str) -> Schema:
    """Return a reference to a shape."""
    return {"$ref": f"#/components/schemas/{name}"}


_METER: Final = _text("The meter's number")
_UTILITY: Final = _text("What the meter measures", enum=[*Utility])
_UNIT_OF: Final = _text("The unit: kWh (electricity) or m³ (water)", enum=["kWh", "m³"])
_CURRENCY: Final = _text("The currency of all money here", enum=[CURRENCY])

_WHICH: Final = {
    "meter": _METER,
    "utility": _or_null(_UTILITY),
}
_CARD_EXAMPLE: Final = {
    "meter": "12345678",
    "utility": "electricity",
    "status": "ACTIVE",
    "remaining_units": 1973.568,
    "unit": "kWh",
    "balance": 174.28,
    "currency": CURRENCY,
    "last_updated": "2026-11-20T00:00:00+08:00",
    "as_of": None,
}
_CARD: Final = {
    **_WHICH,
    "status": _or_null(_text("In the portal's words, such as `ACTIVE`")),
    "remaining_units": _or_null(_number(f"What is left, {_UNIT}, as the portal shows it")),
    "unit": _or_null(_UNIT_OF),
    "balance": _or_null(_number(f"What is left, {_MONEY}; below 0 the meter owes")),
    "currency": _CURRENCY,
    "last_updated": _or_null(
        _time("When the portal says it heard from the meter; midnight where it gives the date only")
    ),
    "as_of": _or_null(_time("When the oldest value was read; null where the last poll read all")),
}


def _some(*keys: str) -> tuple[Mapping[str, Any], Mapping[str, Schema]]:
    """Return an example and the properties of a part of a card, which shows it."""
    known = {"remaining_units", "balance"}
    shapes = {key: _CARD[key] for key in keys}
    for key in known & shapes.keys():
        shapes[key] = {**shapes[key], "type": "number"}
    return {key: _CARD_EXAMPLE[key] for key in keys}, shapes


_UNIT_EXAMPLE, _UNIT_SHAPES = _some(
    "meter", "utility", "remaining_units", "unit", "last_updated", "as_of"
)
_CREDIT_EXAMPLE, _CREDIT_SHAPES = _some(
    "meter", "utility", "balance", "currency", "last_updated", "as_of"
)


def _periods(what: str) -> Mapping[str, Schema]:
    return {
        "today": _or_null(_number(f"{what}, today so far")),
        "yesterday": _or_null(_number(f"{what}, yesterday")),
        "this_month": _or_null(_number(f"{what}, this calendar month so far")),
        "last_month": _or_null(_number(f"{what}, the calendar month before")),
    }


_USED_EXAMPLE: Final = {"today": 9.61, "yesterday": 24.3, "this_month": 480.2, "last_month": 751.9}
_COST_EXAMPLE: Final = {"today": 0.1, "yesterday": 0.24, "this_month": 4.8, "last_month": 18.15}
_ESTIMATE_EXAMPLE: Final = {"expected": 720.5, "low": 690.1, "high": 766.0}
_TIER_EXAMPLES: Final = (
    {"start": 0.0, "end": 600.0, "rate": 0.01},
    {"start": 600.0, "end": None, "rate": 0.08},
)
_TARIFF_EXAMPLE: Final = {
    "meter": "12345678",
    "utility": "electricity",
    "tariff": "residential_electricity",
    "kind": "residential",
    "since": None,
    "unit": "kWh",
    "currency": CURRENCY,
    "monthly_fixed": 0.0,
    "monthly_minimum": 0.0,
    "tiers": list(_TIER_EXAMPLES),
}
_TARIFF: Final = {
    "meter": _or_null(_text("The meter it is for; null for one that is for any")),
    "utility": _UTILITY,
    "tariff": _text("Its name"),
    "kind": _text("The operator's, or one's own", enum=[*TariffKind]),
    "since": _or_null(_date("The first day on which it holds; null: from ever")),
    "unit": _UNIT_OF,
    "currency": _CURRENCY,
    "monthly_fixed": _number(f"What a month costs beside consumption, {_MONEY}", minimum=0),
    "monthly_minimum": _number(f"What a month costs at least, {_MONEY}", minimum=0),
    "tiers": _list(reference("Tier"), "By consumption; they begin anew every calendar month"),
}

SCHEMAS: Final[Mapping[str, Schema]] = {
    "Account": _object(
        "An account of the portal that is set up",
        {
            "entry_id": "01HQZX4T9V7M3K8N2P5R6S1W0Y",
            "name": "USMS account 1234",
            "meters": ["12345678"],
            "sign_in_needed": False,
            "last_poll": "2026-11-20T14:30:05+08:00",
            "reports_read": 431,
            "reports_left": 0,
            "days_complete": True,
        },
        entry_id=_text("Its id in Home Assistant"),
        name=_text("As Home Assistant shows it"),
        meters=_list(_METER, "The numbers of its meters"),
        sign_in_needed=_flag("Whether a sign-in is needed; until then nothing new is read"),
        last_poll=_or_null(_time("When its page was last read")),
        reports_read=_count("Reports of its history that are read"),
        reports_left=_count("Reports of its history that are not read yet"),
        days_complete=_flag("Whether all days are read; hours follow"),
    ),
    "Meter": _object("A meter's card; null where it shows nothing", _CARD_EXAMPLE, **_CARD),
    "MeterDetails": _object(
        "A meter's card, what it used and what that costs",
        {
            **_CARD_EXAMPLE,
            "account": "01HQZX4T9V7M3K8N2P5R6S1W0Y",
            "consumption": _USED_EXAMPLE,
            "cost": _COST_EXAMPLE,
            "oldest_reading": "2024-03-02T00:00:00+08:00",
            "newest_reading": "2026-11-20T13:00:00+08:00",
        },
        **_CARD,
        account=_text("The `entry_id` of its account"),
        consumption=reference("Consumption"),
        cost=_or_null(reference("Cost")),
        oldest_reading=_or_null(_time("When its oldest reading starts")),
        newest_reading=_or_null(_time("When its newest reading starts")),
    ),
    "Consumption": _object(
        "What was used, in the unit of `unit` beside it; null where nothing is published",
        _USED_EXAMPLE,
        **_periods("What was used"),
    ),
    "Cost": _object(
        "What that costs by the tariff, in BND, to the cent; null where nothing is published",
        _COST_EXAMPLE,
        **_periods("What it costs"),
    ),
    "Unit": _object("The units that a meter has left", _UNIT_EXAMPLE, **_UNIT_SHAPES),
    "Credit": _object("The money that a meter has left", _CREDIT_EXAMPLE, **_CREDIT_SHAPES),
    "Reading": _object(
        "What was used in an hour, on a day or in a month of Brunei",
        {
            "start": "2026-11-19T17:00:00+08:00",
            "consumption": 1.32,
            "unit": "kWh",
            "estimated": False,
        },
        start=_time("When the hour, day or month begins"),
        consumption=_number(f"What was used, {_UNIT}"),
        unit=_or_null(_UNIT_OF),
        estimated=_flag(
            "Whether the portal has no such hour, and it is a share of what is missing to its day"
        ),
    ),
    "Estimate": _object(
        "An expected amount, and a range that holds it 4 times of 5",
        _ESTIMATE_EXAMPLE,
        expected=_number("What is expected"),
        low=_number("Less it is 1 time of 10"),
        high=_number("More it is 1 time of 10"),
    ),
    "Forecast": _object(
        "What is to be expected of a meter",
        {
            "meter": "12345678",
            "utility": "electricity",
            "unit": "kWh",
            "currency": CURRENCY,
            "made_at": "2026-11-20T14:00:00+08:00",
            "newest": "2026-11-19",
            "per_day": 24.1,
            "month_consumption": _ESTIMATE_EXAMPLE,
            "month_cost": {"expected": 15.6, "low": 13.2, "high": 19.3},
            "balance": {"expected": 174.28, "low": 174.28, "high": 174.28},
            "as_of": None,
            "runs_out": "2027-08-03T12:00:00+08:00",
            "runs_out_early": "2027-06-14T12:00:00+08:00",
            "runs_out_late": "2027-10-01T12:00:00+08:00",
            "days_left": 255,
        },
        **_WHICH,
        unit=_or_null(_UNIT_OF),
        currency=_CURRENCY,
        made_at=_time("When it was made"),
        newest=_date("The last complete day it rests on"),
        per_day=_number(f"What a day of the coming week uses, {_UNIT}"),
        month_consumption={**reference("Estimate"), "description": f"This month's, {_UNIT}"},
        month_cost={**reference("Estimate"), "description": f"This month's bill, {_MONEY}"},
        balance=_or_null(
            {**reference("Estimate"), "description": f"What is left at `made_at`, {_MONEY}"}
        ),
        as_of=_or_null(
            _time("When the balance was read that was run forward; null where it stands as read")
        ),
        runs_out=_or_null(
            _time(
                "When the balance is used up: the hour within two days, else noon of the day; null"
                " without a balance, or beyond two years"
            )
        ),
        runs_out_early=_or_null(_time("Before that it is 1 time of 10")),
        runs_out_late=_or_null(_time("After that it is 1 time of 10")),
        days_left=_or_null(_number("For how many days the balance lasts")),
    ),
    "Tier": _object(
        "A rate, and from which to which consumption of a month it holds",
        _TIER_EXAMPLES[0],
        start=_number(f"From there, {_UNIT}"),
        end=_or_null(_number(f"To there, {_UNIT}; null for the last")),
        rate=_number("BND a unit"),
    ),
    "Tariff": _object("What consumption costs", _TARIFF_EXAMPLE, **_TARIFF),
    "PricedTariff": _object(
        "A tariff, and what a month costs by it",
        {**_TARIFF_EXAMPLE, "consumption": 750.0, "cost": 18.0},
        **_TARIFF,
        consumption=_or_null(_number(f"What the month uses, {_UNIT}; null where none is given")),
        cost=_or_null(_number(f"The month's bill, {_MONEY}, to the cent; null without")),
    ),
    "Error": _object(
        "What is wrong",
        {
            "detail": ErrorCode.METER_NOT_FOUND.meaning,
            "error_code": ErrorCode.METER_NOT_FOUND,
            "timestamp": "2026-11-20T14:30:05+08:00",
        },
        detail=_text("For people"),
        error_code=_text("For programs", enum=[*ErrorCode]),
        timestamp=_time("When it happened"),
    ),
    "Document": {
        "type": "object",
        "description": "An OpenAPI document",
        "required": ["openapi", "info", "paths", "components"],
        "examples": [{"openapi": "3.1.0", "info": {}, "paths": {}, "components": {}}],
    },
}
"""By name. Every answer has exactly the keys that stand here."""
