"""The portal's cookies, kept as a browser keeps them (RFC 6265), in memory and between restarts.

Not by aiohttp's jar: that goes through `http.cookies`, which refuses names that load balancers
and firewalls use, quotes values that their servers compare as text, and differs between releases.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from yarl import URL

_LOGGER = logging.getLogger(__name__)

_MOST: Final = 150
"""Cookies kept; a real portal sets a handful."""
_MOST_CHARACTERS: Final = 8192
"""Of a name with its value; browsers take half of that."""
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_FOREVER: Final = datetime.max.replace(tzinfo=UTC)
_MONTHS: Final = (
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
)
_TIME: Final = re.compile(r"(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\D.*)?", re.ASCII | re.DOTALL)
_DAY: Final = re.compile(r"(\d{1,2})(?:\D.*)?", re.ASCII | re.DOTALL)
_YEAR: Final = re.compile(r"(\d{2,4})(?:\D.*)?", re.ASCII | re.DOTALL)


@dataclass(frozen=True, slots=True, repr=False)
class Cookie:
    """A cookie with its attributes."""

    name: str
    value: str
    """As it came, quotes and all."""
    domain: str
    path: str
    host_only: bool
    """Whether it is for that host alone, and not for those below it."""
    secure: bool
    expires: str | None
    """An ISO time, in UTC and by this machine's clock; None for one that ends with the session."""

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it another cookie."""
        return self.domain, self.path, self.name

    @property
    def text(self) -> str:
        """Return it as it is sent back."""
        return f"{self.name}={self.value}" if self.name else self.value

    def ends_by(self, now: datetime) -> bool:
        """Whether it is over."""
        return self.expires is not None and datetime.fromisoformat(self.expires) <= now

    def goes_to(self, url: URL, *, trusted: bool) -> bool:
        """Whether it is for an address; `trusted` says that its way is safe."""
        host = url.host or ""
        of_host = host == self.domain if self.host_only else _is_below(host, self.domain)
        return of_host and (trusted or not self.secure) and _covers(self.path, url.raw_path)


class Cookies:
    """All cookies of one session, oldest first."""

    def __init__(self) -> None:
        """Begin without any."""
        self._kept: dict[tuple[str, str, str], Cookie] = {}

    def clear(self) -> None:
        """Drop all."""
        self._kept.clear()

    def take(
        self, headers: Iterable[str], url: URL, now: datetime, server_now: datetime | None
    ) -> None:
        """Keep what the `Set-Cookie` headers of an answer set, and drop what they delete.

        `server_now` is the answer's `Date`: a time of expiry is one of the server's clock.
        """
        for header in headers:
            cookie = _parsed(header, url, now, server_now or now)
            if cookie is None:
                # Without its name: no text of the portal reaches the log.
                _LOGGER.debug("A cookie that could not be sent back is dropped")
                continue
            if cookie.ends_by(now):
                self._kept.pop(cookie.key, None)
                continue
            self._kept[cookie.key] = cookie  # one that is set anew keeps its place
            while len(self._kept) > _MOST:
                del self._kept[next(iter(self._kept))]

    def header(self, url: URL, now: datetime, *, trusted: bool) -> str | None:
        """Return the `Cookie` header for an address, those of longer paths first; or None."""
        self._kept = {key: one for key, one in self._kept.items() if not one.ends_by(now)}
        going = [one for one in self._kept.values() if one.goes_to(url, trusted=trusted)]
        going.sort(key=lambda one: -len(one.path))
        return "; ".join(one.text for one in going) or None

    # --- between restarts ---

    def export(self) -> list[dict[str, Any]]:
        """Return them as JSON-able data."""
        return [asdict(cookie) for cookie in self._kept.values()]

    def restore(self, stored: object) -> None:
        """Take up what `export` gave; what can't be read is left out."""
        self.clear()
        for data in stored if isinstance(stored, list) else []:
            cookie = _restored(data)
            if cookie and len(self._kept) < _MOST:
                self._kept[cookie.key] = cookie


def _restored(data: object) -> Cookie | None:
    if not isinstance(data, Mapping):
        return None
    try:
        cookie = Cookie(**{field.name: data[field.name] for field in fields(Cookie)})
        texts = (cookie.name, cookie.value, cookie.domain, cookie.path)
        if not all(isinstance(text, str) for text in texts):
            return None
        if not all(isinstance(data[name], bool) for name in ("host_only", "secure")):
            return None
        if cookie.expires is not None and datetime.fromisoformat(cookie.expires).tzinfo is None:
            return None
    except (KeyError, TypeError, ValueError):
        return None
    return cookie if _is_sendable(cookie.text) and _is_sendable(cookie.path) else None


def _parsed(header: str, url: URL, now: datetime, server_now: datetime) -> Cookie | None:
    """Read one `Set-Cookie` header, by the steps of RFC 6265 5.2 and 5.3."""
    pair, *parts = header.split(";")
    name, equals, value = pair.partition("=")
    if not equals:
        name, value = "", pair
    name, value = name.strip(" \t"), value.strip(" \t")
    if not _is_sendable(header) or not (name or value) or len(name + value) > _MOST_CHARACTERS:
        return None
    given: dict[str, str] = {}
    for part in parts:  # of an attribute that stands twice the last one counts
        attribute, _, said = part.partition("=")
        given[attribute.strip(" \t").casefold()] = said.strip(" \t")
    host = url.host or ""
    domain = given.get("domain", "").removeprefix(".").casefold()
    if domain and not _is_below(host, domain):
        return None
    path = given.get("path", "")
    return Cookie(
        name=name,
        value=value,
        domain=domain or host,
        path=path if path.startswith("/") else _folder(url.raw_path),
        host_only=not domain,
        secure="secure" in given,
        expires=_expiry(given, now, server_now),
    )


def _expiry(given: Mapping[str, str], now: datetime, server_now: datetime) -> str | None:
    """Return when a cookie ends by this machine's clock; `Max-Age` counts more than `Expires`."""
    age = given.get("max-age", "")
    if re.fullmatch(r"-?[0-9]{1,18}", age):
        lives = timedelta(seconds=min(int(age), 400 * 86400)) if int(age) > 0 else timedelta(0)
        return (now + lives).astimezone(UTC).isoformat()
    at = cookie_date(given.get("expires", ""))
    if at is None:
        return None
    try:
        at = now + (at - server_now)
    except OverflowError:
        at = _FOREVER
    return at.astimezone(UTC).isoformat()


def cookie_date(text: str) -> datetime | None:
    """Return the time that a cookie's `Expires` means (RFC 6265 5.1.1); None where it is none."""
    time: tuple[int, int, int] | None = None
    day: int | None = None
    month: int | None = None
    year: int | None = None
    for token in re.split(r"[\x09\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+", text):
        if time is None and (found := _TIME.fullmatch(token)):
            time = (int(found[1]), int(found[2]), int(found[3]))
        elif day is None and (found := _DAY.fullmatch(token)):
            day = int(found[1])
        elif month is None and token[:3].casefold() in _MONTHS:
            month = 1 + _MONTHS.index(token[:3].casefold())
        elif year is None and (found := _YEAR.fullmatch(token)):
            year = int(found[1])
    if time is None or day is None or month is None or year is None:
        return None
    if year < 100:
        year += 1900 if year >= 70 else 2000
    try:
        return datetime(year, month, day, time[0], time[1], time[2], tzinfo=UTC)
    except ValueError:
        return None


def _is_sendable(text: str) -> bool:
    """Whether a text can stand in a header: no control characters, and no broken encoding."""
    return not _CONTROLS.search(text) and not any("\ud800" <= letter <= "\udfff" for letter in text)


def _is_below(host: str, domain: str) -> bool:
    # A domain is never an IP address: `1.1` does not cover `127.0.1.1`.
    return host == domain or (
        host.endswith(f".{domain}") and not host.replace(".", "").isdigit() and ":" not in host
    )


def _covers(path: str, asked: str) -> bool:
    return asked == path or (
        asked.startswith(path) and (path.endswith("/") or asked[len(path)] == "/")
    )


def _folder(path: str) -> str:
    """Return the path of a cookie that names none: the folder of what was asked."""
    return path.rpartition("/")[0] or "/"
