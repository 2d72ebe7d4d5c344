"""Signing in and staying so: the two steps, the captcha for a person, the cookies, expiry."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

from yarl import URL

from ..errors import (
    CaptchaExpired,
    CaptchaRefused,
    CaptchaRequired,
    CredentialsRefused,
    PageNotUnderstood,
    PortalUnavailable,
    SessionExpired,
    WrongRequest,
)
from ..models import Challenge
from . import forms, pages
from .addresses import own_address
from .picture import carried_picture, check_picture
from .redaction import read_page, redacted
from .session_life import SessionLife
from .standing_in import ended, instead_of_page, leads_to_sign_in

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from ..errors import UsmsError
    from .pages import LoginPage
    from .transport import Response, Transport

_LOGGER = logging.getLogger(__name__)

_T = TypeVar("_T")
_CAPTCHA_KEEPS: Final = timedelta(minutes=10)
"""How old a captcha may be for a refusal to be the answer's fault; how long the portal keeps one
is not known."""
_CREDENTIAL_ERRORS: Final = ("incorrect user name", "not present in the dictionary")


@dataclass(slots=True, repr=False)
class _Pending:
    """The captcha page that waits for its answer, and what the portal wants sent with it."""

    url: URL
    page: LoginPage
    username: str
    password: str


def clean_username(text: str) -> str:
    """Return an IC number as the portal takes it: without dashes and spaces."""
    return re.sub(r"[\s\-\u2010-\u2015]", "", text)


class PortalSession:
    """One account's session on the portal. Never signs in by itself."""

    def __init__(self, transport: Transport, now: Callable[[], datetime]) -> None:
        """Use that transport, whose cookies are the session; `now` returns the time."""
        self._transport = transport
        self._now = now
        self._pending: tuple[Challenge, _Pending] | None = None
        self.life = SessionLife()

    # --- signing in ---

    async def sign_in(self, username: str, password: str) -> None:
        """Send the credentials; raises CaptchaRequired where the portal then asks for more."""
        username = clean_username(username)
        if not username or not password:
            raise WrongRequest("A user name and a password are needed")
        self.forget()
        first = await self._transport.get(self._transport.url("ResLogin"))
        page = await self._login_page(first)
        answer = await self._transport.post(
            first.url, forms.login_fields(page.form, username, password, None)
        )
        await self._after_sign_in(answer, username, password, captcha_sent=False)

    async def answer(self, challenge: Challenge, text: str) -> None:
        """Send a person's answer; raises CaptchaRefused, with a new challenge, for a wrong one.

        For a captcha that the portal has given up meanwhile CaptchaExpired, with a new one too.
        """
        pending = self._pending_of(challenge)
        self._pending = None  # an answer is sent once
        waited = self._now() - challenge.drawn_at > _CAPTCHA_KEEPS
        try:
            answer = await self._transport.post(
                pending.url,
                forms.login_fields(
                    pending.page.form, pending.username, pending.password, text.strip()
                ),
            )
            await self._after_sign_in(answer, pending.username, pending.password, captcha_sent=True)
        except CaptchaRefused as refused:
            if waited:
                raise CaptchaExpired(refused.challenge) from None
            raise
        except (CaptchaRequired, PageNotUnderstood, PortalUnavailable):
            # Another page than one that judges the answer: the portal no longer knows the first.
            if not waited:
                raise
            renewed = await self._begin_again(pending)
            if renewed:
                raise CaptchaExpired(renewed) from None

    async def refresh(self, challenge: Challenge) -> Challenge | None:
        """Return a new picture for the same sign-in, begun again where the portal forgot it.

        None where that has signed in: the portal no longer asks for a captcha.
        """
        pending = self._pending_of(challenge)
        try:
            answer = await self._transport.get(pending.url)
            page = await self._login_page(answer)
        except (PageNotUnderstood, PortalUnavailable):
            return await self._begin_again(pending)
        if "sc" not in answer.url.query:
            return await self._begin_again(pending)
        return await self._challenge(answer.url, page, pending.username, pending.password)

    async def _begin_again(self, pending: _Pending) -> Challenge | None:
        try:
            await self.sign_in(pending.username, pending.password)
        except CaptchaRequired as required:
            return required.challenge
        return None

    def _pending_of(self, challenge: Challenge) -> _Pending:
        if self._pending is None or self._pending[0].key != challenge.key:
            raise WrongRequest("This captcha is no longer the latest one; sign in again")
        return self._pending[1]

    async def _login_page(self, answer: Response) -> LoginPage:
        if not pages.is_login_page(answer.text):
            raise await asyncio.to_thread(_unexpected, "ResLogin", answer)
        return await asyncio.to_thread(read_page, pages.login_page, answer.text)

    async def _after_sign_in(
        self, answer: Response, username: str, password: str, *, captcha_sent: bool
    ) -> None:
        """Conclude from where the redirects ended how the sign-in went; raises where it failed."""
        names = [url.name.casefold() for url in answer.path]
        if any(name.startswith("loginsession") for name in names) and names[-1] == "mainpage":
            _LOGGER.debug("Signed in")
            self.life.sign_in(self._now(), captcha_asked=captcha_sent)
            return
        if not pages.is_login_page(answer.text):
            raise await asyncio.to_thread(_unexpected, "ResLogin", answer)
        page = await asyncio.to_thread(read_page, pages.login_page, answer.text)
        error = (page.error or "").casefold()
        if any(known in error for known in _CREDENTIAL_ERRORS):
            raise CredentialsRefused("The portal refuses the user name or the password")
        if captcha_sent and len(answer.path) == 1:
            # Without a redirect the form may be that of the first step, whatever its address: one
            # that no answer would ever satisfy. What the address serves is the second's.
            answer = await self._transport.get(answer.url)
            page = await self._login_page(answer)
        if "sc" in answer.url.query and page.asks_for_captcha:
            challenge = await self._challenge(answer.url, page, username, password)
            raise CaptchaRefused(challenge) if captcha_sent else CaptchaRequired(challenge)
        if error:
            # Such as a locked account, whose text was never seen: never tried again by itself.
            raise CredentialsRefused("The portal refuses to sign in, with a reason not known here")
        raise PageNotUnderstood("ResLogin", "a session, a captcha or an error after signing in")

    async def _challenge(
        self, url: URL, page: LoginPage, username: str, password: str
    ) -> Challenge:
        if not page.captcha_src:
            raise PageNotUnderstood("ResLogin", "the captcha's picture")
        picture = carried_picture(page.captcha_src)
        if picture is None:
            address = _picture_url(self._transport.base_url, url, page.captcha_src)
            picture = (await self._transport.get(address)).body
        kind = check_picture(picture)
        key = hashlib.sha256(picture + str(url).encode()).hexdigest()
        challenge = Challenge(picture, kind, key, self._now())
        self._pending = challenge, _Pending(url, page, username, password)
        return challenge

    # --- the session's cookies ---

    def forget(self) -> None:
        """Drop the cookies and any captcha that waits."""
        self._pending = None
        self._transport.cookies.clear()

    def export(self) -> dict[str, Any]:
        """Return the session as JSON-able data; as secret as a password."""
        return {
            "origin": str(self._transport.base_url.origin()),
            "cookies": self._transport.cookies.export(),
        }

    def restore(self, stored: Mapping[str, Any]) -> None:
        """Take up a session that `export` gave.

        One of another portal, or that can't be read, means that the account is not signed in.
        """
        self.forget()
        if isinstance(stored, Mapping) and stored.get("origin") == str(
            self._transport.base_url.origin()
        ):
            self._transport.cookies.restore(stored.get("cookies"))

    # --- pages of the signed-in ---

    async def get(self, url: URL, read: Callable[[str], _T]) -> _T:
        """Fetch a page and return what `read` makes of it.

        Raises SessionExpired where the portal shows that the session has ended.
        """
        return await self._understood(self._transport.get(url), read)

    async def post(self, url: URL, fields: Mapping[str, str], read: Callable[[str], _T]) -> _T:
        """Post a form, and go on as `get`."""
        return await self._understood(self._transport.post(url, fields), read)

    async def _understood(self, request: Awaitable[Response], read: Callable[[str], _T]) -> _T:
        """Return what a page says; only one that is understood is a sign of life."""
        try:
            answer = await request
            if leads_to_sign_in(answer):
                raise ended()
            page = await asyncio.to_thread(_read, read, answer.text)
        except PortalUnavailable:
            self.life.troubled = True
            raise
        except SessionExpired:
            ending = self.life.end(self._now())
            if ending:
                _LOGGER.debug("The session has ended after %s: %s", self.life.lasted, ending)
            raise
        self.life.record_answer(self._now())
        return page


def _picture_url(base: URL, page: URL, src: str) -> URL:
    """Return the address of a page's picture, which is one of the portal's own."""
    try:
        return own_address(base, page.join(URL(src.strip(), encoded=True)))
    except (ValueError, PortalUnavailable):
        raise PageNotUnderstood("ResLogin", "an address of the captcha's picture") from None


def _read(read: Callable[[str], _T], html: str) -> _T:
    """Return what a page function reads, or raise the error for what stands in its place."""
    try:
        return read(html)
    except PageNotUnderstood as err:
        instead = instead_of_page(html)
        if instead:
            raise instead from None
        err.sample = redacted(html)
        raise


def _unexpected(page: str, answer: Response) -> UsmsError:
    """Return the error for a page that is not the sign-in page."""
    instead = instead_of_page(answer.text)
    if isinstance(instead, PortalUnavailable):
        return instead
    return PageNotUnderstood(page, "the sign-in form", sample=redacted(answer.text))
