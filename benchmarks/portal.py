"""Requests and time: our client and the public one read the same simulated portal, in turns."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter

from aiohttp import web

from custom_components.usms.client import BRUNEI, NO_PACING, Pacing, UsmsClient
from custom_components.usms.client.store import ReadingsStore
from custom_components.usms.client.sync import Sync
from custom_components.usms.client.sync.payments import PaymentsSync
from tests.portal import DEMO_PASSWORD, DEMO_USERNAME, Meter, Profile, SimulatedPortal

from .peer import peer
from .table import Goal, Row

DAYS = 120
YEARS = 2
"""Of the first import."""
WINDOW = 31
"""Days of a daily report."""
POLL = timedelta(minutes=10)
NOON = datetime(2026, 11, 20, 12, tzinfo=BRUNEI)


class BusyPortal(SimulatedPortal):
    """A portal that knows for how long it was busy."""

    busy = 0.0

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        began = perf_counter()
        try:
            return await super()._handle(request)
        finally:
            self.busy += perf_counter() - began


@dataclass
class Reading:
    """How reading the whole history went."""

    requests: int
    seconds: float
    busy: float
    """The share of the time that the portal was."""


@asynccontextmanager
async def signed_in(portal: SimulatedPortal, pacing: Pacing) -> AsyncIterator[UsmsClient]:
    """Have a person sign in."""

    async def answer(_image: bytes) -> str:
        return portal.captcha_answer

    async with UsmsClient(base_url=portal.base_url, pacing=pacing, now=portal.now) as client:
        await client.sign_in(DEMO_USERNAME, DEMO_PASSWORD, answer_captcha=answer)
        yield client


async def read_history(portal: SimulatedPortal, pacing: Pacing) -> None:
    """Read all that is due into a new store."""
    with tempfile.TemporaryDirectory() as folder:
        async with signed_in(portal, pacing) as client:
            with closing(ReadingsStore(Path(folder) / "readings.db")) as store:
                sync = Sync(client, store, now=portal.now)
                await sync.record_account(await client.account())
                async for _ in sync.run():
                    pass


async def ask_peer(portal: SimulatedPortal, what: str) -> None:
    await peer(what, portal.base_url, DEMO_USERNAME, DEMO_PASSWORD)


async def history(answer_seconds: float, *, ours: bool, days: int = DAYS) -> Reading:
    """Have the history of both meters read, by us or by the peer; unpaced to count requests."""
    pacing = Pacing() if answer_seconds else NO_PACING
    async with BusyPortal(days=days, profile=Profile(latency=answer_seconds)) as portal:
        began = perf_counter()
        await (read_history(portal, pacing) if ours else ask_peer(portal, "history"))
        took = perf_counter() - began
        return Reading(len(portal.requests), took, portal.busy / took)


# --- requests ---


async def requests() -> AsyncIterator[Row]:
    """Yield how many requests each thing costs."""
    async with BusyPortal(days=DAYS) as portal:
        async with signed_in(portal, NO_PACING) as client:
            await client.account()
            ours = len(portal.requests)
        portal.expire()
        portal.clear_requests()
        await ask_peer(portal, "sign_in")
        theirs = len(portal.requests)
    goals = [Goal(1, "limit", "=")]
    yield Row("requests: clean sign-in, first home page", "", ours, theirs, 8 + 1, goals)
    for meters in (1, 5, 50):
        yield await polled(meters)
    mine, other = await history(0, ours=True), await history(0, ours=False)
    # Its hours day by day, with the first and the last in part, and the months of both.
    limit = DAYS + 1 + 2 * -(-DAYS // WINDOW)
    goals = [Goal(1.1, "limit")]
    name = f"requests: {DAYS} days of both meters, signed in"
    yield Row(name, "", mine.requests - ours, other.requests - theirs, limit, goals)
    yield Row(
        "requests: steady day, polled every 10 minutes",
        "",
        await steady_day(),
        limit=144 + 24 + 4,
        goals=[Goal(1.2, "limit")],
    )


def add_meters(portal: SimulatedPortal, meters: int) -> None:
    """Have the account show so many meters."""
    demo = portal.account.meters
    demo.extend(
        Meter(1, f"1000{n:04}", "electricity", demo[0].truth.installed, portal.profile)
        for n in range(1000, 1000 + meters - len(demo))
    )
    hidden = [demo[1].number] if meters == 1 else []
    portal.set_profile(more_meters=max(meters - 2, 0), hidden_meters=hidden)


async def polled(meters: int) -> Row:
    """Count the requests of one poll of an account with so many meters."""
    async with BusyPortal(days=10) as portal:
        add_meters(portal, meters)
        async with signed_in(portal, NO_PACING) as client:
            await client.account()
            portal.clear_requests()
            found = len((await client.account()).meters)
            assert found == meters, found
            ours = len(portal.requests)
        counts = []
        for what in ("sign_in", "poll"):
            portal.expire()
            portal.clear_requests()
            await ask_peer(portal, what)
            counts.append(len(portal.requests))
    return Row(
        f"requests: poll of {meters} meters" if meters > 1 else "requests: poll of 1 meter",
        "",
        ours,
        counts[1] - counts[0],
        1,
        [Goal(1, "limit", "=")],
    )


async def steady_day() -> int:
    """Count the requests of a day after the history has been read."""
    with tempfile.TemporaryDirectory() as folder:
        async with BusyPortal(days=40, now=NOON) as portal, signed_in(portal, NO_PACING) as client:
            with closing(ReadingsStore(Path(folder) / "readings.db")) as store:
                sync = Sync(client, store, now=portal.now)
                payments = PaymentsSync(client, store, now=portal.now)
                for poll in range(2 * 144):
                    if poll == 144:
                        portal.clear_requests()
                    portal.set_now(NOON + poll * POLL)
                    account = await client.account()
                    await sync.record_account(account, payments)
                    async for _ in sync.run():
                        pass
                    await payments.read_payments()
                    await payments.read_topups({})
                return len(portal.requests)


# --- time ---


async def time(milliseconds: int, turns: int) -> AsyncIterator[Row]:
    """Yield how long the history takes when each answer takes so long, and the portal's share."""
    ours, theirs = [], []
    for _ in range(turns):
        ours.append(await history(milliseconds / 1000, ours=True))
        theirs.append(await history(milliseconds / 1000, ours=False))
    limit = median(one.requests for one in ours) * milliseconds / 1000
    at = f"{milliseconds} ms an answer"
    yield Row(
        f"time: {DAYS} days of both meters, {at}",
        "s",
        median(one.seconds for one in ours),
        median(one.seconds for one in theirs),
        limit,
        list(time_goals(milliseconds)),
    )
    yield Row(
        f"portal busy with us, {at}",
        "%",
        100 * median(one.busy for one in ours),
        100 * median(one.busy for one in theirs),
        goals=[Goal(50)],
    )


async def first_import() -> AsyncIterator[Row]:
    """Yield how long the first import takes, which a person may wait for; measured once."""
    done = await history(0.3, ours=True, days=YEARS * 365)
    name = f"first import of {YEARS} years, both meters, 300 ms an answer"
    limit = done.requests * 0.3 / 60
    yield Row(name, "min", done.seconds / 60, limit=limit, goals=[Goal(10, sign="<")])


def time_goals(milliseconds: int) -> Iterator[Goal]:
    """Yield what is wanted: the peer is named at 300 ms, the limit throughout."""
    if milliseconds == 300:
        yield Goal(0.7, "peer")
    yield Goal(2.1, "limit")
