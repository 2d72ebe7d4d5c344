"""One meter's readings as long-term statistics: what is written to the recorder, and when.

What stands in the recorder is derived: it is built again from the store without a request to the
portal.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from homeassistant.components.recorder.models import (
    StatisticData,
    StatisticMeanType,
    StatisticMetaData,
)
from homeassistant.const import UnitOfEnergy, UnitOfVolume
from homeassistant.core import HomeAssistant
from homeassistant.util.unit_conversion import EnergyConverter, VolumeConverter

from ..client.billing.schedule import TariffSchedule
from ..client.brunei import brunei_date, brunei_midnight
from ..client.consumption import DayReadings, days_between
from ..client.models import CURRENCY, Utility
from ..client.store import ReadingsStore
from ..const import DOMAIN
from ..privacy import masked
from .recorder import (
    Recorded,
    RecorderFailed,
    async_clear,
    async_read,
    async_recorded,
    async_write,
    is_recorded,
)
from .statistic_rows import Row, RunningSums, build_rows, stretches

_LOGGER = logging.getLogger(__name__)

SOURCE: Final = DOMAIN
_DAY: Final = timedelta(days=1)


def metadata(meter: str, utility: Utility) -> dict[str, StatisticMetaData]:
    """Return the recorder's metadata of a meter's series, by their names in `Rows`."""
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
        "cost": series("cost", "cost", CURRENCY, None),
        "daily": series("daily", "daily report", unit, unit_class),
    }


def statistic_ids(meter: str, utility: Utility) -> list[str]:
    """Return the ids of a meter's series."""
    return [series["statistic_id"] for series in metadata(meter, utility).values()]


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
            await async_clear(self._hass, foreign)

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
                name: [row for row in rows if not is_recorded(row, recorded[ids[name]])]
                for name, rows in expected.items()
            }
            await self._async_write(differing)
            written += sum(map(len, differing.values()))
        return written, set()

    async def _async_recorded(
        self, ids: set[str], first: date | None, last: date | None
    ) -> dict[str, Recorded]:
        since = brunei_midnight(first) if first else None
        until = brunei_midnight(last + _DAY) if last else None
        return await async_read(self._hass, ids, since, until)

    async def _async_write(self, rows: Mapping[str, Sequence[StatisticData]]) -> None:
        try:
            await async_write(
                self._hass, [(self._metadata[name], series) for name, series in rows.items()]
            )
        except RecorderFailed:
            self._verified = False
            raise

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
        days = days_between(self._store, self._meter, first, last)
        return [day for day in days if wanted is None or day.day in wanted]


def _data(row: Row) -> StatisticData:
    return StatisticData(start=row.start, state=float(row.state), sum=float(row.sum))


def _next_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)
