"""How long sessions live: what an account learns of it from its own history.

The portal does not say how long it keeps an idle session, nor why it ended one. Both show: in the
pauses that sessions survived, and in the one after which a session was gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

_OF_FATAL: Final = 4
"""A pause of this part of a deadly one is taken to be safe: far below, for the deadly one says
only that the lifetime is shorter."""
_OF_SURVIVED: Final = 0.8
_DOUBTS: Final = 2
"""How many sessions in a row, dead of a pause that only former ones survived, prove that wrong."""
_FATAL_HOLDS: Final = timedelta(days=30)
"""For so long a deadly pause is believed, for a restart of the portal looks the same; then one
session is ventured, at most one captcha a month."""


class Ending(StrEnum):
    """What ended a session, as far as it shows from outside."""

    IDLE = "idle"
    """It was left alone for longer than any session had survived before."""
    ANOTHER_SIGN_IN = "another_sign_in"
    """It was in use: the portal ends a session when the account is signed in to elsewhere."""
    PORTAL = "portal"
    """The portal was in trouble since the session's last answer, such as by a restart."""


@dataclass(slots=True)
class SessionLife:
    """The present session and what former ones have taught. All times aware."""

    signed_in_at: datetime | None = None
    """Since when the account is signed in; None while it is not."""
    seen_at: datetime | None = None
    """When the portal last answered the session as one that is signed in; None where that is not
    known, such as after a crash."""
    survived: timedelta = timedelta(0)
    """The longest pause between two answers that a session survived."""
    survived_now: timedelta = timedelta(0)
    """The same of the present session alone."""
    fatal: timedelta | None = None
    """The shortest pause that a session did not survive for being idle; None until one died so."""
    fatal_at: datetime | None = None
    """When that was seen last."""
    doubts: int = 0
    """How many sessions in a row ended after a pause that only former ones had survived."""
    lasted: timedelta | None = None
    """How long the session before this one was known to live."""
    ended_at: datetime | None = None
    """When that one was found to be gone."""
    ended_by: Ending | None = None
    """What ended it."""
    captcha_asked: bool | None = None
    """Whether the portal wanted its captcha answered at the last sign-in."""
    troubled: bool = False
    """Whether the portal was in trouble since `seen_at`."""

    def sign_in(self, now: datetime, *, captcha_asked: bool) -> None:
        """Note a sign-in."""
        self.signed_in_at = self.seen_at = now
        self.survived_now = timedelta(0)
        self.captcha_asked = captcha_asked
        self.troubled = False

    def record_answer(self, now: datetime) -> None:
        """Note that the session lives: a page came that only somebody signed in gets."""
        pause = now - self.seen_at if self.seen_at else timedelta(0)
        self.signed_in_at = self.signed_in_at or now
        self.seen_at, self.troubled = now, False
        self.survived_now = max(self.survived_now, pause)
        self.survived = max(self.survived, pause)
        if self.doubts and self.survived_now >= self.survived * _OF_SURVIVED:
            self.doubts = 0
        if self.fatal and (
            self.survived >= self.fatal  # the one that did not survive it ended for another reason
            or self.fatal_at is None
            or now - self.fatal_at > _FATAL_HOLDS
        ):
            self.fatal = self.fatal_at = None

    def end(self, now: datetime) -> Ending | None:
        """Note that the session is gone, and say why; None where none was known to live."""
        if self.signed_in_at is None:
            return None
        seen = self.seen_at or self.signed_in_at
        pause = now - seen
        if self.troubled:
            ending = Ending.PORTAL
        elif self.seen_at is None:
            ending = Ending.IDLE  # most likely; how long it was left alone is not known
        elif pause > self.survived or self._doubted(pause):
            ending = Ending.IDLE
            self.fatal, self.fatal_at = min(pause, self.fatal or pause), now
        else:
            ending = Ending.ANOTHER_SIGN_IN
        self.lasted, self.ended_at, self.ended_by = seen - self.signed_in_at, now, ending
        self.signed_in_at = self.seen_at = None
        return ending

    def _doubted(self, pause: timedelta) -> bool:
        """Whether what former sessions survived no longer holds, as this one's end shows again."""
        if pause <= self.survived_now:
            return False
        self.doubts += 1
        if self.doubts < _DOUBTS:
            return False
        self.doubts, self.survived = 0, self.survived_now
        return True

    def interval(self, longest: timedelta, shortest: timedelta) -> timedelta:
        """Return how long to wait between two requests for a session to stay alive.

        As long as wanted where nothing is known against it, and never shorter than `shortest`.
        """
        if self.fatal is None:
            return longest
        safe = max(self.fatal / _OF_FATAL, self.survived * _OF_SURVIVED)
        return min(longest, max(shortest, safe))

    # --- between restarts ---

    def export(self) -> dict[str, Any]:
        """Return it as JSON-able data."""
        return {
            "signed_in_at": self.signed_in_at and self.signed_in_at.isoformat(),
            "seen_at": self.seen_at and self.seen_at.isoformat(),
            "survived": self.survived.total_seconds(),
            "survived_now": self.survived_now.total_seconds(),
            "fatal": self.fatal and self.fatal.total_seconds(),
            "fatal_at": self.fatal_at and self.fatal_at.isoformat(),
            "doubts": self.doubts,
            "lasted": None if self.lasted is None else self.lasted.total_seconds(),
            "ended_at": self.ended_at and self.ended_at.isoformat(),
            "ended_by": self.ended_by,
            "captcha_asked": self.captcha_asked,
            "troubled": self.troubled,
        }

    @classmethod
    def restore(cls, stored: Mapping[str, Any] | None) -> SessionLife:
        """Take up what `export` gave; what is missing or damaged is forgotten."""
        if not isinstance(stored, Mapping):
            return cls()

        def moment(name: str) -> datetime | None:
            text = stored.get(name)
            at = datetime.fromisoformat(text) if text else None
            if at is not None and at.tzinfo is None:
                raise ValueError(name)
            return at

        def span(name: str) -> timedelta | None:
            seconds = stored.get(name)
            return None if seconds is None else timedelta(seconds=seconds)

        try:
            return cls(
                signed_in_at=moment("signed_in_at"),
                seen_at=moment("seen_at"),
                survived=span("survived") or timedelta(0),
                survived_now=span("survived_now") or timedelta(0),
                fatal=span("fatal"),
                fatal_at=moment("fatal_at"),
                doubts=int(stored.get("doubts") or 0),
                lasted=span("lasted"),
                ended_at=moment("ended_at"),
                ended_by=Ending(stored["ended_by"]) if stored.get("ended_by") else None,
                captcha_asked=stored.get("captcha_asked"),
                troubled=bool(stored.get("troubled")),
            )
        except (AttributeError, OverflowError, TypeError, ValueError):
            return cls()
