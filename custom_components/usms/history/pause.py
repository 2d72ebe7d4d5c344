"""How long nothing is asked for after trouble: ever longer."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from ..client.back_off import BackOff
from .due import is_due

LONG: Final = timedelta(hours=2)
"""The longest retry delay."""


class Pause:
    """When the portal is asked again."""

    def __init__(self) -> None:
        """Begin without one."""
        self._back_off = BackOff(timedelta(minutes=5), LONG)
        self._until: datetime | None = None
        self._waits_for_portal = False
        self._planned: datetime | None = None
        """When the portal would have been asked, had a person not asked for it earlier."""

    def begin(self, now: datetime) -> timedelta:
        """Wait for the portal; return how long: twice as long as the time before.

        A try that a person has asked for in vain puts off no other.
        """
        planned, self._planned = self._planned, None
        if planned is None or is_due(planned, now):
            planned = now + self._back_off.next()
        self._until, self._waits_for_portal = planned, True
        return planned - now

    def hold(self, now: datetime) -> None:
        """Wait long, for trouble that is not the portal's."""
        self._until, self._waits_for_portal, self._planned = now + LONG, False, None

    def end(self) -> None:
        """Wait no longer, as a person asks for it."""
        if self._until and self._waits_for_portal:
            self._planned = self._until
        self._until = None

    def reset(self) -> None:
        """Begin with a short one next time, as all went well."""
        self._back_off.reset()
        self._planned = None

    def is_over(self, now: datetime) -> bool:
        """Return whether the portal may be asked."""
        return is_due(self._until, now)

    def next_try(self, now: datetime) -> datetime | None:
        """Return when the portal is asked again that is waited for; None where it is not."""
        return self._until if self._waits_for_portal and not self.is_over(now) else None
