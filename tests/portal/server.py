"""The server: which path answers what, to whom."""

from __future__ import annotations

import asyncio
import base64
import binascii
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from time import monotonic
from typing import Any, Final, Self

from aiohttp import web

from . import markup, pages
from .accounts import DEMO_USERNAME, Account, Meter, make_accounts
from .control import add_control
from .cookies import COOKIE, known, sent, set_cookies
from .faults import ANSWERS, CHANGES, Fault, change, strike
from .login import Login
from .profile import Profile
from .reports import TransactionHistory, Usage
from .state import Session, Sessions, StateRefused
from .truth import BRUNEI

_BASE: Final = "/smartmeter/"
_EXPIRED: Final = "Your Session Has Expired, Please Login Again."

_EXPIRED_KINDS: Final = ("redirect_session_expire", "body_text", "redirect_login", "login_form")


@dataclass(frozen=True)
class Record:
    """A request as it was answered."""

    method: str
    path: str
    status: int
    at: float
    """When it was answered, by the monotonic clock, in seconds."""


@dataclass(frozen=True)
class Answer:
    """An answer other than a page."""

    status: int = 200
    location: str | None = None
    body: bytes = b""
    content_type: str = "text/html"


class SimulatedPortal:
    """A portal with one household, all of it made from a seed."""

    def __init__(
        self,
        *,
        seed: int = 1,
        days: int = 400,
        now: datetime | None = None,
        profile: Profile | None = None,
    ) -> None:
        """Begin `days` before now; with `now` the clock stands still there."""
        self.seed = seed
        self.profile = profile or Profile()
        self._frozen = now.astimezone(BRUNEI) if now else None
        self._ahead = timedelta(0)
        self.accounts: dict[str, Account] = make_accounts(seed, days, self.now(), self.profile)
        self.sessions = Sessions(seed)
        self.captcha_answer = ""
        """What the captcha drawn last shows."""
        self.last_page = ""
        """The page made last, before any fault changed it."""
        self.requests: list[Record] = []
        self.faults: list[Fault] = []
        self.in_flight = self.most_in_flight = 0
        """Requests that are being answered, and the most there were at a time."""
        self.overlapping_sign_ins = 0
        """Answers to a captcha after which the same account had begun to sign in once more."""
        self._login = Login(self)
        self._usage = Usage(self)
        self._topups = TransactionHistory(self)
        self._runner: web.AppRunner | None = None
        self._turn = 0
        self.origin = ""

    # --- running ---

    async def start(
        self,
        port: int = 0,
        host: str = "127.0.0.1",
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        """Listen; port 0 takes a free one; with a context over TLS."""
        app = web.Application(client_max_size=8 * 1024 * 1024)
        add_control(app, self)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(
            app, handler_cancellation=True, shutdown_timeout=0.1, access_log=None
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port, ssl_context=ssl_context).start()
        address = self._runner.addresses[0]
        self.origin = f"{'https' if ssl_context else 'http'}://{address[0]}:{address[1]}"

    async def stop(self) -> None:
        """Close everything."""
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        """Start on a free port."""
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop."""
        await self.stop()

    @property
    def base_url(self) -> str:
        """The address for `USMS_BASE_URL`."""
        return f"{self.origin}/SmartMeter/"

    # --- what tests look at and change ---

    def now(self) -> datetime:
        """Return the portal's time, in Brunei."""
        return self._frozen or (datetime.now(UTC) + self._ahead).astimezone(BRUNEI)

    def set_now(self, now: datetime, *, ticking: bool = False) -> None:
        """Set the clock; it stands still then, or ticks on."""
        self._frozen = None if ticking else now.astimezone(BRUNEI)
        self._ahead = now - datetime.now(UTC) if ticking else timedelta(0)

    def set_profile(self, **changes: Any) -> None:
        """Set switches of the profile; raises ValueError for one that is none."""
        self.profile.change(changes)

    def add_fault(self, fault: Fault) -> None:
        """Have something go wrong."""
        self.faults.append(fault)

    def clear_faults(self) -> None:
        """Have all go well again."""
        self.faults.clear()

    def expire(self) -> None:
        """End all sessions."""
        self.sessions.end()

    def clear_requests(self) -> None:
        """Forget the requests so far."""
        self.requests.clear()

    @property
    def account(self) -> Account:
        """The demo account."""
        return self.accounts[DEMO_USERNAME]

    @property
    def meters(self) -> list[Meter]:
        """The meters that the demo account shows now."""
        return self.meters_of(DEMO_USERNAME)

    def meters_of(self, username: str) -> list[Meter]:
        """Return the meters that an account shows now."""
        count = 2 + self.profile.more_meters
        return [
            meter
            for meter in self.accounts[username].meters[:count]
            if meter.number not in self.profile.hidden_meters
        ]

    def meter_of(self, session: Session, number: str | None) -> Meter | None:
        """Return a meter of the session's account."""
        if session.account is None:
            return None
        return next((m for m in self.meters_of(session.account) if m.number == number), None)

    def truth(
        self, meter: str, resolution: str, *, at: datetime | None = None, final: bool = False
    ) -> list[tuple[datetime, Decimal]]:
        """Return what the reports show of a meter, by `hour` or `day`, at a moment (now).

        With `final`, every hour or day up to then as it is in the end, holes included. Raises
        KeyError for a meter that is none, ValueError for another resolution.
        """
        at = (at or self.now()).astimezone(BRUNEI)
        known = {m.number: m for account in self.accounts.values() for m in account.meters}
        truth = known[meter].truth
        if resolution not in {"hour", "day"}:
            raise ValueError("the resolution is hour or day")
        days = truth.days(at)
        if resolution == "day":
            totals = (
                (day, truth.day_total(day, datetime.max.replace(tzinfo=BRUNEI), self.profile))
                if final
                else (day, truth.shown_day(day, at, self.profile))
                for day in days
            )
            return [
                (datetime(day.year, day.month, day.day, tzinfo=BRUNEI), value)
                for day, value in totals
                if value is not None
            ]
        if truth.utility != "electricity":
            return []
        if final:
            hours = (hour for day in days for hour in truth.hours(day))
            return [(h.start, h.value) for h in hours if h.start + timedelta(hours=1) <= at]
        return [row for day in days for row in truth.shown_hours(day, at, self.profile)]

    # --- answering ---

    def redirect(self, target: str, status: int = 302) -> Answer:
        """Return a redirect within the portal."""
        return Answer(status, f"/SmartMeter/{target}")

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        path = request.path.lower()
        name = "/".join(part for part in path.removeprefix(_BASE).split("/") if part)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        status = 0
        try:
            if self.profile.latency:
                await asyncio.sleep(self.profile.latency)
            posted = _form(await request.post()) if request.method == "POST" else {}
            fault = next((f for f in self.faults if f.strikes(name, request.method, posted)), None)
            response: web.StreamResponse
            if fault and fault.kind in ANSWERS:
                response = await strike(fault, request)
            elif not path.startswith(_BASE):
                response = web.Response(status=404, text="Not Found")
            elif fault and fault.kind in CHANGES:
                response = change(fault, self._respond(request, name, posted))
            else:
                response = self._respond(request, name, posted, fault.kind if fault else None)
            status = response.status
            return response
        finally:
            self.in_flight -= 1
            self.requests.append(Record(request.method, request.path, status, monotonic()))

    def _respond(
        self,
        request: web.Request,
        name: str,
        posted: Mapping[str, str],
        trouble: str | None = None,
    ) -> web.Response:
        if trouble == "session_stolen":
            self.sessions.end(DEMO_USERNAME)
        cookies = {} if trouble == "cookie_dropped" else sent(request)
        session = known(self.sessions, cookies, self.now(), self.profile)
        fresh = session is None
        ended = fresh and COOKIE in cookies
        session = session or self.sessions.new(self.now())
        query = {key.lower(): value for key, value in request.query.items()}
        try:
            answer: str | Answer | Session
            if trouble == "captcha_asked" and name != "dxb.axd":
                answer = self._login.form(session, None)
            else:
                if trouble == "meter_opened" and session.account:
                    others = [m.number for m in self.meters_of(session.account)]
                    session.meter = next((m for m in others if m != session.meter), None)
                if trouble == "state_refused":
                    session.views.clear()
                answer = self._route(session, name, request.method, query, posted)
        except StateRefused as err:
            answer = Answer(500, body=f"<h1>Server Error in '/SmartMeter'</h1>{err}".encode())
        if isinstance(answer, Session):
            session, fresh = answer, True
            answer = self.redirect("MainPage")
        if isinstance(answer, str):
            if session.account:
                answer = markup.dressed(
                    answer,
                    hidden_dialog=self.profile.hidden_dialog,
                    banner=self.profile.banner,
                )
            self.last_page = answer
            answer = Answer(body=answer.encode())
        response = web.Response(
            status=answer.status,
            body=answer.body,
            content_type=answer.content_type,
            charset="utf-8" if answer.content_type == "text/html" else None,
        )
        response.headers["Date"] = format_datetime(self.now().astimezone(UTC), usegmt=True)
        if answer.location:
            response.headers["Location"] = answer.location
        set_cookies(
            response,
            self.sessions,
            session,
            self.now(),
            self.profile,
            fresh=fresh,
            ended=ended,
        )
        return response

    def _route(  # noqa: PLR0911 (a table of paths)
        self,
        session: Session,
        name: str,
        method: str,
        query: Mapping[str, str],
        posted: Mapping[str, str],
    ) -> str | Answer | Session:
        if name == "reslogin":
            token = query.get("sc")
            if method == "POST":
                return self._login.post(session, token, posted)
            return self._login.get(session, token)
        if name == "dxb.axd":
            picture = session.pictures.get(query.get("dxcache", ""))
            if picture is None:
                return Answer(404)
            return Answer(body=picture, content_type="image/png")
        if name == "loginsession.aspx":
            rest = "&".join(f"{key}={value}" for key, value in query.items())
            rest = rest.replace("ploginname", "pLoginName").replace("ptype", "pType")
            return self.redirect(f"LoginSession?{rest.replace('sig=', 'Sig=')}", 301)
        if name == "loginsession":
            return self._login.session(session, query.get("sig")) or self.redirect("ResLogin")
        if name == "sessionexpire":
            return Answer(body=f"<html><body>{_EXPIRED}</body></html>".encode())
        if session.account is None:
            return self._expired(session)
        return self._signed_in(session, name, method, query, posted)

    def _expired(self, session: Session) -> str | Answer:
        kind = self.profile.expired_as
        if kind == "mixed":
            self._turn = (self._turn + 1) % len(_EXPIRED_KINDS)
            kind = _EXPIRED_KINDS[self._turn]
        if kind == "redirect_session_expire":
            return self.redirect("SessionExpire")
        if kind == "body_text":
            return Answer(body=f"<html><body>{_EXPIRED}</body></html>".encode())
        if kind == "redirect_login":
            return self.redirect("ResLogin")
        return self._login.form(session, None)

    def _signed_in(  # noqa: PLR0911 (a table of paths)
        self,
        session: Session,
        name: str,
        method: str,
        query: Mapping[str, str],
        posted: Mapping[str, str],
    ) -> str | Answer:
        meters = self.meters_of(session.account or "")
        serve = self.sessions.serve
        if name == "mainpage":
            return pages.main(serve(session, name))
        if name == "home":
            return pages.home(serve(session, name), meters, self.now(), self.profile)
        if name == "accountinfo":
            return pages.account_info(serve(session, name), meters)
        meter = self.meter_of(session, _number(query.get("p", "")))
        if name == "report/usagehistory" and meter:
            if method == "POST":
                return self._usage.post(session, meter, posted)
            return self._usage.get(session, meter)
        if name == "report/transactionhistory":
            if method == "POST":
                return self._topups.post(session, posted)
            return self._topups.get(session)
        if name == "payment/webform2" and meter:
            if method == "POST":
                raise StateRefused("this form goes to the bank")
            return pages.payment(serve(session, name), meter, self.now(), self.profile)
        return Answer(404 if meter or "p" not in query else 500)


def _form(posted: Any) -> dict[str, str]:
    """Return a form's fields; of one that came twice, the first."""
    fields: dict[str, str] = {}
    for key, value in posted.items():
        fields.setdefault(key, str(value))
    return fields


def _number(parameter: str) -> str | None:
    try:
        return base64.b64decode(parameter, validate=True).decode("ascii")
    except binascii.Error, UnicodeDecodeError:
        return None
