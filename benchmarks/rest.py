"""The REST view of a real Home Assistant under load, beside a bare view of the same size.

    python -m benchmarks.rest [--seconds 20] [--readers 50] [--only NAME]

A store of two years, all on the loopback. The readers ask as fast as they are answered.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any

import aiohttp

from custom_components.usms.client.store import ReadingsStore
from tests.portal import SimulatedPortal
from tests.support.home import Home
from tests.support.stores import fill

from .table import Goal, Row

DAYS = 730
ROUNDS = 5
"""In turns, so that what else the machine does strikes both alike."""
MANY = 100_000_000
BARE = """
from homeassistant.components.http import HomeAssistantView


class Bare(HomeAssistantView):
    url = "/api/bare"
    name = "api:bare"
    constant = None

    async def post(self, request):
        Bare.constant = await request.json()
        return self.json({})

    async def get(self, request):
        return self.json(self.constant)


async def async_setup(hass, config):
    hass.http.register_view(Bare)
    return True
"""


@dataclass(frozen=True)
class Question:
    """What the readers ask."""

    name: str
    path: str
    query: Callable[[], str] = lambda: ""
    known: bool = False
    """Whether they have the answer already, and ask whether it holds."""


@dataclass
class Figures:
    """How that went."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.latencies) / self.seconds

    def within(self, share: float) -> float:
        """Return in what time so many of them were answered, in ms."""
        return 1000 * sorted(self.latencies)[int(share * len(self.latencies))]

    def __str__(self) -> str:
        """Return a part of the table."""
        return f"{self.rate:8.0f} {self.within(0.5):8.1f} {self.within(0.99):8.1f}"


@dataclass(frozen=True)
class Compared:
    """A question's figures, and those of the bare view."""

    question: str
    size: int
    ours: Figures
    bare: Figures


def questions(electricity: str, today: date) -> Iterator[Question]:
    """Yield what is asked, from little to much."""
    random = Random(1)
    consumption = f"/meters/{electricity}/consumption"
    begin = (today - timedelta(days=DAYS - 1)).isoformat()

    def some_week() -> str:
        first = today - timedelta(days=random.randrange(8, DAYS))
        return f"?resolution=hour&start={first}&end={first + timedelta(days=6)}"

    yield Question("meters", "/meters")
    yield Question("forecast", f"/meters/{electricity}/forecast")
    yield Question("the last week by hour", consumption, lambda: "?resolution=hour")
    yield Question("the same, known", consumption, lambda: "?resolution=hour", known=True)
    yield Question("any week by hour", consumption, some_week)
    yield Question("two years by day", consumption, lambda: f"?start={begin}")
    yield Question(
        "two years by hour", consumption, lambda: f"?resolution=hour&start={begin}&limit=20000"
    )


async def measure(
    http: aiohttp.ClientSession,
    address: Callable[[], str],
    headers: dict[str, str],
    options: argparse.Namespace,
    figures: Figures,
) -> None:
    """Have all readers ask for a round."""
    begin = perf_counter()

    async def reader() -> None:
        while perf_counter() - begin < options.seconds / ROUNDS:
            asked = perf_counter()
            async with http.get(address(), headers=headers) as response:
                await response.read()
                assert response.status in {200, 304}, response.status
            figures.latencies.append(perf_counter() - asked)

    await asyncio.gather(*(reader() for _ in range(options.readers)))
    figures.seconds += perf_counter() - begin


def write(file: Path, portal: SimulatedPortal) -> int:
    """Write all that the portal has to a store, settled; return how many readings."""
    with closing(ReadingsStore(file)) as store:
        written = fill(store, portal)
        for meter in portal.meters:
            days = [start.date() for start, _ in portal.truth(meter.number, "day")]
            store.settle(meter.number, days, portal.now())
    return written


async def prepare(home: Home) -> None:
    """Have an account with two years of readings and no limits, and the bare view."""
    # Custom components are looked for where the first of them was found, and on the path.
    os.environ["PYTHONPATH"] = str(home.config)
    bare = home.config / "custom_components" / "bare"
    bare.mkdir(parents=True)
    (bare / "__init__.py").write_text(BARE)
    manifest = {"domain": "bare", "name": "Bare", "dependencies": ["http"], "version": "1.0.0"}
    (bare / "manifest.json").write_text(json.dumps(manifest))
    await home.start()
    await home.add_account()
    entry_id = await home.entry_id()
    await home.stop()
    file = home.config / ".storage" / "core.config_entries"
    entries = json.loads(file.read_text())
    for entry in entries["data"]["entries"]:
        if entry["entry_id"] == entry_id:
            entry["options"] = {"read_limit": MANY}
    file.write_text(json.dumps(entries))
    written = write(home.config / ".storage" / f"usms.{entry_id}.db", home.portal)
    print(f"{written} readings", file=sys.stderr)
    await home.start()


async def run(options: argparse.Namespace) -> None:
    """Measure, and print a table."""
    print(f"{options.readers} readers, {options.seconds} s each; ms")
    print(f"{'':24}{'bytes':>9}{'requests/s':>12}{'p50':>8}{'p99':>8}", end="")
    print(f"{'bare: /s':>12}{'p50':>8}{'p99':>8}")
    async for one in measured(options):
        print(f"{one.question:24}{one.size:9}    {one.ours}    {one.bare}", flush=True)


async def rest(seconds: float) -> AsyncIterator[Row]:
    """Yield the rows of the table of all figures."""
    options = argparse.Namespace(seconds=seconds, readers=50, only="by hour")
    async for one in measured(options):
        name = f"REST: {one.question}, 50 readers"
        yield Row(name, "1/s", one.ours.rate, limit=one.bare.rate, goals=[Goal(0.8, "limit", "≥")])
        ours, bare = one.ours.within(0.99), one.bare.within(0.99)
        yield Row(f"{name}, p99", "ms", ours, limit=bare, goals=[Goal(2, "limit")])


async def measured(options: argparse.Namespace) -> AsyncIterator[Compared]:
    """Start a Home Assistant, and yield what each question gave."""
    with tempfile.TemporaryDirectory() as folder:
        async with SimulatedPortal(seed=1, days=DAYS) as portal:
            home = Home(Path(folder) / "config", portal, "bare:\n")
            await prepare(home)
            try:
                async for one in compare(home, options):
                    yield one
            finally:
                await home.stop()


async def compare(home: Home, options: argparse.Namespace) -> AsyncIterator[Compared]:
    """Ask each question of the REST view, and then for its answer as a constant."""
    token = {"Authorization": f"Bearer {home.api.token}"}
    electricity = next(m.number for m in home.portal.meters if m.utility == "electricity")
    root, bare = f"{home.api.url}/api/usms", f"{home.api.url}/api/bare"
    connector = aiohttp.TCPConnector(limit=options.readers)
    async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as http:
        asked = questions(electricity, home.portal.now().date())
        for question in (one for one in asked if options.only in one.name):

            def address(asked: Question = question) -> str:
                return f"{root}{asked.path}{asked.query()}"

            answer, etag = await look(address(), token)
            known = {"If-None-Match": etag} if question.known else {}
            async with http.post(bare, json=answer, headers=token) as response:
                assert response.status == 200
            ours, plain = Figures(), Figures()
            for _ in range(ROUNDS):
                await measure(http, address, token | known, options, ours)
                await measure(http, lambda: bare, token, options, plain)
            size = len(json.dumps(answer, separators=(",", ":"), ensure_ascii=False).encode())
            yield Compared(question.name, size, ours, plain)


async def look(address: str, token: dict[str, str]) -> tuple[Any, str]:
    """Return an answer and its tag."""
    async with aiohttp.ClientSession() as http, http.get(address, headers=token) as response:
        return await response.json(), response.headers["ETag"]


def main() -> None:
    """Read the options, and run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--readers", type=int, default=50)
    parser.add_argument("--only", default="", help="questions whose name has that in it")
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
