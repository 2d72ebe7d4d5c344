"""Trouble that is not the portal's: the recorder's database, and what nobody foresaw."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import pytest
from homeassistant.components.recorder.core import Recorder
from homeassistant.components.recorder.tasks import RecorderTask
from homeassistant.components.recorder.util import session_scope
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.recorder import get_instance
from homeassistant.helpers.translation import async_get_translations
from pytest_homeassistant_custom_component.common import async_fire_time_changed
from sqlalchemy import text

from custom_components.usms.client import Utility
from custom_components.usms.client.sync import Sync
from custom_components.usms.const import DOMAIN
from custom_components.usms.history.loop import START_DELAY
from custom_components.usms.history.recorder import async_clear, async_recorded
from custom_components.usms.history.series import statistic_ids
from tests.support.harness import Harness

pytestmark = pytest.mark.history(days=5)

WHILE = timedelta(minutes=5)
LATER = timedelta(hours=2, minutes=1)
OURS = "custom_components.usms.history.loop"


@asynccontextmanager
async def without_statistics(hass: HomeAssistant) -> AsyncIterator[None]:
    """Have every query for statistics fail, as while a database server restarts."""

    def rename(old: str, new: str) -> None:
        with session_scope(hass=hass) as session:
            session.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))

    recorder = get_instance(hass)
    await async_recorded(hass)
    await recorder.async_add_executor_job(rename, "statistics", "elsewhere")
    yield
    await async_recorded(hass)
    await recorder.async_add_executor_job(rename, "elsewhere", "statistics")


async def test_a_recorder_that_fails_is_waited_for(
    hass: HomeAssistant, account: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    async with without_statistics(hass):
        await account.start_history()  # would write and can't compare
        assert account.state("balance", "electricity") != "unavailable"
        with pytest.raises(HomeAssistantError) as caught:
            await hass.services.async_call(
                DOMAIN,
                "rebuild_statistics",
                {"config_entry_id": account.entry.entry_id},
                blocking=True,
            )
        assert caught.value.translation_key == "recorder_failed"
        for language in ("en", "ms"):
            texts = await async_get_translations(hass, language, "exceptions", [DOMAIN])
            assert texts[f"component.{DOMAIN}.exceptions.recorder_failed.message"]
    for _ in range(3):
        await account.forward(WHILE)
    await account.assert_statistics_equal_truth()
    assert [record for record in caplog.records if record.name == OURS and record.exc_info] == []


async def test_a_recorder_that_fails_under_a_full_store_is_completed_later(
    hass: HomeAssistant, account: Harness
) -> None:
    await account.start_history()
    meter = account.meter()
    async with without_statistics(hass):
        await account.reload()
        await account.start_history()
    await async_clear(
        hass, statistic_ids(meter.number, Utility.ELECTRICITY)
    )  # and is another one now
    account.portal.clear_requests()
    for _ in range(3):
        await account.forward(WHILE)
    await account.assert_statistics_equal_truth()
    assert account.requests("report") == 0


async def test_what_nobody_foresaw_does_not_end_the_reading(
    account: Harness, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_sync: Sync) -> None:
        raise ZeroDivisionError("that nobody foresaw")

    with monkeypatch.context() as patch:
        patch.setattr(Sync, "next_step", broken)
        account.portal.set_profile(session_minutes=None)
        await account.start_history()
        for _ in range(3):
            await account.forward(LATER)
    told = [record for record in caplog.records if record.name == OURS and record.exc_info]
    assert [record.levelno for record in told].count(logging.ERROR) == 1  # once, however often
    account.portal.clear_requests()
    await account.forward(WHILE)
    assert account.requests("report") == 0  # not at once
    await account.forward(LATER)
    await account.assert_statistics_equal_truth()


@dataclass(slots=True)
class Busy(RecorderTask):
    """Keeps the recorder busy until it is released."""

    released: threading.Event

    def run(self, instance: Recorder) -> None:
        self.released.wait(60)


async def test_a_busy_recorder_holds_back_statistics_alone(
    hass: HomeAssistant, account: Harness
) -> None:
    account.portal.set_profile(session_minutes=None)
    released = threading.Event()
    get_instance(hass).queue_task(Busy(released))
    try:
        account.tick(START_DELAY + timedelta(seconds=1))
        async_fire_time_changed(hass, account.now)
        progress = account.history.progress
        read = asyncio.Event()

        def look() -> None:
            if progress.data.reports_read and not progress.data.reports_left:
                read.set()

        progress.async_add_listener(look)
        await asyncio.wait_for(read.wait(), 60)
        assert float(account.state("consumption_yesterday", "electricity")) > 0
        assert account.requests("report") > 8
    finally:
        released.set()
    await account.settle()
    await account.assert_statistics_equal_truth()
