"""One meter's readings as long-term statistics: what is written to the recorder, and when.

What stands in the recorder is derived: it is built again from the store, without the portal.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from homeassistant.components.recorder.models import StatisticData
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..client.billing.schedule import TariffSchedule
from ..client.brunei import brunei_date, brunei_midnight
from ..client.consumption import DayReadings, days_between
from ..client.models import Resolution, Utility
from ..client.store import ReadingsStore
from .adoption import adoption
from .recorder import (
    Recorded,
    RecorderFailed,
    async_delete,
    async_read,
    async_recorded,
    async_write,
    is_recorded,
)
from .series import called, ids_by_name, metadata
from .statistic_rows import Row, RunningSums, build_rows, stretches
from .written import Written, WrittenDays, left_totals, superseded_rows

_LOGGER = logging.getLogger(__name__)

_DAY: Final = timedelta(days=1)
_SAME: Final = 1e-9
_COMPARED: Final = timedelta(days=31)
"""How much of what changed is compared with the recorder, so that what stands there stays."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What a comparison of the recorder with the store has changed."""

    written: int = 0
    """Rows of statistics."""
    adopted: int = 0
    """Readings that the store has taken over."""

    def __add__(self, other: Verified) -> Verified:
        """Add up what several comparisons have changed."""
        return Verified(self.written + other.written, self.adopted + other.adopted)


class MeterStatistics:
    """The series of one meter: writes what changed, and only that.

    What the recorder has and the store has not is taken over before anything is written. Nothing
    is removed but a day's total at midnight once the day has hours.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        store: ReadingsStore,
        meter: str,
        utility: Utility,
        schedule: Callable[[], TariffSchedule | None],
    ) -> None:
        """Derive from that store; `schedule` returns the prices, without which there is no cost."""
        self._hass = hass
        self._store = store
        self._meter = meter
        self._utility = utility
        self._ids = ids_by_name(meter, utility)
        self._schedule = schedule
        self._prices = schedule()
        """At which the rows are priced."""
        self.left_out: frozenset[str] = frozenset()
        """The ids of series that are not written: deleted by hand, and the meter is gone."""
        self._written = WrittenDays()
        """What the recorder has of each day."""
        self._sums: tuple[date, RunningSums] | None = None
        """Where the series stand before a day, some weeks ago: what later ones are counted from."""
        self._base: dict[str, float] = {}
        """By how much the sums of each series are higher than its own: an offset set by hand."""
        self._verified = False
        """Whether that is all that it has: not before a look at it, nor after one that failed."""

    async def async_update(self, changed: Iterable[date]) -> Verified:
        """Write the days that changed, and those after them whose sums move.

        Where prices are others now, or the recorder's last row before them is not what was written,
        all is compared. Raises RecorderFailed.
        """
        changed = set(changed)
        if self._schedule() != self._prices:
            return await self.async_verify()
        if not changed:
            return Verified()
        first, last = min(changed), min(max(changed), min(changed) + _COMPARED)
        before = self._written.before(first)
        recorded = await self._async_recorded(before or first, last)
        if not self._verified or not await self._async_is_as_written(before, recorded):
            return await self.async_verify()
        # One look at the store for both: the history goes on writing to it.
        rows, superseded = await self._hass.async_add_executor_job(self._changed_rows, changed)
        # Of a day that gets its next hour, the others stand.
        differing = self._differing(rows, recorded)
        await self._async_write(differing)
        await self._async_delete(superseded)
        return Verified(written=sum(map(len, differing.values())))

    async def async_verify(self) -> Verified:
        """Take over what only the recorder has, compare the rest and write what differs.

        Month by month, so that years take no more memory than one. Raises RecorderFailed.
        """
        self._verified, self._prices = False, self._schedule()
        await async_recorded(self._hass)
        run = self._hass.async_add_executor_job
        self._written, self._sums, self._base = WrittenDays(), None, {}
        sums, done = RunningSums.priced_by(self._prices), Verified()
        for first, last in await run(self._months):
            recorded = await self._async_recorded(first, last)
            adopted = await run(self._adopt, recorded, first, last)
            expected = await run(self._rows, first, last, sums)
            superseded = left_totals(self._written, recorded[self._ids["consumption"]])
            self._find_base(expected, recorded)
            differing = self._differing(expected, recorded)
            await self._async_write(differing)
            await self._async_delete(superseded)
            done += Verified(sum(map(len, differing.values())), adopted)
        self._verified = True
        return done

    async def _async_is_as_written(
        self, day: date | None, recorded: Mapping[str, Recorded]
    ) -> bool:
        """Return whether the recorder's last rows of a day are what was written."""
        if day is None:
            return True
        sums = await self._hass.async_add_executor_job(self._sums_before, day)
        expected = await self._hass.async_add_executor_job(self._rows, day, day, sums)
        last = {name: rows[-1:] for name, rows in expected.items()}
        return not any(self._differing(last, recorded).values())

    async def _async_recorded(self, first: date | None, last: date | None) -> dict[str, Recorded]:
        since = brunei_midnight(first) if first else None
        until = brunei_midnight(last + _DAY) if last else None
        with self._looking_again():
            return await async_read(self._hass, set(self._ids.values()), since, until)

    async def _async_write(self, rows: Mapping[str, Sequence[StatisticData]]) -> None:
        of = metadata(self._meter, self._utility, called(self._hass, self._meter))
        with self._looking_again():
            await async_write(self._hass, [(of[name], series) for name, series in rows.items()])

    async def _async_delete(self, starts: Sequence[datetime]) -> None:
        if starts:
            ids = [self._ids[name] for name in ("consumption", "cost")]
            with self._looking_again():
                await async_delete(self._hass, ids, starts)

    @contextmanager
    def _looking_again(self) -> Iterator[None]:
        """Have all compared again after a failure."""
        try:
            yield
        except RecorderFailed:
            self._verified = False
            raise

    def _differing(
        self, rows: Mapping[str, Sequence[StatisticData]], recorded: Mapping[str, Recorded]
    ) -> dict[str, list[StatisticData]]:
        """Return the rows, as they are to stand, that the recorder has not so."""
        return {
            name: [
                row
                for row in self._shifted(name, series)
                if not is_recorded(row, recorded[self._ids[name]])
            ]
            for name, series in rows.items()
        }

    def _shifted(self, name: str, rows: Sequence[StatisticData]) -> Sequence[StatisticData]:
        if self._ids[name] in self.left_out:
            return []
        base = self._base.get(name)
        if not base:
            return rows
        return [StatisticData(**{**row, "sum": row["sum"] + base}) for row in rows]

    def _find_base(
        self, expected: Mapping[str, Sequence[StatisticData]], recorded: Mapping[str, Recorded]
    ) -> None:
        """Keep an offset of a series' sums, which its first row shows."""
        for name, rows in expected.items():
            if rows and name not in self._base:
                state, total = recorded[self._ids[name]].get(
                    rows[0]["start"].timestamp(), (None, None)
                )
                same = state is not None and abs(state - rows[0]["state"]) < _SAME
                self._base[name] = total - rows[0]["sum"] if same and total is not None else 0.0

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

    def _adopt(
        self, recorded: Mapping[str, Recorded], first: date | None, last: date | None
    ) -> int:
        """Take over what only the recorder has; return how much."""
        amounts = {
            name: {start: state for start, (state, _) in recorded[self._ids[name]].items()}
            for name in ("consumption", "daily")
        }
        found = adoption(
            self._utility, amounts["consumption"], amounts["daily"], self._days(None, first, last)
        )
        now = dt_util.utcnow()
        adopted = 0
        for resolution, readings in (
            (Resolution.DAY, found.totals),
            (Resolution.HOUR, found.hours),
        ):
            if readings:
                adopted += self._store.adopt(self._meter, resolution, readings, now)
        if adopted:
            _LOGGER.info("Took over %d readings that only the recorder had", adopted)
        return adopted

    def _changed_rows(
        self, changed: set[date]
    ) -> tuple[dict[str, list[StatisticData]], list[datetime]]:
        """Return the rows to write, of the changed days and of all later ones if sums move.

        And the starts of rows that have to go.
        """
        before, moved = self._written.of(changed), None
        for day in self._days(changed):
            known, self._written[day.day] = before.get(day.day), Written.of(day)
            if moved is None and (
                known is None or (known.amount, known.total) != (day.amount, day.total)
            ):
                moved = day.day
        # A last day that is new moves no sums, but neither are there rows after it.
        wanted = {day for day in changed if day in self._written}
        if moved is not None:
            wanted.update(self._written.between(moved, date.max))
        before = self._written.of(wanted) | before
        rows: dict[str, list[StatisticData]] = {name: [] for name in self._ids}
        for first, last in stretches(sorted(wanted), self._written.days):
            part = self._rows(first, last, self._sums_before(first))
            for name, series in part.items():
                rows[name] += series
        return rows, superseded_rows(before, self._written)

    def _rows(
        self, first: date | None, last: date | None, sums: RunningSums
    ) -> dict[str, list[StatisticData]]:
        data: dict[str, list[StatisticData]] = {name: [] for name in self._ids}
        for day in self._days(None, first, last):
            self._written[day.day] = Written.of(day)
            rows = build_rows(day, sums)
            for name, series in data.items():
                series += [_data(row) for row in getattr(rows, name)]
        return data

    def _sums_before(self, first: date) -> RunningSums:
        """Return where the series stand before a day, by the days of two months, not of years.

        What changed is asked for at once, so that nothing is kept that began after it.
        """
        begin = (first.replace(day=1) - _DAY).replace(day=1)
        if self._sums is None or self._sums[0] > begin:
            self._sums = date.min, RunningSums.priced_by(self._prices)
        self._sums = begin, self._counted_on(*self._sums, begin)
        return self._counted_on(*self._sums, first)

    def _counted_on(self, since: date, sums: RunningSums, until: date) -> RunningSums:
        sums = sums.copy()
        for day in self._written.between(since, until):
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
