"""An account set up, polled, unloaded and removed; what its entities show."""

import json
import logging
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import async_fire_time_changed
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.usms import async_remove_config_entry_device
from custom_components.usms.const import DOMAIN
from custom_components.usms.history.store_file import readings_file
from tests.portal import DEMO_PASSWORD, DEMO_USERNAME, Fault, SimulatedPortal
from tests.support.harness import Harness

pytestmark = [pytest.mark.history(days=4), pytest.mark.knows_portal]


async def test_setting_up_costs_one_request(account: Harness) -> None:
    assert [record.path.rsplit("/", 1)[-1] for record in account.portal.requests] == ["Home"]
    assert account.state("sign_in_needed") == "off"
    assert account.state("last_poll") == "2026-11-20T06:30:00+00:00"


@pytest.mark.parametrize("utility", ["electricity", "water"])
async def test_meters_show_what_the_portal_shows(account: Harness, utility: str) -> None:
    meter = account.meter(utility)
    now = account.now
    assert Decimal(account.state("remaining_units", utility)) == meter.remaining_units(
        now
    ).quantize(Decimal("0.001"))
    assert Decimal(account.state("balance", utility)) == meter.balance(now).quantize(
        Decimal("0.01")
    )
    assert account.state("last_updated", utility) == "2026-11-20"
    assert account.state("status", utility) == "active"


async def test_classes_of_the_sensors(hass: HomeAssistant, account: Harness) -> None:
    classes = {
        state.entity_id.split(".")[1]: (
            state.attributes.get("device_class"),
            state.attributes.get("state_class"),
            state.attributes.get("unit_of_measurement"),
        )
        for state in hass.states.async_all("sensor")
    }
    assert classes["electricity_0001_remaining_units"] == ("energy_storage", None, "kWh")
    assert classes["water_0001_remaining_units"] == ("volume_storage", None, "m³")
    assert classes["electricity_0001_balance"] == ("monetary", None, "BND")
    assert classes["electricity_0001_consumption_today"] == ("energy", None, "kWh")
    assert classes["water_0001_consumption_this_month"] == ("water", None, "m³")
    assert classes["electricity_0001_last_updated"] == ("date", None, None)
    # What has statistics in such a unit is offered as a source by the Energy dashboard.
    assert {kind for _, kind, unit in classes.values() if unit in {"kWh", "m³"}} == {None}


async def test_each_poll_is_one_request_and_jittered(hass: HomeAssistant, account: Harness) -> None:
    coordinator = account.entry.runtime_data.coordinator
    intervals = set()
    for _ in range(5):
        account.portal.clear_requests()
        await account.forward(timedelta(minutes=12))
        assert account.requests("home") == 1
        intervals.add(coordinator.update_interval)
    assert len(intervals) > 1
    assert all(timedelta(minutes=9) <= interval <= timedelta(minutes=11) for interval in intervals)


@pytest.mark.parametrize(
    "fault", ["drop", "status", "maintenance", "other_page", "empty", "redirect_host"]
)
async def test_values_stand_for_a_day_while_polls_fail(account: Harness, fault: str) -> None:
    account.portal.set_profile(session_minutes=None)
    read_at = account.now
    known = account.state("balance", "water")
    account.portal.add_fault(Fault(path="home", kind=fault))
    await account.forward(timedelta(minutes=12))
    balance = account.entity("balance", "water")
    assert balance.state == known
    assert read_at - balance.attributes["as_of"] < timedelta(minutes=1)
    assert account.state("sign_in_needed") == "off"
    assert account.state("last_poll") != "unavailable"
    await account.forward(timedelta(hours=23))
    assert account.state("remaining_units", "water") != "unavailable"
    await account.forward(timedelta(hours=1))
    assert account.state("balance", "water") == "unavailable"
    account.portal.clear_faults()
    await account.forward(timedelta(hours=1))
    assert account.state("balance", "water") != "unavailable"
    assert "as_of" not in account.entity("balance", "water").attributes


async def test_an_unreachable_portal_is_tried_again(hass: HomeAssistant, harness: Harness) -> None:
    harness.portal.add_fault(Fault(path="*", kind="drop"))
    assert not await hass.config_entries.async_setup(harness.entry.entry_id)
    assert harness.entry.state is ConfigEntryState.SETUP_RETRY
    assert not hass.config_entries.flow.async_progress()
    harness.portal.clear_faults()
    await hass.config_entries.async_reload(harness.entry.entry_id)
    assert harness.entry.state is ConfigEntryState.LOADED


async def test_a_dead_session_at_the_start_asks_for_a_sign_in(
    hass: HomeAssistant, harness: Harness
) -> None:
    harness.portal.expire()
    await harness.set_up()
    assert harness.state("sign_in_needed") == "on"
    assert len(hass.config_entries.flow.async_progress()) == 1
    assert all(record.method == "GET" for record in harness.portal.requests)
    # Nor is the portal asked again until somebody has signed in.
    harness.portal.clear_requests()
    await harness.forward(timedelta(hours=2))
    assert harness.requests() == 0
    await harness.sign_in()
    assert harness.state("sign_in_needed") == "off"
    assert harness.state("balance", "water") != "unavailable"


async def test_a_session_that_dies_while_the_portal_is_in_trouble_is_told(
    account: Harness,
) -> None:
    account.portal.add_fault(Fault(path="home", kind="empty"))
    await account.forward(timedelta(minutes=12))
    account.portal.clear_faults()
    account.portal.expire()
    await account.forward(timedelta(minutes=12))
    assert account.state("sign_in_needed") == "on"
    await account.sign_in()
    assert account.state("sign_in_needed") == "off"


async def test_a_new_meter_appears_and_a_vanished_one_goes_stale(
    hass: HomeAssistant, account: Harness
) -> None:
    account.portal.set_profile(more_meters=1)
    await account.forward(timedelta(minutes=12))
    assert len(account.portal.meters) == 3
    new = account.portal.meters[2].number
    assert account.state("balance", new) != "unavailable"
    entity_id, status = (account.entity_id(key, new) for key in ("balance", "status"))

    account.portal.set_profile(hidden_meters=[new])
    await account.forward(timedelta(minutes=12))
    assert hass.states.get(entity_id) is None
    assert hass.states.is_state(status, "gone")
    assert account.state("balance", "water") != "unavailable"


async def test_a_meter_that_the_account_no_longer_has_says_so(
    hass: HomeAssistant, account: Harness
) -> None:
    await account.start_history()
    water = account.device("water")
    ids = {key: account.entity_id(key, "water") for key in ("status", "balance")}

    async def shown(*, hidden: bool) -> dict[str, str | None]:
        account.portal.set_profile(hidden_meters=[str(water.serial_number)] if hidden else [])
        await account.forward(timedelta(minutes=12))
        states = {key: hass.states.get(entity_id) for key, entity_id in ids.items()}
        return {key: state and state.state for key, state in states.items()}

    before = await shown(hidden=False)
    assert before["status"] == "active"
    gone = {"status": "gone", "balance": None}
    assert await shown(hidden=True) == gone
    assert await shown(hidden=False) == before
    # It comes back though it was gone at the start, and though its device was deleted.
    assert await shown(hidden=True) == gone
    await account.reload()
    assert await shown(hidden=True) == gone
    assert await shown(hidden=False) == before
    await shown(hidden=True)
    assert await async_remove_config_entry_device(hass, account.entry, water)
    dr.async_get(hass).async_remove_device(water.id)
    assert await shown(hidden=True) == {"status": None, "balance": None}
    assert await shown(hidden=False) == before


async def test_a_meter_that_is_gone_stays_so_when_the_portal_is_down_next(
    hass: HomeAssistant, account: Harness
) -> None:
    """Also where Home Assistant ends before the history has begun."""
    await account.start_history()
    ids = {key: account.entity_id(key, "water") for key in ("status", "balance")}

    def shown() -> dict[str, str | None]:
        states = {key: hass.states.get(entity_id) for key, entity_id in ids.items()}
        return {key: state and state.state for key, state in states.items()}

    hidden = [account.meter("water").number]
    account.portal.set_profile(session_minutes=None, hidden_meters=hidden)
    await account.reload()
    gone = {"status": "gone", "balance": None}
    assert shown() == gone
    account.portal.add_fault(Fault(path="*", kind="status"))
    await account.reload()
    assert shown() == gone
    assert account.state("status", "electricity") == "active"


async def test_devices_belong_to_the_account_and_vanished_ones_can_be_removed(
    hass: HomeAssistant, account: Harness
) -> None:
    water, own = account.device("water"), account.device()
    assert water.via_device_id == own.id
    assert water.serial_number == account.meter("water").number
    assert not await async_remove_config_entry_device(hass, account.entry, water)
    assert not await async_remove_config_entry_device(hass, account.entry, own)
    account.portal.set_profile(hidden_meters=[account.meter("water").number])
    await account.forward(timedelta(minutes=12))
    assert await async_remove_config_entry_device(hass, account.entry, water)


CARD = ("remaining_units", "balance", "last_updated", "status")


async def test_values_that_a_card_shows_no_more_stand_for_a_day(
    hass: HomeAssistant, account: Harness
) -> None:
    account.portal.set_profile(session_minutes=None)
    registry = er.async_get(hass)
    registry.async_update_entity(account.entity_id("status", "electricity"), disabled_by=None)
    await account.reload()
    read_at = account.now
    before = {key: account.state(key, "electricity") for key in CARD}
    account.portal.set_profile(updating=True)
    for restart in (False, True):
        await account.forward(timedelta(minutes=12))
        if restart:
            await account.reload()
        assert {key: account.state(key, "electricity") for key in CARD} == before
        for key in set(CARD) - {"status"}:  # which the card goes on showing
            as_of = account.entity(key, "electricity").attributes["as_of"]
            assert abs(as_of - read_at) < timedelta(minutes=1)
    await account.forward(timedelta(hours=23))
    assert account.state("balance", "electricity") == before["balance"]
    await account.forward(timedelta(hours=1))
    for key in set(CARD) - {"status"}:
        assert account.state(key, "electricity") == "unavailable"
    account.portal.set_profile(updating=False)
    await account.forward(timedelta(minutes=12))
    for key in CARD:
        assert account.state(key, "electricity") != "unavailable"
        assert "as_of" not in account.entity(key, "electricity").attributes


async def test_values_that_a_card_has_never_shown_are_unknown(account: Harness) -> None:
    account.portal.set_profile(more_meters=1)
    number = account.portal.meters[2].number
    account.portal.set_profile(new_meters=[number])
    await account.forward(timedelta(minutes=12))
    for key in ("remaining_units", "balance", "last_updated"):
        assert account.state(key, number) == "unknown"


async def test_the_time_of_old_values_never_steps_back(account: Harness) -> None:
    """By a restart: a balance that stays is noted in the store once an hour alone."""
    await account.start_history()
    for _ in range(3):
        await account.forward(timedelta(minutes=12))
    polled = datetime.fromisoformat(account.state("last_poll"))
    account.portal.add_fault(Fault(path="*", kind="status"))
    await account.reload()
    as_of = account.entity("balance", "electricity").attributes["as_of"]
    assert abs(as_of - polled) < timedelta(minutes=1)


async def test_more_meters_than_the_page_shows_are_told(
    account: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    account.portal.set_profile(more_meters=3, cards_a_page=2)
    await account.forward(timedelta(minutes=12))
    await account.forward(timedelta(minutes=12))
    assert caplog.text.count("announces 5 meters and shows 2") == 1


async def test_the_button_reads_now(hass: HomeAssistant, account: Harness) -> None:
    account.portal.clear_requests()
    for key in ("read_now", "import_history"):
        await _press(account, key)
    assert account.requests("home") == 1


async def _press(account: Harness, key: str) -> None:
    data = {"entity_id": account.entity_id(key)}
    await account.hass.services.async_call("button", "press", data, blocking=True)


async def _refused(account: Harness, key: str) -> str | None:
    """Return why a button could not do what it says."""
    with pytest.raises(HomeAssistantError) as refused:
        await _press(account, key)
    assert refused.value.translation_domain == DOMAIN
    return refused.value.translation_key


async def test_a_button_says_why_it_could_not(account: Harness) -> None:
    await account.start_history()
    assert await _refused(account, "new_captcha") == "no_captcha_needed"
    account.portal.add_fault(Fault(path="*", kind="maintenance"))
    assert await _refused(account, "read_now") == "maintenance"
    assert await _refused(account, "import_history") == "maintenance"
    account.portal.clear_faults()
    account.portal.expire()
    assert await _refused(account, "read_now") == "sign_in_needed"
    assert await _refused(account, "import_history") == "sign_in_needed"
    await _press(account, "new_captcha")
    assert account.connection.captcha is not None
    account.portal.add_fault(Fault(path="*", kind="firewall"))
    assert await _refused(account, "new_captcha") == "firewall"
    account.portal.clear_faults()
    await account.sign_in()
    await _press(account, "read_now")


@pytest.mark.parametrize("trouble", ["unloaded", "damaged", "gone"])
async def test_diagnostics_and_removal_while_the_account_is_not_loaded(
    hass: HomeAssistant, account: Harness, hass_client: ClientSessionGenerator, trouble: str
) -> None:
    await account.start_history()
    gone = account.device("water")
    account.portal.set_profile(hidden_meters=[account.meter("water").number])
    await account.forward(timedelta(minutes=12))
    present = account.device("electricity")
    await hass.config_entries.async_unload(account.entry.entry_id)
    file = readings_file(hass, account.entry)
    if trouble == "damaged":
        file.write_bytes(b"no database" * 1000)
    if trouble == "gone":
        file.unlink()
    diagnostics = await get_diagnostics_for_config_entry(hass, hass_client, account.entry)
    assert diagnostics["state"] == "not_loaded"
    text = json.dumps(diagnostics)
    numbers = [DEMO_USERNAME, present.serial_number, gone.serial_number]
    assert [number for number in numbers if str(number) in text] == []
    assert await async_remove_config_entry_device(hass, account.entry, gone)
    kept = not await async_remove_config_entry_device(hass, account.entry, present)
    assert kept is (trouble == "unloaded")
    assert (diagnostics["store"] is not None) is (trouble == "unloaded")
    assert not await async_remove_config_entry_device(hass, account.entry, account.device())
    assert file.exists() is (trouble != "gone")


async def test_a_long_status_is_cut(account: Harness) -> None:
    coordinator = account.entry.runtime_data.coordinator
    data = coordinator.data
    meters = tuple(replace(meter, status="X" * 300) for meter in data.meters)
    coordinator.async_set_updated_data(replace(data, meters=meters))
    assert account.state("status", "water") == "X" * 255


async def test_unloading_and_removing(hass: HomeAssistant, account: Harness) -> None:
    await account.start_history()
    database = Path(hass.config.path(".storage", f"usms.{account.entry.entry_id}.db"))
    assert database.exists()
    await account.reload()
    assert await hass.config_entries.async_remove(account.entry.entry_id)
    await hass.async_block_till_done()
    assert not database.exists()
    assert not list(database.parent.glob("usms.*"))


@pytest.mark.history(days=20)
async def test_diagnostics_tell_nothing_private(
    hass: HomeAssistant, account: Harness, hass_client: ClientSessionGenerator
) -> None:
    await account.start_history()
    diagnostics = await get_diagnostics_for_config_entry(hass, hass_client, account.entry)
    text = json.dumps(diagnostics)
    session = account.entry.runtime_data.connection.client.export_session()
    cookies = [cookie["value"] for cookie in session["cookies"]]
    secrets = [DEMO_USERNAME, DEMO_PASSWORD, "DEMO HOLDER", "EXAMPLE", *cookies]
    secrets += [meter.number for meter in account.portal.meters]
    assert [secret for secret in secrets if secret in text] == []
    assert diagnostics["store"][0]["days_with_total"] == 20
    assert diagnostics["store"][0]["days_with_hours"] == 21
    assert diagnostics["store"][0]["days_settled"] > 12
    assert diagnostics["meters"][0]["utility"] == "electricity"


async def test_the_log_holds_nothing_private(
    hass: HomeAssistant,
    portal: SimulatedPortal,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The whole log at DEBUG, through a sign-in, polls, history and the session's death.

    Left out is what the recorder itself tells of the statistics it writes: their ids, which others
    rely on, hold the meter's number.
    """
    caplog.set_level(logging.DEBUG)
    logging.getLogger("sqlalchemy").setLevel(logging.WARNING)
    answers = []
    step = await hass.config_entries.flow.async_init(DOMAIN, context={"source": "user"})
    credentials = {"username": DEMO_USERNAME, "password": DEMO_PASSWORD}
    step = await hass.config_entries.flow.async_configure(step["flow_id"], credentials)
    step = await hass.config_entries.flow.async_configure(step["flow_id"], {"captcha": "zzzzz"})
    answers.append(portal.captcha_answer)
    await hass.config_entries.flow.async_configure(step["flow_id"], {"captcha": answers[-1]})
    await hass.config_entries.flow.async_configure(step["flow_id"], {})
    await hass.async_block_till_done()
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    for minutes in (1, 12, 24):
        async_fire_time_changed(hass, portal.now() + timedelta(minutes=minutes))
        await hass.async_block_till_done()
        await entry.runtime_data.history.async_idle()
    session = entry.runtime_data.connection.client.export_session()
    cookies = [cookie["value"] for cookie in session["cookies"]]
    portal.expire()
    await entry.runtime_data.coordinator.async_refresh()
    await hass.async_block_till_done()

    log = "\n".join(
        f"{record.name} {record.getMessage()} {record.exc_text or ''}"
        for record in caplog.records
        if not record.name.startswith(
            ("homeassistant.components.recorder", "pytest_homeassistant_custom_component")
        )
    )
    assert "UsageHistory" in log
    secrets = [DEMO_USERNAME, DEMO_PASSWORD, *answers, *cookies, "DEMO HOLDER", "EXAMPLE"]
    secrets += [meter.number for meter in portal.meters]
    found = {
        secret: next(line for line in log.splitlines() if secret in line)[:300]
        for secret in secrets
        if secret in log
    }
    assert found == {}


@pytest.mark.defaults
async def test_few_entities_are_enabled_from_the_start(
    hass: HomeAssistant, account: Harness
) -> None:
    await account.start_history()
    shown = {
        state.entity_id.split("_", 2)[-1]: state.entity_id.split(".")[0]
        for state in hass.states.async_all()
        if "water_0001" in state.entity_id
    }
    assert shown == {
        **dict.fromkeys(
            [
                *("balance", "remaining_units", "runs_out_on", "days_left", "tier"),
                *("cost_this_month", "cost_forecast", "consumption_forecast"),
                *("consumption_yesterday", "consumption_this_month", "last_top_up", "status"),
            ],
            "sensor",
        ),
        "0001_low_credit": "binary_sensor",
        "top_up": "event",
    }
    assert account.state("consumption_today", "electricity") != "unavailable"
    assert account.state("cost_today", "electricity") != "unavailable"
    # No sensor is offered as a total: statistics are for that.
    classes = {state.attributes.get("state_class") for state in hass.states.async_all()}
    assert classes <= {None, "measurement"}


@pytest.mark.defaults
@pytest.mark.history(days=60)
async def test_an_import_is_quiet(hass: HomeAssistant, harness: Harness) -> None:
    """Progress comes in steps, and figures where they say something new: few are counted."""
    changes: Counter[str] = Counter()
    counts: Counter[str] = Counter()

    @callback
    def count(event: Event[EventStateChangedData]) -> None:
        changes[event.data["entity_id"].split(".")[1]] += 1

    await harness.set_up()
    hass.bus.async_listen(EVENT_STATE_CHANGED, count)
    for meter in harness.meters:
        figures = harness.entry.runtime_data.figures.of(meter.number)
        figures.async_add_listener(partial(counts.update, [meter.utility]))
    await harness.start_history()
    assert harness.state("history_progress") == "100"
    assert harness.requests("report") > 70
    assert 10 < changes["usms_account_1234_history_progress"] <= 40
    assert max(counts.values()) <= 5
    for meter in ("electricity_0001", "water_0001"):
        assert 0 < sum(n for name, n in changes.items() if meter in name) <= 40


@pytest.mark.defaults
@pytest.mark.history(days=9)
@pytest.mark.long
@pytest.mark.parametrize(("hourly", "most"), [(False, 60), (True, 130)])
async def test_a_day_is_quiet(
    hass: HomeAssistant, account: Harness, hourly: bool, most: int
) -> None:
    """Most state changes are of the two values that the portal itself moves every hour."""
    account.portal.set_profile(hourly_offered=hourly)
    account.portal.set_profile(session_minutes=None)
    await account.start_history()
    await account.forward(timedelta(hours=1))
    changes: Counter[str] = Counter()

    @callback
    def count(event: Event[EventStateChangedData]) -> None:
        changes[event.data["entity_id"]] += 1

    stop = hass.bus.async_listen(EVENT_STATE_CHANGED, count)
    for _ in range(144):
        await account.forward(timedelta(minutes=10))
    stop()
    for meter in ("electricity_0001", "water_0001"):
        of_meter = {name: n for name, n in changes.items() if meter in name}
        assert sum(of_meter.values()) <= most, sorted(of_meter.items(), key=lambda x: -x[1])
