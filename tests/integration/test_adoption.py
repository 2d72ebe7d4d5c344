"""The recorder remembers more than the store: nothing of it is lost, whatever the store lost."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from homeassistant.components.recorder.models import StatisticData
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance

from custom_components.usms.client.brunei import brunei_date, brunei_midnight
from custom_components.usms.client.models import Resolution
from custom_components.usms.client.store.models import Origin
from custom_components.usms.history.recorder import (
    async_clear,
    async_delete,
    async_recorded,
    async_write,
)
from custom_components.usms.history.series import metadata, statistic_ids
from custom_components.usms.history.store_file import readings_file
from tests.portal import Fault
from tests.support.harness import Harness

SERIES = ("consumption", "daily", "cost")
type Rows = Mapping[datetime, tuple[float, float]]


async def all_series(account: Harness) -> dict[tuple[str, str], Rows]:
    """Return every series of every meter as the recorder has it."""
    return {
        (meter.number, name): await account.statistics(meter, name)
        for meter in account.meters
        for name in SERIES
    }


def assert_sums_unbroken(rows: Rows) -> None:
    """Check that each row's sum is that of the row before it and its amount."""
    total = None
    for start in sorted(rows):
        state, running = rows[start]
        total = running if total is None else total + state
        assert abs(running - total) < 1e-6, start


def assert_nothing_lost(
    before: Mapping[tuple[str, str], Rows], after: Mapping[tuple[str, str], Rows]
) -> None:
    """Check that each row is still there with its amount, and that sums run unbroken."""
    for key, rows in before.items():
        now = after[key]
        assert rows.keys() <= now.keys(), key
        if key[1] != "cost":  # which is priced anew
            assert {start: now[start][0] for start in rows} == {
                start: state for start, (state, _) in rows.items()
            }, key
        assert_sums_unbroken(now)


async def lose(hass: HomeAssistant, account: Harness, how: str, backup: bytes) -> None:
    """Lose the store, or a part of it, while the account is not loaded."""
    path = readings_file(hass, account.entry)
    await hass.config_entries.async_unload(account.entry.entry_id)
    if how == "deleted":
        path.unlink()
    elif how == "older":
        path.write_bytes(backup)
    else:
        assert how == "damaged"
        path.write_bytes(path.read_bytes()[:5000])


@pytest.mark.history(days=9)
@pytest.mark.parametrize("how", ["deleted", "older", "damaged", "added again"])
async def test_a_store_that_is_lost_costs_no_row(
    hass: HomeAssistant, account: Harness, how: str
) -> None:
    """Six seconds after the start all rows were gone, most of which can't be read again."""
    await lose_and_recover(hass, account, how, days_left=3)


@pytest.mark.long
@pytest.mark.history(days=60)
@pytest.mark.parametrize("how", ["deleted", "older", "damaged", "added again"])
async def test_two_months_of_which_the_portal_has_forgotten_a_third(
    hass: HomeAssistant, account: Harness, how: str
) -> None:
    await lose_and_recover(hass, account, how, days_left=40)


async def lose_and_recover(
    hass: HomeAssistant, account: Harness, how: str, *, days_left: int
) -> None:
    """Lose the store while the portal forgets days and its reports fail; then let it answer."""
    account.portal.set_profile(session_minutes=None)
    backup = Path(readings_file(hass, account.entry)).read_bytes()
    await account.start_history()
    before = await all_series(account)
    assert all(before.values())

    if how == "added again":
        await account.add_again()
    else:
        await lose(hass, account, how, backup)
    # Meanwhile the portal has forgotten most, and its reports fail at first.
    account.portal.set_profile(history_days=days_left)
    account.portal.add_fault(Fault(path="report", kind="status"))
    await account.set_up()
    await account.start_history()
    assert_nothing_lost(before, await all_series(account))

    account.portal.clear_faults()
    for _ in range(3):
        await account.forward(timedelta(hours=3))
    after = await all_series(account)
    missing = [key for key, rows in before.items() if not rows.keys() <= after[key].keys()]
    assert missing == []
    meter = account.meter()
    truth = dict(account.portal.truth(meter.number, "hour"))
    shown = after[meter.number, "consumption"]
    assert all(shown[start][0] == float(value) for start, value in truth.items())
    # What was taken over is history like any other: stored, summed and priced.
    taken = [
        reading
        for reading in account.store.readings(meter.number, Resolution.HOUR)
        if reading.origin is Origin.RECORDER
    ]
    assert taken
    assert {reading.start for reading in taken} <= after[meter.number, "cost"].keys()


@pytest.mark.history(days=6)
async def test_a_total_left_beside_its_hours_goes(hass: HomeAssistant, account: Harness) -> None:
    """As when the power failed after the hours were written, and the store was lost then."""
    await account.start_history()
    meter = account.meter()
    before = await account.statistics(meter, "consumption")
    # A day that has no hour at midnight, such as the first of a history by hours.
    day = brunei_date(min(before)) + timedelta(days=1)
    midnight = brunei_midnight(day)
    total = (await account.statistics(meter, "daily"))[midnight][0]
    utility = next(m.utility for m in account.store.meters() if m.number == meter.number)
    assert utility is not None
    series = metadata(meter.number, utility)["consumption"]
    await async_delete(hass, [series["statistic_id"]], [midnight])
    without = await account.statistics(meter, "consumption")
    left = StatisticData(start=midnight, state=total, sum=total)
    await async_write(hass, [(series, [left])])

    path = readings_file(hass, account.entry)
    await hass.config_entries.async_unload(account.entry.entry_id)
    path.unlink()
    account.portal.add_fault(Fault(path="report", kind="status"))
    await account.set_up()
    await account.start_history()
    after = await account.statistics(meter, "consumption")
    assert midnight not in after
    assert {start: state for start, (state, _) in after.items()} == {
        start: state for start, (state, _) in without.items()
    }
    assert_sums_unbroken(after)


@pytest.mark.history(days=6)
async def test_taking_over_is_done_once(hass: HomeAssistant, account: Harness) -> None:
    await account.start_history()
    meter = account.meter()
    first = await account.statistics_writer.async_verify()
    assert (first.written, first.adopted) == (0, 0)
    with account.store.transaction() as db:
        db.execute("DELETE FROM reading")
    again = await account.statistics_writer.async_verify()
    assert again.adopted > 100
    assert again.written == 0
    last = await account.statistics_writer.async_verify()
    assert (last.written, last.adopted) == (0, 0)
    assert await account.statistics(meter, "consumption")


@pytest.mark.history(days=6)
async def test_a_series_deleted_by_hand_is_written_whole_by_the_next_report(
    hass: HomeAssistant, account: Harness
) -> None:
    """The next report showed 1,201.973 kWh in one hour until the next day."""
    account.portal.set_profile(session_minutes=None)
    await account.start_history()
    meter = account.meter()
    utility = next(m.utility for m in account.store.meters() if m.number == meter.number)
    assert utility is not None
    await async_clear(hass, statistic_ids(meter.number, utility))
    for _ in range(6):
        await account.forward(timedelta(hours=1))
    await account.assert_statistics_equal_truth(published_before=timedelta(hours=2))


@pytest.mark.history(days=6)
async def test_an_offset_set_by_hand_is_kept(hass: HomeAssistant, account: Harness) -> None:
    account.portal.set_profile(session_minutes=None)
    await account.start_history()
    meter = account.meter()
    before = await account.statistics(meter, "consumption")
    first = min(before)
    get_instance(hass).async_adjust_statistics(
        f"usms:electricity_{meter.number}_consumption", first, 100.0, "kWh"
    )
    await async_recorded(hass)
    await account.reload()
    await account.start_history()
    await account.forward(timedelta(hours=1))
    after = await account.statistics(meter, "consumption")
    assert len(after) >= len(before)
    assert all(abs(after[start][1] - total - 100) < 1e-6 for start, (_, total) in before.items())


@pytest.mark.history(days=6)
@pytest.mark.parametrize("deleted", [("consumption", "cost", "daily"), ("consumption", "cost")])
async def test_statistics_of_a_meter_that_is_gone_stay_deleted(
    hass: HomeAssistant, account: Harness, deleted: tuple[str, ...]
) -> None:
    account.portal.set_profile(session_minutes=None)
    await account.start_history()
    gone = account.meter()
    utility = next(m.utility for m in account.store.meters() if m.number == gone.number)
    assert utility is not None
    account.portal.set_profile(hidden_meters=[gone.number])
    await account.forward(timedelta(minutes=12))
    assert await account.statistics(gone, "consumption")  # it stays until it is deleted
    ids = statistic_ids(gone.number, utility)
    await async_clear(hass, [each for each in ids if each.endswith(deleted)])
    await account.reload()
    await account.start_history()
    assert await account.statistics(gone, "consumption") == {}
    assert await account.statistics(gone, "cost") == {}
    assert bool(await account.statistics(gone, "daily")) is ("daily" not in deleted)
    # The meter comes back, and so do they.
    account.portal.set_profile(hidden_meters=[])
    await account.forward(timedelta(minutes=12))
    await account.forward(timedelta(days=1, minutes=5))
    assert await account.statistics(gone, "consumption")
