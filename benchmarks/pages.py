"""The processor's time to read a report and a home page: ours, the public client's, lxml's."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from time import process_time

from custom_components.usms.client import NO_PACING
from custom_components.usms.client.portal import pages, report_pages
from tests.portal import SimulatedPortal

from .peer import peer
from .portal import signed_in
from .table import Goal, Row

TIMES = 20
"""Readings of a page, before the other reads it."""
GOALS = (Goal(1, "peer", "<"), Goal(3, "limit"))


async def fetched() -> dict[str, str]:
    """Return a home page and a report of hours, as the portal gives them."""
    async with SimulatedPortal(days=100) as portal, signed_in(portal, NO_PACING) as client:
        await client.account()
        home = portal.last_page
        await client.hourly(portal.meters[0].number, portal.now().date() - timedelta(days=9))
        return {"report": portal.last_page, "home": home}


def processor_time(read: Callable[[], object]) -> float:
    """Return what reading a page takes, in ms."""
    took = []
    for _ in range(TIMES):
        began = process_time()
        read()
        took.append(1000 * (process_time() - began))
    return median(took)


async def cpu(turns: int) -> AsyncIterator[Row]:
    """Yield a row for each page."""
    found = await fetched()
    now = datetime.now(UTC)
    ways: dict[str, Callable[[], object]] = {
        "report": lambda: report_pages.report_page(found["report"]),
        "home": lambda: pages.account_page(found["home"], now),
    }
    ours: dict[str, list[float]] = {kind: [] for kind in found}
    others: dict[str, list[dict[str, float]]] = {kind: [] for kind in found}
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for kind, page in found.items():
            file = Path(folder) / kind
            await asyncio.to_thread(file.write_text, page)
            files.append(f"{file}:{kind}")
        for _ in range(turns):
            for kind, read in ways.items():
                ours[kind].append(processor_time(read))
            for kind, took in (await peer("parse", str(TIMES), *files)).items():
                others[kind].append(took)
    for kind, page in found.items():
        theirs, limit = (median(took[name] for took in others[kind]) for name in ("peer", "limit"))
        name = f"CPU to read a {kind} of {len(page) / 1024:.0f} kB"
        yield Row(name, "ms", median(ours[kind]), theirs, limit, GOALS)
