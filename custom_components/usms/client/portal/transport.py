"""HTTP towards the portal: one request at a time, spaced, bounded, and never to another host."""

from __future__ import annotations

import asyncio
import logging
import os
import zlib
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
from ..errors import PageNotUnderstood, PortalUnavailable, WrongRequest
from .addresses import is_loopback, own_address, public_name, redirect_target
from .cookies import Cookies
from .failures import connection_error, retry_after, status_error
from .forms import encoded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime, timedelta

    from .turns import Turns

_LOGGER = logging.getLogger(__name__)

_MAX_BYTES: Final = 4 * 1024 * 1024  # real pages have 60 to 200 kB
_MAX_REDIRECTS: Final = 8
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_CHARSETS: Final = frozenset({"iso-8859-1", "windows-1252", "utf-16"})
USER_AGENT: Final = "Mozilla/5.0 (compatible; usms-client)"
USER_AGENT_VARIABLE: Final = "USMS_USER_AGENT"
"""For portals that refuse the name above; other software's name is not ours to give."""
MAX_HEADER: Final = 64 * 1024
"""How long a header may be, in bytes, as in Home Assistant."""


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
        turns: Turns,
        timeout: float,
        now: Callable[[], datetime] = utcnow,
    ) -> None:
        """Use an HTTP session that keeps no cookies; timeout in seconds."""
        self._user_agent = user_agent()
        self._turns = turns
        self._now = now
        self.clock_offset: timedelta | None = None
        """By how much the portal's clock is ahead of this machine's; None until it is known."""
        self.http = http
        self.base_url = base_url
        self.cookies = Cookies()
        self.timeout = timeout

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
        self._turns.rest.check(self._now())
        chain = [own_address(self.base_url, url)]
        redirects: list[bytes] = []
        await asyncio.sleep(self._turns.pace.wait(monotonic()))
        self._turns.pace.begin()
        for _ in range(_MAX_REDIRECTS):  # at once, as in a browser
            status, location, body, kind = await self._send(method, chain[-1], fields)
            if status not in _REDIRECTS:
                said = b"\n".join(redirects).decode("utf-8", errors="replace")
                return Response(chain[-1], status, body, *kind, tuple(chain), said)
            redirects.append(body)
            chain.append(redirect_target(self.base_url, chain[-1], location))
            if status not in {307, 308}:
                method, fields = "GET", None
        raise PageNotUnderstood("redirects", f"an end within {_MAX_REDIRECTS} redirects")

    async def _send(
        self, method: str, url: URL, fields: Mapping[str, str] | None
    ) -> tuple[int, str | None, bytes, tuple[str, str | None]]:
        began, failed = monotonic(), True
        try:
            async with self.http.request(
                method,
                url,
                data=None if fields is None else encoded(fields),
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=self.timeout),
                headers=self._headers(url, posting=fields is not None),
            ) as response:
                body = await self._read(response)
                location = response.headers.get("Location")
                self._note(response, url)
                status, kind = response.status, (response.content_type, response.charset)
                failed = False
        except (TimeoutError, aiohttp.ClientError, OSError) as err:
            if isinstance(err.__cause__, DecompressSizeError):  # aiohttp's own limit, before 3.14
                raise _too_long() from None
            raise connection_error(err) from None
        finally:
            ended = monotonic()
            self._turns.pace.note(began=began, ended=ended, failed=failed)
        _LOGGER.debug(
            "%s %s: %s, %d bytes in %.2f s",
            method,
            public_name(url),
            status,
            len(body),
            ended - began,
        )
        return status, location, body, kind

    def _note(self, response: aiohttp.ClientResponse, url: URL) -> None:
        """Note an answer's cookies and clock; raises for an error status."""
        now = self._now()
        server_now = self._note_clock(response.headers.get("Date"), now)
        self.cookies.take(response.headers.getall("Set-Cookie", ()), url, now, server_now)
        if response.status < 400:
            return
        wait = retry_after(response.headers.get("Retry-After"), server_now or now)
        error = status_error(response.status, wait)
        if wait and isinstance(error, PortalUnavailable):
            self._turns.rest.begin(wait, now, error.cause)
        raise error

    def _headers(self, url: URL, *, posting: bool) -> dict[str, str]:
        headers = {"User-Agent": self._user_agent}
        if posting:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        # As in browsers, what is on this machine counts as safe from listeners.
        trusted = url.scheme == "https" or is_loopback(url.host or "")
        cookie = self.cookies.header(url, self._now(), trusted=trusted)
        return headers if cookie is None else {**headers, "Cookie": cookie}

    def _note_clock(self, shown: str | None, now: datetime) -> datetime | None:
        """Note the portal's time, as its `Date` says, and return it; None where it says none."""
        with suppress(ValueError, TypeError):
            at = parsedate_to_datetime(shown or "")
            at = at.replace(tzinfo=at.tzinfo or UTC)
            self.clock_offset = at - now
            return at
        return None

    @staticmethod
    async def _read(response: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for chunk in response.content.iter_chunked(64 * 1024):
            body += chunk
            if len(body) > _MAX_BYTES:
                raise _too_long()
        if response.headers.get("Content-Encoding", "").strip().casefold() == "x-gzip":
            return _unpacked(body)  # gzip's old name, which aiohttp leaves packed
        return bytes(body)


def user_agent() -> str:
    """Return the name that the client gives: its own, unless the environment has another.

    Raises WrongRequest for one that can't stand in a header.
    """
    name = os.environ.get(USER_AGENT_VARIABLE, "").strip() or USER_AGENT
    if not (name.isascii() and name.isprintable()):
        raise WrongRequest(f"{USER_AGENT_VARIABLE} takes printable ASCII characters alone")
    return name


def _unpacked(body: bytes | bytearray) -> bytes:
    unpacking = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        unpacked = unpacking.decompress(body, _MAX_BYTES + 1)
    except zlib.error as err:
        raise aiohttp.ClientPayloadError("broken gzip") from err
    if len(unpacked) > _MAX_BYTES:
        raise _too_long()
    if not unpacking.eof:
        raise aiohttp.ClientPayloadError("gzip that is cut off")
    return unpacked


def _too_long() -> PageNotUnderstood:
    return PageNotUnderstood("answer", f"an end within {_MAX_BYTES} bytes")
