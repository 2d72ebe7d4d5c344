"""What the recorder offers: rows of long-term statistics written, read, cleared, and waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import batched
from typing import Final, override

from homeassistant.components.recorder.core import Recorder
from homeassistant.components.recorder.db_schema import Statistics
from homeassistant.components.recorder.models import StatisticData, StatisticMetaData
from homeassistant.components.recorder.statistics import (
    async_add_external_statistics,
    get_metadata,
    statistics_during_period,
)
from homeassistant.components.recorder.tasks import RecorderTask
from homeassistant.components.recorder.util import session_scope
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.recorder import get_instance
from homeassistant.util import dt as dt_util
from sqlalchemy.exc import SQLAlchemyError

from ..const import DOMAIN
from .foreign import SourceRow

_BATCH: Final = 744
"""A month of hours: larger imports hold the event loop and the recorder for long."""
_SAME: Final = 1e-9
"""By how much a database may change a float."""
_HOUR: Final = timedelta(hours=1)

type Recorded = Mapping[float, tuple[float, float]]
"""State and sum of a series by start, in seconds since 1970."""


class RecorderFailed(HomeAssistantError):
    """The recorder's database can't be read or written, such as a server that restarts."""

    def __init__(self) -> None:
        """Say so, translated."""
        super().__init__(translation_domain=DOMAIN, translation_key="recorder_failed")


@dataclass(slots=True)
class _Marker(RecorderTask):
    """Set once the recorder has come to it; what was queued before is committed then."""

    reached: asyncio.Event

    @override
    def run(self, instance: Recorder) -> None:
        instance.hass.loop.call_soon_threadsafe(self.reached.set)


async def async_recorded(hass: HomeAssistant) -> None:
    """Wait until the recorder has written all that was queued before: importing only queues."""
    reached = asyncio.Event()
    get_instance(hass).queue_task(_Marker(reached))
    await reached.wait()


async def async_clear(hass: HomeAssistant, ids: Iterable[str]) -> None:
    """Remove series from the recorder."""
    get_instance(hass).async_clear_statistics(sorted(ids))
    await async_recorded(hass)


@dataclass(slots=True)
class _DeleteRows(RecorderTask):
    """Remove single rows of series, which the recorder offers no other way for."""

    ids: Sequence[str]
    starts: Sequence[float]

    @override
    def run(self, instance: Recorder) -> None:
        with session_scope(session=instance.get_session()) as session:
            for statistic_id in self.ids:
                known = instance.statistics_meta_manager.get(session, statistic_id)
                if known:
                    session.query(Statistics).filter(
                        Statistics.metadata_id == known[0], Statistics.start_ts.in_(self.starts)
                    ).delete(synchronize_session=False)


async def async_delete(hass: HomeAssistant, ids: Sequence[str], starts: Sequence[datetime]) -> None:
    """Remove the rows of series that start at those moments, and check that they are gone.

    Raises RecorderFailed.
    """
    stamps = [start.timestamp() for start in starts]
    for batch in batched(stamps, _BATCH, strict=False):
        get_instance(hass).queue_task(_DeleteRows(ids, batch))
    await async_recorded(hass)
    left = await async_read(hass, set(ids), min(starts), max(starts) + _HOUR)
    if any(stamp in rows for rows in left.values() for stamp in stamps):
        raise RecorderFailed


async def async_known(hass: HomeAssistant, ids: set[str]) -> set[str]:
    """Return which of those series the recorder knows; raises RecorderFailed."""
    read = partial(get_metadata, hass, statistic_ids=ids)
    try:
        return set(await get_instance(hass).async_add_executor_job(read))
    except SQLAlchemyError as err:
        raise RecorderFailed from err


async def async_read(
    hass: HomeAssistant, ids: set[str], since: datetime | None, until: datetime | None
) -> dict[str, Recorded]:
    """Return series as the recorder has them, from `since` and before `until`.

    Raises RecorderFailed.
    """
    try:
        return await get_instance(hass).async_add_executor_job(_read, hass, ids, since, until)
    except SQLAlchemyError as err:
        raise RecorderFailed from err


async def async_name(hass: HomeAssistant, wanted: Iterable[StatisticMetaData]) -> None:
    """Give series that the recorder knows their names; their rows stay. Raises RecorderFailed."""
    series = {one["statistic_id"]: one for one in wanted}
    read = partial(get_metadata, hass, statistic_ids=set(series))
    try:
        known = await get_instance(hass).async_add_executor_job(read)
    except SQLAlchemyError as err:
        raise RecorderFailed from err
    for statistic_id, (_, metadata) in known.items():
        if metadata["name"] != series[statistic_id]["name"]:
            async_add_external_statistics(hass, series[statistic_id], ())


async def async_metadata(hass: HomeAssistant, statistic_id: str) -> StatisticMetaData | None:
    """Return what the recorder knows of a series; None where there is none.

    Raises RecorderFailed.
    """
    read = partial(get_metadata, hass, statistic_ids={statistic_id})
    try:
        known = await get_instance(hass).async_add_executor_job(read)
    except SQLAlchemyError as err:
        raise RecorderFailed from err
    return known[statistic_id][1] if statistic_id in known else None


async def async_rows(hass: HomeAssistant, series: StatisticMetaData) -> list[SourceRow]:
    """Return all hours of a series in its own unit, by time; raises RecorderFailed."""
    try:
        return await get_instance(hass).async_add_executor_job(_rows, hass, series)
    except SQLAlchemyError as err:
        raise RecorderFailed from err


async def async_write(
    hass: HomeAssistant, rows: Sequence[tuple[StatisticMetaData, Sequence[StatisticData]]]
) -> None:
    """Write rows and check that they arrived: the recorder reports no failure.

    Raises RecorderFailed.
    """
    for metadata, series in rows:
        for batch in batched(series, _BATCH, strict=False):
            async_add_external_statistics(hass, metadata, batch)
            await async_recorded(hass)
    last = {metadata["statistic_id"]: series[-1] for metadata, series in rows if series}
    if not last:
        return
    starts = [row["start"] for row in last.values()]
    recorded = await async_read(hass, set(last), min(starts), max(starts) + _HOUR)
    if not all(is_recorded(row, recorded[series]) for series, row in last.items()):
        raise RecorderFailed


def is_recorded(row: StatisticData, recorded: Recorded) -> bool:
    """Return whether a row stands in the recorder as it is."""
    state, total = recorded.get(row["start"].timestamp(), (float("nan"), float("nan")))
    return abs(state - row["state"]) < _SAME and abs(total - row["sum"]) < _SAME * max(
        1, abs(total)
    )


def _rows(hass: HomeAssistant, series: StatisticMetaData) -> list[SourceRow]:
    unit, unit_class = series["unit_of_measurement"], series["unit_class"]
    found = statistics_during_period(
        hass,
        dt_util.utc_from_timestamp(0),
        None,
        {series["statistic_id"]},
        "hour",
        # Else a sensor's rows come in the unit that it is shown in.
        {unit_class: unit} if unit_class and unit else None,
        {"state", "sum"},
    )
    return [
        SourceRow(row["start"], row.get("state"), row.get("sum"))
        for row in found.get(series["statistic_id"], [])
    ]


def _read(
    hass: HomeAssistant, ids: set[str], since: datetime | None, until: datetime | None
) -> dict[str, Recorded]:
    found = statistics_during_period(
        hass,
        since or dt_util.utc_from_timestamp(0),
        until,
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
