"""What an account has while it is set up: which meters, and what they cost, for all who ask."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from .claims import async_is_elsewhere
from .client import Account, Meter, TariffSchedule, Utility
from .client.errors import StoreError
from .client.store import ReadingsStore
from .client.store.models import StoredMeter
from .connection.connection import Connection
from .const import CONF_METERS
from .coordinator import UsmsCoordinator
from .figures import AccountFigures, FiguresCoordinator
from .history.account_statistics import AccountStatistics
from .history.loop import History
from .history.progress import HistoryCoordinator, HistoryProgress
from .news import AccountNews
from .payments import Payments
from .polling import Polling

__all__ = [
    "AccountMeter",
    "FiguresCoordinator",
    "HistoryCoordinator",
    "HistoryProgress",
    "UsmsConfigEntry",
    "UsmsCoordinator",
    "UsmsData",
]

type UsmsConfigEntry = ConfigEntry[UsmsData]


@dataclass(frozen=True, slots=True)
class AccountMeter:
    """A meter that the account has."""

    number: str = field(repr=False)
    utility: Utility | None
    """None until its card has shown a unit."""
    hourly: bool
    """Whether the portal offers its hours, as far as is known."""
    card: Meter | None
    """As the last poll showed it; None before the first."""


class UsmsData:
    """An account while it is set up."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        connection: Connection,
        coordinator: UsmsCoordinator,
        store: ReadingsStore,
    ) -> None:
        """Put together what the account needs; `async_start` begins."""
        self.connection = connection
        self.coordinator = coordinator
        self.store = store
        self.payments = Payments(hass, entry, connection.client, store, schedule=self.schedule)
        self.statistics = AccountStatistics(
            hass, store, meters=lambda: self.history.meters, schedule=self.schedule
        )
        self.news = AccountNews(hass, entry)
        entry.async_on_unload(self.payments.async_add_listener(self.news.async_topped_up))
        self.figures = AccountFigures(
            hass,
            entry,
            store,
            schedule=self.schedule,
            review=self.payments.review,
            news=self.news,
        )
        self.history = History(
            coordinator,
            connection=connection,
            store=store,
            statistics=self.statistics,
            payments=self.payments,
            figures=self.figures,
        )
        entry.async_on_unload(coordinator.async_add_listener(self._note_present))
        self._applied: Mapping[str, Any] = entry.options
        entry.async_on_unload(entry.add_update_listener(self._async_apply_options))

    def meters(self) -> list[AccountMeter]:
        """Return the meters that the account has.

        Those of the account page as it was last read, also before this start. A meter that the
        page shows no more is none of the account's: its readings and statistics stay.
        """
        account: Account | None = self.coordinator.data
        if account is None:
            return [
                AccountMeter(meter.number, meter.utility, _hourly(meter.utility, meter), None)
                for meter in self.history.meters
                if meter.present
            ]
        stored = {meter.number: meter for meter in self.history.meters}
        found = []
        for card in account.meters:
            known = stored.get(card.number)
            utility = (known.utility if known else None) or card.utility
            found.append(AccountMeter(card.number, utility, _hourly(utility, known), card))
        return found

    def meter(self, number: str) -> AccountMeter | None:
        """Return a meter of the account; None where it has no such meter."""
        return next((meter for meter in self.meters() if meter.number == number), None)

    def gone(self) -> list[AccountMeter]:
        """Return the meters that the account had, and that no other account has."""
        present = {meter.number for meter in self.meters()}
        hass, entry = self.coordinator.hass, self.coordinator.config_entry
        return [
            AccountMeter(meter.number, meter.utility, _hourly(meter.utility, meter), None)
            for meter in self.history.meters
            if meter.number not in present and not async_is_elsewhere(hass, entry, meter.number)
        ]

    def schedule(self, number: str) -> TariffSchedule | None:
        """Return the prices of a meter; None where they are not known."""
        meter = self.meter(number)
        utility = meter.utility if meter else self.history.utilities.get(number)
        return self.payments.prices(number, utility)

    async def _async_apply_options(self, _hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Apply what has changed of the options, which all read as they are now."""
        before, self._applied = self._applied, entry.options
        if Polling.of(before) != Polling.of(entry.options):
            self.coordinator.async_apply_options()
        if before.get(CONF_METERS) != entry.options.get(CONF_METERS):
            await self.history.async_apply_options()

    def _note_present(self) -> None:
        present = {meter.number for meter in self.meters()}
        self.figures.async_set_present(present)
        if any(meter.present and meter.number not in present for meter in self.history.meters):
            entry = self.coordinator.config_entry
            entry.async_create_task(self.coordinator.hass, self._async_record(present))

    async def _async_record(self, present: set[str]) -> None:
        """Store at once that a meter is gone: the history may take its time, or not get to it."""
        with suppress(StoreError):  # the history reports it
            await self.coordinator.hass.async_add_executor_job(self.store.record_present, present)


def _hourly(utility: Utility | None, stored: StoredMeter | None) -> bool:
    refused = stored is not None and stored.hourly_refused_at is not None
    return utility is Utility.ELECTRICITY and not refused
