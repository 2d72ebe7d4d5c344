"""What keeps an account from being read at the moment: a word, and one line in the log."""

from __future__ import annotations

import logging

from ..client import Cause, PortalUnavailable, UsmsConnectionError, UsmsError

_LOGGER = logging.getLogger(__name__)


class Trouble:
    """The cause for which the portal could not be read last."""

    def __init__(self) -> None:
        """Begin without any."""
        self.cause: Cause | None = None
        """None where the portal was read last, or answered with a page of its own."""

    def note(self, err: UsmsError) -> None:
        """Note why the portal could not be read; log it where that is another cause."""
        if not isinstance(err, (UsmsConnectionError, PortalUnavailable)):
            return
        if err.cause is not self.cause:
            # The text is the client's own, without personal data.
            _LOGGER.warning("The portal can't be read: %s [%s]", err, err.cause)
        self.cause = err.cause

    def clear(self) -> None:
        """Note that the portal was read."""
        self.cause = None
