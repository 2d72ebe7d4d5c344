"""When something is due, by a clock that may have been wrong."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

VERIFY_INTERVAL: Final = timedelta(days=1)
"""How often the recorder is compared with the store as a whole."""


def is_due(at: datetime | None, now: datetime) -> bool:
    """Return whether a moment has come; None is at once.

    One farther off than any delay was noted while the clock was wrong.
    """
    return at is None or now >= at or at - now > VERIFY_INTERVAL
