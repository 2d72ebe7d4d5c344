"""A household that lives for months: Home Assistant with two accounts, started and stopped for real
within this process, so that time can be made to run fast."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import random
import re
import sqlite3
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, closing, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import NonCallableMock

from freezegun.api import FrozenDateTimeFactory
from homeassistant import loader
from homeassistant.components.recorder.db_schema import Base
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import frame
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_test_home_assistant,
)
from sqlalchemy.dialects.postgresql.base import PGDialect

from custom_components.usms.client import SessionLife
from custom_components.usms.connection.session_store import SessionStore
from custom_components.usms.const import DOMAIN
from custom_components.usms.privacy import masked
from tests.portal import DEMO_PASSWORD, DEMO_USERNAME, SimulatedPortal
from tests.portal.accounts import OTHER_PASSWORD, OTHER_USERNAME
from tests.support.harness import Harness, sign_in_outside

ACCOUNTS = ((DEMO_USERNAME, DEMO_PASSWORD), (OTHER_USERNAME, OTHER_PASSWORD))

COMMIT_INTERVAL = 5
"""Seconds, the default outside tests."""

type RecorderContext = Callable[[HomeAssistant, dict[str, Any]], AbstractAsyncContextManager[Any]]


def held() -> Counter[str]:
    """Return what the process holds: tasks, threads and open files, by name or by kind.

    Left out are the workers of the event loop's own executor, which are kept for the next job.
    """
    gc.collect()
    found: Counter[str] = Counter()
    for link in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            found[re.sub(r"\[\d+\]", "", str(link.readlink()))] += 1
    found.update(f"task {task.get_name()}" for task in asyncio.all_tasks())
    found.update(
        f"thread {thread.name}"
        for thread in threading.enumerate()
        if not thread.name.startswith("SyncWorker")
    )
    return found


def forget_calls() -> None:
    """Have mocks forget their calls.

    The recorder's fixture puts one before every session with the database, and its calls would keep
    every Home Assistant that ever was.
    """
    gc.unfreeze()  # the plugin has hidden what was there before the test
    for found in gc.get_objects():
        if issubclass(type(found), NonCallableMock):
            with suppress(AttributeError):  # one of a kind of its own, that counts no calls
                found.reset_mock()


def forget_statements() -> None:
    """Have SQLAlchemy forget what it compiled for an engine that is gone, of tables and of its own.

    Outside, a restart is another process; here each would leave 0.1 MB.
    """
    for mapper in Base.registry.mappers:
        mapper.__dict__.pop("_compiled_cache", None)
    for query in vars(PGDialect).values():
        if cache_clear := getattr(query, "cache_clear", None):
            cache_clear()


@dataclass
class Household:
    """Two accounts in one Home Assistant, and the portal that they read."""

    portal: SimulatedPortal
    freezer: FrozenDateTimeFactory
    recorder: RecorderContext
    config: Path
    chance: random.Random
    counts: dict[str, int] = field(default_factory=dict)
    harnesses: list[Harness] = field(default_factory=list)
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    hass: HomeAssistant | None = None

    def count(self, what: str) -> None:
        """Note that something happened."""
        self.counts[what] = self.counts.get(what, 0) + 1

    # --- Home Assistant's life ---

    async def start(self) -> None:
        """Start Home Assistant over what its folder and its recorder hold."""
        enter = self._stack.enter_async_context
        hass = await enter(async_test_home_assistant(config_dir=str(self.config)))
        frame.async_setup(hass)
        hass.data.pop(loader.DATA_CUSTOM_COMPONENTS)
        await enter(self.recorder(hass, {"commit_interval": COMMIT_INTERVAL}))
        self.hass = hass
        self.harnesses = []
        for number, (username, password) in enumerate(ACCOUNTS):
            entry = MockConfigEntry(
                domain=DOMAIN,
                entry_id=f"account{number}",
                title=f"USMS account {masked(username)}",
                data={CONF_USERNAME: username, CONF_PASSWORD: password},
            )
            entry.add_to_hass(hass)
            self.harnesses.append(Harness(hass, self.portal, entry, self.freezer))

    async def stop(self) -> None:
        """Stop Home Assistant; what it keeps is in its files."""
        assert self.hass is not None
        await self.hass.async_block_till_done()
        for harness in self.harnesses:  # so that what is left afterwards is forgotten, not in use
            if harness.entry.state is ConfigEntryState.LOADED:
                await self.hass.config_entries.async_unload(harness.entry.entry_id)
        await self.hass.async_stop(force=True)
        await self._stack.aclose()
        await asyncio.sleep(0)
        self.hass, self.harnesses, self._stack = None, [], AsyncExitStack()
        forget_statements()

    async def sign_in_both(self) -> None:
        """Leave sessions behind, as the config flows would."""
        assert self.hass is not None
        for number, (username, password) in enumerate(ACCOUNTS, 1):
            session = await sign_in_outside(self.portal, username, password)
            store = SessionStore(self.hass, f"account{number}")
            await store.async_save(session, SessionLife())

    async def set_up(self) -> None:
        """Set both accounts up; with the portal in trouble they are tried again later."""
        assert self.hass is not None
        for harness in self.harnesses:
            if harness.entry.state is ConfigEntryState.NOT_LOADED:
                await self.hass.config_entries.async_setup(harness.entry.entry_id)
        await self.hass.async_block_till_done()

    async def restart(self) -> None:
        """Stop, and start again."""
        self.count("restarts")
        await self.stop()
        await self.start()
        await self.set_up()

    # --- time ---

    async def move_to(self, moment: datetime) -> None:
        """Let time pass in one leap; whoever is asked to sign in does."""
        self.portal.clear_requests()
        await self.harnesses[0].move_to(moment)
        for harness in self.harnesses:
            await harness.settle()
            await self._sign_in_where_needed(harness)

    async def _sign_in_where_needed(self, harness: Harness) -> None:
        loaded = harness.entry.state is ConfigEntryState.LOADED
        if not loaded or harness.state("sign_in_needed") == "off":
            return
        self.count("sign-ins")
        for _ in range(2):
            # The first answer may be to a picture that was drawn before another account's.
            with suppress(HomeAssistantError):  # the portal is in trouble: at the next leap
                if (await harness.sign_in())["signed_in"]:
                    return

    async def forward(self, span: timedelta) -> None:
        """Let that much time pass."""
        await self.move_to(self.harnesses[0].now + span)

    # --- what is measured ---

    def readings(self) -> int:
        """Return how many readings the stores hold."""
        count = 0
        for file in self._stores():
            with closing(sqlite3.connect(file)) as db:
                count += db.execute("SELECT count(*) FROM reading").fetchone()[0]
        return count

    def store_bytes(self) -> int:
        """Return how large the stores are."""
        return sum(file.stat().st_size for file in self._stores())

    def _stores(self) -> list[Path]:
        return list((self.config / ".storage").glob("usms.*.db"))


class _Mallinfo2(ctypes.Structure):
    """What glibc's `mallinfo2` returns; of use here are `uordblks` and `hblkhd`."""

    _fields_ = (
        *((name, ctypes.c_size_t) for name in ("arena", "ordblks", "smblks", "hblks", "hblkhd")),
        *((name, ctypes.c_size_t) for name in ("usmblks", "fsmblks", "uordblks", "fordblks")),
        ("keepcost", ctypes.c_size_t),
    )


@dataclass(frozen=True, slots=True)
class Memory:
    """What this process takes, in MB."""

    used: float
    """What was allocated and not freed, of Python and of libraries, without SQLite."""
    sqlite: float
    """SQLite's: the recorder lets it keep 16 MB of pages, which it takes a year to fill."""
    resident: float
    """All pages, also those of which little is in use."""

    @classmethod
    def now(cls) -> Memory:
        """Measure it, with what is free given back first."""
        forget_calls()
        gc.collect()
        libc = ctypes.CDLL(None)
        libc.malloc_trim(0)
        libc.mallinfo2.restype = _Mallinfo2
        malloc = libc.mallinfo2()
        sqlite = _sqlite_bytes()
        used = malloc.uordblks + malloc.hblkhd + _pymalloc_bytes() - sqlite
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        resident = pages * os.sysconf("SC_PAGE_SIZE")
        return cls(*(round(size / 2**20, 2) for size in (used, sqlite, resident)))


def _pymalloc_bytes() -> int:
    """Return what Python's own allocator has given out; it tells only on standard error."""
    kept = os.dup(2)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 2)
        try:
            sys._debugmallocstats()
        finally:
            os.dup2(kept, 2)
            os.close(kept)
        file.seek(0)
        told = file.read().decode()
    found = re.search(r"# bytes in allocated blocks\s+=\s+([\d,]+)", told)
    assert found, told
    return int(found[1].replace(",", ""))


def _sqlite_bytes() -> int:
    maps = Path("/proc/self/maps").read_text().splitlines()
    libraries = (line.split()[-1] for line in maps)
    used = ctypes.CDLL(next(name for name in libraries if "sqlite3" in name)).sqlite3_memory_used
    used.restype = ctypes.c_int64
    return int(used())
