"""How many wrong answers an account may give to captchas, whichever way they come."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from .errors import TooManyAnswers

MOST: Final = 5
WITHIN: Final = timedelta(minutes=10)
"""The portal's own limit is not known; that of others locks the account."""


class WrongAnswers:
    """The last wrong answers of an account."""

    def __init__(self) -> None:
        """Begin without any."""
        self._at: list[datetime] = []

    def check(self, now: datetime) -> None:
        """Raise TooManyAnswers where another answer may not be sent yet."""
        # Those from the future are of a clock that was set back.
        self._at = [at for at in self._at if timedelta(0) <= now - at < WITHIN]
        if len(self._at) >= MOST:
            raise TooManyAnswers(self._at[-MOST] + WITHIN - now)

    def record(self, now: datetime) -> None:
        """Note a wrong one."""
        self._at.append(now)
