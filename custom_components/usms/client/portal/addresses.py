"""The portal's addresses: which one it has, and which ones are still its own."""

from __future__ import annotations

import ipaddress
import os
from typing import Final

from yarl import URL

from ..errors import Cause, PageNotUnderstood, PortalUnavailable, WrongRequest

DEFAULT_BASE_URL: Final = "https://www.usms.com.bn/SmartMeter/"
BASE_URL_VARIABLE: Final = "USMS_BASE_URL"
_HTTP_PORT: Final = 80
_PAGES: Final = frozenset(
    {
        *("reslogin", "dxb.axd", "loginsession", "loginsession.aspx", "mainpage", "sessionexpire"),
        *("home", "accountinfo", "usagehistory", "transactionhistory", "webform2"),
    }
)


def base_url_from(text: str | None) -> URL:
    """Return the portal's address, from the argument, the environment or the default.

    Raises WrongRequest for an address that can't be one, and for plain http to anything but the
    loopback: cookies and passwords go there.
    """
    text = text or os.environ.get(BASE_URL_VARIABLE) or DEFAULT_BASE_URL
    try:
        url = URL(text)
    except ValueError as err:
        raise WrongRequest(f"{text!r} is not an address") from err
    if url.scheme not in {"http", "https"} or not url.host:
        raise WrongRequest(f"{text!r} is not an http address")
    if url.scheme == "http" and not is_loopback(url.host):
        raise WrongRequest("plain http is accepted for this machine only; use https")
    return url if url.path.endswith("/") else url.with_path(url.path + "/")


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def own_address(base: URL, url: URL) -> URL:
    """Return an address as it may be asked, compared by scheme, host and effective port.

    One of the portal's host by plain http, as portals behind a proxy redirect to, is asked by
    https. Raises PortalUnavailable for any other, before a cookie or a form goes there.
    """
    same_host = _host(url) == _host(base)
    upgraded = (
        base.scheme == "https" and url.scheme == "http" and url.port in {_HTTP_PORT, base.port}
    )
    if not same_host or not (upgraded or (url.scheme, url.port) == (base.scheme, base.port)):
        raise PortalUnavailable(
            "The portal redirects to another host, which is refused", cause=Cause.ELSEWHERE
        )
    return base.origin().join(url.relative()).with_fragment(None)


def redirect_target(base: URL, url: URL, location: str | None) -> URL:
    """Return where a redirect leads, within the portal; raises PageNotUnderstood for nowhere."""
    if not location:
        raise PageNotUnderstood("redirects", "the address (Location) of a redirect")
    try:
        target = url.join(URL(location))
    except ValueError:
        raise PageNotUnderstood("redirects", "an address in a redirect") from None
    return own_address(base, target)


def public_name(url: URL) -> str:
    """Return a page's name for the log, where it is one of the portal's known ones.

    Paths and queries hold meter numbers, user names and tokens, or what a redirect made up.
    """
    return url.name if url.name.casefold() in _PAGES else "(another page)"


def _host(url: URL) -> str:
    return (url.host or "").casefold().rstrip(".")
