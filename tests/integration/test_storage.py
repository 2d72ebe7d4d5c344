"""Trouble with the readings store: told once, with what to do; never a loop, never a loss.

And what another version of the integration has left behind.
"""

import asyncio
import gc
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import ClientSession, DummyCookieJar
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.translation import async_get_translations
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.usms.const import DOMAIN
from tests.portal import SimulatedPortal
from tests.support.harness import Harness

pytestmark = pytest.mark.history(days=5)

LONG = pytest.mark.long


def store_of(harness: Harness) -> Path:
    return Path(harness.hass.config.path(".storage", f"usms.{harness.entry.entry_id}.db"))


def issues(hass: HomeAssistant) -> dict[str, ir.IssueEntry]:
    """Return the active issues by their kind."""
    found = ir.async_get(hass).issues.values()
    return {
        str(issue.translation_key): issue
        for issue in found
        if issue.domain == DOMAIN and issue.active
    }


async def shown(hass: HomeAssistant, issue: ir.IssueEntry, language: str) -> str:
    """Return what a person reads of an issue; fails where a text or a placeholder is missing."""
    texts = await async_get_translations(hass, language, "issues", [DOMAIN])
    key = f"component.{DOMAIN}.issues.{issue.translation_key}"
    placeholders = issue.translation_placeholders or {}
    return "\n".join(
        texts[f"{key}.{part}"].format(**placeholders) for part in ("title", "description")
    )


@contextmanager
def limited(harness: Harness, pragma: str, undo: str) -> Iterator[None]:
    """Have SQLite fail where a disk in trouble makes it fail."""
    with harness.store.transaction() as db:
        (pages,) = db.execute("PRAGMA page_count").fetchone()
        db.execute(pragma.format(pages=pages))
    yield
    db.execute(undo)


def tracebacks(caplog: pytest.LogCaptureFixture) -> list[str]:
    found = [r for r in caplog.records if r.exc_info and r.levelno >= logging.WARNING]
    return [record.getMessage() for record in found]


# --- damage ---


@pytest.mark.parametrize(
    "damage",
    ["foreign", pytest.param("truncated", marks=LONG), pytest.param("empty", marks=LONG)],
)
async def test_a_damaged_store_is_set_aside_and_history_read_again(
    hass: HomeAssistant, account: Harness, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    await account.start_history()
    path = store_of(account)
    await hass.config_entries.async_unload(account.entry.entry_id)
    whole = path.read_bytes()
    half = whole[: len(whole) // 2]
    broken = {"foreign": b"something else" * 100, "truncated": half, "empty": b""}[damage]
    path.write_bytes(broken)
    await account.set_up()
    told = issues(hass)
    if damage == "empty":  # an empty file has nothing to keep
        assert told == {}
    else:
        (aside,) = path.parent.glob("*.damaged-*")
        assert aside.read_bytes() == broken
        assert told.keys() == {"store_rebuilt"}
        for language in ("en", "ms"):
            text = await shown(hass, told["store_rebuilt"], language)
            assert aside.name in text
            assert str(path.parent) in text
    await account.start_history()
    await account.assert_statistics_equal_truth()
    assert tracebacks(caplog) == []
    # The next start finds the new file sound; the notice goes with what was set aside.
    await account.reload()
    assert issues(hass).keys() == told.keys()
    for file in path.parent.glob("*.damaged-*"):
        file.unlink()
    await account.reload()
    assert issues(hass) == {}


@pytest.mark.parametrize("damage", [pytest.param("pages", marks=LONG), "value"])
async def test_damage_that_shows_while_running(
    hass: HomeAssistant, account: Harness, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    account.portal.set_profile(session_minutes=None)
    await account.start_history()
    path = store_of(account)
    if damage == "value":
        with account.store.transaction() as db:
            db.execute("UPDATE reading SET value = '?' WHERE resolution = 'hour'")
    else:
        pages = path.read_bytes()
        path.write_bytes(pages[:4096] + bytes(len(pages) - 4096))
        with account.store.transaction() as db:
            db.execute("PRAGMA cache_size = 0")
            db.execute("PRAGMA shrink_memory")
    await account.forward(timedelta(days=1))
    for _ in range(3):  # found, set up again, read
        await account.start_history()
    assert issues(hass).keys() == {"store_rebuilt"}
    assert len(list(path.parent.glob("*.damaged-*.db"))) == 1
    await account.assert_statistics_equal_truth(published_before=timedelta(hours=3))
    assert tracebacks(caplog) == []


async def test_damage_that_shows_while_the_account_is_set_up(
    hass: HomeAssistant, account: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    await account.start_history()
    await hass.config_entries.async_unload(account.entry.entry_id)
    with closing(sqlite3.connect(store_of(account))) as db:
        db.execute("UPDATE reading SET value = '?' WHERE resolution = 'day'")
        db.commit()
    assert not await hass.config_entries.async_setup(account.entry.entry_id)
    assert account.entry.state is ConfigEntryState.SETUP_RETRY
    await account.forward(timedelta(minutes=2))
    await hass.async_block_till_done(wait_background_tasks=True)
    assert account.entry.state is ConfigEntryState.LOADED
    await account.start_history()
    await account.assert_statistics_equal_truth(published_before=timedelta(hours=3))
    assert tracebacks(caplog) == []


async def test_a_disk_that_breaks_everything_is_not_filled(
    hass: HomeAssistant, account: Harness
) -> None:
    """Damaged again at once: the new file is left alone for an hour, then made anew once more."""
    path = store_of(account)
    for _ in range(2):
        await hass.config_entries.async_unload(account.entry.entry_id)
        path.write_bytes(b"damaged")
        await hass.config_entries.async_setup(account.entry.entry_id)
    for _ in range(5):
        await account.forward(timedelta(minutes=5))
        await hass.async_block_till_done(wait_background_tasks=True)
    assert account.entry.state is ConfigEntryState.SETUP_RETRY
    assert account.entry.error_reason_translation_key == "store_failed"
    assert issues(hass).keys() == {"store_rebuilt", "store_failed"}
    assert len(list(path.parent.glob("*.damaged-*"))) == 1
    await account.forward(timedelta(hours=1))
    await hass.async_block_till_done(wait_background_tasks=True)
    assert account.entry.state is ConfigEntryState.LOADED
    assert len(list(path.parent.glob("*.damaged-*"))) == 2
    assert issues(hass).keys() == {"store_rebuilt"}


# --- disks ---


@pytest.mark.parametrize(
    ("trouble", "pragma", "undo"),
    [
        pytest.param(
            "store_full",
            "PRAGMA max_page_count = {pages}",
            "PRAGMA max_page_count = 1000000",
            marks=LONG,
        ),
        ("store_not_writable", "PRAGMA query_only = 1", "PRAGMA query_only = 0"),
    ],
)
async def test_a_disk_in_trouble_is_told_once_and_waited_for(
    hass: HomeAssistant,
    account: Harness,
    trouble: str,
    pragma: str,
    undo: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    account.portal.set_profile(session_minutes=None)
    await account.start_history()
    with limited(account, pragma, undo):
        for _ in range(5):
            account.portal.clear_requests()
            await account.forward(timedelta(hours=12))
            assert account.requests() < 40  # no storm
        assert issues(hass).keys() == {trouble}
        for language in ("en", "ms"):
            assert account.entry.title in await shown(hass, issues(hass)[trouble], language)
        assert account.entry.state is ConfigEntryState.LOADED
        assert account.state("balance", "water") != "unavailable"
        lines = [r for r in caplog.records if "Readings can't be stored" in r.getMessage()]
        assert len(lines) == 1
        if trouble == "store_not_writable":
            with pytest.raises(HomeAssistantError) as refused:
                await hass.services.async_call(
                    DOMAIN,
                    "import_history",
                    {"config_entry_id": account.entry.entry_id, "from": "2026-11-10"},
                    blocking=True,
                )
            assert refused.value.translation_key == trouble
    for _ in range(3):
        await account.forward(timedelta(hours=4))
    assert issues(hass) == {}
    await account.assert_statistics_equal_truth(published_before=timedelta(hours=16))
    assert tracebacks(caplog) == []


async def test_a_store_that_can_not_be_made_is_waited_for(
    hass: HomeAssistant, harness: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    path = store_of(harness)
    path.mkdir()  # SQLite can't open it, whoever we are
    assert not await hass.config_entries.async_setup(harness.entry.entry_id)
    assert harness.entry.state is ConfigEntryState.SETUP_RETRY
    assert harness.entry.error_reason_translation_key == "store_not_writable"
    for _ in range(5):
        await harness.forward(timedelta(minutes=30))
    lines = [r for r in caplog.records if "Readings can't be stored" in r.getMessage()]
    assert len(lines) == 1
    assert issues(hass).keys() == {"store_not_writable"}
    path.rmdir()
    await hass.config_entries.async_reload(harness.entry.entry_id)
    assert harness.entry.state is ConfigEntryState.LOADED
    assert issues(hass) == {}


# --- other versions ---


async def test_a_newer_store_is_refused_and_left_alone(
    hass: HomeAssistant, account: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    await account.start_history()
    path = store_of(account)
    await hass.config_entries.async_unload(account.entry.entry_id)
    with closing(sqlite3.connect(path)) as db:
        (version,) = db.execute("PRAGMA user_version").fetchone()
        db.execute("PRAGMA user_version = 99")
    before = path.read_bytes()
    assert not await hass.config_entries.async_setup(account.entry.entry_id)
    assert account.entry.state is ConfigEntryState.SETUP_ERROR  # which is not tried again
    assert account.entry.error_reason_translation_key == "store_too_new"
    told = issues(hass)
    assert told.keys() == {"store_too_new"}
    for language in ("en", "ms"):
        assert "USMS" in await shown(hass, told["store_too_new"], language)
    logged = len(caplog.records)
    account.portal.clear_requests()
    await account.forward(timedelta(days=2))
    assert account.requests() == 0
    later = [r for r in caplog.records[logged:] if r.name != "asyncio"]
    assert not [r for r in later if r.levelno >= logging.WARNING]
    assert path.read_bytes() == before
    # The newer version is installed again.
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {version}")
    await hass.config_entries.async_reload(account.entry.entry_id)
    assert account.entry.state is ConfigEntryState.LOADED
    assert issues(hass) == {}


async def test_a_newer_entry_is_refused(hass: HomeAssistant, portal: SimulatedPortal) -> None:
    entry = MockConfigEntry(domain=DOMAIN, version=99, minor_version=1)
    entry.add_to_hass(hass)
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.MIGRATION_ERROR
    told = issues(hass)
    assert told.keys() == {"entry_too_new"}
    for language in ("en", "ms"):
        assert entry.title in await shown(hass, told["entry_too_new"], language)
    assert portal.requests == []
    await hass.config_entries.async_remove(entry.entry_id)
    assert issues(hass) == {}


async def test_an_entry_of_a_newer_minor_version_is_set_up(
    hass: HomeAssistant, harness: Harness
) -> None:
    hass.config_entries.async_update_entry(harness.entry, minor_version=99)
    await harness.set_up()
    assert harness.entry.minor_version == 99
    assert issues(hass) == {}


async def test_an_entry_of_the_first_version_is_set_up(
    hass: HomeAssistant, harness: Harness
) -> None:
    assert (harness.entry.version, harness.entry.minor_version) == (1, 1)
    await harness.set_up()


# --- removal ---


def open_sessions() -> list[ClientSession]:
    """Return the open HTTP sessions in this process that clients of a portal have made."""
    found = (http for http in gc.get_objects() if issubclass(type(http), ClientSession))
    return [
        http for http in found if isinstance(http.cookie_jar, DummyCookieJar) and not http.closed
    ]


async def test_nothing_is_left_when_the_account_is_removed(
    hass: HomeAssistant, account: Harness
) -> None:
    """But the statistics, as the README says."""
    await account.start_history()
    folder = store_of(account).parent
    sessions = open_sessions()
    assert sessions
    await hass.config_entries.async_unload(account.entry.entry_id)
    store_of(account).write_bytes(b"damaged")
    await account.set_up()
    assert issues(hass)
    assert list(folder.glob("usms.*"))
    assert await hass.config_entries.async_remove(account.entry.entry_id)
    await hass.async_block_till_done()
    assert list(folder.glob("*usms*")) == []
    assert issues(hass) == {}
    devices = dr.async_get(hass)
    assert dr.async_entries_for_config_entry(devices, account.entry.entry_id) == []
    entities = er.async_get(hass)
    assert er.async_entries_for_config_entry(entities, account.entry.entry_id) == []
    assert [s.entity_id for s in hass.states.async_all() if "usms" in s.entity_id] == []
    assert hass.config_entries.flow.async_progress_by_handler(DOMAIN) == []
    assert [task for task in asyncio.all_tasks() if "usms" in task.get_name()] == []
    assert hass.data[DOMAIN] == {}
    assert all(http.closed for http in sessions)
    account.portal.clear_requests()
    account.tick(timedelta(days=2))
    assert account.requests() == 0
    assert await account.statistics(account.portal.meters[0], "daily")
