"""From the store to long-term statistics: beside the same rows ready-made, and reading all back.

Over a real recorder with its SQLite on disk. The public integration `ha_usms` reads all rows of a
meter's consumption back at each poll, to add up their sums anew: the peer is that reading alone.
"""

import asyncio
import logging
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import batched
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

from homeassistant import loader
from homeassistant.bootstrap import async_load_base_functionality
from homeassistant.components.recorder.models import StatisticData, StatisticMetaData
from homeassistant.components.recorder.statistics import (
    async_add_external_statistics,
    statistics_during_period,
)
from homeassistant.config_entries import ConfigEntries
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers.recorder import async_initialize_recorder, get_instance
from homeassistant.setup import async_setup_component

from custom_components.usms.client import (
    Reading,
    TariffSchedule,
    Utility,
    residential_electricity,
    residential_water,
)
from custom_components.usms.client.store import ReadingsStore
from custom_components.usms.client.store.models import StoredMeter
from custom_components.usms.history.meter_statistics import MeterStatistics
from custom_components.usms.history.recorder import async_recorded
from custom_components.usms.history.series import metadata
from tests.portal import SimulatedPortal
from tests.support.watch import watching

from .portal import add_meters
from .rest import write
from .table import GROWTH, Case, Goal, Row

PRICES = {
    Utility.ELECTRICITY: TariffSchedule.always(residential_electricity()),
    Utility.WATER: TariffSchedule.always(residential_water()),
}
HOURS = 24
"""Hours that are added one by one to each meter, for the median."""
MONTH = 744
"""Hours that are imported at a time."""
TURN = 15
"""ms of the processor that the loop may be held."""

type Meters = dict[StoredMeter, MeterStatistics]
type Newest = dict[str, datetime]
"""The newest hour of each meter that has hours."""
type Series = Sequence[tuple[StatisticMetaData, Sequence[StatisticData]]]


@dataclass(frozen=True)
class Took:
    """How long something took, in seconds by the clock and of the processor, all threads."""

    clock: float
    cpu: float


class Stopwatch:
    """Takes the time from when it is made."""

    def __init__(self) -> None:
        self._clock, self._cpu = perf_counter(), process_time()

    def read(self) -> Took:
        return Took(perf_counter() - self._clock, process_time() - self._cpu)


@dataclass(frozen=True)
class Derived:
    """What each took."""

    ours: Took
    again: Took
    hour: Took
    """For one meter."""
    bare: Took
    all_back: Took
    one_back: Took
    turn: float
    """ms of the processor."""


@asynccontextmanager
async def home_assistant(folder: Path) -> AsyncIterator[HomeAssistant]:
    """Run Home Assistant's core with a recorder, and nothing else."""
    logging.getLogger("homeassistant").setLevel(logging.ERROR)  # it warns of us
    hass = HomeAssistant(str(folder))
    hass.config_entries = ConfigEntries(hass, {})
    loader.async_setup(hass)
    await async_load_base_functionality(hass)
    async_initialize_recorder(hass)
    database = f"sqlite:///{folder / 'home-assistant_v2.db'}"
    assert await async_setup_component(hass, "recorder", {"recorder": {"db_url": database}})
    await get_instance(hass).async_db_ready
    hass.set_state(CoreState.running)
    hass.bus.async_fire_internal("homeassistant_started")
    await hass.async_block_till_done()
    await async_recorded(hass)
    try:
        yield hass
    finally:
        await hass.async_stop(force=True)


def filled(file: Path, case: Case) -> Newest:
    """Fill a store; the portal is gone then, which would keep the collection of garbage busy."""
    portal = SimulatedPortal(seed=1, days=365 * case.years)
    add_meters(portal, case.meters)
    write(file, portal)
    truths = {meter.number: portal.truth(meter.number, "hour") for meter in portal.meters}
    return {number: hours[-1][0] for number, hours in truths.items() if hours}


async def derived(case: Case) -> Derived:
    """Write the statistics of such a store, as we do and bare."""
    with tempfile.TemporaryDirectory() as folder:
        first, second = Path(folder) / "first", Path(folder) / "second"
        first.mkdir()
        second.mkdir()
        newest = await asyncio.to_thread(filled, first / "readings.db", case)
        with closing(ReadingsStore(first / "readings.db")) as store:
            async with home_assistant(first) as hass:
                with watching() as watch:
                    ours, _ = await verified(hass, store)
                again, meters = await verified(hass, store)
                all_back = await read_back(hass, list(meters))
                one_back = await read_back(hass, [next(iter(meters))])
                hour = await one_hour_more(store, newest, meters)
                made = [
                    (series, await rows_of(hass, series["statistic_id"]))
                    for meter in store.meters()
                    if meter.utility
                    for series in metadata(meter.number, meter.utility).values()
                ]
        async with home_assistant(second) as hass:
            bare = await imported(hass, made)
    turn = max((busy for _, busy, _ in watch.ours), default=0.0)
    return Derived(ours, again, hour, bare, all_back, one_back, turn)


async def verified(hass: HomeAssistant, store: ReadingsStore) -> tuple[Took, Meters]:
    """Compare all with the recorder, as at a start, and write what it lacks."""
    meters = {
        meter: MeterStatistics(
            hass, store, meter.number, meter.utility, partial(PRICES.get, meter.utility)
        )
        for meter in store.meters()
        if meter.utility
    }
    watch = Stopwatch()
    for statistics in meters.values():
        await statistics.async_verify()
    return watch.read(), meters


async def one_hour_more(store: ReadingsStore, newest: Newest, meters: Meters) -> Took:
    """Write the statistics of hours that came one by one; return the median for a meter."""
    took = []
    for meter, statistics in meters.items():
        for number in range(HOURS if meter.number in newest else 0):
            start = newest[meter.number] + (number + 1) * timedelta(hours=1)
            reading = Reading(start, Decimal("0.5"))
            store.save_hours(meter.number, start.date(), [reading], start)
            watch = Stopwatch()
            await statistics.async_update({start.date()})
            took.append(watch.read())
    return Took(median(one.clock for one in took), median(one.cpu for one in took))


async def rows_of(hass: HomeAssistant, statistic_id: str) -> list[StatisticData]:
    """Return all rows of a series, as `ha_usms` reads them."""
    found = await get_instance(hass).async_add_executor_job(
        statistics_during_period,
        hass,
        datetime.fromtimestamp(0, UTC),
        None,
        {statistic_id},
        "hour",
        None,
        {"state", "sum"},
    )
    return [
        StatisticData(
            start=datetime.fromtimestamp(row["start"], UTC), state=row["state"], sum=row["sum"]
        )
        for row in found.get(statistic_id, [])
    ]


async def read_back(hass: HomeAssistant, meters: Sequence[StoredMeter]) -> Took:
    """Read all of the consumption of meters back."""
    watch = Stopwatch()
    for meter in meters:
        assert meter.utility
        await rows_of(hass, metadata(meter.number, meter.utility)["consumption"]["statistic_id"])
    return watch.read()


async def imported(hass: HomeAssistant, made: Series) -> Took:
    """Import rows that are there already."""
    watch = Stopwatch()
    for series, rows in made:
        for month in batched(rows, MONTH, strict=False):
            async_add_external_statistics(hass, series, month)
    await async_recorded(hass)
    return watch.read()


async def derive(cases: Sequence[Case], turns: int) -> AsyncIterator[Row]:
    """Yield the rows of each case; more turns for the first, which is small."""
    first: float | None = None
    for case in cases:
        # In a task of its own, so that the watch sees whose turn of the loop it is.
        found = [await asyncio.create_task(derived(case)) for _ in range(1 if first else turns)]

        def middle(take: Callable[[Derived], float], found: Sequence[Derived] = found) -> float:
            return median(map(take, found))

        name, goals = f"store → statistics: {case}", [Goal(1.1, "limit")]
        bare = middle(lambda one: one.bare.clock)
        yield Row(name, "s", middle(lambda one: one.ours.clock), limit=bare, goals=goals)
        ours_cpu, bare_cpu = middle(lambda one: one.ours.cpu), middle(lambda one: one.bare.cpu)
        yield Row(name, "s CPU", ours_cpu, limit=bare_cpu, goals=goals)
        yield Row(
            f"{name}, again",
            "s CPU",
            middle(lambda one: one.again.cpu),
            middle(lambda one: one.all_back.cpu),
            bare_cpu,
            [Goal(0.05, "limit")],
        )
        hour = 1000 * middle(lambda one: one.hour.cpu)
        yield Row(
            f"{name}, one hour more of a meter",
            "ms CPU",
            hour,
            1000 * middle(lambda one: one.one_back.cpu),
            first,
            [Goal(GROWTH, "limit")] if first else [],
        )
        first = first or hour
        turn = max(one.turn for one in found)
        name = f"longest turn of the loop: {case} of statistics"
        yield Row(name, "ms CPU", turn, limit=10, goals=[Goal(TURN)])
