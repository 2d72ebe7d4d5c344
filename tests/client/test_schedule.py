"""Tariffs over time, and as options hold them."""

import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.usms.client import (
    DatedTariff,
    RunningBill,
    Tariff,
    TariffSchedule,
    Utility,
    WrongRequest,
    WrongTariff,
    commercial_electricity,
    residential_electricity,
    residential_water,
    tiers_of,
)
from tests.support.tariffs import AMOUNTS, tariffs


def own(rate: str) -> Tariff:
    return Tariff("own", Utility.ELECTRICITY, tiers_of([(None, Decimal(rate))]))


# --- tariffs over time ---


def test_a_tariff_holds_from_its_day() -> None:
    old, new = residential_electricity(), own("0.2")
    schedule = TariffSchedule.always(old).with_tariff(date(2026, 11, 10), new)
    assert schedule.on(date(1999, 1, 1)) is old
    assert schedule.on(date(2026, 11, 9)) is old
    assert schedule.on(date(2026, 11, 10)) is new
    assert schedule.on(date(2030, 1, 1)) is new
    assert schedule.utility is Utility.ELECTRICITY


def test_a_change_re_prices_only_what_comes_after_in_the_same_months_tiers() -> None:
    day = date(2026, 11, 10)
    schedule = TariffSchedule.always(residential_electricity()).with_tariff(
        day,
        Tariff(
            "own",
            Utility.ELECTRICITY,
            tiers_of([(Decimal(600), Decimal("0.02")), (None, Decimal("0.5"))]),
        ),
    )
    running = RunningBill(schedule)
    assert running.use(date(2026, 11, 9), Decimal(590)) == Decimal("5.90")
    assert running.use(day, Decimal(11)) == Decimal("0.20") + Decimal("0.5")


def test_tariffs_are_added_replaced_and_taken_out_by_their_day() -> None:
    first, second, third = (own(rate) for rate in ("0.1", "0.2", "0.3"))
    november, december = date(2026, 11, 1), date(2026, 12, 1)
    schedule = TariffSchedule.always(first).with_tariff(december, second)
    schedule = schedule.with_tariff(november, third)
    assert schedule.tariffs == (
        DatedTariff(None, first),
        DatedTariff(november, third),
        DatedTariff(december, second),
    )
    assert schedule.with_tariff(november, first).on(november) is first
    left = schedule.without(november)
    assert [dated.since for dated in left.tariffs] == [None, december]
    assert left.on(november) is first
    assert left.without(november) == left
    with pytest.raises(WrongTariff, match="since"):  # what would hold before december?
        TariffSchedule((DatedTariff(december, second),)).without(december)


@given(tariffs(), tariffs(), st.integers(0, 61), st.lists(AMOUNTS, min_size=61, max_size=61))
@settings(max_examples=30)
def test_re_pricing_twice_is_re_pricing_once(
    old: Tariff, new: Tariff, since: int, amounts: list[Decimal]
) -> None:
    first = date(2026, 10, 1)
    day = first + timedelta(days=since)

    def price(schedule: TariffSchedule) -> list[Decimal]:
        running = RunningBill(schedule)
        return [running.use(first + timedelta(days=n), used) for n, used in enumerate(amounts)]

    schedule = TariffSchedule.always(old)
    once = schedule.with_tariff(day, new)
    twice = once.with_tariff(day, new)
    assert twice == once
    assert price(twice) == price(once)
    assert price(once)[:since] == price(schedule)[:since]
    assert price(once.with_tariff(day, old)) == price(schedule)


def test_schedules_that_cannot_be() -> None:
    electricity, water = residential_electricity(), residential_water()
    day = date(2026, 11, 1)
    with pytest.raises(WrongRequest, match="tariffs"):
        TariffSchedule(())
    with pytest.raises(WrongRequest, match=r"tariffs\[1\].since"):
        TariffSchedule((DatedTariff(day, electricity), DatedTariff(day, electricity)))
    with pytest.raises(WrongRequest, match=r"tariffs\[1\].since"):
        TariffSchedule((DatedTariff(day, electricity), DatedTariff(None, electricity)))
    with pytest.raises(WrongRequest, match=r"tariffs\[1\].utility"):
        TariffSchedule.always(electricity).with_tariff(day, water)


# --- as options hold them ---

OPERATORS = [
    residential_electricity(),
    residential_water(),
    residential_water(units=12),
    commercial_electricity(Decimal(140)),
    commercial_electricity(Decimal("22.5"), vacant=True),
]


@given(st.lists(tariffs() | st.sampled_from(OPERATORS), min_size=1, max_size=3), st.booleans())
def test_a_schedule_survives_json(parts: list[Tariff], dated: bool) -> None:
    parts = [part for part in parts if part.utility is parts[0].utility]
    schedule = TariffSchedule(
        tuple(
            DatedTariff(date(2026, n + 1, 1) if n or dated else None, part)
            for n, part in enumerate(parts)
        )
    )
    assert TariffSchedule.from_dict(json.loads(json.dumps(schedule.to_dict()))) == schedule


def test_an_own_tariff_as_a_form_gives_it() -> None:
    tariff = Tariff.from_dict(
        Utility.WATER,
        {
            "kind": "own",
            "tiers": [{"end": 54.54, "rate": 0.11}, {"rate": "0.44"}],
            "monthly_fixed": 2,
        },
    )
    assert tariff.tiers == residential_water().tiers
    assert tariff.bill(Decimal(10)) == Decimal("3.10")


def test_the_kind_chosen_stays_known() -> None:
    assert residential_water(units=3).to_dict() == {"kind": "residential", "units": 3}
    assert commercial_electricity(Decimal(140)).to_dict() == {
        "kind": "commercial",
        "kva": "140",
        "vacant": False,
    }


@pytest.mark.parametrize(
    ("utility", "data", "field"),
    [
        ("electricity", {}, "kind"),
        ("electricity", {"kind": "industrial"}, "kind"),
        ("water", {"kind": "commercial", "kva": 3}, "kind"),
        ("electricity", {"kind": "residential", "units": 2}, "units"),
        ("water", {"kind": "residential", "units": 0}, "units"),
        ("water", {"kind": "residential", "units": 1.5}, "units"),
        ("water", {"kind": "residential", "units": True}, "units"),
        ("electricity", {"kind": "commercial"}, "kva"),
        ("electricity", {"kind": "commercial", "kva": "much"}, "kva"),
        ("electricity", {"kind": "commercial", "kva": "-1"}, "kva"),
        ("electricity", {"kind": "commercial", "kva": "1e99"}, "kva"),
        ("electricity", {"kind": "commercial", "kva": 5, "vacant": "no"}, "vacant"),
        ("electricity", {"kind": "own"}, "tiers"),
        ("electricity", {"kind": "own", "tiers": []}, "tiers"),
        ("electricity", {"kind": "own", "tiers": [{"rate": 1}] * 21}, "tiers"),
        ("electricity", {"kind": "own", "tiers": ["0.1"]}, "tiers[0]"),
        ("electricity", {"kind": "own", "tiers": [{"rate": 1, "price": 1}]}, "tiers[0]"),
        ("electricity", {"kind": "own", "tiers": [{"end": None}]}, "tiers[0].rate"),
        ("electricity", {"kind": "own", "tiers": [{"rate": "NaN"}]}, "tiers[0].rate"),
        ("electricity", {"kind": "own", "tiers": [{"rate": -1}]}, "tiers[0].rate"),
        ("electricity", {"kind": "own", "tiers": [{"rate": "0.1234567"}]}, "tiers[0].rate"),
        ("electricity", {"kind": "own", "tiers": [{"end": 5, "rate": 1}]}, "tiers[0].end"),
        ("electricity", {"kind": "own", "tiers": [{"rate": 1}, {"rate": 1}]}, "tiers[0].end"),
        (
            "electricity",
            {"kind": "own", "tiers": [{"rate": 1}], "monthly_fixed": ""},
            "monthly_fixed",
        ),
        (
            "electricity",
            {"kind": "own", "tiers": [{"rate": 1}], "monthly_minimum": -1},
            "monthly_minimum",
        ),
        ("electricity", {"kind": "own", "tiers": [{"rate": 1}], "fixed": 2}, "fixed"),
    ],
)
def test_bad_options_name_their_field(utility: str, data: dict[str, Any], field: str) -> None:
    with pytest.raises(WrongTariff) as caught:
        Tariff.from_dict(Utility(utility), data)
    assert caught.value.field == field
    with pytest.raises(WrongTariff) as caught:
        TariffSchedule.from_dict({"utility": utility, "tariffs": [{"since": None, **data}]})
    assert caught.value.field == f"tariffs[0].{field}"


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({}, "utility"),
        ({"utility": "gas"}, "utility"),
        ({"utility": "water"}, "tariffs"),
        ({"utility": "water", "tariffs": []}, "tariffs"),
        ({"utility": "water", "tariffs": ["residential"]}, "tariffs[0]"),
        ({"utility": "water", "tariffs": [{"kind": "residential"}], "meter": 1}, "meter"),
        (
            {"utility": "water", "tariffs": [{"since": "soon", "kind": "residential"}]},
            "tariffs[0].since",
        ),
        ({"utility": "water", "tariffs": [{"kind": "residential"}] * 2}, "tariffs[1].since"),
    ],
)
def test_bad_schedules_name_their_field(data: dict[str, Any], field: str) -> None:
    with pytest.raises(WrongTariff) as caught:
        TariffSchedule.from_dict(data)
    assert caught.value.field == field
