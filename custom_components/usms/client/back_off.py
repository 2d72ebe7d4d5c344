"""Retry delays that double from failure to failure, up to a limit."""

from __future__ import annotations

from datetime import timedelta


class BackOff:
    """The delay before the next try."""

    def __init__(self, first: timedelta, most: timedelta) -> None:
        """Begin with `first`; the delay never exceeds `most`."""
        self._first = first
        self._most = most
        self._next = first

    def next(self) -> timedelta:
        """Return the delay after another failure: twice the one before."""
        delay, self._next = self._next, min(2 * self._next, self._most)
        return delay

    def reset(self) -> None:
        """Begin again, after a success."""
        self._next = self._first

    @property
    def first(self) -> timedelta:
        """The shortest delay."""
        return self._first

    @property
    def most(self) -> timedelta:
        """The longest delay."""
        return self._most
