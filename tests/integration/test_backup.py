"""Home Assistant's backup, whose copy of the readings is whole."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from homeassistant.components.backup.const import DATA_MANAGER
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.usms import backup
from custom_components.usms.client.models import Resolution
from custom_components.usms.history.store_file import readings_file
from tests.support.harness import Harness

pytestmark = pytest.mark.history(days=6)


async def test_nothing_is_written_while_a_backup_is_taken(
    hass: HomeAssistant, account: Harness
) -> None:
    """The history waits, and goes on; what was read can be asked for meanwhile."""
    assert await async_setup_component(hass, "backup", {})
    await hass.async_block_till_done()
    manager = hass.data[DATA_MANAGER]
    assert manager.platforms["usms"] is backup
    account.portal.set_profile(session_minutes=None)
    await account.start_history()
    await account.settle()
    path = Path(readings_file(hass, account.entry))

    await manager.async_pre_backup_actions()
    before = path.read_bytes()
    account.portal.clear_requests()
    account.tick(timedelta(hours=3))
    async_fire_time_changed(hass, account.now)
    while not account.requests("home"):  # it is read, and waits to be stored
        await hass.async_block_till_done()
    response = await hass.services.async_call(
        "usms",
        "get_readings",
        {"config_entry_id": account.entry.entry_id},
        blocking=True,
        return_response=True,
    )
    assert response is not None
    assert response["meters"]
    assert path.read_bytes() == before

    await manager.async_post_backup_actions()
    await account.settle()
    assert path.read_bytes() != before
    await account.assert_statistics_equal_truth(published_before=timedelta(hours=1))


async def test_a_store_that_can_not_be_held_fails_no_backup(
    hass: HomeAssistant,
    account: Harness,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(backup, "_LONGEST", 0.1)
    path = Path(readings_file(hass, account.entry))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        await backup.async_pre_backup(hass)
        assert caplog.text.count("backed up while they may be written") == 1
        await backup.async_post_backup(hass)
    await account.start_history()
    assert account.store.readings(account.meter().number, Resolution.HOUR)


async def test_without_an_account_there_is_nothing_to_hold(
    hass: HomeAssistant, account: Harness
) -> None:
    await hass.config_entries.async_unload(account.entry.entry_id)
    await backup.async_pre_backup(hass)
    await backup.async_post_backup(hass)
    await backup.async_post_backup(hass)
    await account.set_up()


async def test_an_account_that_is_reloaded_meanwhile_goes_on(
    hass: HomeAssistant, account: Harness
) -> None:
    await backup.async_pre_backup(hass)
    await account.reload()
    await account.start_history()
    await backup.async_post_backup(hass)
    await account.assert_statistics_equal_truth()


async def test_an_account_that_is_removed_meanwhile_leaves_nothing(
    hass: HomeAssistant, account: Harness
) -> None:
    path = Path(readings_file(hass, account.entry))
    await backup.async_pre_backup(hass)
    assert await hass.config_entries.async_remove(account.entry.entry_id)
    await hass.async_block_till_done()
    await backup.async_post_backup(hass)
    assert not path.exists()
