"""Brunei's days and times: the portal's days and months, whatever the zone of the host."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

BRUNEI = timezone(timedelta(hours=8), "Asia/Brunei")
"""Brunei's time: UTC+8 all year. A fixed offset needs no time zone database."""


def utcnow() -> datetime:
    """Return the present moment, aware."""
    return datetime.now(UTC)


def brunei_date(moment: datetime) -> date:
    """Return the day that it is in Brunei at that moment."""
    return moment.astimezone(BRUNEI).date()


def brunei_midnight(day: date) -> datetime:
    """Return the moment a day begins in Brunei."""
    return datetime(day.year, day.month, day.day, tzinfo=BRUNEI)


def brunei_moment(seconds: float) -> datetime:
    """Return the moment that many seconds after 1970 (UTC) began, in Brunei's time."""
    return datetime.fromtimestamp(seconds, BRUNEI)
