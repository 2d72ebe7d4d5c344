"""What is chosen in the options holds at once: nothing is reloaded, and nothing blinks."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import Event, EventStateChangedData, callback
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.usms import figures
from custom_components.usms.client.summary import Figures, count
from tests.portal import Fault, Meter
from tests.support.harness import Harness
from tests.support.options import Answer, choose, go, set_low_credit, tariffs_of

pytestmark = pytest.mark.knows_portal

OWN: Answer = {"tiers": [{"rate": 0.5}], "monthly_fixed": 0, "monthly_minimum": 0}
POLLING: Answer = {"poll_interval": 10, "shortest_poll_interval": 2, "kept_hours": 24}
PATH = "/api/config/config_entries/options/flow"


def first_tariff(number: str, *terms: Answer) -> tuple[Answer, ...]:
    """Return what leads to the tariff from the beginning, and to terms of it."""
    return (*tariffs_of(number), {"entry": "first"}, *terms)


@contextmanager
def watching(account: Harness) -> Iterator[set[str]]:
    """Collect the keys of entities whose state changes; none may go meanwhile."""
    changed: set[str] = set()
    registry = er.async_get(account.hass)

    @callback
    def note(event: Event[EventStateChangedData]) -> None:
        before, after = event.data["old_state"], event.data["new_state"]
        assert before is None or (after and after.state != STATE_UNAVAILABLE)
        entity = registry.async_get(event.data["entity_id"])
        if entity and (before is None or after is None or before.state != after.state):
            changed.add(entity.translation_key or entity.entity_id)

    stop = account.hass.bus.async_listen("state_changed", note)
    data = account.entry.runtime_data
    yield changed
    stop()
    assert account.entry.runtime_data is data  # else it was reloaded


async def cost_at(account: Harness, meter: Meter, rate: str) -> None:
    """Check that all there is of a meter is priced at that rate."""
    used = await account.statistics(meter, "consumption")
    cost = await account.statistics(meter, "cost")
    assert cost.keys() == used.keys()
    for start, (amount, _) in used.items():
        assert cost[start][0] == pytest.approx(amount * float(rate), abs=1e-6)
    assert Decimal(account.state("rate", meter.utility)) == Decimal(rate)
    month = Decimal(account.state("consumption_this_month", meter.utility)) * Decimal(rate)
    shown = account.state("cost_this_month", meter.utility)
    assert float(shown) == pytest.approx(float(month), abs=0.01)


async def test_each_option_holds_at_once(account: Harness) -> None:
    await account.start_history()
    meter = account.meter()
    account.portal.clear_requests()
    with watching(account) as changed:
        await set_low_credit(account, meter.number, "balance", 9_000)
        assert account.state("low_credit", "electricity") == "on"
        assert account.entity("low_credit", "electricity").attributes["threshold"] == 9_000
    assert changed == {"low_credit"}
    with watching(account) as changed:
        await choose(account, *first_tariff(meter.number, {"kind": "own"}, OWN))
        await account.settle()
        await cost_at(account, meter, "0.5")
        assert "cost_this_month" in changed
    with watching(account) as changed:
        await choose(account, "rest", {"read_limit": 7, "refresh_limit": 3})
        await choose(account, "polling", {**POLLING, "poll_interval": 3})
        assert account.entity("sign_in_needed").attributes["poll_interval"] == 3
    assert not changed
    assert account.requests() == 0
    with watching(account):
        for _ in range(4):
            await account.forward(timedelta(minutes=3))
    assert account.requests("Home") == 4


async def test_what_is_saved_unchanged_changes_nothing(account: Harness) -> None:
    """Also where it was never chosen before, and is what it was all the time."""
    await account.start_history()
    number = account.meter().number
    written = account.hass.states.async_all()
    with watching(account) as changed:
        for _ in range(2):
            await choose(account, "polling", POLLING)
            await set_low_credit(account, number, "days", 3)
            await choose(account, *first_tariff(number, {"kind": "residential"}))
            await choose(account, "rest", {"read_limit": 1000, "refresh_limit": 100})
        await account.settle()
    assert not changed
    assert account.hass.states.async_all() == written
    await account.assert_statistics_equal_truth()


async def test_a_longer_time_between_polls(account: Harness) -> None:
    """The poll that was due by the old one does not come."""
    await account.start_history()
    await choose(account, "polling", {**POLLING, "poll_interval": 60})
    account.portal.clear_requests()
    await account.forward(timedelta(minutes=50))
    assert account.requests("Home") == 0
    await account.forward(timedelta(minutes=11))
    assert account.requests("Home") == 1


async def test_how_long_old_values_stand(account: Harness) -> None:
    await account.start_history()
    account.portal.add_fault(Fault("home", "maintenance"))
    await account.forward(timedelta(hours=2))
    assert account.state("balance", "electricity") != STATE_UNAVAILABLE
    await choose(account, "polling", {**POLLING, "kept_hours": 1})
    assert account.state("balance", "electricity") == STATE_UNAVAILABLE
    await choose(account, "polling", {**POLLING, "kept_hours": 3})
    assert account.state("balance", "electricity") != STATE_UNAVAILABLE
    await account.forward(timedelta(hours=1, minutes=1))
    assert account.state("balance", "electricity") == STATE_UNAVAILABLE


async def test_prices_that_change_while_all_is_read_and_written(account: Harness) -> None:
    """What was begun at old prices does not stand at the end, however they meet."""
    meter, saved = account.meter(), 0
    history = asyncio.create_task(account.start_history())
    while not history.done():
        await asyncio.sleep(0)
        if account.requests("report") > saved:
            saved += 1
            terms = {"tiers": [{"rate": saved}], "monthly_fixed": 0, "monthly_minimum": 0}
            await choose(account, *first_tariff(meter.number, {"kind": "own"}, terms))
    await history
    await account.settle()
    assert saved > 5
    await cost_at(account, meter, f"{saved:.2f}")


async def test_a_comparison_that_is_due_prices_as_the_options_say(account: Harness) -> None:
    await account.start_history()
    meter = account.meter()
    account.tick(timedelta(days=1, minutes=1))
    with watching(account):
        await choose(account, *first_tariff(meter.number, {"kind": "own"}, OWN))
        await account.settle()
    await cost_at(account, meter, "0.5")


async def test_a_count_at_old_prices_that_ends_late(
    account: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    await account.start_history()
    number = account.meter().number
    run = account.hass.async_add_executor_job
    begun, end = threading.Event(), threading.Event()

    def held(*args: Any) -> Figures:
        counted = count(*args)
        if not begun.is_set():
            begun.set()
            assert end.wait(20)
        return counted

    monkeypatch.setattr(figures, "count", held)
    hourly = asyncio.create_task(account.forward(timedelta(hours=1, minutes=1)))
    assert await run(begun.wait, 20)
    way = await go(account, *first_tariff(number, {"kind": "own"}))
    flows = account.hass.config_entries.options
    await flows.async_configure(way["flow_id"], OWN)
    for _ in range(50):
        await run(begun.is_set)  # time for another count, if there was one
    end.set()
    await hourly
    await account.settle()
    assert account.state("rate", "electricity") == "0.5"


async def test_a_small_change_of_prices_shows(account: Harness) -> None:
    """Forecasts stand still while they change by little within a day, but not for that reason."""
    await account.start_history()
    number, forecasts = account.meter().number, []
    for rate in (0.5, 0.505):
        terms = {"tiers": [{"rate": rate}], "monthly_fixed": 0, "monthly_minimum": 0}
        await choose(account, *first_tariff(number, {"kind": "own"}, terms))
        forecasts.append(float(account.state("forecast_cost", "electricity")))
    assert forecasts[1] == pytest.approx(1.01 * forecasts[0], abs=0.15)


async def test_an_account_that_is_removed_while_forms_are_open(
    account: Harness, hass_client: ClientSessionGenerator
) -> None:
    await account.start_history()
    number = account.meter().number
    meter: Answer = {"meter": number}
    threshold: Answer = {"by": "days", "threshold": 5}
    forms: list[tuple[tuple[Answer, ...], Answer]] = [
        ((), "polling"),
        ((), "rest"),
        ((), "meters"),
        (("polling",), POLLING),
        (("rest",), {"read_limit": 7, "refresh_limit": 3}),
        (("meters",), meter),
        (("meters", meter, "low_credit"), threshold),
        (tariffs_of(number), {"entry": "first"}),
        (first_tariff(number), {"kind": "residential"}),
        (first_tariff(number, {"kind": "own"}), OWN),
    ]
    open_forms = [((await go(account, *way))["flow_id"], answer) for way, answer in forms]
    assert await account.hass.config_entries.async_remove(account.entry.entry_id)
    assert await async_setup_component(account.hass, "config", {})
    http = await hass_client()
    for flow_id, answer in open_forms:
        data = {"next_step_id": answer} if isinstance(answer, str) else answer
        answered = await http.post(f"{PATH}/{flow_id}", json=data)
        result = await answered.json()
        assert (answered.status, result["type"], result["reason"]) == (200, "abort", "account_gone")


async def test_options_that_are_opened_while_the_account_is_reloaded(account: Harness) -> None:
    await account.start_history()
    number = account.meter().number
    form = await go(account, "meters")
    entries = account.hass.config_entries
    reload = asyncio.create_task(entries.async_reload(account.entry.entry_id))
    while hasattr(account.entry, "runtime_data"):  # noqa: ASYNC110 (nothing says so)
        await asyncio.sleep(0)
    opened, chosen = await asyncio.gather(
        go(account, "meters", {"meter": number}, "tariffs"),
        entries.options.async_configure(form["flow_id"], {"meter": number}),
    )
    assert opened["type"] is FlowResultType.FORM
    assert chosen["type"] is FlowResultType.MENU
    assert await reload


@pytest.mark.parametrize("way", ["polling", "rest"])
async def test_what_is_not_a_number(account: Harness, way: str) -> None:
    answers: dict[str, dict[str, Any]] = {
        "polling": dict(POLLING) | {"kept_hours": "nan"},  # type: ignore[arg-type]
        "rest": {"read_limit": "nan", "refresh_limit": 3},
    }
    result = await go(account, way, answers[way])
    assert set(result["errors"].values()) == {"not_a_number"}
    assert account.entry.options == {}


@pytest.mark.parametrize("day", ["0001-01-01", "1999-12-31", "2100-01-01", "9999-12-31"])
async def test_a_day_that_no_tariff_begins_on(account: Harness, day: str) -> None:
    await account.start_history()
    added = (*tariffs_of(account.meter().number), {"entry": "add"})
    result = await go(account, *added, {"kind": "residential", "since": day})
    assert result["errors"] == {"since": "wrong_day"}


async def test_history_that_is_read_says_so_at_once_after_a_restart(account: Harness) -> None:
    await account.start_history()
    assert account.state("history_progress") == "100"
    await account.reload()
    assert account.state("history_progress") == "100"
