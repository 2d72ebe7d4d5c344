"""The statistics of all meters of an account: kept up to date, rebuilt, cleared, priced anew."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Final

from homeassistant.core import HomeAssistant

from ..client.billing.schedule import TariffSchedule
from ..client.models import Utility
from ..client.store import ReadingsStore
from ..client.store.models import StoredMeter
from .meter_statistics import MeterStatistics, Verified
from .recorder import async_clear, async_known
from .series import statistic_ids

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
        self._cleared: set[str] | None = None
        """Meters without statistics until these are rebuilt; None until they are read."""
        self._one_at_a_time = asyncio.Lock()

    async def async_update(self, meter: str, changed: Iterable[date]) -> Verified:
        """Write what changed on those days of a meter; raises RecorderFailed."""
        async with self._one_at_a_time:
            if statistics := await self._async_of(meter):
                return await statistics.async_update(changed)
            return Verified()

    async def async_price(self, meter: str) -> None:
        """Price a meter anew where it has another tariff now; raises RecorderFailed."""
        async with self._one_at_a_time:
            if statistics := self._meters.get(meter):
                await statistics.async_set_tariff(self._schedule(meter))

    async def async_verify(self) -> Verified:
        """Take over what only the recorder has, compare the rest and write what differs.

        Raises RecorderFailed.
        """
        async with self._one_at_a_time:
            wanted = [meter.number for meter in self._stored() if await self._is_shown(meter)]
            return await self._async_verify(wanted)

    async def _is_shown(self, meter: StoredMeter) -> bool:
        """Whether a meter has statistics: deleted ones of a meter that is gone do not come back."""
        if meter.present or meter.utility is None:
            return True
        return bool(await async_known(self._hass, set(statistic_ids(meter.number, meter.utility))))

    async def async_rebuild(self, meters: Iterable[str]) -> int:
        """Make the statistics of meters equal to the store; return how many rows were written.

        Statistics that were cleared are written anew, and again from now on. Raises RecorderFailed.
        """
        async with self._one_at_a_time:
            wanted = list(meters)
            await self._async_keep_cleared((await self._async_cleared()).difference(wanted))
            return (await self._async_verify(wanted)).written

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
                done += await statistics.async_verify()
        if done.written:
            _LOGGER.debug("Wrote %d rows of statistics that the recorder lacked", done.written)
        return done

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
                self._hass, self._store, meter, utility, self._schedule(meter)
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
