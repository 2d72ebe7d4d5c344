"""Why a sign-in or a poll fails, as people see it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..client import (
    CredentialsRefused,
    PageNotUnderstood,
    PortalUnavailable,
    UsmsConnectionError,
    UsmsError,
    WrongRequest,
)


class TooEarly(UsmsError):
    """A sign-in without a person has to wait, for the last one was not long ago."""


KEYS: Final[Mapping[type[UsmsError], str]] = {
    CredentialsRefused: "invalid_auth",
    TooEarly: "sign_in_waits",
    UsmsConnectionError: "cannot_connect",
    PortalUnavailable: "portal_unavailable",
    PageNotUnderstood: "page_not_understood",
    WrongRequest: "wrong_request",
}
"""Translation keys, for errors of forms and for exceptions."""
UNKNOWN: Final = "unknown"


def error_key(err: UsmsError) -> str:
    """Return the translation key of an error."""
    return next((key for kind, key in KEYS.items() if isinstance(err, kind)), UNKNOWN)


def error_placeholders(err: UsmsError) -> dict[str, str] | None:
    """Return what the text of an error names; None where it names nothing."""
    if isinstance(err, PageNotUnderstood):
        return {"page": err.page, "missing": err.missing}
    return None
