"""The portal's cookies, and those that stand before it: what is set, and what comes back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from aiohttp import web

    from .profile import Profile
    from .state import Session, Sessions

COOKIE: Final = "ASP.NET_SessionId"
TICKET: Final = ".ASPXAUTH"
_GONE: Final = "expires=Fri, 01-Oct-1999 00:00:00 GMT"


def sent(request: web.Request) -> dict[str, str]:
    """Return a request's cookies as text; of a name that comes twice the first, as ASP.NET."""
    found: dict[str, str] = {}
    for header in request.headers.getall("Cookie", ()):
        for pair in header.split("; "):
            name, _, value = pair.partition("=")
            found.setdefault(name, value)
    return found


def known(
    sessions: Sessions, cookies: dict[str, str], now: datetime, profile: Profile
) -> Session | None:
    """Return the session that a request belongs to."""
    session = sessions.find(cookies.get(COOKIE), now, profile)
    if session is None:
        return None
    if profile.pool_cookie:
        name, _, value = profile.pool_cookie.partition("=")
        if cookies.get(name) != value:
            return None  # another server of the pool, which does not know it
    if session.account and profile.ticket_minutes:
        issued = session.tickets.get(cookies.get(TICKET, ""))
        if issued is None or now - issued > timedelta(minutes=profile.ticket_minutes):
            return None
    return session


def set_cookies(
    response: web.Response,
    sessions: Sessions,
    session: Session,
    now: datetime,
    profile: Profile,
    *,
    fresh: bool,
    ended: bool,
) -> None:
    """Set what a session's answer sets; `fresh` is a session just begun, `ended` one just lost."""
    headers = [f"{cookie}; path=/" for cookie in profile.more_cookies]
    if ended and profile.deletes_cookies:
        headers += [f"{name}=; {_GONE}; path=/" for name in (COOKIE, TICKET)]
        fresh = False
    elif session.account and profile.session_rotates:
        sessions.rename(session)
        fresh = True
    if fresh:
        headers.append(f"{COOKIE}={session.key}; path=/; HttpOnly; SameSite=Lax")
        if profile.pool_cookie:
            headers.append(f"{profile.pool_cookie}; path=/")
    if session.account and profile.ticket_minutes:
        ticket = sessions.token(32)
        session.tickets[ticket] = now
        until = now + timedelta(minutes=profile.ticket_minutes)
        expires = format_datetime(until.astimezone(UTC), usegmt=True)
        headers.append(f"{TICKET}={ticket}; expires={expires}; path=/; HttpOnly")
    for header in headers:
        response.headers.add("Set-Cookie", header)
