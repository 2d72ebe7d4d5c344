"""Runs the client's sync in the background and tells who listens.

Never part of setup: the first report is asked for some seconds after it. The loop pauses while
nobody is signed in or the portal is in trouble, and goes on where it stopped.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later, async_track_time_interval
from homeassistant.util import dt as dt_util

from .client import (
    PageNotUnderstood,
    PortalUnavailable,
    SessionExpired,
    UsmsClient,
    UsmsConnectionError,
)
from .client.models import Resolution, StoredMeter, brunei_date
from .client.store import ReadingsStore, StoreError
from .client.sync import Progress, Sync
from .repairs import Drift
from .statistics import MeterStatistics, async_clear, statistic_ids

if TYPE_CHECKING:
    from .coordinator import UsmsConfigEntry, UsmsCoordinator

_LOGGER = logging.getLogger(__name__)

START_DELAY: Final = timedelta(seconds=5)
LOOK_INTERVAL: Final = timedelta(minutes=5)
"""How often to look whether something became due by the clock alone."""
VERIFY_INTERVAL: Final = timedelta(days=1)
"""How often the recorder is compared with the store as a whole."""
_PAGE: Final = "UsageHistory"
_CLEARED: Final = "statistics_cleared"
_BACK_OFF: Final = (timedelta(minutes=5), timedelta(hours=2))


@dataclass(frozen=True, slots=True)
class Usage:
    """What a meter used, in kWh or m³, by the store; None where nothing is published yet."""

    day: date
    """The day that is today in Brunei."""
    today: Decimal | None
    yesterday: Decimal | None
    this_month: Decimal | None
    last_month: Decimal | None
    oldest: datetime | None
    newest: datetime | None
    """Start of the oldest and of the newest reading."""

    def counts(self, day: date) -> bool:
        """Whether a change of that day's readings changes any of this."""
        in_months = day >= (self.day.replace(day=1) - timedelta(days=1)).replace(day=1)
        return in_months or self.oldest is None or day <= self.oldest.date()


class History:
    """The history of an account: store, sync, statistics."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: UsmsConfigEntry,
        coordinator: UsmsCoordinator,
        client: UsmsClient,
        store: ReadingsStore,
    ) -> None:
        """Read through that client whenever the coordinator says that the account can be read."""
        self.hass = hass
        self._entry = entry
        self._coordinator = coordinator
        self.store = store
        self.sync = Sync(client, store, now=dt_util.utcnow)
        self.progress: Progress | None = None
        """The last report read; None before there is one."""
        self.meters: tuple[StoredMeter, ...] = ()
        """Those of the store when the account was set up."""
        self.usage: dict[str, Usage] = {}
        """By meter number."""
        self._statistics: dict[str, MeterStatistics] = {}
        self._cleared: set[str] = set()
        self._verified_at: datetime | None = None
        self._listeners: set[CALLBACK_TYPE] = set()
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._one_at_a_time = asyncio.Lock()
        self._not_before: datetime | None = None
        self._back_off = _BACK_OFF[0]

    @property
    def _drift(self) -> Drift:
        return self._entry.runtime_data.connection.drift

    async def async_start(self) -> None:
        """Show what is stored; begin to read a little after setup, and end with the entry."""
        entry = self._entry
        self.meters = await self.hass.async_add_executor_job(self.store.meters)
        await self._async_count()
        entry.async_on_unload(async_call_later(self.hass, START_DELAY, self._async_begin))

    @callback
    def _async_begin(self, _now: datetime) -> None:
        entry = self._entry
        entry.async_on_unload(self._coordinator.async_add_listener(self._async_nudge))
        entry.async_on_unload(async_track_time_interval(self.hass, self._async_look, LOOK_INTERVAL))
        self._async_nudge()
        entry.async_create_background_task(self.hass, self._async_run(), "usms history")

    @callback
    def _async_look(self, _now: datetime) -> None:
        self._async_nudge()

    @callback
    def _async_nudge(self) -> None:
        self._idle.clear()
        self._wake.set()

    async def async_idle(self) -> None:
        """Wait until nothing is due that could be read now."""
        await self._idle.wait()

    @callback
    def async_add_listener(self, listener: CALLBACK_TYPE) -> Callable[[], None]:
        """Call `listener` after each report; return how to stop that."""
        self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)

    @callback
    def async_wake(self) -> None:
        """Look at once whether something is due, whatever went wrong before."""
        self._not_before = None
        self._async_nudge()

    async def async_request(
        self, meter: str, first: date | None, last: date, *, force: bool
    ) -> None:
        """Have days read that were not, or with `force` read again; `async_wake` begins."""
        if first is None:
            oldest = self.usage[meter].oldest if meter in self.usage else None
            first = brunei_date(oldest) if oldest else last
        async with self._one_at_a_time:
            await self.sync.request(meter, first, last, force=force)

    async def async_rebuild(self, meters: Iterable[str]) -> int:
        """Make the statistics of meters equal to the store; return how many rows were written.

        Statistics that were cleared are written anew, and again from now on.
        """
        async with self._one_at_a_time:
            await self._async_keep_cleared(self._cleared.difference(meters))
            return await self._async_verify(meters)

    async def async_clear(self, meters: Iterable[str]) -> set[str]:
        """Remove the statistics of meters, and write none until they are rebuilt."""
        async with self._one_at_a_time:
            ids = {
                series
                for meter in meters
                if (utility := self.sync.utility(meter))
                for series in statistic_ids(meter, utility)
            }
            await self._async_keep_cleared(self._cleared.union(meters))
            await async_clear(self.hass, sorted(ids))
            return ids

    async def _async_keep_cleared(self, meters: set[str]) -> None:
        self._cleared = meters
        for meter in meters:
            self._statistics.pop(meter, None)
        await self.hass.async_add_executor_job(self.store.remember, _CLEARED, sorted(meters))

    # --- the loop ---

    async def _async_run(self) -> None:
        while True:
            self._wake.clear()
            async with self._one_at_a_time:
                await self._async_read_what_is_due()
            if not self._wake.is_set():
                self._idle.set()
            await self._wake.wait()

    async def _async_read_what_is_due(self) -> None:
        """Read until nothing is due; errors end this round, not the loop."""
        now = dt_util.utcnow()
        try:
            if self._verified_at is None:
                await self.sync.open()
                cleared = await self.hass.async_add_executor_job(self.store.fact, _CLEARED)
                self._cleared = set(cleared) if isinstance(cleared, list) else set()
            if self._coordinator.data:
                await self.sync.saw(self._coordinator.data)
            if self._verified_at is None or now - self._verified_at >= VERIFY_INTERVAL:
                await self._async_verify()
            await self._async_count_again(brunei_date(now))
            if self._may_ask(now):
                await self._async_read()
                self._back_off = _BACK_OFF[0]
        except SessionExpired:
            # The coordinator says so to people; a sign-in reloads the entry, and us.
            await self._coordinator.async_request_refresh()
        except (UsmsConnectionError, PortalUnavailable, PageNotUnderstood) as err:
            if isinstance(err, PageNotUnderstood):
                self._drift.async_saw(err)
            self._not_before = now + self._back_off
            _LOGGER.debug("History pauses for %s: %s", self._back_off, err)
            self._back_off = min(2 * self._back_off, _BACK_OFF[1])
        except StoreError:
            self._not_before = now + _BACK_OFF[1]
            _LOGGER.exception("The readings store failed; history pauses")

    async def _async_read(self) -> None:
        """Read report after report."""
        read = False
        async for progress in self.sync.run():
            await self._async_keep(progress)
            read = True
        if read and not self.sync.puts_off:
            self._drift.async_understood(_PAGE)

    def _may_ask(self, now: datetime) -> bool:
        return self._coordinator.last_update_success and (
            self._not_before is None or now >= self._not_before
        )

    async def _async_keep(self, progress: Progress) -> None:
        """Derive from the store what one report changed."""
        meter = progress.step.meter
        known = meter in self._statistics
        if progress.changed and (statistics := self._statistics_of(meter)):
            # A meter whose kind has only now become known may have readings already.
            await (
                statistics.async_update(progress.changed) if known else statistics.async_verify()
            )
        self.progress = progress
        usage = self.usage.get(meter)
        if usage is None or any(usage.counts(day) for day in progress.changed):
            await self._async_count([meter])
        else:
            self._async_tell()

    async def _async_verify(self, meters: Iterable[str] | None = None) -> int:
        stored = await self.hass.async_add_executor_job(self.store.meters)
        written = 0
        for meter in meters or [meter.number for meter in stored]:
            statistics = self._statistics_of(meter)
            if statistics is not None:
                written += await statistics.async_verify()
        self._verified_at = dt_util.utcnow()
        if written:
            _LOGGER.debug("Wrote %d rows of statistics that the recorder lacked", written)
        return written

    def _statistics_of(self, meter: str) -> MeterStatistics | None:
        if meter not in self._statistics:
            utility = self.sync.utility(meter)
            if utility is None or meter in self._cleared:
                return None  # not known until the card shows a unit, or not wanted
            self._statistics[meter] = MeterStatistics(self.hass, self.store, meter, utility)
        return self._statistics[meter]

    async def _async_count_again(self, today: date) -> None:
        """Count anew for a new day, and for meters that are new."""
        meters = await self.hass.async_add_executor_job(self.store.meters)
        old = [
            meter.number
            for meter in meters
            if meter.number not in self.usage or self.usage[meter.number].day != today
        ]
        if old:
            await self._async_count(old)
        else:
            self._async_tell()

    async def _async_count(self, meters: Iterable[str] | None = None) -> None:
        """Count what was used lately, and tell who listens."""
        self.usage |= await self.hass.async_add_executor_job(self._count, dt_util.utcnow(), meters)
        self._async_tell()

    @callback
    def _async_tell(self) -> None:
        for listener in tuple(self._listeners):
            listener()

    def _count(self, now: datetime, meters: Iterable[str] | None) -> dict[str, Usage]:
        wanted = meters or [meter.number for meter in self.store.meters()]
        return {meter: count_usage(self.store, meter, brunei_date(now)) for meter in wanted}


def count_usage(store: ReadingsStore, meter: str, today: date) -> Usage:
    """Return what a meter used lately (blocks): a day by its hours, else by its daily report."""
    this_month = today.replace(day=1)
    last_month = (this_month - timedelta(days=1)).replace(day=1)
    amounts = {
        reading.start.date(): reading.value
        for reading in store.readings(meter, Resolution.DAY, last_month, today)
    }
    by_hours: dict[date, Decimal] = {}
    for reading in store.readings(meter, Resolution.HOUR, last_month, today):
        day = reading.start.date()
        by_hours[day] = by_hours.get(day, Decimal(0)) + reading.value
    amounts |= by_hours

    def since(first: date, last: date) -> Decimal | None:
        found = [amount for day, amount in amounts.items() if first <= day <= last]
        return sum(found, Decimal(0)) if found else None

    oldest, newest = store.span(meter)
    return Usage(
        day=today,
        today=amounts.get(today),
        yesterday=amounts.get(today - timedelta(days=1)),
        this_month=since(this_month, today),
        last_month=since(last_month, this_month - timedelta(days=1)),
        oldest=oldest,
        newest=newest,
    )
