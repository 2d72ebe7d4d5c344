"""What reading history asks of the portal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import date, timedelta

    from ..models import Report


class ReportSource(Protocol):
    """The portal, as far as its reports are read: a signed-in `UsmsClient`."""

    open_page_serves: bool | None

    @property
    def clock_offset(self) -> timedelta | None:
        """By how much the portal's clock is ahead; None where that is not known."""

    async def daily(self, meter: str, first: date, last: date, *, anew: bool = False) -> Report:
        """Return the days from `first` to `last`; raises NoData where there are none.

        With `anew` the meter is opened first.
        """

    async def hourly(self, meter: str, day: date, *, anew: bool = False) -> Report:
        """Return a day's hours; raises NoData, or ReportNotOffered for a meter without."""
