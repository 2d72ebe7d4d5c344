"""Months of living at accelerated time: faults, restarts, corrections, two accounts.

`scripts/soak` runs it for a year and over each recorder; in CI it runs for two months.
"""

import asyncio
import json
import logging
import os
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import asdict, astuple, dataclass, field
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from freezegun import api as freezegun_api
from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState

from custom_components.usms.client import BRUNEI, NO_PACING
from custom_components.usms.connection import connection
from tests.portal import Fault, SimulatedPortal

from .household import Household, Memory, held

pytestmark = [pytest.mark.soak, pytest.mark.timeout(4 * 3600)]

DAYS = int(os.environ.get("USMS_SOAK_DAYS", "60"))
RESULT = os.environ.get("USMS_SOAK_RESULT")
BEGIN = datetime(2025, 11, 20, 14, 30, tzinfo=BRUNEI)
HISTORY = 40
"""Days before the beginning."""
LEAP = timedelta(hours=6)
WARM_UP = min(30, DAYS // 2)
"""Days after which memory is measured first."""
LOOK_EVERY, LOOKS = 3, 3
"""Memory is looked at every so many days, and so many looks in a row are taken together."""
CALM = 0.3
"""The share at the end of the time, with neither restarts nor sign-ins by hand, in which memory
may grow only by what the integration itself keeps."""
MOST_MEGABYTES = 10
"""What the process may have in use more from then on, however long."""
FAULTS = ("drop", "status", "empty", "other_page", "maintenance", "redirect_host", "cut")
PATHS = ("*", "home", "report/usagehistory")


@dataclass
class Measured:
    """What was seen day by day."""

    days: list[dict[str, float]] = field(default_factory=list)
    memory: dict[int, Memory] = field(default_factory=dict)
    """By day."""

    def look(self, household: Household, day: int) -> None:
        """Note the present."""
        self.days.append(
            {
                "day": day,
                "readings": household.readings(),
                "store_bytes": household.store_bytes(),
            }
        )
        if day % LOOK_EVERY == 0:
            self.memory[day] = Memory.now()

    def megabytes(self, first: int) -> Memory:
        """Return the mean of some looks at memory from a day on."""
        looks = [look for day, look in self.memory.items() if day >= first][:LOOKS]
        sizes = zip(*map(astuple, looks), strict=True)
        return Memory(*(round(sum(size) / len(looks), 1) for size in sizes))

    def bytes_a_reading(self, day: int) -> float:
        """Return how many bytes the stores take for each reading."""
        return self.days[day]["store_bytes"] / self.days[day]["readings"]


class Complaints(logging.Handler):
    """The errors in the log that the integration did not foresee: those with a traceback."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the text alone: a record would keep all that its traceback reaches."""
        if record.exc_info and record.name != "aiohttp.server":  # that is the portal
            self.texts.append(self.format(record))


@contextmanager
def listening() -> Iterator[Complaints]:
    """Keep no log in memory but the complaints; pytest would keep all of it."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    complaints = Complaints()
    root.handlers[:] = [complaints]
    root.setLevel(logging.ERROR)
    logging.getLogger("sqlalchemy.engine").setLevel(logging.ERROR)
    yield complaints
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def persistent_database() -> bool:
    """Have the recorder's SQLite in a file, which outlives restarts."""
    return True


@pytest.fixture
def hass_fixture_setup() -> list[bool]:
    """There is no single Home Assistant here."""
    return []


@pytest.fixture
async def household(
    async_test_recorder: Any,
    tmp_path: Path,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
    socket_enabled: None,
) -> AsyncIterator[Household]:
    """Two signed-in accounts, and a portal whose truth is all made: it takes no memory later."""
    freezer.move_to(BEGIN)
    monkeypatch.setattr(connection, "PACING", NO_PACING)
    (tmp_path / ".storage").mkdir()
    async with SimulatedPortal(seed=1, days=HISTORY, now=BEGIN) as portal:
        monkeypatch.setenv("USMS_BASE_URL", portal.base_url)
        portal.set_profile(session_minutes=None)  # sessions die by chance alone
        end = BEGIN + timedelta(days=DAYS + 10)
        for account in portal.accounts.values():
            for meter in account.meters:
                meter.balance(end)
                portal.truth(meter.number, "day", at=end)
                portal.truth(meter.number, "hour", at=end)
        yield Household(portal, freezer, async_test_recorder, tmp_path, random.Random(7))


async def test_soak(household: Household) -> None:
    """Live; at the end the statistics are the truth, and nothing has grown or is left."""
    with listening() as complaints:
        await _soak(household, complaints)


async def _soak(household: Household, complaints: Complaints) -> None:
    began = freezegun_api.real_perf_counter()
    asyncio.get_running_loop().set_debug(False)  # else most of the time goes into tracebacks
    await household.start()
    await household.sign_in_both()
    await household.restart()
    await household.stop()
    before = held()
    await household.start()
    await household.set_up()
    for harness in household.harnesses:
        await harness.start_history()
    measured = Measured()
    for day in range(DAYS):
        calm = day >= DAYS * (1 - CALM)
        await _live_a_day(household, calm=calm)
        measured.look(household, day)
        if day % 30 == 29:
            await _compare(household, leaps=4, published_before=timedelta(hours=14))
    await _compare(household, leaps=8, published_before=timedelta(hours=14))
    report = _report(household, measured)
    await household.stop()
    report["left"] = sorted((held() - before).elements())
    report["unforeseen"] = complaints.texts
    report["minutes"] = round((freezegun_api.real_perf_counter() - began) / 60, 1)
    if RESULT:
        by_day = {day: asdict(look) for day, look in measured.memory.items()}
        Path(RESULT).write_text(json.dumps(report | {"memory": by_day}, indent=1))
    print(json.dumps(report, indent=1))
    assert report["left"] == []
    assert report["unforeseen"] == []
    assert report["megabytes_grown"] < MOST_MEGABYTES
    assert report["megabytes_grown_calm"] < MOST_MEGABYTES
    assert report["bytes_a_reading_end"] < 1.1 * report["bytes_a_reading_warm"]


async def _live_a_day(household: Household, *, calm: bool) -> None:
    """Let a day pass, on some of which things go wrong."""
    chance, portal = household.chance, household.portal
    today = household.harnesses[0].now.date() + timedelta(days=1)
    midnight = datetime.combine(today, time(0, 35), BRUNEI)
    leaps = 4
    fault_at = chance.randrange(leaps - 1) if chance.random() < 0.35 else None
    dies_at = chance.randrange(leaps) if chance.random() < 0.2 and not calm else None
    restarts_at = chance.randrange(leaps) if chance.random() < 0.15 and not calm else None
    for leap in range(leaps):
        if leap == fault_at:
            kind, path = chance.choice(FAULTS), chance.choice(PATHS)
            times = chance.choice((1, 3, None))
            portal.add_fault(Fault(path=path, kind=kind, times=times, after=chance.randrange(3)))
            household.count("faults")
        elif fault_at is not None and leap > fault_at:
            portal.clear_faults()
        if leap == dies_at:
            portal.expire()
            household.count("dead sessions")
        if leap == restarts_at:
            await household.restart()
        await household.move_to(midnight + leap * LEAP)
    portal.clear_faults()


async def _compare(household: Household, *, leaps: int, published_before: timedelta) -> None:
    """Have some calm hours, then compare every row of every statistic with the truth."""
    for _ in range(leaps):
        await household.forward(LEAP)
    for harness in household.harnesses:
        assert harness.entry.state is ConfigEntryState.LOADED
        assert harness.state("sign_in_needed") == "off"
        await harness.assert_statistics_equal_truth(published_before=published_before)
    household.count("comparisons")


def _report(household: Household, measured: Measured) -> dict[str, Any]:
    last = len(measured.days) - 1
    last_looks = last - LOOKS * LOOK_EVERY + 1
    warm, end = measured.megabytes(WARM_UP), measured.megabytes(last_looks)
    calm = measured.megabytes(min(int(DAYS * (1 - CALM)) + LOOK_EVERY, last_looks))
    return {
        "days": DAYS,
        "warm_up": WARM_UP,
        "happened": household.counts,
        "readings": int(measured.days[last]["readings"]),
        "store_bytes": int(measured.days[last]["store_bytes"]),
        "megabytes_warm": asdict(warm),
        "megabytes_end": asdict(end),
        "megabytes_grown": round(end.used - warm.used, 1),
        "megabytes_grown_calm": round(end.used - calm.used, 1),
        "bytes_a_reading_warm": round(measured.bytes_a_reading(WARM_UP), 1),
        "bytes_a_reading_end": round(measured.bytes_a_reading(last), 1),
    }
