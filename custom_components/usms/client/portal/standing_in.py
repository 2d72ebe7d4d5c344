"""What stands in the place of a page: an ended session, a firewall, maintenance. Pure.

A page that is understood is that page, whatever else is on it: hidden dialogs and banners carry
the same sentences. So this is asked only of a page that is not.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bs4 import BeautifulSoup
from bs4.element import PreformattedString, Tag

from ..errors import Cause, PortalUnavailable, SessionExpired
from .pages import is_login_page

if TYPE_CHECKING:
    from ..errors import UsmsError
    from .transport import Response

_PAGES: Final = ("ASPxCardView1", "_DXMainTable", "pcAccount_lbl", "cboType")
"""What only pages of the signed-in have; one with any of these has changed, and is not replaced."""
_ERROR_LABEL: Final = "pcErr_lblErrMsg"
_EXPIRED: Final = "Your Session Has Expired"
_FIREWALL: Final = re.compile(
    r"request(ed url was)? rejected|support id|checking your browser|just a moment"
    r"|enable javascript and cookies|attention required|access denied",
    re.IGNORECASE,
)
"""What firewalls say in front of portals of this kind; this one's was never seen."""
_OUTAGE: Final = re.compile(r"maintenance|unavailable|temporarily", re.IGNORECASE)
_MOST_READ: Final = 100_000
_MOST_VISIBLE: Final = 1_000
"""What stands in the place of a page is short."""
_NEXT_TO_NONE: Final = 100
_UNSEEN: Final = re.compile(r"(display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)


def leads_to_sign_in(answer: Response) -> bool:
    """Return whether the sign-in has taken the place of a page, by address or by its form."""
    if any("sessionexpire" in str(url).casefold() for url in answer.path):
        return True
    if answer.url.name.casefold() == "reslogin" or "SessionExpire" in answer.redirect_bodies:
        return True
    # Asked before the page is read: the form has all that an empty report must have.
    return is_login_page(answer.text) and not _is_own(answer.text)


def instead_of_page(html: str) -> UsmsError | None:
    """Return the error for what stands in the place of a page; None for what is not known."""
    if not html.strip():
        return PortalUnavailable("The portal answered with an empty page", cause=Cause.EMPTY)
    return None if _is_own(html) or _ERROR_LABEL in html else _said_instead(html)


def _is_own(html: str) -> bool:
    return any(mark in html for mark in _PAGES)


def _said_instead(html: str) -> UsmsError | None:
    said = _visible(html)
    if len(said) > _MOST_VISIBLE:
        return None
    if _EXPIRED in (said if len(said) > _NEXT_TO_NONE else html):  # or a script alone says it
        return ended()
    if _FIREWALL.search(said):
        return PortalUnavailable(
            "A firewall in front of the portal refuses the request", cause=Cause.FIREWALL
        )
    if _OUTAGE.search(said):
        return PortalUnavailable(
            "The portal says that it is not available", cause=Cause.MAINTENANCE
        )
    return None


def ended() -> SessionExpired:
    """Return the error for an account that is not signed in."""
    return SessionExpired("The portal's session has ended; a person has to sign in")


def _visible(html: str) -> str:
    """Return a page's title and text as a person sees it."""
    soup = BeautifulSoup(html[:_MOST_READ], "html.parser")
    for text in soup.find_all(string=lambda text: isinstance(text, PreformattedString)):
        text.extract()
    for tag in soup.find_all(_is_unseen):
        tag.decompose()
    return " ".join(soup.get_text(" ").split())


def _is_unseen(tag: Tag) -> bool:
    return (
        tag.name in {"script", "style", "noscript", "template"}
        or tag.has_attr("hidden")
        or bool(_UNSEEN.search(str(tag.get("style") or "")))
    )
