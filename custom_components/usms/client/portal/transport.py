"""HTTP towards the portal: one request at a time, spaced, bounded, and never to another host."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import os
import random
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import TYPE_CHECKING, Final

import aiohttp
from aiohttp.http_exceptions import DecompressSizeError
from yarl import URL

from ..brunei import utcnow
from ..errors import PageNotUnderstood, PortalUnavailable, UsmsConnectionError, WrongRequest
from .cookies import Cookies

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime, timedelta

_LOGGER = logging.getLogger(__name__)

DEFAULT_BASE_URL: Final = "https://www.usms.com.bn/SmartMeter/"
BASE_URL_VARIABLE: Final = "USMS_BASE_URL"
_MAX_BYTES: Final = 4 * 1024 * 1024  # real pages have 60 to 200 kB
_MAX_REDIRECTS: Final = 8
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_CHARSETS: Final = frozenset({"iso-8859-1", "windows-1252", "utf-16"})
_USER_AGENT: Final = "Mozilla/5.0 (compatible; usms-client)"


@dataclass(frozen=True, slots=True)
class Pacing:
    """How much time lies between the requests of one client, in seconds."""

    spacing: float = 1.0
    jitter: float = 0.5
    """Up to that much more, drawn anew for each request."""


NO_PACING: Final = Pacing(0, 0)


@dataclass(frozen=True, slots=True, repr=False)
class Response:
    """The end of a chain of redirects."""

    url: URL
    status: int
    body: bytes
    content_type: str
    charset: str | None
    path: tuple[URL, ...]
    """Every address of the chain, the first one that was asked included."""
    redirect_bodies: str = ""
    """What the redirects themselves carried as text."""

    @property
    def text(self) -> str:
        """The body as text; the portal serves UTF-8, unless it says one of few others."""
        charset = (self.charset or "").casefold()
        return self.body.decode(charset if charset in _CHARSETS else "utf-8", errors="replace")


def base_url_from(text: str | None) -> URL:
    """Return the portal's address, from the argument, the environment or the default.

    Raises WrongRequest for an address that can't be one, and for plain http to anything but the
    loopback: cookies and passwords go there.
    """
    text = text or os.environ.get(BASE_URL_VARIABLE) or DEFAULT_BASE_URL
    try:
        url = URL(text)
    except ValueError as err:
        raise WrongRequest(f"{text!r} is not an address") from err
    if url.scheme not in {"http", "https"} or not url.host:
        raise WrongRequest(f"{text!r} is not an http address")
    if url.scheme == "http" and not _is_loopback(url.host):
        raise WrongRequest("plain http is accepted for this machine only; use https")
    return url if url.path.endswith("/") else url.with_path(url.path + "/")


def new_cookie_jar() -> aiohttp.DummyCookieJar:
    """Return the jar for the HTTP session of a client, which keeps its cookies itself.

    Must be called in a running event loop.
    """
    return aiohttp.DummyCookieJar()


class Transport:
    """Sends requests of one account. Callers send one at a time, as `UsmsClient` does."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        base_url: URL,
        *,
        pacing: Pacing,
        timeout: float,
        now: Callable[[], datetime] = utcnow,
    ) -> None:
        """Use an HTTP session that keeps no cookies; timeout in seconds."""
        self._now = now
        self.clock_offset: timedelta | None = None
        """By how much the portal's clock is ahead of this machine's; None until it is known."""
        self.http = http
        self.base_url = base_url
        self.cookies = Cookies()
        self._pacing = pacing
        self.timeout = timeout
        self._last = -float("inf")

    def url(self, path: str, **query: str) -> URL:
        """Return an address under the portal's base."""
        return self.base_url.join(URL(path)).with_query(query or None)

    async def get(self, url: URL) -> Response:
        """Fetch a page, following redirects within the portal's origin."""
        return await self._request("GET", url, None)

    async def post(self, url: URL, fields: Mapping[str, str]) -> Response:
        """Post a form, following redirects within the portal's origin."""
        return await self._request("POST", url, fields)

    async def _request(self, method: str, url: URL, fields: Mapping[str, str] | None) -> Response:
        chain = [self._checked(url)]
        redirects: list[bytes] = []
        for _ in range(_MAX_REDIRECTS):
            await self._pace(first=len(chain) == 1)
            status, location, body, kind = await self._send(method, chain[-1], fields)
            if status not in _REDIRECTS or not location:
                self._check_status(status)
                said = b"\n".join(redirects).decode("utf-8", errors="replace")
                return Response(chain[-1], status, body, *kind, tuple(chain), said)
            redirects.append(body)
            chain.append(self._redirect_target(chain[-1], location))
            if status not in {307, 308}:
                method, fields = "GET", None
        raise PageNotUnderstood("redirects", f"an end within {_MAX_REDIRECTS} redirects")

    def _redirect_target(self, url: URL, location: str) -> URL:
        try:
            return self._checked(url.join(URL(location)))
        except ValueError as err:
            raise PageNotUnderstood("redirects", "an address in a redirect") from err

    def _checked(self, url: URL) -> URL:
        """Return the address, or refuse it before any cookie or form goes there."""
        if url.origin() != self.base_url.origin():
            raise PortalUnavailable("The portal redirects to another host, which is refused")
        return url

    @staticmethod
    def _check_status(status: int) -> None:
        if status >= 400:
            raise PortalUnavailable(f"The portal answered with HTTP status {status}")

    async def _pace(self, *, first: bool) -> None:
        """Wait until the next request may go; redirects follow at once, as in a browser."""
        if first and self._pacing != NO_PACING:
            gap = self._pacing.spacing + random.uniform(0, self._pacing.jitter)  # noqa: S311
            await asyncio.sleep(max(0.0, self._last + gap - monotonic()))

    async def _send(
        self, method: str, url: URL, fields: Mapping[str, str] | None
    ) -> tuple[int, str | None, bytes, tuple[str, str | None]]:
        began = monotonic()
        try:
            async with self.http.request(
                method,
                url,
                data=fields,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=self.timeout),
                headers=self._headers(url),
            ) as response:
                body = await self._read(response)
                location = response.headers.get("Location")
                server_now = self._note_clock(response.headers.get("Date"))
                self.cookies.take(
                    response.headers.getall("Set-Cookie", ()), url, self._now(), server_now
                )
                status, kind = response.status, (response.content_type, response.charset)
        except TimeoutError as err:
            raise UsmsConnectionError("The portal did not answer in time") from err
        except (aiohttp.ClientError, OSError) as err:
            if isinstance(err.__cause__, DecompressSizeError):  # aiohttp's own limit, before 3.14
                raise _too_long() from None
            # The error's text may hold an address with the meter in it: only its kind is named.
            raise UsmsConnectionError(
                f"The connection to the portal failed ({type(err).__name__})"
            ) from None
        finally:
            self._last = monotonic()
        _LOGGER.debug(
            "%s %s: %s, %d bytes in %.2f s",
            method,
            _public_path(url),
            status,
            len(body),
            self._last - began,
        )
        return status, location, body, kind

    def _headers(self, url: URL) -> dict[str, str]:
        headers = {"User-Agent": _USER_AGENT}
        # As in browsers, what is on this machine counts as safe from listeners.
        trusted = url.scheme == "https" or _is_loopback(url.host or "")
        cookie = self.cookies.header(url, self._now(), trusted=trusted)
        return headers if cookie is None else {**headers, "Cookie": cookie}

    def _note_clock(self, shown: str | None) -> datetime | None:
        """Note the portal's time, as its `Date` says, and return it; None where it says none."""
        with suppress(ValueError, TypeError):
            at = parsedate_to_datetime(shown or "")
            at = at.replace(tzinfo=at.tzinfo or UTC)
            self.clock_offset = at - self._now()
            return at
        return None

    @staticmethod
    async def _read(response: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for chunk in response.content.iter_chunked(64 * 1024):
            body += chunk
            if len(body) > _MAX_BYTES:
                raise _too_long()
        return bytes(body)


def _too_long() -> PageNotUnderstood:
    return PageNotUnderstood("answer", f"an end within {_MAX_BYTES} bytes")


def _public_path(url: URL) -> str:
    """Return the path alone: queries hold meter numbers, user names and tokens."""
    return url.path


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
