"""The memory of a Home Assistant with two years of readings, over one without us."""

import asyncio
import re
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from tests.portal import SimulatedPortal
from tests.support.home import Home

from .rest import DAYS, prepare
from .table import Goal, Row

SETTLED = 45
"""Seconds after a start in which statistics are derived and caches filled."""


async def resident(home: Home) -> float:
    """Return how much memory it has once it has settled, in MB."""
    await asyncio.sleep(SETTLED)
    assert home.process is not None
    status = await asyncio.to_thread(Path(f"/proc/{home.process.pid}/status").read_text)
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found
    return int(found[1]) / 1024


async def memory() -> AsyncIterator[Row]:
    """Yield one row; both were started before, so that neither compiles nor is onboarded."""
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
            await home.stop()
            await home.start()
            try:
                ours = await resident(home)
            finally:
                await home.stop()
    yield Row("memory with two years, over Home Assistant", "MB", ours - base, goals=[Goal(12)])
