"""Readings stores that are full before anything is asked of the portal."""

from datetime import datetime
from itertools import groupby

from custom_components.usms.client import Reading, Utility
from custom_components.usms.client.store import ReadingsStore
from tests.portal import Meter, SimulatedPortal


def fill(store: ReadingsStore, portal: SimulatedPortal, *, without: datetime | None = None) -> int:
    """Write all that the portal has to a store, but for that hour; return how many readings."""
    with store.transaction():
        return sum(_fill(store, portal, meter, without) for meter in portal.meters)


def _fill(
    store: ReadingsStore, portal: SimulatedPortal, meter: Meter, without: datetime | None
) -> int:
    number, now = meter.number, portal.now()
    store.record_meter(number, Utility(meter.utility), "", now)
    days = [Reading(*row) for row in portal.truth(number, "day")]
    store.save_days(number, days[0].start.date(), days[-1].start.date(), days, now)
    hours = [Reading(*row) for row in portal.truth(number, "hour") if row[0] != without]
    for day, readings in groupby(hours, lambda hour: hour.start.date()):
        store.save_hours(number, day, readings, now)
    return len(days) + len(hours)
