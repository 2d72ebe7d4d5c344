"""Why the portal can't be read, in our own words, and how long it wants to be left alone."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

import aiohttp

from ..errors import Cause, PortalUnavailable, UsmsConnectionError, UsmsError

_LONGEST_REST: Final = timedelta(hours=6)
"""A wait that is longer is taken for a mistake, and ends then."""
_CERTIFICATES: Final = {
    # Codes of OpenSSL's X509_V_ERR_*.
    **dict.fromkeys((2, 19, 20, 21), Cause.CERTIFICATE_CHAIN),
    **dict.fromkeys((9, 10), Cause.CERTIFICATE_EXPIRED),
    18: Cause.CERTIFICATE_SELF_SIGNED,
    **dict.fromkeys((62, 64), Cause.CERTIFICATE_HOST),
}
_SENTENCES: Final = {
    Cause.CONNECTION: "The connection to the portal failed",
    Cause.TIMEOUT: "The portal did not answer in time",
    Cause.DNS: "The portal's address could not be looked up",
    Cause.PROXY: "The proxy can't be reached or refuses",
    Cause.CERTIFICATE: "The portal's certificate can't be verified",
    Cause.CERTIFICATE_CHAIN: "The portal's certificate can't be verified: nothing known vouches "
    "for it, most likely because the portal sends an incomplete chain",
    Cause.CERTIFICATE_EXPIRED: "The portal's certificate has expired, or is not valid yet",
    Cause.CERTIFICATE_HOST: "The portal's certificate is for another host",
    Cause.CERTIFICATE_SELF_SIGNED: "The portal's certificate vouches for itself alone",
}
_STATUSES: Final = {
    403: (Cause.FORBIDDEN, "The portal refuses the request (HTTP status 403)"),
    429: (Cause.TOO_MANY_REQUESTS, "The portal was asked too often (HTTP status 429)"),
}
_PROXY_REFUSES: Final = 407


def connection_error(err: BaseException) -> UsmsConnectionError:
    """Return the error for a request that got no answer.

    Of the error's own text, which may hold an address with a meter in it, its kind is named alone.
    """
    cause = _cause(err)
    said = _SENTENCES[cause]
    if cause is Cause.CONNECTION:
        said = f"{said} ({type(err).__name__})"
    return UsmsConnectionError(said, cause=cause)


def _cause(err: BaseException) -> Cause:
    if isinstance(err, TimeoutError):
        return Cause.TIMEOUT
    if isinstance(err, aiohttp.ClientConnectorCertificateError):
        code = getattr(err.certificate_error, "verify_code", 0)
        return _CERTIFICATES.get(code, Cause.CERTIFICATE)
    if isinstance(err, (aiohttp.ClientProxyConnectionError, aiohttp.ClientHttpProxyError)):
        return Cause.PROXY
    if isinstance(err, aiohttp.ClientConnectorDNSError):
        return Cause.DNS
    if isinstance(err, (ssl.SSLCertVerificationError, aiohttp.ServerFingerprintMismatch)):
        return Cause.CERTIFICATE
    return Cause.CONNECTION


def status_error(status: int, retry_after: timedelta | None) -> UsmsError:
    """Return the error for an answer with an error status."""
    if status == _PROXY_REFUSES:
        return UsmsConnectionError(_SENTENCES[Cause.PROXY], cause=Cause.PROXY)
    cause, said = _STATUSES.get(
        status, (Cause.STATUS, f"The portal answered with HTTP status {status}")
    )
    return PortalUnavailable(said, cause=cause, retry_after=retry_after)


class Rest:
    """How long the portal wants to be left alone."""

    def __init__(self) -> None:
        """Begin without a wait."""
        self.until: tuple[datetime, Cause] | None = None
        """Until when, and what it gave as the cause."""

    def begin(self, wanted: timedelta, now: datetime, cause: Cause) -> None:
        """Note what the portal asks for."""
        self.until = now + min(wanted, _LONGEST_REST), cause

    def check(self, now: datetime) -> None:
        """Raise PortalUnavailable while it lasts: nothing is sent then."""
        if self.until is None:
            return
        until, cause = self.until
        left = until - now
        if not timedelta(0) < left <= _LONGEST_REST:  # longer after a jump of the clock
            self.until = None
            return
        raise PortalUnavailable(
            "The portal asks to be left alone for a while", cause=cause, retry_after=left
        )


def retry_after(text: str | None, server_now: datetime) -> timedelta | None:
    """Return what `Retry-After` asks for, in seconds or until a time; None where it is neither."""
    text = (text or "").strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:9]), int(_LONGEST_REST.total_seconds())))
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(timedelta(0), at.replace(tzinfo=at.tzinfo or UTC) - server_now)
