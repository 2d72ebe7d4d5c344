"""When to poll, and how long what was read stands: as the options say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from .const import CONF_KEPT_HOURS, CONF_POLL_INTERVAL, CONF_SHORTEST_POLL_INTERVAL

DEFAULTS: Final = {CONF_POLL_INTERVAL: 10, CONF_SHORTEST_POLL_INTERVAL: 2, CONF_KEPT_HOURS: 24}
"""Minutes, minutes and hours, unless chosen."""


@dataclass(frozen=True, slots=True)
class Polling:
    """When to poll, and how long what was read stands."""

    longest: timedelta
    """Between two polls."""
    shortest: timedelta
    """The same where only that keeps the session alive."""
    kept: timedelta
    """How long values of cards stand that could not be read again."""

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Polling:
        """Return what the options say."""
        chosen = {**DEFAULTS, **options}
        return cls(
            timedelta(minutes=chosen[CONF_POLL_INTERVAL]),
            timedelta(minutes=chosen[CONF_SHORTEST_POLL_INTERVAL]),
            timedelta(hours=chosen[CONF_KEPT_HOURS]),
        )
