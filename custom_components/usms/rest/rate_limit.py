"""How often a user may ask: a sliding window of an hour, exact to the request."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Final

WINDOW: Final = 3600.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """Whether a request is granted, and what is left."""

    granted: bool
    limit: int
    """Requests within any hour."""
    remaining: int
    reset: float
    """When the next request that counts leaves the window, in seconds since 1970."""
    wait: float
    """Seconds until a request is granted again; 0 while one is."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Return what tells a client of it."""
        headers = {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(ceil(self.reset)),
        }
        return headers if self.granted else headers | {"Retry-After": str(ceil(self.wait))}


class RateLimit:
    """The requests of each user within the last hour. One that is refused does not count."""

    def __init__(self) -> None:
        """Begin without any."""
        self._granted: defaultdict[str, deque[float]] = defaultdict(deque)

    def ask(self, user: str, limit: int, now: float) -> Allowance:
        """Grant a request at a moment (seconds since 1970), or not."""
        times = self._granted[user]
        # A clock that was set back would leave times that never come.
        while times and not now - WINDOW < times[0] <= now:
            times.popleft()
        granted = len(times) < limit
        if granted:
            times.append(now)
        wait = 0.0 if granted else times[len(times) - limit] + WINDOW - now
        reset = times[0] + WINDOW
        return Allowance(granted, limit, max(limit - len(times), 0), reset, wait)
