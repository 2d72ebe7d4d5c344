"""Balances, top-ups and bills of an account, at the prices of its options."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .client import TariffSchedule, TopUp, UsmsClient, Utility
from .client.review import Review, review
from .client.sync.payments import PaymentsSync
from .issues.billing import async_update_bill_issue, async_update_tariff_issue
from .issues.pages import PageIssues
from .prices import schedule_of

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigEntry

    from .client.store import ReadingsStore


class Payments:
    """The payments of an account: read when they are due, reviewed, announced."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        client: UsmsClient,
        store: ReadingsStore,
        *,
        schedule: Callable[[str], TariffSchedule | None],
    ) -> None:
        """Keep them in that store; `schedule` returns the prices of a meter."""
        self._schedule = schedule
        self._hass = hass
        self._entry = entry
        self.sync = PaymentsSync(client, store, now=dt_util.utcnow)
        self._store = store
        self._reviews: dict[str, Review] = {}
        """By meter."""
        self._one_at_a_time = asyncio.Lock()
        """So that the last review is at the prices that hold."""
        self._listeners: set[Callable[[TopUp], None]] = set()

    @callback
    def async_add_listener(self, listener: Callable[[TopUp], None]) -> Callable[[], None]:
        """Call `listener` with each new top-up or transfer; return how to stop that."""
        self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)

    def prices(self, meter: str, utility: Utility | None) -> TariffSchedule | None:
        """Return the prices of a meter, by options and customer type; None where not known."""
        if utility is None:
            return None
        debt = self.sync.debts.get(meter)
        customer_type = debt.customer_type if debt else None
        return schedule_of(self._entry.options, meter, utility, customer_type)

    def review(self, meter: str) -> Review | None:
        """Return the last review of a meter."""
        return self._reviews.get(meter)

    async def async_review(self, *, may_ask: bool, news_only: bool) -> None:
        """Review the payments, read what they lack where that may be, and announce what is new."""
        await self._async_review()
        rises = {meter: review.unsettled for meter, review in self._reviews.items()}
        if may_ask and await self.sync.read_topups(rises, news_only=news_only):
            await self._async_review()
        for topup in await self.sync.unannounced():
            for listener in tuple(self._listeners):
                listener(topup)
        self._async_update_bill_issues()

    async def async_price(self) -> None:
        """Review at other prices what was read."""
        await self._async_review()
        self._async_update_bill_issues()

    async def _async_review(self) -> None:
        async with self._one_at_a_time:
            schedules = {meter: self._schedule(meter) for meter in self.sync.meters}
            self._reviews = await self._hass.async_add_executor_job(
                review, self._store, schedules, dt_util.utcnow()
            )

    # --- repairs ---

    @callback
    def _async_update_bill_issues(self) -> None:
        for meter, found in self._reviews.items():
            if found.bill:
                async_update_bill_issue(self._hass, self._entry, meter, found.bill)

    @callback
    def async_update_tariff_issues(self, utilities: Mapping[str, Utility | None]) -> None:
        """Ask for the tariffs that are not known; `utilities` is what each meter measures."""
        for meter, utility in utilities.items():
            needed = self._schedule(meter) is None
            async_update_tariff_issue(self._hass, self._entry, meter, utility, needed=needed)

    @callback
    def async_note_pages(self, pages: PageIssues) -> None:
        """Note which pages of payments are not understood, and which are (again)."""
        outcomes = self.sync.outcomes
        while outcomes:
            page, err = outcomes.popitem()
            if err:
                pages.async_record(err)
            else:
                pages.async_resolve(page)
