"""A Home Assistant with two years of readings: its memory over one without us, and its set-up."""

import asyncio
import re
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from statistics import median
from time import perf_counter

from tests.portal import SimulatedPortal
from tests.support.home import Home

from .rest import DAYS, prepare
from .table import Goal, Row

SETTLED = 45
"""Seconds after a start in which statistics are derived and caches filled."""
HISTORY = 10
"""Seconds after a set-up in which the history has begun and found nothing to do."""
TURNS = 5


async def resident(home: Home) -> float:
    """Return how much memory it has once it has settled, in MB."""
    await asyncio.sleep(SETTLED)
    assert home.process is not None
    status = await asyncio.to_thread(Path(f"/proc/{home.process.pid}/status").read_text)
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found
    return int(found[1]) / 1024


async def start_again(home: Home) -> float:
    """Start it anew; return how long the account's set-up took then, in ms, as it counts that."""
    await home.stop()
    await home.start()
    took = await home.api.command("integration/setup_info")
    return 1000 * float(next(one["seconds"] for one in took if one["domain"] == "usms"))


async def reloaded(home: Home) -> float:
    """Unload the account and set it up again; return how long that took, in ms."""
    path = f"/api/config/config_entries/entry/{await home.entry_id()}/reload"
    began = perf_counter()
    await home.api.call("POST", path)
    took = 1000 * (perf_counter() - began)
    await asyncio.sleep(HISTORY)
    return took


async def memory() -> AsyncIterator[Row]:
    """Yield the rows; both were started before, so that neither compiles nor is onboarded."""
    with tempfile.TemporaryDirectory() as folder:
        async with SimulatedPortal(seed=1, days=DAYS) as portal:
            without = Home(Path(folder) / "without", portal)
            await without.start()
            await without.stop()
            await without.start()
            try:
                base = await resident(without)
            finally:
                await without.stop()
            home = Home(Path(folder) / "with", portal, "bare:\n")
            await prepare(home)
            # Statistics are written at the first start; later ones compare them.
            await asyncio.sleep(SETTLED)
            try:
                starts = [await start_again(home) for _ in range(TURNS)]
                ours = await resident(home)
                reloads = [await reloaded(home) for _ in range(TURNS)]
            finally:
                await home.stop()
    yield Row("memory with two years, over Home Assistant", "MB", ours - base, goals=[Goal(12)])
    setup, goals = "set-up of an account with two years", [Goal(100)]
    yield Row(f"{setup}, while Home Assistant starts", "ms", median(starts), goals=goals)
    yield Row(f"{setup}, reloaded", "ms", median(reloads), goals=goals)
