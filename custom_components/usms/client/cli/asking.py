"""Reports of the portal that commands show as they come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import NoData, PageNotUnderstood
from ..models import Resolution

if TYPE_CHECKING:
    from datetime import date

    from ..blocking import BlockingClient
    from ..models import Meter, Reading


def published(
    client: BlockingClient, meter: Meter, resolution: Resolution, first: date, last: date
) -> tuple[Reading, ...]:
    """Return what the portal has of a day by hour, or of at most 31 days by day.

    Raises PageNotUnderstood for a report of the other utility, so of another meter.
    """
    try:
        if resolution is Resolution.HOUR:
            report = client.hourly(meter.number, first)
        else:
            report = client.daily(meter.number, first, last)
    except NoData:
        return ()
    if None not in (report.utility, meter.utility) and report.utility is not meter.utility:
        raise PageNotUnderstood("UsageHistory", "a report of the meter that was asked for")
    return report.readings
