"""Sessions and view state: what the server remembers, and what it wants back."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .profile import Profile
    from .reports import Search

# Real view state is tens of kB of base64 that differs from page to page only in parts.
_BALLAST: Final = base64.b64encode(Random("view state").randbytes(36_000)).decode("ascii")
_EVENTS: Final = base64.b64encode(Random("event validation").randbytes(1_500)).decode("ascii")


_FORGOTTEN_AFTER: Final = timedelta(hours=12)


class StateRefused(Exception):
    """A form that the server did not serve: HTTP 500."""


@dataclass(frozen=True)
class View:
    """One page as it was served: what came with its form, and what the server keeps about it."""

    page: str
    hidden: Mapping[str, str]
    """Without the ballast that all pages share."""
    memory: Mapping[str, Any]


@dataclass
class Session:
    """One browser's session."""

    key: str
    created: datetime
    seen: datetime
    account: str | None = None
    meter: str | None = None
    """The meter opened last: the server remembers one."""
    captcha: tuple[str, str] | None = None
    """Token and text of the captcha that waits, once the credentials were right."""
    pictures: dict[str, bytes] = field(default_factory=dict)
    views: dict[str, View] = field(default_factory=dict)
    tickets: dict[str, datetime] = field(default_factory=dict)
    """When each was issued, where the portal issues any."""
    latest_report: str | None = None
    reports: dict[str, Search] = field(default_factory=dict)
    """What the report page shows, by meter: the server goes by it, not by the form's view state,
    else a form that is sent twice would not switch the type first and search then."""


class Sessions:
    """All sessions, by cookie."""

    def __init__(self, seed: int) -> None:
        """Draw keys from a seed."""
        self.random = Random(f"{seed}/sessions")
        self._by_key: dict[str, Session] = {}

    def token(self, bytes_: int = 12) -> str:
        """Return a new random name."""
        return self.random.randbytes(bytes_).hex()

    def new(self, now: datetime) -> Session:
        """Begin a session that nobody has signed in to; such are forgotten after half a day."""
        self._by_key = {
            key: session
            for key, session in self._by_key.items()
            if session.account is not None or now - session.seen < _FORGOTTEN_AFTER
        }
        session = Session(self.token(), now, now)
        self._by_key[session.key] = session
        return session

    def find(self, key: str | None, now: datetime, profile: Profile) -> Session | None:
        """Return a session that lives, and note that it was used."""
        session = self._by_key.get(key or "")
        if session is None:
            return None
        since = session.seen if profile.session_sliding else session.created
        if (
            session.account is not None
            and profile.session_minutes is not None
            and now - since > timedelta(minutes=profile.session_minutes)
        ):
            del self._by_key[session.key]
            return None
        session.seen = max(session.seen, now)
        return session

    def sign_in(self, old: Session, account: str, now: datetime, profile: Profile) -> Session:
        """Return the signed-in session, a new one; the account's former one ends."""
        if profile.second_login == "ends_first":
            self.end(account)
        self._by_key.pop(old.key, None)
        session = self.new(now)
        session.account = account
        return session

    def rename(self, session: Session) -> None:
        """Give a session another key; the old one is void."""
        self._by_key.pop(session.key, None)
        session.key = self.token()
        self._by_key[session.key] = session

    def end(self, account: str | None = None) -> None:
        """End the sessions of an account, or all."""
        self._by_key = {
            key: session
            for key, session in self._by_key.items()
            if account is not None and session.account != account
        }

    # --- view state ---

    def serve(self, session: Session, page: str, **memory: Any) -> dict[str, str]:
        """Return the hidden inputs of a new page, and remember them."""
        token = self.token()
        hidden = {
            "__VIEWSTATE": token,
            "__VIEWSTATEGENERATOR": f"{abs(hash_of(page)):08X}"[:8],
            "__EVENTVALIDATION": token[:8],
            "ASPxHiddenField1": f"{{&quot;data&quot;:&quot;12|#|#{token[:6]}&quot;}}",
            "DXScript": "1_16,1_17,1_28,1_66,1_18,1_19,1_22",
        }
        session.views[token] = View(page, hidden, memory)
        while len(session.views) > 40:
            del session.views[next(iter(session.views))]
        return _with_ballast(hidden)

    def verify(self, session: Session, page: str, posted: Mapping[str, str]) -> View:
        """Return the view that a form belongs to; raises StateRefused for one never served."""
        view = session.views.get(posted.get("__VIEWSTATE", "")[:24])
        if view is None or view.page != page:
            raise StateRefused("the view state is not of this page")
        for name, value in _with_ballast(view.hidden).items():
            if posted.get(name) != value:
                raise StateRefused(f"{name} did not come back as served")
        for name in posted:
            if (name.startswith("__") or "HiddenField" in name) and (
                name not in view.hidden and name not in _EVENT_FIELDS
            ):
                raise StateRefused(f"{name} was never served")
        return view


_EVENT_FIELDS: Final = frozenset({"__EVENTTARGET", "__EVENTARGUMENT"})


def _with_ballast(hidden: Mapping[str, str]) -> dict[str, str]:
    return {
        **hidden,
        "__VIEWSTATE": hidden["__VIEWSTATE"] + _BALLAST,
        "__EVENTVALIDATION": hidden["__EVENTVALIDATION"] + _EVENTS,
    }


def hash_of(text: str) -> int:
    """Return a hash that does not change from run to run."""
    return sum((n + 1) * ord(letter) * 7919 for n, letter in enumerate(text))


def parse_date(text: str | None) -> date | None:
    """Return a date box's day."""
    try:
        return datetime.strptime((text or "").strip(), "%d/%m/%Y").date()  # noqa: DTZ007
    except ValueError:
        return None
