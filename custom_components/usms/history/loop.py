"""The history of an account in the background: what is due is asked for, and what it brings kept.

Never part of setup: the first report is asked for some seconds after it. The loop pauses while the
account is signed out or the portal is in trouble, and goes on where it stopped.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from homeassistant.core import callback
from homeassistant.helpers.event import async_call_later, async_track_time_interval
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util

from ..client import (
    Account,
    PageNotUnderstood,
    PortalUnavailable,
    SessionExpired,
    UsmsConnectionError,
    Utility,
)
from ..client.errors import ClockWrong, StoreCorrupt, StoreError
from ..client.store import ReadingsStore
from ..client.store.models import StoredMeter
from ..client.sync import Progress, Sync
from ..const import DOMAIN
from ..issues.clock import async_update_clock_issue
from ..issues.meters import async_raise_exchanged_issue
from ..issues.store import async_clear_store_issue
from .exchange import exchanged
from .pause import LONG, Pause
from .progress import HistoryCoordinator, HistoryProgress
from .store_file import async_store_failed

if TYPE_CHECKING:
    from ..connection.connection import Connection
    from ..coordinator import UsmsCoordinator
    from ..figures import AccountFigures
    from ..payments import Payments
    from .account_statistics import AccountStatistics
    from .meter_statistics import Verified

_LOGGER = logging.getLogger(__name__)

START_DELAY: Final = timedelta(seconds=5)
LOOK_INTERVAL: Final = timedelta(minutes=5)
"""How often to look whether something became due by the clock alone."""
REVIEW_INTERVAL: Final = timedelta(hours=1)
"""After which the payments are reviewed again though nothing was read."""
_PAGE: Final = "UsageHistory"


class History:
    """Reads an account's history into its store, and has derived what it changed."""

    def __init__(
        self,
        coordinator: UsmsCoordinator,
        *,
        connection: Connection,
        store: ReadingsStore,
        statistics: AccountStatistics,
        payments: Payments,
        figures: AccountFigures,
    ) -> None:
        """Read over that connection whenever the coordinator says that the account can be read."""
        self._hass = coordinator.hass
        self._entry = coordinator.config_entry
        self._coordinator = coordinator
        self._pages = connection.pages
        self._store = store
        self._sync = Sync(connection.client, store, now=dt_util.utcnow)
        self._statistics = statistics
        self._payments = payments
        self._figures = figures
        self.meters: tuple[StoredMeter, ...] = ()
        """Those of the store."""
        self._pause = Pause()
        self._time_left: timedelta | None = None
        """How long it still takes, while reports are read."""
        self.progress: HistoryCoordinator = DataUpdateCoordinator(
            self._hass, _LOGGER, config_entry=self._entry, name=f"{DOMAIN} history"
        )
        """Updated after each report, and whenever the history was looked through."""
        self._recorded: Account | None = None
        """The last snapshot of the account that is in the store."""
        self._count_all = False
        """Whether readings came that no report has brought."""
        self._reviewed_at: datetime | None = None
        """When the payments were last reviewed, without anything read since."""
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._broken = False
        """Whether the last round ended for an unforeseen reason."""

    async def async_start(self) -> None:
        """Count what is stored; begin to read a little after setup, and end with the entry.

        Raises StoreError.
        """
        entry = self._entry
        self.meters = await self._hass.async_add_executor_job(self._store.meters)
        await self._sync.open()
        await self._payments.sync.open()
        self._async_publish()
        await self._figures.async_count(self._numbers)
        entry.async_on_unload(async_call_later(self._hass, START_DELAY, self._async_begin))

    @callback
    def _async_begin(self, _now: datetime) -> None:
        entry = self._entry
        entry.async_on_unload(self._coordinator.async_add_listener(self._async_nudge))
        entry.async_on_unload(
            async_track_time_interval(self._hass, self._async_nudge, LOOK_INTERVAL)
        )
        self._async_nudge()
        self._statistics.async_start(entry, self._async_count_adopted)
        entry.async_create_background_task(self._hass, self._async_run(), "usms history")

    @callback
    def _async_nudge(self, _now: datetime | None = None) -> None:
        self._idle.clear()
        self._wake.set()

    async def async_idle(self) -> None:
        """Wait until nothing is due that could be read or written now."""
        while not (self._idle.is_set() and self._statistics.is_idle):
            await self._idle.wait()
            await self._statistics.async_idle()

    async def _async_count_adopted(self, done: Verified) -> None:
        """Have counted what statistics have brought into the store."""
        if done.adopted:
            self._count_all = True
            self._async_nudge()

    @callback
    def async_wake(self) -> None:
        """Look at once whether something is due, whatever went wrong before."""
        self._pause.end()
        self._async_nudge()

    async def async_request(self, meter: str, first: date, last: date, *, force: bool) -> None:
        """Have days read that were not, or with `force` read again; `async_wake` begins."""
        await self._async_record_account()  # in the first seconds nothing knows its meters
        await self._sync.request(meter, first, last, force=force)
        self._async_publish()

    @property
    def utilities(self) -> dict[str, Utility | None]:
        """What each meter of the store measures."""
        return {meter.number: meter.utility for meter in self.meters}

    @property
    def _present(self) -> dict[str, Utility | None]:
        return {meter.number: meter.utility for meter in self.meters if meter.present}

    @property
    def _numbers(self) -> list[str]:
        return [meter.number for meter in self.meters]

    @callback
    def _async_publish(self) -> None:
        far, next_try = self._sync.outlook, self._pause.next_try(dt_util.utcnow())
        progress = HistoryProgress(
            *(far.done, far.left, far.days_complete, far.empty_days, far.planned),
            *(self._time_left, next_try),
        )
        self.progress.async_set_updated_data(progress)

    # --- the loop ---

    async def _async_run(self) -> None:
        try:
            while True:
                self._wake.clear()
                await self._async_read_due()
                if not self._wake.is_set():
                    self._idle.set()
                await self._wake.wait()
        finally:
            self._idle.set()

    async def _async_read_due(self) -> None:
        """Read until nothing is due; errors end this round, not the loop."""
        now = dt_util.utcnow()
        try:
            await self._async_round(now)
        except SessionExpired:
            # The coordinator reports it; a sign-in reloads the entry, and this history.
            await self._coordinator.async_request_refresh()
        except (UsmsConnectionError, PortalUnavailable, PageNotUnderstood) as err:
            if isinstance(err, PageNotUnderstood):
                self._pages.async_record(err)
            self._async_pause(now, err)
        except ClockWrong as err:
            # Asks for nothing, so there is nothing to wait for: the next poll shows the clock.
            async_update_clock_issue(self._hass, self._entry, err.offset)
        except StoreError as err:
            self._pause.hold(now)
            await async_store_failed(self._hass, self._entry, self._store, err)
            if isinstance(err, StoreCorrupt):
                self._hass.config_entries.async_schedule_reload(self._entry.entry_id)
        except Exception:
            # Else nothing would be read until the next restart, without a word in the log.
            level = logging.DEBUG if self._broken else logging.ERROR
            _LOGGER.log(level, "The history is read again in %s", LONG, exc_info=True)
            self._pause.hold(now)
            self._broken = True
        self._time_left = None
        self._async_publish()

    @callback
    def _async_pause(self, now: datetime, err: Exception) -> None:
        """Ask for nothing for some time, which doubles."""
        delay = self._pause.begin(now)
        _LOGGER.debug("History pauses for %s: %s", delay, err)
        self._entry.async_on_unload(async_call_later(self._hass, delay, self._async_nudge))

    async def _async_round(self, now: datetime) -> None:
        """Do what is due, until nothing is."""
        await self._async_record_account()
        async_update_clock_issue(self._hass, self._entry, None)
        if self._count_all:
            self._count_all = False
            await self._figures.async_count(self._numbers)
        await self._figures.async_count_due(self._numbers, now)
        self._async_publish()
        self._payments.async_update_tariff_issues(self._present)
        self._statistics.async_look()
        if self._may_ask(now):
            await self._async_ask(now)
            self._broken = False

    async def _async_ask(self, now: datetime) -> None:
        """Ask the portal what is due, and review the payments when that was anything."""
        if await self._payments.sync.read_payments():
            self._async_price()
            self._reviewed_at = None
        self._payments.async_note_pages(self._pages)
        await self._async_read_reports()
        if (
            self._reviewed_at is None
            or not timedelta(0) <= now - self._reviewed_at < REVIEW_INTERVAL
        ):
            await self._async_review()
            self._reviewed_at = now

    async def _async_read_reports(self) -> None:
        stored, unread = False, None
        async for progress in self._sync.run():
            await self._async_keep(progress)
            unread = progress.unread or unread
            await self._async_record_account()
            self._reviewed_at, stored = None, True
        self._pause.reset()
        if stored:  # all that was due; a full disk may take some of it
            async_clear_store_issue(self._hass, self._entry)
            self._pages.async_note(_PAGE, unread, resolved=not self._sync.puts_off)

    async def _async_keep(self, progress: Progress) -> None:
        """Derive from the store what one report changed."""
        meter = progress.step.meter
        self._statistics.async_schedule(meter, progress.changed)
        self._time_left = progress.time_left
        await self._figures.async_count_changed(meter, progress.changed)
        self._async_publish()

    async def _async_record_account(self) -> None:
        """Record what the last poll has shown, once."""
        account = self._coordinator.data
        if account is None or account is self._recorded:
            return
        moved = await self._sync.record_account(account, self._payments.sync)
        before, known = self.meters, self.utilities
        self.meters = await self._hass.async_add_executor_job(self._store.meters)
        for old, new in exchanged(before, self.meters):
            async_raise_exchanged_issue(self._hass, self._entry, old, new)
        if self.utilities != known:
            self._statistics.async_compare()
        if moved or self._recorded is None:
            await self._async_review(news_only=True)  # reports go before old top-ups
        self._recorded = account

    # --- money ---

    async def _async_review(self, *, news_only: bool = False) -> None:
        """Review the payments, and count what follows from it."""
        may_ask = self._may_ask(dt_util.utcnow())
        await self._payments.async_review(may_ask=may_ask, news_only=news_only)
        self._payments.async_note_pages(self._pages)
        await self._figures.async_count(self._numbers)

    async def async_apply_options(self) -> None:
        """Show and write everything as the options of meters say now."""
        self._async_price()
        try:
            await self._payments.async_price()
            await self._figures.async_count(self._numbers)
        except StoreError:  # the loop reports it as soon as it counts
            self._count_all = True
            self._async_nudge()

    @callback
    def _async_price(self) -> None:
        """Price anew what has another tariff now, and ask for one where none is known."""
        self._payments.async_update_tariff_issues(self._present)
        self._statistics.async_price(self._numbers)

    def _may_ask(self, now: datetime) -> bool:
        return self._coordinator.is_read and self._pause.is_over(now)
