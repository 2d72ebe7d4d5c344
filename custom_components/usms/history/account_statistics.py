"""The statistics of all meters of an account: kept up to date, rebuilt, cleared, priced anew.

A recorder that is busy for hours holds back statistics, not the reading of reports or the figures:
what changed waits here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.event import async_call_later
from homeassistant.util import dt as dt_util

from ..client.back_off import BackOff
from ..client.billing.schedule import TariffSchedule
from ..client.errors import StoreError
from ..client.models import Utility
from ..client.store import ReadingsStore
from ..client.store.models import StoredMeter
from ..const import DOMAIN
from .due import VERIFY_INTERVAL, is_due
from .meter_statistics import MeterStatistics, Verified
from .recorder import RecorderFailed, async_clear, async_known, async_name
from .series import called, is_renamed, metadata, statistic_ids
from .takeover import TakenOver, async_take_over

_LOGGER = logging.getLogger(__name__)

_CLEARED: Final = "statistics_cleared"
"""The fact of the store that names the meters without statistics."""


class AccountStatistics:
    """Derives the statistics of an account from its store.

    One change at a time: an update waits for a rebuild and the other way round.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        store: ReadingsStore,
        *,
        meters: Callable[[], Sequence[StoredMeter]],
        schedule: Callable[[str], TariffSchedule | None],
    ) -> None:
        """Derive from that store.

        `meters` returns those of the store, `schedule` the prices of one.
        """
        self._hass = hass
        self._store = store
        self._stored = meters
        self._schedule = schedule
        self._meters: dict[str, MeterStatistics] = {}
        self._left_out: dict[str, frozenset[str]] = {}
        """By meter: series that were deleted by hand, and whose meter is gone."""
        self._cleared: set[str] | None = None
        """Meters without statistics until these are rebuilt; None until they are read."""
        self._one_at_a_time = asyncio.Lock()
        self._changed: dict[str, set[date]] = {}
        """Days of each meter that are still to be written."""
        self._verify_at: datetime | None = None
        """When to compare the recorder with the store; None for as soon as possible."""
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._retry: CALLBACK_TYPE | None = None
        self._back_off = BackOff(timedelta(minutes=5), timedelta(hours=2))
        self._named = False
        """Whether the series are called as the devices of their meters."""
        self._broken = False
        """Whether the last try ended for an unforeseen reason."""

    # --- in the background ---

    @callback
    def async_start(
        self, entry: ConfigEntry, on_change: Callable[[Verified], Awaitable[None]]
    ) -> None:
        """Begin with a comparison of everything, and end with the entry.

        `on_change` is called with what each comparison or update has changed; it raises nothing.
        """
        self._on_change = on_change
        entry.async_on_unload(self._async_cancel_timer)
        entry.async_on_unload(
            self._hass.bus.async_listen(dr.EVENT_DEVICE_REGISTRY_UPDATED, self._async_look_at_name)
        )
        self._async_wake()
        entry.async_create_background_task(self._hass, self._async_run(), "usms statistics")

    @callback
    def async_schedule(self, meter: str, changed: Iterable[date]) -> None:
        """Have written what changed on those days of a meter, as soon as the recorder takes it."""
        days = set(changed)
        if days:
            self._changed.setdefault(meter, set()).update(days)
            self._async_wake()

    @callback
    def async_price(self, meters: Iterable[str]) -> None:
        """Have meters priced anew that have another tariff now."""
        for meter in meters:
            self._changed.setdefault(meter, set())
        self._async_wake()

    @callback
    def _async_look_at_name(self, event: Event[dr.EventDeviceRegistryUpdatedData]) -> None:
        if is_renamed(self._hass, event.data):
            self._named = False
            self._async_wake()

    @callback
    def async_compare(self) -> None:
        """Have all compared as soon as the recorder can be read, as for meters that are new."""
        self._verify_at = None
        self._async_wake()

    @property
    def is_idle(self) -> bool:
        """Whether nothing is to be written that can be written now."""
        return self._idle.is_set()

    async def async_idle(self) -> None:
        """Wait until nothing is to be written that can be written now."""
        await self._idle.wait()

    @callback
    def async_look(self) -> None:
        """Look whether a comparison is due by the clock."""
        if is_due(self._verify_at, dt_util.utcnow()):
            self._async_wake()

    @callback
    def _async_wake(self, _now: datetime | None = None) -> None:
        self._idle.clear()
        self._wake.set()

    @callback
    def _async_cancel_timer(self) -> None:
        if self._retry:
            self._retry()
            self._retry = None

    async def _async_run(self) -> None:
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                await self._async_write_what_changed()
                if not self._wake.is_set():
                    self._idle.set()
        finally:
            self._idle.set()

    async def _async_write_what_changed(self) -> None:
        """Write all that changed; what fails waits, and is found by a comparison later."""
        self._async_cancel_timer()
        try:
            if is_due(self._verify_at, dt_util.utcnow()):
                self._changed.clear()
                done = await self.async_verify()
                self._verify_at = dt_util.utcnow() + VERIFY_INTERVAL
                await self._on_change(done)
            if not self._named:
                async with self._one_at_a_time:
                    await self._async_name()
            while self._changed:
                meter, days = self._changed.popitem()
                await self._on_change(await self._async_update(meter, days))
            self._back_off.reset()
        except RecorderFailed as err:
            delay = self._back_off.next()
            _LOGGER.debug("Statistics wait for %s: %s", delay, err)
            self._async_retry_after(delay)
        except StoreError as err:
            # The history reports it as soon as it reads or writes.
            _LOGGER.debug("Statistics wait for the store: %s", err)
            self._async_retry_after(self._back_off.most)
        except Exception:
            # Else nothing would be written until the next restart, without a word in the log.
            level = logging.DEBUG if self._broken else logging.ERROR
            _LOGGER.log(level, "Statistics are compared again later", exc_info=True)
            self._broken = True
            self._async_retry_after(self._back_off.most)

    @callback
    def _async_retry_after(self, delay: timedelta) -> None:
        self._verify_at = None
        self._retry = async_call_later(self._hass, delay, self._async_wake)

    # --- at once ---

    async def _async_update(self, meter: str, changed: Iterable[date]) -> Verified:
        async with self._one_at_a_time:
            statistics = await self._async_of(meter)
            if statistics is None:
                return Verified()
            return await statistics.async_update(changed)

    async def async_verify(self) -> Verified:
        """Take over what only the recorder has, compare the rest and write what differs.

        Raises RecorderFailed.
        """
        async with self._one_at_a_time:
            self._left_out = {
                meter.number: frozenset(await self._async_left_out(meter))
                for meter in self._stored()
            }
            return await self._async_verify(self._left_out)

    async def _async_left_out(self, meter: StoredMeter) -> set[str]:
        """Return which series of a meter were deleted by hand, where the meter is gone.

        They do not come back.
        """
        if meter.present or meter.utility is None:
            return set()
        ids = set(statistic_ids(meter.number, meter.utility))
        return ids - await async_known(self._hass, ids)

    async def async_rebuild(self, meters: Iterable[str]) -> int:
        """Make the statistics of meters equal to the store; return how many rows were written.

        Statistics that were cleared are written anew, and again from now on. Raises RecorderFailed.
        """
        async with self._one_at_a_time:
            wanted = list(meters)
            self._left_out.clear()
            await self._async_keep_cleared((await self._async_cleared()).difference(wanted))
            return (await self._async_verify(wanted)).written

    async def async_take_over(
        self, meter: str, statistic_id: str, span: tuple[date | None, date]
    ) -> TakenOver:
        """Take over what another statistic has of those days and the store has not; write it.

        Raises ServiceValidationError, RecorderFailed, StoreError.
        """
        utility = self._utilities.get(meter)
        if utility is None:
            raise ServiceValidationError(
                translation_domain=DOMAIN, translation_key="utility_not_known"
            )
        taken = await async_take_over(self._hass, self._store, meter, utility, statistic_id, span)
        self.async_schedule(meter, taken.days)
        return taken

    async def async_clear(self, meters: Iterable[str]) -> set[str]:
        """Clear the statistics of meters, and write none until they are rebuilt; return the ids."""
        async with self._one_at_a_time:
            utilities = self._utilities
            wanted = list(meters)
            ids = {
                series
                for meter in wanted
                if (utility := utilities.get(meter))
                for series in statistic_ids(meter, utility)
            }
            await self._async_keep_cleared((await self._async_cleared()).union(wanted))
            await async_clear(self._hass, ids)
            return ids

    async def _async_verify(self, meters: Iterable[str]) -> Verified:
        done = Verified()
        for meter in meters:
            if statistics := await self._async_of(meter):
                statistics.left_out = self._left_out.get(meter, frozenset())
                done += await statistics.async_verify()
        await self._async_name()
        if done.written:
            _LOGGER.debug("Wrote %d rows of statistics that the recorder lacked", done.written)
        return done

    async def _async_name(self) -> None:
        """Have the series called as the meters' devices are; raises RecorderFailed."""
        self._named = True
        for meter in self._stored():
            if meter.utility and (name := called(self._hass, meter.number)):
                series = metadata(meter.number, meter.utility, name)
                await async_name(self._hass, series.values())

    @property
    def _utilities(self) -> dict[str, Utility | None]:
        return {meter.number: meter.utility for meter in self._stored()}

    async def _async_of(self, meter: str) -> MeterStatistics | None:
        """Return a meter's series; None while its utility is unknown, or where it has none."""
        if meter not in self._meters:
            utility = self._utilities.get(meter)
            if utility is None or meter in await self._async_cleared():
                return None
            self._meters[meter] = MeterStatistics(
                self._hass, self._store, meter, utility, partial(self._schedule, meter)
            )
        return self._meters[meter]

    async def _async_cleared(self) -> set[str]:
        if self._cleared is None:
            fact = await self._hass.async_add_executor_job(self._store.fact, _CLEARED)
            self._cleared = set(fact) if isinstance(fact, list) else set()
        return self._cleared

    async def _async_keep_cleared(self, meters: set[str]) -> None:
        self._cleared = meters
        for meter in meters:
            self._meters.pop(meter, None)
        await self._hass.async_add_executor_job(self._store.remember, _CLEARED, sorted(meters))
