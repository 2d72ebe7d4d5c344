"""What was counted of each meter: a coordinator per meter, fed by the history."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable
from datetime import date, datetime, timedelta
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util

from .client.billing.schedule import TariffSchedule
from .client.brunei import brunei_date
from .client.review import Review
from .client.store import ReadingsStore
from .client.summary import Figures, count
from .const import DOMAIN
from .news import AccountNews
from .steady import steady

_LOGGER = logging.getLogger(__name__)

COUNT_INTERVAL: Final = timedelta(hours=1)
"""After which a meter is counted again though nothing was read: a forecast moves with time."""
CHANGES_INTERVAL: Final = timedelta(seconds=10)
"""How often a meter is counted while report after report is read."""


class FiguresCoordinator(DataUpdateCoordinator[Figures]):
    """The figures of one meter. It never polls: the history has them counted."""

    config_entry: ConfigEntry

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Begin without figures: `data` is None until they are counted."""
        super().__init__(hass, _LOGGER, config_entry=entry, name=f"{DOMAIN} figures")
        self.present = True
        """Whether the account has the meter, as far as is known."""
        self.outdated = False
        """Whether readings have changed since that the figures are of."""
        self.followed_at: datetime | None = None
        """When it was counted last because readings had changed."""

    def is_due(self, now: datetime) -> bool:
        """Return whether the figures are old, of another day or hour, or not there at all."""
        counted: Figures | None = self.data
        return (
            counted is None
            or self.outdated
            or counted.consumption.day != brunei_date(now)
            or not timedelta(0) <= now - counted.at < COUNT_INTERVAL
        )

    @callback
    def async_set_present(self, *, present: bool) -> None:
        """Note whether the account has the meter."""
        if present is not self.present:
            self.present = present
            self.async_update_listeners()


class AccountFigures:
    """The coordinators of an account's meters."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        store: ReadingsStore,
        *,
        schedule: Callable[[str], TariffSchedule | None],
        review: Callable[[str], Review | None],
        news: AccountNews,
    ) -> None:
        """Count from that store; `schedule` and `review` return what is known of a meter."""
        self._news = news
        self._hass = hass
        self._entry = entry
        self._store = store
        self._schedule = schedule
        self._review = review
        self._meters: dict[str, FiguresCoordinator] = {}
        self._one_at_a_time = asyncio.Lock()
        """So that what is shown last was counted at the prices that hold."""

    def of(self, meter: str) -> FiguresCoordinator:
        """Return the coordinator of a meter, made when it is first asked for."""
        if meter not in self._meters:
            self._meters[meter] = FiguresCoordinator(self._hass, self._entry)
        return self._meters[meter]

    @callback
    def async_set_present(self, meters: Collection[str]) -> None:
        """Note which meters the account has."""
        for meter, coordinator in self._meters.items():
            coordinator.async_set_present(present=meter in meters)

    async def async_count(self, meters: Iterable[str]) -> None:
        """Count what meters used and cost; raises StoreError."""
        now = dt_util.utcnow()
        for meter in meters:  # one at a time also because each has two dozen entities
            async with self._one_at_a_time:
                figures = await self._hass.async_add_executor_job(
                    count, self._store, meter, self._schedule(meter), now, self._review(meter)
                )
                self.of(meter).outdated = False
                figures = steady(figures, self.of(meter).data)
                announce = self._news.async_look(meter, figures)
                self.of(meter).async_set_updated_data(figures)
                announce()

    async def async_count_changed(self, meter: str, days: Iterable[date]) -> None:
        """Count a meter of which days have changed that its figures are of; raises StoreError.

        Of reports that follow each other within seconds the first is counted at once, and those
        after it with the next count.
        """
        coordinator, now = self.of(meter), dt_util.utcnow()
        counted: Figures | None = coordinator.data
        if counted and not any(counted.consumption.counts(day) for day in days):
            return
        coordinator.outdated = True
        followed = coordinator.followed_at
        if (
            counted is None
            or counted.consumption.newest is None
            or followed is None
            or not timedelta(0) <= now - followed < CHANGES_INTERVAL
        ):
            coordinator.followed_at = now
            await self.async_count([meter])

    async def async_count_due(self, meters: Iterable[str], now: datetime) -> None:
        """Count anew what is of another day or hour; raises StoreError."""
        await self.async_count([meter for meter in meters if self.of(meter).is_due(now)])
