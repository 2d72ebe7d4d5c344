"""Several programs with one session: each gets its own meter's readings, at the account's pace."""

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, closing
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from custom_components.usms.client import (
    NO_PACING,
    Pacing,
    PortalUnavailable,
    SharedTurns,
    UsmsClient,
    UsmsError,
)
from custom_components.usms.client.portal import turns as module
from custom_components.usms.client.portal.pace import Pace
from tests.portal import Fault, SimulatedPortal
from tests.support import ROOT

from .conftest import NOW

LAST = NOW.date() - timedelta(days=1)
KILLED = """
import asyncio, sys
from pathlib import Path
from custom_components.usms.client import NO_PACING, SharedTurns

async def main():
    async with SharedTurns(Path(sys.argv[1]), NO_PACING).taken():
        print("has its turn", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""
type Program = Callable[..., Awaitable[UsmsClient]]
"""Begins another program of the same session, with that pacing: a client with its own turns."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "turns.db"


@pytest.fixture
async def program(
    portal: SimulatedPortal, signed_in: UsmsClient, file: Path
) -> AsyncIterator[Program]:
    stack = AsyncExitStack()

    async def made(pacing: Pacing = NO_PACING) -> UsmsClient:
        client = UsmsClient(base_url=portal.base_url, turns=SharedTurns(file, pacing))
        await stack.enter_async_context(client)
        client.restore_session(signed_in.export_session())
        return client

    async with stack:
        yield made


async def test_each_gets_its_own_meters_readings(portal: SimulatedPortal, program: Program) -> None:
    electricity, water = (meter.number for meter in portal.meters)
    truth = {
        meter: {start.date(): value for start, value in portal.truth(meter, "day")}
        for meter in (electricity, water)
    }

    programs = [(await program(), meter) for meter in (electricity, water, electricity)]
    for n in range(4):
        first, last = LAST - timedelta(days=5 * n + 4), LAST - timedelta(days=5 * n)
        for client, meter in programs:
            report = await client.daily(meter, first, last)
            assert {one.start.date(): one.value for one in report.readings} == {
                day: value for day, value in truth[meter].items() if first <= day <= last
            }


async def test_nobody_else_costs_nothing(portal: SimulatedPortal, program: Program) -> None:
    """A client that is alone goes on with the page that is open."""
    client, meter = await program(), portal.meters[0].number
    for n in range(4):
        await client.hourly(meter, LAST - timedelta(days=n))
    assert [request.method for request in portal.requests] == ["GET", *["POST"] * 5]


async def test_one_request_at_a_time_and_a_pause_for_all(
    portal: SimulatedPortal, program: Program
) -> None:
    portal.set_profile(latency=0.03)
    pacing = Pacing(least=0, most=10, jitter=0)
    clients = [await program(pacing) for _ in range(3)]
    await asyncio.gather(*(client.account() for client in clients for _ in range(2)))
    asked = [later.at - earlier.at for earlier, later in pairwise(portal.requests)]
    assert len(asked) == 5
    assert min(asked) >= 0.06  # the answer, and as long again


async def test_a_wish_to_be_left_alone_counts_for_all(
    portal: SimulatedPortal, program: Program
) -> None:
    first, second = await program(), await program()
    portal.add_fault(Fault(path="home", kind="status", status=429, retry_after="600", times=1))
    with pytest.raises(PortalUnavailable):
        await first.account()
    asked = len(portal.requests)
    with pytest.raises(PortalUnavailable) as caught:
        await second.account()
    assert len(portal.requests) == asked
    assert caught.value.retry_after
    assert caught.value.retry_after > timedelta(minutes=9)


@pytest.mark.parametrize("damage", [b"no database " * 50, b""])
async def test_a_file_that_is_none(program: Program, file: Path, damage: bytes) -> None:
    file.write_bytes(damage)
    client = await program()
    assert (await client.account()).meters
    assert (await client.account()).meters


@pytest.mark.parametrize(
    "statement",
    [
        *(
            f"UPDATE turn SET {column} = {value}"
            for column, value in (
                ("next", "NULL"),
                ("next", "'soon'"),
                ("next", "9e999"),
                ("rest", "'later'"),
                ("rest", "'2026-11-20T12:00:00'"),
                ("cause", "'none'"),
            )
        ),
        "ALTER TABLE turn DROP COLUMN next",
        "ALTER TABLE turn ADD COLUMN more",
    ],
)
async def test_a_file_that_says_nonsense(program: Program, file: Path, statement: str) -> None:
    client = await program()
    await client.account()
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("UPDATE turn SET rest = '2026-11-20T12:00:00+08:00', cause = 'status'")
        other.execute(statement)
    assert (await client.account()).meters
    assert (await client.account()).meters


async def test_a_file_that_cannot_be_made(program: Program, file: Path) -> None:
    file.mkdir()
    client = await program()
    with pytest.raises(UsmsError, match="turns at the portal can't be kept"):
        await client.account()


async def test_a_turn_that_another_keeps(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    """It is waited for, which is said; a lock ends with the program that has it."""
    said = asyncio.Event()
    turns = SharedTurns(file, NO_PACING, waits=said.set)
    monkeypatch.setattr(module, "_SAID", 0)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        waiting = asyncio.ensure_future(taken(turns))
        await said.wait()
        assert not waiting.done()
    assert not await waiting  # nothing is known of what the other did
    assert await taken(turns)

    monkeypatch.setattr(module, "_LONGEST", 0)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(UsmsError, match="for 15 minutes"):
            await taken(turns)


async def taken(turns: SharedTurns) -> bool:
    async with turns.taken() as alone:
        return alone


def test_a_wait_that_another_clock_has_moved() -> None:
    """None is longer than the longest, or shorter than none."""
    pace = Pace(Pacing())
    for known, wait in ((3.0, 3.0), (1e9, 10.0), (-5.0, 0.0)):
        pace.resume(known, 100.0)
        assert pace.wait(100.0) == pytest.approx(wait)


async def test_a_program_that_is_killed_has_used_the_session(file: Path) -> None:
    turns = SharedTurns(file, NO_PACING)
    assert not await taken(turns)
    assert await taken(turns)
    command = [sys.executable, "-c", KILLED, str(file)]
    other = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, cwd=ROOT)
    assert other.stdout
    assert await other.stdout.readline() == b"has its turn\n"
    waiting = asyncio.ensure_future(taken(turns))
    other.kill()
    await other.wait()
    assert not await waiting
    assert await taken(turns)


async def test_what_has_time_comes_last(file: Path) -> None:
    """Between two requests of a program that goes on asking, a history gets no turn."""
    begun: list[str] = []
    asks, reads = SharedTurns(file, NO_PACING), SharedTurns(file, NO_PACING, has_time=True)

    async def take(turns: SharedTurns, name: str, times: int) -> None:
        for _ in range(times):
            async with turns.taken():
                begun.append(name)
                await asyncio.sleep(0)

    await take(asks, "asks", 1)
    await asyncio.gather(take(reads, "reads", 2), take(asks, "asks", 3))
    assert begun == [*["asks"] * 4, *["reads"] * 2]


async def test_what_has_time_gets_its_turn_in_the_end(
    monkeypatch: pytest.MonkeyPatch, file: Path
) -> None:
    """Of two histories none waits for the other; nor does one for ever for those that ask."""
    monkeypatch.setattr(module, "_GIVES_WAY", 3600)
    asks, one, other = (SharedTurns(file, NO_PACING, has_time=n > 0) for n in range(3))
    assert not await taken(one)
    assert not await taken(other)
    assert not await taken(asks)
    monkeypatch.setattr(module, "_PATIENCE", 0.1)
    assert not await taken(one)
