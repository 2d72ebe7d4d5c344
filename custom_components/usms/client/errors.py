"""What can go wrong between a caller and the portal.

No message here ever holds a meter number, a user name, a cookie or a line of a page: callers log
these errors freely.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import timedelta

    from .models import Challenge


class UsmsError(Exception):
    """Any error of this package."""


class Cause(enum.StrEnum):
    """Why the portal can't be read: a word for programs, logs and diagnostics."""

    # of UsmsConnectionError
    CONNECTION = "connection"
    """It was refused, or broke off."""
    TIMEOUT = "timeout"
    DNS = "dns"
    """The portal's name has no address here."""
    PROXY = "proxy"
    """The proxy can't be reached, or refuses."""
    CERTIFICATE = "certificate"
    """The portal's certificate can't be verified, for another reason than these:"""
    CERTIFICATE_CHAIN = "certificate_chain"
    """It comes without the certificate that vouches for it, or an unknown one does."""
    CERTIFICATE_EXPIRED = "certificate_expired"
    CERTIFICATE_HOST = "certificate_host"
    """It is another host's."""
    CERTIFICATE_SELF_SIGNED = "certificate_self_signed"

    # of PortalUnavailable
    STATUS = "status"
    """An error status that says no more, such as 500."""
    EMPTY = "empty"
    """An empty page."""
    ELSEWHERE = "elsewhere"
    """A redirect to another host, which is refused."""
    MAINTENANCE = "maintenance"
    FIREWALL = "firewall"
    """A page of a firewall in front of the portal."""
    FORBIDDEN = "forbidden"
    """Status 403."""
    TOO_MANY_REQUESTS = "too_many_requests"
    """Status 429."""


class UsmsConnectionError(UsmsError):
    """The portal could not be reached, or the connection broke or timed out."""

    cause = Cause.CONNECTION

    def __init__(self, message: str, *, cause: Cause = Cause.CONNECTION) -> None:
        super().__init__(message)
        self.cause = cause


class PortalUnavailable(UsmsError):
    """The portal answered, but not with a page of its own: an error status or maintenance."""

    cause = Cause.STATUS
    retry_after: timedelta | None = None
    """How long the portal wants to be left alone; None where it does not say."""

    def __init__(
        self, message: str, *, cause: Cause = Cause.STATUS, retry_after: timedelta | None = None
    ) -> None:
        super().__init__(message)
        self.cause = cause
        self.retry_after = retry_after


class CredentialsRefused(UsmsError):
    """The portal refuses the user name or the password. Never tried again by itself."""


class CaptchaRequired(UsmsError):
    """The portal wants its captcha answered by a person; `challenge` holds the picture."""

    def __init__(
        self, challenge: Challenge, message: str = "The portal asks for its captcha"
    ) -> None:
        super().__init__(message)
        self.challenge = challenge


class CaptchaRefused(CaptchaRequired):
    """The answer was wrong; `challenge` is a new one."""

    def __init__(self, challenge: Challenge) -> None:
        super().__init__(challenge, "The portal refused the answer to its captcha")


class CaptchaExpired(CaptchaRequired):
    """The captcha waited for too long and was not judged; `challenge` is a new one."""

    def __init__(self, challenge: Challenge) -> None:
        super().__init__(challenge, "The captcha waited for too long")


class SessionExpired(UsmsError):
    """There is no signed-in session, or none any more: a person has to sign in."""


class PageNotUnderstood(UsmsError):
    """A page is not what the client knows; it names the page and what was missing.

    Raised instead of guessing: a page that does not parse never becomes an empty report. `sample`
    is the page with its structure alone, without personal data, where there was a page; it is
    never part of the error's text.
    """

    def __init__(self, page: str, missing: str, *, sample: str | None = None) -> None:
        super().__init__(f"The portal's page {page} was not understood: {missing}")
        self.page = page
        self.missing = missing
        self.sample = sample


class ClockWrong(UsmsError):
    """This machine's clock is far off the portal's, so no day can be planned by it."""

    def __init__(self, offset: timedelta) -> None:
        super().__init__("The clock of this machine is more than an hour off the portal's")
        self.offset = offset
        """By how much the portal's clock is ahead."""


class NoData(UsmsError):
    """The portal understood the question and has nothing for it."""


class WrongRequest(UsmsError):
    """The question itself can't be asked, such as a range of more than 31 days."""


class ReportNotOffered(WrongRequest):
    """The portal does not offer this report for this meter (water has no hourly one)."""


class UnknownMeter(WrongRequest):
    """The portal knows no such meter under this account."""


class WrongTariff(WrongRequest):
    """A tariff that can't be; `field` says what is wrong with it, such as `tiers[1].rate`."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


class StoreError(UsmsError):
    """The readings store can't be opened, read or written."""


class StoreCorrupt(StoreError):
    """The file is no readings store, or is damaged: set it aside and read history again."""


class StoreTooNew(StoreError):
    """The file was written by a newer version of this software, and is left as it is."""


class StoreFull(StoreError):
    """There is no room on the disk."""


class StoreNotWritable(StoreError):
    """The disk, the folder or the file can't be written, or not be reached at all."""
