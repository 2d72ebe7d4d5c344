"""Payments into the store: what cards show, the Top Up page, the transaction history.

Call `record_account` after each look at the account page, and the `read_…` methods when there is
time for a request.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final, Protocol

from ..brunei import brunei_date, utcnow
from ..errors import PageNotUnderstood, PortalUnavailable
from ..portal.pages import PAYMENT_PAGE
from ..portal.topup_pages import TOPUPS_PAGE
from ..store.payments import Payments

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

    from ..models import Account, Payment, TopUp
    from ..store import ReadingsStore
    from ..store.models import Debt

_LOGGER = logging.getLogger(__name__)

_FIRST: Final = timedelta(days=365)
"""How far back the transaction history is read at first: what is known to work."""
_AGAIN: Final = timedelta(days=7)
"""How far it is read again."""
_LATE: Final = tuple(timedelta(hours=hours) for hours in (0, 1, 6, 24, 48))
"""How long after a rise the history is read while it lacks it."""
_PATIENCE: Final = timedelta(days=1)
"""How long a page that was not to be had is left alone."""


class PaymentSource(Protocol):
    """The portal, as far as its payments are read: a signed-in `UsmsClient`."""

    async def payment(self, meter: str) -> Payment:
        """Return what the Top Up page shows of a meter."""

    async def topups(self, meter: str, first: date, last: date) -> tuple[TopUp, ...]:
        """Return the top-ups from `first` to `last`, both included, oldest first."""


class PaymentsSync:
    """Reads what is known of payments, and only when it is due."""

    def __init__(
        self, client: PaymentSource, store: ReadingsStore, *, now: Callable[[], datetime] = utcnow
    ) -> None:
        """Read through that client into that store; `now` returns the time."""
        self._client = client
        self._store = store
        self.payments = Payments(store)
        self._now = now
        self._present: tuple[str, ...] = ()
        self._seen_at: dict[str, datetime] = {}
        """By meter: when its card showed a balance last."""
        self.debts: dict[str, Debt] = {}
        """What the Top Up page last showed, by meter."""
        self.outcomes: dict[str, PageNotUnderstood | None] = {}
        """The last outcome of each page read, by its name: None where it was understood. Who takes
        note of one removes it."""

    @property
    def meters(self) -> tuple[str, ...]:
        """Those that the account had at the last look."""
        return self._present

    async def open(self) -> None:
        """Take up what the store holds."""
        self.debts = await asyncio.to_thread(self._stored_debts)

    def record_account(self, account: Account, cards: Callable[[], None] | None = None) -> bool:
        """Record the balances that cards show; return whether any moved (blocks).

        `cards` records what else they show, in the same transaction: each is written to disk.
        """
        record, seen_at = self.payments.record_balance, self._seen_at
        with self._store.transaction():
            if cards:
                cards()
            moved = [
                record(meter, account.read_at, before=seen_at.get(meter.number))
                for meter in account.meters
            ]
        self._present = tuple(meter.number for meter in account.meters)
        for meter in account.meters:
            if meter.balance is not None:
                seen_at[meter.number] = account.read_at
        return any(moved)

    async def unannounced(self) -> list[TopUp]:
        """Return top-ups and transfers that were never returned here, by meter and time."""
        now = self._now()
        return [
            topup
            for number in self._present
            for topup in await asyncio.to_thread(self.payments.unannounced, number, now)
        ]

    # --- reading ---

    async def read_payments(self) -> set[str]:
        """Read the Top Up pages that are due, once a day each (one request a meter).

        Returns the meters that were read. A page that is not understood, or not to be had, is left
        alone for a day; raises what else the client raises.
        """
        read = set()
        for number in self._present:
            debt = self.debts.get(number)
            if debt and brunei_date(debt.read_at) == brunei_date(self._now()):
                continue
            if await self._try(PAYMENT_PAGE, self._read_payment, number):
                read.add(number)
        return read

    async def _read_payment(self, number: str) -> None:
        payment = await self._client.payment(number)
        await asyncio.to_thread(self.payments.save_payment, payment, self._now())
        await self._load_debt(number)

    async def read_topups(
        self,
        rises: Mapping[str, Sequence[datetime]],
        *,
        news_only: bool = False,
    ) -> set[str]:
        """Read the transaction histories that are due (three requests each, or more).

        That is once a day, as use may hide a top-up or a reversal from the balance; after the
        balance has risen (`rises`, by meter: when that is not settled), again while the history
        lacks it; and, without `news_only`, at first.
        Returns the meters of which that was tried; pages that can't be read are left alone as in
        `read_payments`.
        """
        read = set()
        for number in self._present:
            if not await self._topups_due(number, rises.get(number, ()), news_only=news_only):
                continue
            if not await self._try(TOPUPS_PAGE, self._read_topups, number):
                await asyncio.to_thread(self.payments.history_failed, number, self._now())
            read.add(number)
        return read

    async def _topups_due(self, number: str, rises: Iterable[datetime], *, news_only: bool) -> bool:
        now = self._now()
        read_at, failed_at, _ = await asyncio.to_thread(self.payments.history_read, number)
        if failed_at and now - failed_at < _PATIENCE:
            return False
        if read_at is None:
            return not news_only
        if brunei_date(read_at) != brunei_date(now):
            return True
        return any(read_at < rose + late <= now for rose in rises for late in _LATE)

    async def _read_topups(self, number: str) -> None:
        now = self._now()
        read_at, _, _ = await asyncio.to_thread(self.payments.history_read, number)
        since = brunei_date(read_at - _AGAIN if read_at else now - _FIRST)
        topups = await self._client.topups(number, since, brunei_date(now))
        await asyncio.to_thread(self.payments.save_history, number, topups, now)

    async def _try(self, page: str, read: Callable[[str], Awaitable[None]], number: str) -> bool:
        name = f"{page}_failed_{number}"
        tried_at = await self._moment(name)
        if tried_at and self._now() - tried_at < _PATIENCE:
            return False
        try:
            await read(number)
        except (PageNotUnderstood, PortalUnavailable) as err:
            _LOGGER.info("Left alone for a day: %s", err)
            await self._remember(name, self._now())
            if isinstance(err, PageNotUnderstood) and err.page == page:
                self.outcomes[page] = err
            return False
        self.outcomes[page] = None
        return True

    # --- what is remembered ---

    def _stored_debts(self) -> dict[str, Debt]:
        found = {one.number: self.payments.debt(one.number) for one in self._store.meters()}
        return {number: debt for number, debt in found.items() if debt}

    async def _load_debt(self, number: str) -> None:
        debt = await asyncio.to_thread(self.payments.debt, number)
        if debt:
            self.debts[number] = debt

    async def _moment(self, name: str) -> datetime | None:
        known = await asyncio.to_thread(self._store.fact, name)
        return datetime.fromisoformat(known) if isinstance(known, str) else None

    async def _remember(self, name: str, at: datetime) -> None:
        await asyncio.to_thread(self._store.remember, name, at.isoformat())
