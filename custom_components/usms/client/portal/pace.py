"""How fast the portal is asked: by its own answers."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

_SLOWEST: Final = 32


@dataclass(frozen=True, slots=True)
class Pacing:
    """How much time lies between an answer and the next request of an account, in seconds."""

    least: float = 0.3
    most: float = 10.0
    jitter: float = 0.05
    """Up to that share more, drawn anew for each request."""


NO_PACING: Final = Pacing(0, 0, 0)


class Pace:
    """The wait before the next request: as long as the last answer took, within bounds.

    So the portal is busy with an account for half of the time at most, as long as it answers
    within `Pacing.most`. Each error doubles the wait, each success halves it again.
    """

    def __init__(self, pacing: Pacing) -> None:
        """Begin without a wait."""
        self._pacing = pacing
        self._slower = 1
        self._took = 0.0
        self._gap = 0.0
        self._ended = 0.0

    @property
    def longest(self) -> float:
        """The longest wait, in seconds."""
        return self._pacing.most

    def begin(self) -> None:
        """Begin a request, whose redirects count as parts of it."""
        self._took = 0.0

    def note(self, *, began: float, ended: float, failed: bool) -> None:
        """Note an answer, or the lack of one, by a monotonic clock in seconds."""
        if failed:
            self._slower = min(2 * self._slower, _SLOWEST)
        else:
            self._slower = max(self._slower // 2, 1)
        self._took += max(0.0, ended - began)
        pacing = self._pacing
        gap = max(self._took, pacing.least) * self._slower
        self._gap = min(gap * (1 + random.uniform(0, pacing.jitter)), pacing.most)  # noqa: S311
        self._ended = ended

    def resume(self, wait: float, now: float) -> None:
        """Go on from an answer that another program got: the next request has to wait so long."""
        self._gap = min(max(0.0, wait), self._pacing.most)
        self._ended = now

    def wait(self, now: float) -> float:
        """Return how long to wait, by the same clock, before the next request."""
        return min(max(0.0, self._ended + self._gap - now), self._gap)
