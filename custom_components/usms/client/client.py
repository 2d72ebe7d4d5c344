"""The client: one method for each thing that the portal offers."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, Self

import aiohttp

from .brunei import utcnow
from .errors import (
    CaptchaRequired,
    SessionExpired,
    UsmsConnectionError,
    WrongRequest,
)
from .models import Resolution
from .portal import pages
from .portal.addresses import base_url_from
from .portal.pace import Pacing
from .portal.proxy import proxy_for
from .portal.session import PortalSession
from .portal.topup_reports import TopUpReports
from .portal.transport import MAX_HEADER, Transport, new_cookie_jar
from .portal.turns import Turns
from .portal.usage_reports import UsageReports, meter_parameter

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
    from datetime import date, datetime, timedelta
    from types import TracebackType

    from yarl import URL

    from .models import Account, Challenge, Payment, Report, TopUp
    from .portal.session_life import SessionLife

MAX_DAYS: Final = 31
"""How many days one daily report takes (`Daily (Max 1 month)`)."""


class UsmsClient:
    """An account on the portal, over aiohttp. Requests go one at a time, spaced.

    Every method raises `UsmsConnectionError`, `PortalUnavailable` or `PageNotUnderstood` when the
    portal can't be reached, has no page of its own to give, or gives one that is not known; the
    reading methods raise `SessionExpired` when the session has ended. The client never signs in by
    itself, and never answers a captcha: a person does.

    Use it as a context manager, or call `close`. An HTTP session that is handed in stays open; it
    keeps no cookies (`new_cookie_jar`), for the client keeps its own.
    """

    def __init__(
        self,
        http: aiohttp.ClientSession | None = None,
        *,
        base_url: str | None = None,
        pacing: Pacing = Pacing(),  # noqa: B008 (frozen)
        timeout: float = 60.0,
        now: Callable[[], datetime] = utcnow,
        turns: Turns | None = None,
        trust_env: bool = False,
    ) -> None:
        """Make a client; raises WrongRequest for an address that can't be the portal's.

        `base_url` defaults to `USMS_BASE_URL` in the environment, then to the operator's address;
        `timeout` is in seconds, for one request; `now` returns the time for `Account.read_at`.
        Clients of one account share `turns`, whose pacing counts then; programs that use one
        session share `SharedTurns`.
        With `trust_env` an HTTP session of the client's own goes by the proxy that `HTTP_PROXY` and
        `HTTPS_PROXY` name, unless `NO_PROXY` has the portal.
        """
        self._base_url = base_url_from(base_url)
        self._owned = http is None
        self._http = http or aiohttp.ClientSession(
            cookie_jar=new_cookie_jar(),
            max_line_size=MAX_HEADER,
            max_field_size=MAX_HEADER,
            proxy=proxy_for(self._base_url) if trust_env else None,
        )
        self._turns = turns or Turns(pacing)
        self._transport = Transport(
            self._http,
            self._base_url,
            turns=self._turns,
            timeout=timeout,
            now=now,
        )
        self._session = PortalSession(self._transport, now)
        self._reports = UsageReports(self._session, self._transport)
        self._topup_reports = TopUpReports(self._session, self._transport, self._reports)
        self._now = now

    async def __aenter__(self) -> Self:
        """Return the client."""
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the client."""
        await self.close()

    async def close(self) -> None:
        """Close the connections, where they are the client's own."""
        if self._owned:
            await self._http.close()

    @property
    def timeout(self) -> float:
        """How long one request may take, in seconds."""
        return self._transport.timeout

    @timeout.setter
    def timeout(self, seconds: float) -> None:
        self._transport.timeout = seconds

    # --- signing in ---

    async def sign_in(
        self,
        username: str,
        password: str,
        *,
        answer_captcha: Callable[[bytes], Awaitable[str]] | None = None,
    ) -> None:
        """Sign in with an IC number (dashes and spaces are dropped) and a password.

        Where the portal asks for its captcha, `answer_captcha` gets the picture (PNG, black on
        transparent) and returns what a person reads in it, or an empty text for another picture.
        Raises CredentialsRefused; CaptchaRequired without `answer_captcha`, to go on with
        `answer`; CaptchaRefused for a wrong answer, never tried again by itself; CaptchaExpired for
        an answer that came so late that the portal did not judge it.
        """
        async with self._exclusive():
            self._reports.close()
            try:
                await self._session.sign_in(username, password)
            except CaptchaRequired as required:
                if answer_captcha is None:
                    raise
                challenge = required.challenge
            else:
                return
            while not (text := (await answer_captcha(challenge.image)).strip()):
                renewed = await self._session.refresh(challenge)
                if renewed is None:
                    return
                challenge = renewed
            await self._session.answer(challenge, text)

    async def answer(self, challenge: Challenge, answer: str) -> None:
        """Finish a sign-in with a person's answer.

        Raises CaptchaRefused with a new challenge for a wrong answer, CaptchaExpired with a new one
        where the portal had given up the old, WrongRequest for one that a newer has replaced.
        """
        async with self._exclusive():
            await self._session.answer(challenge, answer)

    async def refresh_captcha(self, challenge: Challenge) -> Challenge | None:
        """Return another picture for the same sign-in; the old one is void.

        None where the portal has signed in instead, for it no longer asks for a captcha.
        """
        async with self._exclusive():
            return await self._session.refresh(challenge)

    def export_session(self) -> dict[str, Any]:
        """Return the session as JSON-able data, to be kept as secret as a password."""
        return self._session.export()

    def restore_session(self, stored: Mapping[str, Any]) -> None:
        """Take up a session from `export_session`; whether it lives shows at the next request."""
        self._reports.close()
        self._session.restore(stored)

    @property
    def life(self) -> SessionLife:
        """The session's life so far, and what former ones have taught."""
        return self._session.life

    @life.setter
    def life(self, known: SessionLife) -> None:
        self._session.life = known

    async def is_signed_in(self) -> bool:
        """Ask the portal whether the session lives (one request)."""
        try:
            await self.account()
        except SessionExpired:
            return False
        return True

    async def sign_out(self) -> None:
        """Forget the session. The portal has no known address to end one: it lapses there."""
        async with self._exclusive():
            self._reports.close()
            self._session.forget()

    # --- reading ---

    async def account(self) -> Account:
        """Return all meters of the account (one request)."""
        async with self._exclusive():
            return await self._session.get(
                self._transport.url("Home"), lambda html: pages.account_page(html, self._now())
            )

    async def hourly(self, meter: str, day: date, *, anew: bool = False) -> Report:
        """Return a day's hours in kWh, as far as published (1 to 4 requests).

        With `anew` the meter is opened first, whatever page is open. Rows that can't be read are
        left out (`Report.unread`). Raises NoData where there are none, ReportNotOffered for a
        meter without hourly reports.
        """
        async with self._exclusive():
            if anew:
                self._reports.close()
            return await self._reports.read(_number(meter), Resolution.HOUR, day, day)

    async def daily(self, meter: str, first: date, last: date, *, anew: bool = False) -> Report:
        """Return the days from `first` to `last`, both included, in kWh or m³ (1 to 4 requests).

        With `anew` the meter is opened first, whatever page is open. Rows that can't be read are
        left out (`Report.unread`). Raises NoData where there are none, WrongRequest for more than
        31 days.
        """
        if not 0 <= (last - first).days < MAX_DAYS:
            raise WrongRequest(f"A daily report takes from 1 to {MAX_DAYS} days")
        async with self._exclusive():
            if anew:
                self._reports.close()
            return await self._reports.read(_number(meter), Resolution.DAY, first, last)

    def top_up_url(self, meter: str) -> str:
        """Return the address of the operator's page on which a person tops a meter up."""
        return str(self._payment_url(meter))

    def _payment_url(self, meter: str) -> URL:
        return self._transport.url("Payment/WebForm2", p=meter_parameter(_number(meter)), s="h")

    async def payment(self, meter: str) -> Payment:
        """Return what the Top Up page shows of a meter (one request; nothing is ever posted)."""
        async with self._exclusive():
            self._reports.close()
            return await self._session.get(
                self._payment_url(meter), lambda html: pages.payment_page(html, meter)
            )

    async def topups(self, meter: str, first: date, last: date) -> tuple[TopUp, ...]:
        """Return the top-ups from `first` to `last`, both included, oldest first.

        Costs three requests, more where the portal's grid does not show them on one page. Raises
        PageNotUnderstood when the portal shows other days or another meter.
        """
        if last < first:
            raise WrongRequest("The last day lies before the first")
        async with self._exclusive():
            return await self._topup_reports.read(_number(meter), first, last)

    @property
    def clock_offset(self) -> timedelta | None:
        """By how much the portal's clock is ahead of `now`; None before the first answer."""
        return self._transport.clock_offset

    # --- what a long import remembers ---

    @property
    def open_page_serves(self) -> bool | None:
        """Whether an open report page serves further days with one request; None until known."""
        return self._reports.open_page_serves

    @open_page_serves.setter
    def open_page_serves(self, known: bool | None) -> None:
        self._reports.open_page_serves = known

    @asynccontextmanager
    async def _exclusive(self) -> AsyncIterator[None]:
        """One thing at a time: the portal keeps the selected meter for the whole session."""
        async with self._turns.taken() as alone:
            if self._http.closed:
                raise UsmsConnectionError("The client is closed")
            if not alone:
                self._reports.close()
            yield


def _number(meter: str) -> str:
    if not (meter.isascii() and meter.isdigit()):
        raise WrongRequest("A meter's number has digits only")
    return meter
