"""Why a sign-in or a poll fails, as people see it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from homeassistant.exceptions import HomeAssistantError

from ..client import (
    Cause,
    CredentialsRefused,
    PageNotUnderstood,
    PortalUnavailable,
    UsmsConnectionError,
    UsmsError,
    WrongRequest,
)
from ..const import DOMAIN


class TooEarly(UsmsError):
    """A sign-in without a person has to wait, for the last one was not long ago."""


class TooManyAnswers(UsmsError):
    """The next answer has to wait: the last ones were wrong."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__("Too many wrong answers to captchas; the next one has to wait")
        self.wait = wait


KEYS: Final[Mapping[type[UsmsError], str]] = {
    CredentialsRefused: "invalid_auth",
    TooEarly: "sign_in_waits",
    TooManyAnswers: "too_many_answers",
    UsmsConnectionError: "cannot_connect",
    PortalUnavailable: "portal_unavailable",
    PageNotUnderstood: "page_not_understood",
    WrongRequest: "wrong_request",
}
"""Translation keys, for errors of forms and for exceptions."""
CAUSE_KEYS: Final[Mapping[Cause, str]] = {
    Cause.TIMEOUT: "timeout",
    Cause.DNS: "dns_failed",
    Cause.PROXY: "proxy_failed",
    Cause.CERTIFICATE: "certificate_unverified",
    Cause.CERTIFICATE_CHAIN: "certificate_chain",
    Cause.CERTIFICATE_EXPIRED: "certificate_expired",
    Cause.CERTIFICATE_HOST: "certificate_host",
    Cause.CERTIFICATE_SELF_SIGNED: "certificate_self_signed",
    Cause.EMPTY: "empty_page",
    Cause.ELSEWHERE: "redirected_elsewhere",
    Cause.MAINTENANCE: "maintenance",
    Cause.FIREWALL: "firewall",
    Cause.FORBIDDEN: "forbidden",
    Cause.TOO_MANY_REQUESTS: "too_many_requests",
}
"""The same of causes that have a sentence of their own."""
UNKNOWN: Final = "unknown"


def error_key(err: UsmsError) -> str:
    """Return the translation key of an error."""
    if isinstance(err, (UsmsConnectionError, PortalUnavailable)) and err.cause in CAUSE_KEYS:
        return CAUSE_KEYS[err.cause]
    return next((key for kind, key in KEYS.items() if isinstance(err, kind)), UNKNOWN)


def error_placeholders(err: UsmsError) -> dict[str, str] | None:
    """Return what the text of an error names; None where it names nothing."""
    if isinstance(err, PageNotUnderstood):
        return {"page": err.page, "missing": err.missing}
    if isinstance(err, TooManyAnswers):
        return {"minutes": str(-(-err.wait // timedelta(minutes=1)))}
    return None


def why_not_read[E: HomeAssistantError](error: BaseException | None, kind: type[E]) -> E:
    """Return why a poll could not read the account, as people see it."""
    if not isinstance(error, HomeAssistantError) or error.translation_key is None:
        return kind(translation_domain=DOMAIN, translation_key="not_read")
    return kind(
        translation_domain=error.translation_domain,
        translation_key=error.translation_key,
        translation_placeholders=error.translation_placeholders,
    )
