"""Runs the client's sync in the background and tells who listens.

Never part of setup: the first report is asked for some seconds after it. The loop pauses while
nobody is signed in or the portal is in trouble, and goes on where it stopped.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later, async_track_time_interval
from homeassistant.util import dt as dt_util

from ..client import (
    Account,
    PageNotUnderstood,
    PortalUnavailable,
    SessionExpired,
    UsmsClient,
    UsmsConnectionError,
    Utility,
)
from ..client.billing.schedule import TariffSchedule
from ..client.brunei import brunei_date
from ..client.errors import StoreCorrupt, StoreError
from ..client.store import ReadingsStore
from ..client.store.models import StoredMeter
from ..client.summary import Figures, count
from ..client.sync import Progress, Sync
from ..issues.pages import Drift
from ..payments import Money
from .meter_statistics import MeterStatistics, RecorderFailed, async_clear, statistic_ids
from .store_file import async_store_failed, async_trouble_is_over

if TYPE_CHECKING:
    from ..coordinator import UsmsConfigEntry, UsmsCoordinator

_LOGGER = logging.getLogger(__name__)

START_DELAY: Final = timedelta(seconds=5)
LOOK_INTERVAL: Final = timedelta(minutes=5)
"""How often to look whether something became due by the clock alone."""
COUNT_INTERVAL: Final = timedelta(hours=1)
"""After which figures are counted again though nothing was read: a forecast moves with time."""
VERIFY_INTERVAL: Final = timedelta(days=1)
"""How often the recorder is compared with the store as a whole."""
_PAGE: Final = "UsageHistory"
_CLEARED: Final = "statistics_cleared"
_BACK_OFF: Final = (timedelta(minutes=5), timedelta(hours=2))


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
        self.money = Money(hass, entry, client, store)
        self.progress: Progress | None = None
        """The last report read; None before there is one."""
        self.meters: tuple[StoredMeter, ...] = ()
        """Those of the store."""
        self.figures: dict[str, Figures] = {}
        """By meter number."""
        self._seen: Account | None = None
        """The last snapshot of the account that was taken note of."""
        self._statistics: dict[str, MeterStatistics] = {}
        self._cleared: set[str] = set()
        self._opened = False
        self._verify_at: datetime | None = None
        """When to compare the recorder with the store; None for as soon as possible."""
        self._balanced_at: datetime | None = None
        """When the books were last looked through, without anything read since."""
        self._listeners: defaultdict[str | None, set[CALLBACK_TYPE]] = defaultdict(set)
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._one_at_a_time = asyncio.Lock()
        self._not_before: datetime | None = None
        self._back_off = _BACK_OFF[0]
        self._broken = False
        """Whether the last try to ask ended for a reason that nobody foresaw."""

    @property
    def _drift(self) -> Drift:
        return self._entry.runtime_data.connection.drift

    async def async_start(self) -> None:
        """Show what is stored; begin to read a little after setup, and end with the entry."""
        entry = self._entry
        self.meters = await self.hass.async_add_executor_job(self.store.meters)
        await self.money.bookkeeper.open()
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
    def async_add_listener(
        self, listener: CALLBACK_TYPE, meter: str | None = None
    ) -> Callable[[], None]:
        """Call `listener` when a meter's figures were counted; return how to stop that.

        Without a meter, after each report.
        """
        self._listeners[meter].add(listener)
        return lambda: self._listeners[meter].discard(listener)

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
            known = self.figures.get(meter)
            oldest = known.consumption.oldest if known else None
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
                if (utility := self._utility(meter))
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
        try:
            while True:
                self._wake.clear()
                async with self._one_at_a_time:
                    await self._async_read_what_is_due()
                if not self._wake.is_set():
                    self._idle.set()
                await self._wake.wait()
        finally:
            self._idle.set()

    async def _async_read_what_is_due(self) -> None:
        """Read until nothing is due; errors end this round, not the loop."""
        now = dt_util.utcnow()
        try:
            await self._async_round(now)
        except SessionExpired:
            # The coordinator says so to people; a sign-in reloads the entry, and us.
            await self._coordinator.async_request_refresh()
        except (UsmsConnectionError, PortalUnavailable, PageNotUnderstood) as err:
            if isinstance(err, PageNotUnderstood):
                self._drift.async_record(err)
            self._async_pause(now, err)
        except RecorderFailed as err:
            self._async_pause(now, err)
            self._verify_at = self._not_before
        except StoreError as err:
            self._not_before = now + _BACK_OFF[1]
            await async_store_failed(self.hass, self._entry, self.store, err)
            if isinstance(err, StoreCorrupt):
                self.hass.config_entries.async_schedule_reload(self._entry.entry_id)
        except Exception:
            # Else nothing would be read until the next restart, and nobody would know.
            level = logging.DEBUG if self._broken else logging.ERROR
            _LOGGER.log(level, "The history is read again in %s", _BACK_OFF[1], exc_info=True)
            self._not_before = self._verify_at = now + _BACK_OFF[1]
            self._broken = True

    @callback
    def _async_pause(self, now: datetime, err: Exception) -> None:
        """Ask for nothing for some time, which doubles."""
        self._not_before = now + self._back_off
        _LOGGER.debug("History pauses for %s: %s", self._back_off, err)
        self._back_off = min(2 * self._back_off, _BACK_OFF[1])

    async def _async_round(self, now: datetime) -> None:
        """Do what is due, until nothing is."""
        if not self._opened:
            await self.sync.open()
            cleared = await self.hass.async_add_executor_job(self.store.fact, _CLEARED)
            self._cleared = set(cleared) if isinstance(cleared, list) else set()
            self._opened = True
        await self._async_see()
        await self._async_count_again(now)
        if self._verify_at is None or now >= self._verify_at:
            await self._async_verify()
            self._verify_at = now + VERIFY_INTERVAL
        if self._may_ask(now):
            await self._async_ask(now)
            self._broken = False

    async def _async_ask(self, now: datetime) -> None:
        """Ask the portal what is due, and look through the books when that was anything."""
        if await self.money.bookkeeper.read_payments():
            await self._async_price()
            self._balanced_at = None
        self._async_tell_of_pages()
        await self._async_read_reports()
        if self._balanced_at is None or now - self._balanced_at >= COUNT_INTERVAL:
            await self._async_balance()
            self._balanced_at = now

    async def _async_read_reports(self) -> None:
        stored = False
        async for progress in self.sync.run():
            await self._async_keep(progress)
            await self._async_see()
            self._balanced_at, stored = None, True
        self._back_off = _BACK_OFF[0]
        if stored:  # all that was due; a full disk may take some of it
            async_trouble_is_over(self.hass, self._entry)
            if not self.sync.puts_off:
                self._drift.async_understood(_PAGE)

    async def _async_see(self) -> None:
        """Take note of what the last poll has shown, once."""
        account = self._coordinator.data
        if account is None or account is self._seen:
            return
        await self.sync.record_account(account)
        self.meters = await self.hass.async_add_executor_job(self.store.meters)
        if await self.money.bookkeeper.record_account(account) or self._seen is None:
            await self._async_balance(news_only=True)  # reports go before old top-ups
        self._seen = account

    async def _async_balance(self, *, news_only: bool = False) -> None:
        """Look through the books, and count what comes of it."""
        schedules = {meter.number: self.schedule(meter.number) for meter in self.meters}
        may_ask = self._may_ask(dt_util.utcnow())
        await self.money.async_review(schedules, may_ask=may_ask, news_only=news_only)
        self._async_tell_of_pages()
        await self._async_count()

    @callback
    def _async_tell_of_pages(self) -> None:
        """Tell which pages of the books are not understood, and which are (again)."""
        outcomes = self.money.bookkeeper.outcomes
        while outcomes:
            page, err = outcomes.popitem()
            if err:
                self._drift.async_record(err)
            else:
                self._drift.async_understood(page)

    async def _async_price(self) -> None:
        """Price anew what has another tariff now, and ask for one where none is known."""
        for meter in self.meters:
            schedule = self.schedule(meter.number)
            utility = self._utility(meter.number)
            self.money.async_update_tariff_issue(meter.number, utility, needed=schedule is None)
            if statistics := self._statistics.get(meter.number):
                await statistics.async_set_tariff(schedule)

    def _may_ask(self, now: datetime) -> bool:
        return self._coordinator.last_update_success and (
            self._not_before is None or now >= self._not_before
        )

    async def _async_keep(self, progress: Progress) -> None:
        """Derive from the store what one report changed."""
        meter = progress.step.meter
        if statistics := self._statistics_of(meter):
            await statistics.async_update(progress.changed)
        self.progress = progress
        figures = self.figures.get(meter)
        if figures is None or any(figures.consumption.counts(day) for day in progress.changed):
            await self._async_count([meter])
        else:
            self._async_tell()

    async def _async_verify(self, meters: Iterable[str] | None = None) -> int:
        written = 0
        for meter in meters or [meter.number for meter in self.meters]:
            schedule, utility = self.schedule(meter), self._utility(meter)
            self.money.async_update_tariff_issue(meter, utility, needed=schedule is None)
            statistics = self._statistics_of(meter)
            if statistics is not None:
                written += await statistics.async_verify()
        if written:
            _LOGGER.debug("Wrote %d rows of statistics that the recorder lacked", written)
        return written

    def _statistics_of(self, meter: str) -> MeterStatistics | None:
        if meter not in self._statistics:
            utility = self._utility(meter)
            if utility is None or meter in self._cleared:
                return None  # not known until the card shows a unit, or not wanted
            self._statistics[meter] = MeterStatistics(
                self.hass, self.store, meter, utility, self.schedule(meter)
            )
        return self._statistics[meter]

    async def _async_count_again(self, now: datetime) -> None:
        """Count anew what is of another day or hour, and meters that are new."""
        old = [
            meter.number
            for meter in self.meters
            if (figures := self.figures.get(meter.number)) is None
            or figures.consumption.day != brunei_date(now)
            or now - figures.at >= COUNT_INTERVAL
        ]
        if old:
            await self._async_count(old)
        else:
            self._async_tell()

    async def _async_count(self, meters: Iterable[str] | None = None) -> None:
        """Count what was used lately and what it costs, and tell who listens."""
        now = dt_util.utcnow()
        for meter in meters or [meter.number for meter in self.meters]:
            self.figures[meter] = await self.hass.async_add_executor_job(
                count, self.store, meter, self.schedule(meter), now, self.money.review(meter)
            )
            self._async_tell(meter)  # one meter at a time: each has two dozen entities
        self._async_tell()

    def schedule(self, meter: str) -> TariffSchedule | None:
        """Return the prices of a meter; None where they are not known."""
        return self.money.schedule(meter, self._utility(meter))

    def _utility(self, number: str) -> Utility | None:
        return next((meter.utility for meter in self.meters if meter.number == number), None)

    @callback
    def _async_tell(self, meter: str | None = None) -> None:
        for listener in tuple(self._listeners[meter]):
            listener()
