"""Whose report it is: a session has one meter open, and another program may open another."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from ..errors import PageNotUnderstood
from ..models import Resolution
from ..store.models import Origin

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime

    from ..models import Reading, Report, Utility
    from ..store import ReadingsStore
    from .plan import Step
    from .source import ReportSource

_LOGGER = logging.getLogger(__name__)

_ENOUGH: Final = 3
"""Readings that prove something when they agree or differ."""
_FAR_MORE: Final = Decimal("1.25")
_BESIDE: Final = timedelta(days=15)


@dataclass(frozen=True, slots=True)
class Checked:
    """A report, and what it shows to be another meter's, so that it has to be read again."""

    report: Report
    again: Mapping[str, tuple[date, date]]
    """Days by meter, from the first to the last."""


async def read_report(
    client: ReportSource, store: ReadingsStore, step: Step, meters: Mapping[str, Utility | None]
) -> Checked:
    """Ask the portal for a report; one that may be another meter's is asked for again.

    `meters` are those of the account, with what they measure. Only two equal answers replace what
    was known: raises PageNotUnderstood for two that are both doubtful and differ, and what the
    client raises.
    """
    known = await asyncio.to_thread(_known, store, step, meters)
    mine = known.pop(step.meter, {})
    days = await asyncio.to_thread(store.days, step.meter, step.first, step.last)
    hourly = step.resolution is Resolution.HOUR
    total = days[step.first].total if hourly and step.first in days else None

    def of_another_kind(report: Report) -> bool:
        return None not in (report.utility, meters[step.meter]) and (
            report.utility is not meters[step.meter]
        )

    def doubtful(report: Report) -> bool:
        return (
            of_another_kind(report)
            or differs(report.readings, mine)
            or bool(owners(report.readings, mine, known))
            or exceeds(report.readings, total)
        )

    report = await _ask(client, step)
    if not doubtful(report):
        return Checked(report, {})
    _LOGGER.warning("A report may be of another meter, and is asked for again")
    first, report = report, await _ask(client, step, anew=True)
    if of_another_kind(report) or (report.readings != first.readings and doubtful(report)):
        raise PageNotUnderstood("UsageHistory", "a report of the meter that was asked for")
    again = dict.fromkeys(owners(report.readings, mine, known), (step.first, step.last))
    if exceeds(report.readings, total):
        # Then it is the daily report that was another meter's, and the days beside it are too.
        again[step.meter] = (step.first - _BESIDE, step.last + _BESIDE)
    return Checked(report, again)


def differs(readings: Sequence[Reading], known: Mapping[datetime, Decimal]) -> bool:
    """Return whether most readings differ from what this meter's reports had, by start.

    Most of a meter's readings never change.
    """
    overlap = [reading for reading in readings if reading.start in known]
    different = sum(1 for reading in overlap if known[reading.start] != reading.value)
    return len(overlap) >= _ENOUGH and 2 * different > len(overlap)


def owners(
    readings: Sequence[Reading],
    known: Mapping[datetime, Decimal],
    others: Mapping[str, Mapping[datetime, Decimal]],
) -> list[str]:
    """Return the other meters whose reports had most of what is new in a report.

    `known` is what this meter's reports had. Two meters hardly agree.
    """
    used = [one for one in readings if one.value and known.get(one.start) != one.value]
    same = {
        meter: sum(1 for reading in used if other.get(reading.start) == reading.value)
        for meter, other in others.items()
    }
    return [meter for meter, n in same.items() if n >= _ENOUGH and 2 * n > len(used)]


def exceeds(hours: Sequence[Reading], total: Decimal | None) -> bool:
    """Return whether a day's hours are far more than its total, both in kWh."""
    return total is not None and sum(
        (hour.value for hour in hours), Decimal(0)
    ) > total * _FAR_MORE + Decimal("0.5")


async def _ask(client: ReportSource, step: Step, *, anew: bool = False) -> Report:
    if step.resolution is Resolution.DAY:
        return await client.daily(step.meter, step.first, step.last, anew=anew)
    return await client.hourly(step.meter, step.first, anew=anew)


def _known(
    store: ReadingsStore, step: Step, meters: Iterable[str]
) -> dict[str, dict[datetime, Decimal]]:
    """Return what reports of those days had, of each meter (blocks)."""
    return {
        meter: {
            one.start: one.value
            for one in store.readings(meter, step.resolution, step.first, step.last)
            if one.origin is Origin.REPORT
        }
        for meter in meters
    }
