"""History: read in the background, never wrong, and derived from the store alone."""

from datetime import timedelta
from decimal import Decimal
from typing import override

import pytest
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, State, callback
from homeassistant.helpers.event import async_track_state_change_event

from custom_components.usms.client.brunei import brunei_midnight
from custom_components.usms.client.models import Reading, Resolution, Utility
from custom_components.usms.client.store.models import Origin
from custom_components.usms.history.meter_statistics import MeterStatistics, Verified
from custom_components.usms.history.recorder import async_clear
from custom_components.usms.history.series import statistic_ids
from tests.portal import Fault
from tests.support.harness import Harness
from tests.support.stores import fill

AMID_HOURS = 32
"""Requests for reports after which the days are read, and some hours are not."""


async def test_nothing_is_read_in_setup(account: Harness) -> None:
    assert account.requests("report") == 0
    await account.forward(timedelta(seconds=3))
    assert account.requests("report") == 0


async def test_everything_is_read_and_equals_the_truth(account: Harness) -> None:
    await account.start_history()
    await account.assert_statistics_equal_truth()
    assert account.state("history_progress") == "100"


@pytest.mark.history(days=24)
async def test_what_was_used_lately(account: Harness) -> None:
    await account.start_history()
    meter = account.meter()
    today = account.now.date()
    hours = account.portal.truth(meter.number, "hour")

    def used(days: range) -> Decimal:
        wanted = {today - timedelta(days=n) for n in days}
        return sum((value for start, value in hours if start.date() in wanted), Decimal(0))

    assert Decimal(account.state("consumption_today", "electricity")) == used(range(1))
    assert Decimal(account.state("consumption_yesterday", "electricity")) == used(range(1, 2))
    water = dict(account.portal.truth(account.meter("water").number, "day"))
    november = sum((value for start, value in water.items() if start.month == 11), Decimal(0))
    assert Decimal(account.state("consumption_this_month", "water")) == november
    ids = [state.entity_id for state in account.hass.states.async_all("sensor")]
    assert not [name for name in ids if "water" in name and name.endswith("_today")]
    assert account.state("oldest_reading", "electricity").startswith("2026-10-26T16:00:00")


async def test_a_restart_asks_for_nothing_twice(account: Harness) -> None:
    await account.start_history()
    account.portal.clear_requests()
    await account.reload()
    await account.start_history()
    assert account.requests("report") == 0
    await account.assert_statistics_equal_truth()


async def test_statistics_come_back_from_the_store_alone(
    hass: HomeAssistant, account: Harness
) -> None:
    await account.start_history()
    for meter in account.store.meters():
        assert meter.utility is not None
        await async_clear(hass, statistic_ids(meter.number, meter.utility))
    assert await account.statistics(account.meter(), "consumption") == {}
    account.portal.clear_requests()
    await account.reload()
    await account.start_history()
    assert account.requests("report") == 0
    await account.assert_statistics_equal_truth()


class Observed(MeterStatistics):
    """Notes how often all was compared: after a first time that is a way out of trouble."""

    compared = 0

    @override
    async def async_verify(self) -> Verified:
        self.compared += 1
        return await super().async_verify()


@pytest.mark.history(days=100)
async def test_late_corrections_of_any_month_move_all_later_sums(
    hass: HomeAssistant, account: Harness
) -> None:
    number, store = account.meter("water").number, account.store
    fill(store, account.portal)
    prices = account.entry.runtime_data.schedule(number)
    days = {one.start.date(): one for one in store.readings(number, Resolution.DAY)}
    statistics = Observed(hass, store, number, Utility.WATER, lambda: prices)
    await statistics.async_verify()
    for days_ago in (2, 92, 3, 48, 4, 51, 20):
        day = account.now.date() - timedelta(days=days_ago)
        more = Reading(days[day].start, days[day].value + Decimal("1.5"))
        assert store.save_days(number, day, day, [more], account.now)
        await statistics.async_update({day})
        anew = MeterStatistics(hass, store, number, Utility.WATER, lambda: prices)
        assert (await anew.async_verify()).written == 0
    assert statistics.compared == 1


async def test_of_a_day_that_gets_its_next_hour_the_others_stand(
    hass: HomeAssistant, account: Harness
) -> None:
    number, store = account.meter().number, account.store
    prices = account.entry.runtime_data.schedule(number)
    day = account.now.date()
    begin = brunei_midnight(day)
    hours = [Reading(begin + timedelta(hours=n), Decimal("0.5")) for n in range(12)]
    store.record_meter(number, Utility.ELECTRICITY, "", account.now)
    store.save_hours(number, day, hours[:10], account.now)
    statistics = MeterStatistics(hass, store, number, Utility.ELECTRICITY, lambda: prices)
    await statistics.async_verify()

    store.save_hours(number, day, hours[10:11], account.now)
    assert (await statistics.async_update({day})).written == 2, "consumption and cost"
    # What is corrected moves the sums of all that comes after it, and of nothing before.
    corrected = Reading(hours[8].start, Decimal("0.7"))
    store.save_hours(number, day, [corrected, hours[11]], account.now)
    assert (await statistics.async_update({day})).written == 2 * 4
    assert (await statistics.async_update({day})).written == 0
    assert (await statistics.async_verify()).written == 0


async def test_a_row_that_only_the_recorder_has_is_taken_over(
    hass: HomeAssistant, account: Harness
) -> None:
    await account.start_history()
    store, meter = account.store, account.meter()
    day = account.now.date() - timedelta(days=5)
    kept = store.readings(meter.number, Resolution.HOUR, day, day)
    before = await account.statistics(meter, "consumption")
    with store.transaction() as db:
        db.execute(
            "DELETE FROM reading WHERE resolution = 'hour' AND start = ?",
            (int(kept[-1].start.timestamp()),),
        )
    await account.statistics_writer.async_rebuild([meter.number])
    assert await account.statistics(meter, "consumption") == before
    back = store.readings(meter.number, Resolution.HOUR, day, day)
    assert back[-1].value == kept[-1].value
    assert back[-1].origin is Origin.RECORDER


@pytest.mark.parametrize("sequence", ["open", "strict_stale", "strict_empty", "strict_error"])
@pytest.mark.parametrize("missing", ["absent"])
async def test_however_the_portal_serves_its_reports(
    account: Harness, sequence: str, missing: str
) -> None:
    account.portal.set_profile(report_sequence=sequence, missing_hours=missing)
    await account.start_history()
    await account.assert_statistics_equal_truth()


async def test_a_meter_without_hourly_reports_lives_from_days(account: Harness) -> None:
    account.portal.set_profile(hourly_offered=False)
    await account.start_history()
    meter = account.meter()
    days = {start: float(value) for start, value in account.portal.truth(meter.number, "day")}
    series = await account.statistics(meter, "consumption")
    assert {start: state for start, (state, _) in series.items()} == days
    # Once the portal offers them, hours take the days' place.
    account.portal.set_profile(hourly_offered=True, session_minutes=None)
    await account.forward(timedelta(days=8))
    await account.assert_statistics_equal_truth()


async def test_a_dead_session_pauses_and_a_sign_in_goes_on(account: Harness) -> None:
    account.portal.add_fault(
        Fault(path="report/usagehistory", kind="redirect_host", after=20, times=1)
    )
    await account.start_history()
    before = account.requests("report")
    account.portal.expire()
    await account.forward(timedelta(minutes=30))
    assert account.state("sign_in_needed") == "on"
    account.portal.clear_requests()
    await account.forward(timedelta(hours=3))
    assert account.requests() == 0
    assert before > 20
    await account.sign_in()
    await account.start_history()
    await account.assert_statistics_equal_truth()


@pytest.mark.parametrize("kind", ["drop", "status", "maintenance", "other_page"])
async def test_trouble_in_the_middle_is_waited_out(account: Harness, kind: str) -> None:
    account.portal.set_profile(session_minutes=None)
    account.portal.add_fault(Fault(path="report/usagehistory", kind=kind, after=15))
    await account.start_history()
    account.portal.clear_faults()
    for _ in range(3):
        await account.forward(timedelta(hours=3))
    await account.assert_statistics_equal_truth()


async def test_what_is_waited_for_is_said(account: Harness) -> None:
    account.portal.set_profile(session_minutes=None)
    account.portal.add_fault(Fault(path="report/usagehistory", kind="status", after=AMID_HOURS))
    await account.start_history()
    progress = account.entity("history_progress")
    assert float(progress.state) < 100
    assert progress.attributes["next_try"] == account.now + timedelta(minutes=5)
    assert progress.attributes["minutes_left"] is None
    await account.forward(timedelta(minutes=5))
    again = account.now + timedelta(minutes=10)
    assert account.entity("history_progress").attributes["next_try"] == again
    account.portal.clear_faults()
    await account.move_to(again)  # and not when something is due next by chance
    assert account.state("history_progress") == "100"
    assert account.entity("history_progress").attributes["next_try"] is None


async def test_a_dead_session_ends_the_time_that_is_left(
    hass: HomeAssistant, account: Harness
) -> None:
    """It is there while reports are read, and not while nothing is."""
    seen = []
    entity = account.entity_id("history_progress")
    remove = async_track_state_change_event(
        hass, entity, lambda event: seen.append(event.data["new_state"])
    )
    account.portal.add_fault(
        Fault(path="report/usagehistory", kind="redirect_host", after=AMID_HOURS)
    )
    account.portal.add_fault(Fault(path="home", kind="redirect_host"))
    await account.start_history()
    account.portal.expire()
    account.portal.clear_faults()
    await account.forward(timedelta(minutes=30))
    remove()
    assert any(state.attributes["minutes_left"] is not None for state in seen)
    progress = account.entity("history_progress")
    assert float(progress.state) < 100
    assert account.state("sign_in_needed") == "on"
    assert progress.attributes["minutes_left"] is None
    assert progress.attributes["next_try"] is None


async def test_asking_in_vain_puts_no_try_off(hass: HomeAssistant, account: Harness) -> None:
    """Neither the next, nor those after it."""

    async def press() -> None:
        target = {"entity_id": account.entity_id("import_history")}
        await hass.services.async_call("button", "press", target, blocking=True)
        await account.settle()

    account.portal.set_profile(session_minutes=None)
    account.portal.add_fault(Fault(path="report/usagehistory", kind="status", after=AMID_HOURS))
    await account.start_history()
    planned = account.now + timedelta(minutes=5)
    await account.forward(timedelta(minutes=1))
    account.portal.clear_requests()
    for _ in range(3):
        await press()
        assert account.entity("history_progress").attributes["next_try"] == planned
    assert account.requests("report") >= 3
    await account.move_to(planned)
    again = planned + timedelta(minutes=10)
    assert account.entity("history_progress").attributes["next_try"] == again
    account.portal.clear_faults()
    await press()
    assert account.state("history_progress") == "100"


async def test_a_new_meter_gets_its_history_and_only_it(account: Harness) -> None:
    account.portal.set_profile(session_minutes=None)
    await account.start_history()
    account.portal.clear_requests()
    account.portal.set_profile(more_meters=2)
    await account.forward(timedelta(minutes=12))
    await account.assert_statistics_equal_truth()
    account.portal.set_profile(hidden_meters=[account.portal.meters[2].number])
    account.portal.clear_requests()
    await account.forward(timedelta(minutes=12))
    assert account.requests("report") <= 3


async def test_progress_never_goes_back_by_steps(hass: HomeAssistant, harness: Harness) -> None:
    """Before the days of a meter are found, it is not known how much there is to read."""
    seen: list[State] = []

    @callback
    def note(event: Event[EventStateChangedData]) -> None:
        if event.data["entity_id"].endswith("_history_progress") and event.data["new_state"]:
            seen.append(event.data["new_state"])

    def shares() -> list[int]:
        return [int(state.state) for state in seen if state.state != "unknown"]

    harness.portal.set_profile(session_minutes=None)
    hass.bus.async_listen("state_changed", note)
    await harness.set_up()
    await harness.start_history()
    assert shares() == sorted(shares())
    assert shares()[-1] == 100
    planning = [state for state in seen if state.attributes["days_complete"] is False]
    assert planning
    assert {(state.state, state.attributes["minutes_left"]) for state in planning} == {
        ("unknown", None)
    }
    seen.clear()
    harness.portal.set_profile(more_meters=2)
    await harness.forward(timedelta(minutes=12))
    assert seen[0].state == "unknown"
    assert 0 < shares()[0] < 100
    assert shares() == sorted(shares())
    assert shares()[-1] == 100


async def test_before_any_reading_the_tier_is_not_known(account: Harness) -> None:
    """Nor what hangs on it: nothing is known of this month."""
    account.portal.add_fault(Fault(path="report/usagehistory", kind="status"))
    await account.start_history()
    for key in ("cost_this_month", "tier", "rate", "units_left_in_tier", "balance_buys"):
        assert account.state(key, "water") == "unknown", key
    assert account.entity("tier", "water").attributes["left"] is None


async def test_a_month_says_until_when_it_is_counted(hass: HomeAssistant, account: Harness) -> None:
    """From its first figure on, which is there before the hours of today are."""
    seen: list[State] = []
    entities = [account.entity_id("consumption_this_month", "electricity")]
    async_track_state_change_event(
        hass, entities, lambda event: seen.append(event.data["new_state"])
    )
    await account.start_history()
    today = account.now.date()
    lacked = next(state for state in seen if state.state != "unknown")
    whole = account.entity("consumption_this_month", "electricity")
    assert lacked.attributes["last_day"] == today - timedelta(days=1)
    assert whole.attributes["last_day"] == today
    used = Decimal(account.state("consumption_today", "electricity"))
    assert Decimal(whole.state) == Decimal(lacked.state) + used
    cost = account.entity("cost_this_month", "electricity")
    assert cost.attributes["last_day"] == today
    # The portal has no hours of water.
    water = account.entity("cost_this_month", "water")
    assert water.attributes["last_day"] == today - timedelta(days=1)
