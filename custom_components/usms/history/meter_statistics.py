"""The store as long-term statistics: what is written to the recorder, and when.

What the recorder holds is derived: it can be cleared or lost at any time and is built again from
the store, without a request to the portal.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import batched
from typing import Final, override

from homeassistant.components.recorder.core import Recorder
from homeassistant.components.recorder.models import (
    StatisticData,
    StatisticMeanType,
    StatisticMetaData,
)
from homeassistant.components.recorder.statistics import (
    async_add_external_statistics,
    statistics_during_period,
)
from homeassistant.components.recorder.tasks import RecorderTask
from homeassistant.const import UnitOfEnergy, UnitOfVolume
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.recorder import get_instance
from homeassistant.util.unit_conversion import EnergyConverter, VolumeConverter
from sqlalchemy.exc import SQLAlchemyError

from ..client.billing.schedule import TariffSchedule
from ..client.brunei import brunei_date, brunei_midnight
from ..client.models import Reading, Resolution, Utility
from ..client.store import ReadingsStore
from ..connection.connection import masked
from ..const import DOMAIN
from .statistic_rows import DayReadings, Row, RunningSums, build_rows, stretches

_LOGGER = logging.getLogger(__name__)

SOURCE: Final = DOMAIN
_BATCH: Final = 744  # a month of hours: larger imports hold the loop and the recorder for long
_SAME: Final = 1e-9  # what a database may change of a float
_DAY: Final = timedelta(days=1)


class RecorderFailed(HomeAssistantError):
    """The recorder's database can't be read or written, such as a server that restarts."""

    def __init__(self) -> None:
        """Say so, translated."""
        super().__init__(translation_domain=DOMAIN, translation_key="recorder_failed")


def metadata(meter: str, utility: Utility) -> dict[str, StatisticMetaData]:
    """Return what the recorder is told of a meter's series, by their names in `Rows`."""
    energy = utility is Utility.ELECTRICITY
    unit = UnitOfEnergy.KILO_WATT_HOUR if energy else UnitOfVolume.CUBIC_METERS
    unit_class = EnergyConverter.UNIT_CLASS if energy else VolumeConverter.UNIT_CLASS
    label = f"{utility.value.capitalize()} {masked(meter)}"

    def series(name: str, title: str, unit: str, unit_class: str | None) -> StatisticMetaData:
        return StatisticMetaData(
            mean_type=StatisticMeanType.NONE,
            has_sum=True,
            name=f"{label} {title}",
            source=SOURCE,
            statistic_id=f"{SOURCE}:{utility.value}_{meter}_{name}",
            unit_class=unit_class,
            unit_of_measurement=unit,
        )

    return {
        "consumption": series("consumption", "consumption", unit, unit_class),
        "cost": series("cost", "cost", "BND", None),
        "daily": series("daily", "daily report", unit, unit_class),
    }


def statistic_ids(meter: str, utility: Utility) -> list[str]:
    """Return the ids of a meter's series."""
    return [series["statistic_id"] for series in metadata(meter, utility).values()]


@dataclass(slots=True)
class _Marker(RecorderTask):
    """Tells when the recorder has come to it; what was queued before is committed then."""

    reached: asyncio.Event

    @override
    def run(self, instance: Recorder) -> None:
        instance.hass.loop.call_soon_threadsafe(self.reached.set)


async def async_recorded(hass: HomeAssistant) -> None:
    """Wait until the recorder has written all that was queued before: importing only queues."""
    reached = asyncio.Event()
    get_instance(hass).queue_task(_Marker(reached))
    await reached.wait()


async def async_clear(hass: HomeAssistant, ids: list[str]) -> None:
    """Remove series from the recorder."""
    get_instance(hass).async_clear_statistics(ids)
    await async_recorded(hass)


@dataclass(frozen=True, slots=True)
class _Written:
    """What stands in the recorder of a day."""

    amount: Decimal
    total: Decimal | None
    starts: int

    @classmethod
    def of(cls, day: DayReadings) -> _Written:
        return cls(day.amount, day.total, day.starts)


class MeterStatistics:
    """The series of one meter: writes what changed, and only that."""

    def __init__(
        self,
        hass: HomeAssistant,
        store: ReadingsStore,
        meter: str,
        utility: Utility,
        schedule: TariffSchedule | None,
    ) -> None:
        """Derive from that store, priced by that schedule; without one there is no cost."""
        self._hass = hass
        self._store = store
        self._meter = meter
        self._metadata = metadata(meter, utility)
        self._schedule = schedule
        self._written: dict[date, _Written] = {}
        """What the recorder has of each day."""
        self._verified = False
        """Whether that is all that it has: not before a look at it, nor after one that failed."""

    async def async_set_tariff(self, schedule: TariffSchedule | None) -> int:
        """Price by another schedule from now on, and what is written anew; return how many rows."""
        if schedule == self._schedule:
            return 0
        self._schedule = schedule
        return await self.async_verify()

    async def async_update(self, changed: Iterable[date]) -> None:
        """Write the days that changed, and those after them whose sums move.

        Raises RecorderFailed.
        """
        changed = set(changed)
        if not changed:
            return
        if not self._verified:
            await self.async_verify()
            return
        if await self._hass.async_add_executor_job(self._loses_rows, changed):
            # Such as the day's total at midnight, on a day whose hours begin later.
            ids = [self._metadata[name]["statistic_id"] for name in ("consumption", "cost")]
            await async_clear(self._hass, ids)
            await self.async_verify()
            return
        await self._async_write(
            await self._hass.async_add_executor_job(self._changed_rows, changed)
        )

    async def async_verify(self) -> int:
        """Compare the recorder with the store, write what differs; return how many rows that was.

        A series with rows that the store does not have is cleared and written anew: the recorder
        can't remove single rows. Raises RecorderFailed.
        """
        self._verified = False
        await async_recorded(self._hass)
        written, cleared = 0, set[str]()
        while True:
            rows, foreign = await self._async_compare(cleared)
            written += rows
            if not foreign:
                self._verified = True
                return written
            cleared |= foreign
            _LOGGER.info("A statistic has rows that the readings do not: writing it anew")
            await async_clear(self._hass, sorted(foreign))

    async def _async_compare(self, cleared: set[str]) -> tuple[int, set[str]]:
        """Write what differs, month by month, so that years take no more memory than one.

        Returns how many rows that was, and which series, not `cleared`, have rows too many; it
        stops at those.
        """
        run = self._hass.async_add_executor_job
        ids = {name: series["statistic_id"] for name, series in self._metadata.items()}
        self._written, sums, written = {}, RunningSums.priced_by(self._schedule), 0
        for first, last in await run(self._months):
            expected = await run(self._rows, first, last, sums)
            recorded = await self._async_recorded(set(ids.values()), first, last)
            foreign = {
                ids[name]
                for name, rows in expected.items()
                if ids[name] not in cleared
                and recorded[ids[name]].keys() - {row["start"].timestamp() for row in rows}
            }
            if foreign:
                return written, foreign
            differing = {
                name: [row for row in rows if not _is_recorded(row, recorded[ids[name]])]
                for name, rows in expected.items()
            }
            await self._async_write(differing)
            written += sum(map(len, differing.values()))
        return written, set()

    async def _async_recorded(
        self, ids: set[str], first: date | None, last: date | None
    ) -> dict[str, dict[float, tuple[float, float]]]:
        try:
            return await get_instance(self._hass).async_add_executor_job(
                _recorded, self._hass, ids, first, last
            )
        except SQLAlchemyError as err:
            self._verified = False
            raise RecorderFailed from err

    async def _async_write(self, rows: Mapping[str, Sequence[StatisticData]]) -> None:
        """Write rows and look whether they are there: the recorder tells of no failure."""
        for name, series in rows.items():
            for batch in batched(series, _BATCH, strict=False):
                async_add_external_statistics(self._hass, self._metadata[name], batch)
                await async_recorded(self._hass)
        last = {self._metadata[name]["statistic_id"]: rows[name][-1] for name in rows if rows[name]}
        if not last:
            return
        days = [brunei_date(row["start"]) for row in last.values()]
        recorded = await self._async_recorded(set(last), min(days), max(days))
        if not all(_is_recorded(row, recorded[series]) for series, row in last.items()):
            self._verified = False
            raise RecorderFailed

    # --- off the event loop ---

    def _months(self) -> list[tuple[date | None, date | None]]:
        """Return the first and the last day of each month that has readings.

        The first has no beginning and the last no end: the recorder may have more.
        """
        oldest, newest = self._store.span(self._meter)
        firsts = []
        if oldest and newest:
            month = brunei_date(oldest).replace(day=1)
            while (month := _next_month(month)) <= brunei_date(newest):
                firsts.append(month)
        return list(zip([None, *firsts], [*(day - _DAY for day in firsts), None], strict=True))

    def _loses_rows(self, changed: set[date]) -> bool:
        """Whether the recorder has rows that no longer are: it can't remove single ones."""
        return any(
            self._written[day.day].starts & ~day.starts
            for day in self._days(changed)
            if day.day in self._written
        )

    def _changed_rows(self, changed: set[date]) -> dict[str, list[StatisticData]]:
        """Return the rows to write: of the changed days, and of all later ones if sums move."""
        moved = None
        for day in self._days(changed):
            known, self._written[day.day] = self._written.get(day.day), _Written.of(day)
            if moved is None and (
                known is None or (known.amount, known.total) != (day.amount, day.total)
            ):
                moved = day.day
        # A last day that is new moves no sums, but neither are there rows after it.
        wanted = {
            day for day in self._written if day in changed or (moved is not None and day > moved)
        }
        rows: dict[str, list[StatisticData]] = {name: [] for name in self._metadata}
        for first, last in stretches(sorted(wanted), self._written):
            part = self._rows(first, last, self._sums_before(first))
            for name, series in part.items():
                rows[name] += series
        return rows

    def _rows(
        self, first: date | None, last: date | None, sums: RunningSums
    ) -> dict[str, list[StatisticData]]:
        data: dict[str, list[StatisticData]] = {name: [] for name in self._metadata}
        for day in self._days(None, first, last):
            self._written[day.day] = _Written.of(day)
            rows = build_rows(day, sums)
            for name, series in data.items():
                series += [_data(row) for row in getattr(rows, name)]
        return data

    def _sums_before(self, first: date) -> RunningSums:
        sums = RunningSums.priced_by(self._schedule)
        for day in sorted(self._written):
            if day >= first:
                break
            sums.use(day, self._written[day].amount)
            sums.daily += self._written[day].total or 0
        return sums

    def _days(
        self, wanted: set[date] | None, first: date | None = None, last: date | None = None
    ) -> list[DayReadings]:
        """Read days from the store, by time."""
        if wanted:
            first, last = min(wanted), max(wanted)
        totals = {
            reading.start.date(): reading.value
            for reading in self._store.readings(self._meter, Resolution.DAY, first, last)
        }
        hours: dict[date, list[Reading]] = {}
        for reading in self._store.readings(self._meter, Resolution.HOUR, first, last):
            hours.setdefault(reading.start.date(), []).append(Reading(reading.start, reading.value))
        return [
            DayReadings(day, totals.get(day), tuple(hours.get(day, ())))
            for day in sorted(totals.keys() | hours.keys())
            if wanted is None or day in wanted
        ]


def _data(row: Row) -> StatisticData:
    return StatisticData(start=row.start, state=float(row.state), sum=float(row.sum))


def _next_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)


def _recorded(
    hass: HomeAssistant, ids: set[str], first: date | None, last: date | None
) -> dict[str, dict[float, tuple[float, float]]]:
    """Return series as the recorder has them: state and sum by start (seconds since 1970)."""
    found = statistics_during_period(
        hass,
        brunei_midnight(first or date(1990, 1, 1)),
        brunei_midnight(last + _DAY) if last else None,
        ids,
        "hour",
        None,
        {"state", "sum"},
    )
    return {
        series: {
            row["start"]: (row.get("state") or 0.0, row.get("sum") or 0.0)
            for row in found.get(series, [])
        }
        for series in ids
    }


def _is_recorded(row: StatisticData, recorded: Mapping[float, tuple[float, float]]) -> bool:
    state, total = recorded.get(row["start"].timestamp(), (float("nan"), float("nan")))
    return abs(state - row["state"]) < _SAME and abs(total - row["sum"]) < _SAME * max(
        1, abs(total)
    )
