"""The tariffs of each meter in the options: what holds from when, and what a change re-prices."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from homeassistant.components.repairs import DOMAIN as REPAIRS
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.usms.const import DOMAIN
from custom_components.usms.diagnostics import async_get_config_entry_diagnostics
from tests.support.harness import Harness
from tests.support.options import Answer, choose, go, set_low_credit, suggested, tariffs_of

pytestmark = pytest.mark.knows_portal

OWN = {"tiers": [{"rate": 0.5}], "monthly_fixed": 0, "monthly_minimum": 0}


def tariffs_in_options(account: Harness, number: str) -> list[tuple[str | None, str]]:
    """Return from when which kind of tariff holds, as the options keep it."""
    kept: list[dict[str, Any]] = account.entry.options["meters"][number]["tariff"]["tariffs"]
    return [(tariff["since"], tariff["kind"]) for tariff in kept]


async def test_a_chosen_tariff_re_prices_without_a_report(account: Harness) -> None:
    await account.start_history()
    meter = account.meter()
    before = await account.statistics(meter, "cost")
    account.portal.clear_requests()
    await choose(
        account,
        *tariffs_of(meter.number),
        {"entry": "add"},
        {"kind": "own", "since": "2026-11-01"},
        {
            "tiers": [{"rate": 0.5, "end": 100}, {"rate": 0.25}],
            "monthly_fixed": 4,
            "monthly_minimum": 0,
        },
    )
    await account.start_history()
    assert account.requests("report") == 0
    diagnostics = await async_get_config_entry_diagnostics(account.hass, account.entry)
    assert meter.number not in str(diagnostics)
    after = await account.statistics(meter, "cost")
    assert after.keys() == before.keys()
    assert all(after[start] == before[start] for start in after if start.month < 11)
    november = sum(state for start, (state, _) in after.items() if start.month == 11)
    used = Decimal(account.state("consumption_this_month", "electricity"))
    fixed = 4 * Decimal(max(after).day) / 30  # spread over the month's days
    assert november == pytest.approx(float(fixed + 50 + (used - 100) * Decimal("0.25")))
    assert float(account.state("cost_this_month", "electricity")) == pytest.approx(
        november, abs=0.01
    )
    # The list shows what holds from when, the form what was chosen, and back is back.
    result = await go(account, *tariffs_of(meter.number))
    (field,) = result["data_schema"].schema.values()
    residential = (
        "From the beginning: Residential, B$0.01 up to 600 kWh, B$0.08 up to 2,000 kWh, "
        "B$0.10 up to 4,000 kWh, then B$0.12"
    )
    chosen = "From 2026-11-01: Your own, B$0.50 up to 100 kWh, then B$0.25, B$4.00 a month"
    assert [(option["value"], option["label"]) for option in field.config["options"]] == [
        ("first", residential),
        ("2026-11-01", chosen),
        ("add", "add"),
    ]
    entry = (*tariffs_of(meter.number), {"entry": "2026-11-01"})
    result = await go(account, *entry, "tariff")
    assert suggested(result) == {"kind": "own", "since": "2026-11-01"}
    result = await go(account, *entry, "tariff", {"kind": "own", "since": "2026-11-01"})
    assert suggested(result)["tiers"] == [{"end": 100.0, "rate": 0.5}, {"rate": 0.25}]
    result = await go(account, *entry, "delete")
    assert result["description_placeholders"] == {"tariff": chosen}
    await choose(account, *entry, "delete", {})
    await account.start_history()
    assert await account.statistics(meter, "cost") == before


async def test_the_first_tariff_holds_from_the_beginning(account: Harness) -> None:
    """It is changed without a day, and never deleted; another day is another tariff."""
    await account.start_history()
    number = account.meter().number
    first = (*tariffs_of(number), {"entry": "first"})
    form = await go(account, *first)
    assert suggested(form) == {"kind": "residential"}
    await choose(account, *first, {"kind": "own"}, OWN)
    assert tariffs_in_options(account, number) == [(None, "own")]
    added = (*tariffs_of(number), {"entry": "add"})
    await choose(account, *added, {"kind": "residential", "since": "2026-11-10"})
    await choose(account, *first, {"kind": "commercial"}, {"kva": 22.5, "vacant": True})
    result = await go(account, *tariffs_of(number))
    (field,) = result["data_schema"].schema.values()
    assert field.config["options"][0]["label"] == (
        "From the beginning: Commercial (electricity), 22.5 kVA, B$0.20 up to 225 kWh, "
        "B$0.07 up to 2,475 kWh, B$0.06 up to 4,725 kWh, then B$0.05, at least B$2.00 a month"
    )
    await choose(account, *first, {"kind": "residential"})
    kept = [(None, "residential"), ("2026-11-10", "residential")]
    assert tariffs_in_options(account, number) == kept


@pytest.mark.parametrize("day", ["2026-11-05", "2026-11-10"])
async def test_a_day_has_one_tariff(account: Harness, day: str) -> None:
    """Another on it, added or moved there, replaces none."""
    await account.start_history()
    number = account.meter().number
    added = (*tariffs_of(number), {"entry": "add"})
    for since in ("2026-11-05", "2026-11-10"):
        await choose(account, *added, {"kind": "own", "since": since}, OWN)
    before = account.entry.options
    other = "2026-11-10" if day == "2026-11-05" else "2026-11-05"
    moved = (*tariffs_of(number), {"entry": other}, "tariff")
    flows = account.hass.config_entries.options
    for way in (added, moved):
        result = await go(account, *way, {"kind": "residential", "since": day})
        assert result["errors"] == {"since": "day_taken"}
        assert suggested(result) == {"kind": "residential", "since": day}
        result = await flows.async_configure(
            result["flow_id"], {"kind": "residential", "since": "2026-11-20"}
        )
        assert result["type"] is FlowResultType.CREATE_ENTRY
        hass = account.hass
        hass.config_entries.async_update_entry(account.entry, options=before)
        await hass.async_block_till_done()


async def test_two_forms_open_at_once(account: Harness) -> None:
    """What one has changed meanwhile is neither lost nor overwritten by the other."""
    await account.start_history()
    number = account.meter().number
    flows = account.hass.config_entries.options
    added = (*tariffs_of(number), {"entry": "add"})
    entry = (*tariffs_of(number), {"entry": "2026-11-05"})
    await choose(account, *added, {"kind": "own", "since": "2026-11-05"}, OWN)
    listed = await go(account, *tariffs_of(number))
    deleting = await go(account, *entry, "delete")
    adding = await go(account, *added)
    await choose(account, *added, {"kind": "residential", "since": "2026-11-08"})
    await choose(account, *entry, "delete", {})
    result = await flows.async_configure(listed["flow_id"], {"entry": "2026-11-05"})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "tariff_gone")
    result = await flows.async_configure(deleting["flow_id"], {})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    result = await flows.async_configure(
        adding["flow_id"], {"kind": "residential", "since": "2026-11-08"}
    )
    assert result["errors"] == {"since": "day_taken"}
    kept = [(None, "residential"), ("2026-11-08", "residential")]
    assert tariffs_in_options(account, number) == kept


@pytest.mark.parametrize("moved", [False, True])
async def test_a_day_that_is_taken_before_the_terms_are_saved(
    account: Harness, *, moved: bool
) -> None:
    await account.start_history()
    number = account.meter().number
    flows = account.hass.config_entries.options
    added = (*tariffs_of(number), {"entry": "add"})
    await choose(account, *added, {"kind": "residential", "since": "2026-11-10"})
    way = (*tariffs_of(number), {"entry": "2026-11-10"}, "tariff") if moved else added
    terms = await go(account, *way, {"kind": "own", "since": "2026-11-05"})
    assert terms["step_id"] == "own"
    await choose(account, *added, {"kind": "residential", "since": "2026-11-05"})
    before = account.entry.options
    result = await flows.async_configure(terms["flow_id"], OWN)
    assert (result["step_id"], result["errors"]) == ("tariff", {"since": "day_taken"})
    assert suggested(result) == {"kind": "own", "since": "2026-11-05"}
    assert account.entry.options == before
    # On another day it goes on.
    await flows.async_configure(terms["flow_id"], {"kind": "own", "since": "2026-11-07"})
    result = await flows.async_configure(terms["flow_id"], OWN)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    kept = [(None, "residential"), ("2026-11-05", "residential"), ("2026-11-07", "own")]
    rest = [] if moved else [("2026-11-10", "residential")]
    assert tariffs_in_options(account, number) == kept + rest


LATER: Answer = {"kind": "own", "since": "2026-11-05"}


async def added_later(account: Harness) -> tuple[Answer, ...]:
    """Give a meter a tariff of its own from a later day on; return the way to it."""
    number = account.meter().number
    await choose(account, *tariffs_of(number), {"entry": "add"}, LATER, OWN)
    return (*tariffs_of(number), {"entry": "2026-11-05"})


async def test_a_tariff_that_is_deleted_while_it_is_changed(account: Harness) -> None:
    await account.start_history()
    flows = account.hass.config_entries.options
    entry = await added_later(account)
    terms = await go(account, *entry, "tariff", LATER)
    await choose(account, *entry, "delete", {})
    before = account.entry.options
    result = await flows.async_configure(terms["flow_id"], OWN)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "tariff_gone")
    assert account.entry.options == before


@pytest.mark.parametrize("profile", [{"customer_type": "Commercial"}, {}])
async def test_a_first_tariff_that_another_form_has_set(
    account: Harness, profile: dict[str, str]
) -> None:
    """Whether nothing was known before, or the operator's prices held."""
    account.portal.set_profile(**profile)
    await account.start_history()
    number = account.meter().number
    flows = account.hass.config_entries.options
    known: tuple[Answer, ...] = () if profile else ({"entry": "first"},)
    first = (*tariffs_of(number), *known)
    terms = await go(account, *first, {"kind": "own"})
    await choose(account, *first, {"kind": "commercial"}, {"kva": 140, "vacant": False})
    before = account.entry.options
    result = await flows.async_configure(terms["flow_id"], OWN)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "tariff_changed")
    assert account.entry.options == before
    assert tariffs_in_options(account, number) == [(None, "commercial")]


async def test_a_tariff_that_is_changed_while_it_is_deleted(account: Harness) -> None:
    await account.start_history()
    number = account.meter().number
    flows = account.hass.config_entries.options
    entry = await added_later(account)
    deleting = await go(account, *entry, "delete")
    await choose(account, *entry, "tariff", {"kind": "residential", "since": "2026-11-05"})
    result = await flows.async_configure(deleting["flow_id"], {})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "tariff_changed")
    kept = [(None, "residential"), ("2026-11-05", "residential")]
    assert tariffs_in_options(account, number) == kept


async def test_an_account_that_is_not_loaded(account: Harness) -> None:
    """Its meters can't be chosen, now or with a form that is open, and the form says why."""
    await account.start_history()
    number = account.meter().number
    flows = account.hass.config_entries.options
    meter = {"meter": number}
    open_forms = [
        (await go(account, "meters"), meter),
        (await go(account, "meters", meter), {"next_step_id": "tariffs"}),
        (await go(account, *tariffs_of(number)), {"entry": "first"}),
        (await go(account, *tariffs_of(number), {"entry": "first"}), {"kind": "residential"}),
    ]
    await account.hass.config_entries.async_unload(account.entry.entry_id)
    for form, answer in [(await go(account), {"next_step_id": "meters"}), *open_forms]:
        result = await flows.async_configure(form["flow_id"], answer)
        assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "not_loaded")
    assert account.entry.options == {}


@pytest.mark.parametrize("threshold", [0, -1, 1e-9, 10_001, float("inf"), float("nan")])
async def test_a_threshold_that_cannot_be(account: Harness, threshold: float) -> None:
    flows = account.hass.config_entries.options
    form = await go(account, "meters", {"meter": account.meter().number}, "low_credit")
    form = await flows.async_configure(form["flow_id"], {"by": "days", "threshold": threshold})
    assert form["errors"] == {"threshold": "wrong_threshold"}
    assert account.entry.options == {}


async def test_an_account_without_meters(account: Harness) -> None:
    await account.start_history()
    numbers = [account.meter(utility).number for utility in ("electricity", "water")]
    account.portal.set_profile(hidden_meters=numbers)
    await account.forward(timedelta(minutes=11))
    result = await go(account, "meters")
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "no_meters")


async def test_options_of_two_meters_leave_each_other_alone(account: Harness) -> None:
    """Low credit and several tariffs, changed, deleted and shown as they are."""
    await account.start_history()
    numbers = [account.meter(utility).number for utility in ("electricity", "water")]
    for number, threshold in zip(numbers, (5, 7), strict=True):
        await set_low_credit(account, number, "days", threshold)
    own = {"tiers": [{"rate": 0.5}], "monthly_fixed": 0, "monthly_minimum": 0}
    for number in numbers:
        for day in ("2026-11-10", "2026-11-05"):
            added = ({"entry": "add"}, {"kind": "own", "since": day}, own)
            await choose(account, *tariffs_of(number), *added)

    def since(number: str) -> list[str | None]:
        tariffs = account.entry.options["meters"][number]["tariff"]["tariffs"]
        return [tariff["since"] for tariff in tariffs]

    assert [since(number) for number in numbers] == [[None, "2026-11-05", "2026-11-10"]] * 2
    changed = ({"entry": "2026-11-10"}, "tariff", {"kind": "own", "since": "2026-11-12"}, own)
    await choose(account, *tariffs_of(numbers[0]), *changed)
    await choose(account, *tariffs_of(numbers[1]), {"entry": "2026-11-05"}, "delete", {})
    assert since(numbers[0]) == [None, "2026-11-05", "2026-11-12"]
    assert since(numbers[1]) == [None, "2026-11-10"]
    for number, threshold in zip(numbers, (5, 7), strict=True):
        form = await go(account, "meters", {"meter": number}, "low_credit")
        assert suggested(form) == {"by": "days", "threshold": threshold}
    await choose(account, *tariffs_of(numbers[1]), {"entry": "2026-11-10"}, "delete", {})
    assert account.state("rate", "water") == "0.11"


async def test_a_meter_that_goes_while_the_options_are_open(account: Harness) -> None:
    await account.start_history()
    form = await go(account, "meters")
    number = account.meter("water").number
    account.portal.set_profile(hidden_meters=[number])
    await account.forward(timedelta(minutes=11))
    flows = account.hass.config_entries.options
    result = await flows.async_configure(form["flow_id"], {"meter": number})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "meter_gone")
    # One alone is not asked for.
    result = await go(account, "meters")
    assert result["type"] is FlowResultType.MENU
    assert result["description_placeholders"] == {"meter": "Electricity 0001"}


@pytest.mark.parametrize(
    ("kind", "terms", "errors"),
    [
        ("own", {"tiers": []}, {"tiers": "wrong_tiers"}),
        ("own", {"tiers": [{"rate": 1}, {"rate": 2}]}, {"tiers": "wrong_tiers"}),
        ("own", {"tiers": [{"rate": 1, "end": 5}]}, {"tiers": "wrong_tiers"}),
        ("commercial", {"kva": 0, "vacant": False}, {"kva": "wrong_kva"}),
    ],
)
async def test_a_tariff_that_cannot_be(
    account: Harness, kind: str, terms: dict[str, object], errors: dict[str, str]
) -> None:
    if kind == "own":
        terms = {"monthly_fixed": 0, "monthly_minimum": 0, **terms}
    await account.start_history()
    added = (*tariffs_of(account.meter().number), {"entry": "add"})
    result = await go(account, *added, {"kind": kind, "since": "2026-11-10"}, terms)
    assert result["errors"] == errors
    assert all(suggested(result)[name] == value for name, value in terms.items())
    assert account.entry.options == {}


async def test_commercial_water_needs_a_tariff_of_ones_own(account: Harness) -> None:
    await account.start_history()
    flows = account.hass.config_entries.options
    water = account.meter("water").number
    result = await go(account, *tariffs_of(water), {"entry": "first"})
    (kinds,) = result["data_schema"].schema.values()
    assert kinds.config["options"] == ["residential", "own"]
    result = await flows.async_configure(result["flow_id"], {"kind": "residential"})
    result = await flows.async_configure(result["flow_id"], {"units": 6})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await account.hass.async_block_till_done()
    tier = account.entity("tier", "water").attributes
    assert tier["end"] == pytest.approx(6 * 54.54)


async def fix(http: TestClient[Any, Any], issue_id: str) -> str:
    """Begin to repair an issue; return where the form goes."""
    begun = await http.post(
        "/api/repairs/issues/fix", json={"handler": DOMAIN, "issue_id": issue_id}
    )
    flow = await begun.json()
    assert flow["step_id"] == "confirm"
    return f"/api/repairs/issues/fix/{flow['flow_id']}"


async def test_a_commercial_meter_asks_for_its_kva(
    account: Harness, hass_client: ClientSessionGenerator
) -> None:
    """And shows no price before it has it."""
    account.portal.set_profile(customer_type="Commercial")
    assert await async_setup_component(account.hass, REPAIRS, {})
    await account.start_history()
    meter = account.meter()
    assert account.state("cost_this_month", "electricity") == "unknown"
    assert account.state("rate", "water") == "unknown"
    assert await account.statistics(meter, "cost") == {}
    consumption = await account.statistics(meter, "consumption")
    assert consumption
    issues = ir.async_get(account.hass).issues
    kinds = {issue.translation_key: key for key, issue in issues.items() if key[0] == DOMAIN}
    assert kinds.keys() == {"tariff_needed", "tariff_needed_water"}
    assert not any(meter.number in str(issue) for issue in kinds.values())
    http = await hass_client()
    path = await fix(http, kinds["tariff_needed"][1])
    wrong = await (await http.post(path, json={"kva": 0, "vacant": False})).json()
    assert wrong["errors"] == {"kva": "wrong_kva"}
    # Meanwhile the options give it another: what is sent later replaces none.
    before = account.entry.options
    await choose(account, *tariffs_of(meter.number), {"kind": "own"}, OWN)
    late = await (await http.post(path, json={"kva": 140, "vacant": False})).json()
    assert (late["type"], late["reason"]) == ("abort", "tariff_changed")
    assert tariffs_in_options(account, meter.number) == [(None, "own")]
    account.hass.config_entries.async_update_entry(account.entry, options=before)
    await account.start_history()
    path = await fix(http, kinds["tariff_needed"][1])
    done = await (await http.post(path, json={"kva": 140, "vacant": False})).json()
    assert done["type"] == "create_entry"
    await account.hass.async_block_till_done()
    await account.start_history()
    assert account.state("rate", "electricity") == "0.20"
    cost = await account.statistics(meter, "cost")
    assert cost.keys() == consumption.keys()
    assert float(account.state("cost_this_month", "electricity")) == pytest.approx(
        float(account.state("consumption_this_month", "electricity")) * 0.2, abs=0.01
    )
    left = {issue.translation_key for key, issue in issues.items() if key[0] == DOMAIN}
    assert left == {"tariff_needed_water"}
    assert await account.hass.config_entries.async_remove(account.entry.entry_id)
    assert not [key for key in ir.async_get(account.hass).issues if key[0] == DOMAIN]
