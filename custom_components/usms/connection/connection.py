"""An account's way to the portal: one session, one sign-in and one captcha at a time.

The poll, the history, the flows, the picture on a dashboard and the action all use the same
connection. It outlives reloads of the account, and its session restarts of Home Assistant.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from homeassistant.const import EVENT_HOMEASSISTANT_CLOSE, EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_create_clientsession
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ..client import (
    CaptchaExpired,
    CaptchaRequired,
    Challenge,
    CredentialsRefused,
    Ending,
    Pacing,
    PageNotUnderstood,
    SessionLife,
    Turns,
    UsmsClient,
    UsmsError,
    new_cookie_jar,
)
from ..client.back_off import BackOff
from ..issues.pages import PageIssues
from .captcha import Captcha, captcha_picture
from .errors import TooEarly
from .session_store import SessionStore
from .trouble import Trouble
from .wrong_answers import WrongAnswers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import aiohttp

_LOGGER = logging.getLogger(__name__)

PACING = Pacing()
"""How much time lies between an answer and the next request, of whichever account."""
TIMEOUT = 60.0
"""How long a request may take, in seconds."""

_TURNS: HassKey[Turns] = HassKey("usms_turns")
_SIGN_IN_PAGE: Final = "ResLogin"
_STALE: Final = timedelta(minutes=5)
"""A picture that waited for longer is drawn anew before another person is asked to read it."""


class Connection:
    """An account on the portal."""

    def __init__(self, hass: HomeAssistant, wrong_answers: WrongAnswers) -> None:
        """Make it; `async_adopt` gives it to an entry.

        Raises WrongRequest where the portal's address is set to one that can't be it.
        """
        self._hass = hass
        self._wrong_answers = wrong_answers
        self.trouble = Trouble()
        """What keeps the portal from being read at the moment."""
        self._store: SessionStore | None = None
        """None before the account has an entry, as in the flow that adds it."""
        self._entry_id: str | None = None
        self.flows: set[str] = set()
        """Ids of the flows that would add the account."""
        self.pages = PageIssues(hass)
        """Pages that are not understood at the moment."""
        self._http: list[aiohttp.ClientSession] = []
        # All accounts are on one portal, which is to be busy with us half of the time at most.
        turns = hass.data.setdefault(_TURNS, Turns(PACING))
        self.client = self._new_client(turns)
        """Reads; its session stays in use until a new one is there."""
        self._login_client = self._new_client(turns)
        """Signs in."""
        self.captcha: Captcha | None = None
        """What waits for an answer; the first one counts."""
        self._credentials: tuple[str, str] | None = None
        self.password_refused = False
        """Whether the portal refused the user name or the password last."""
        self._signing_in = asyncio.Lock()
        """One sign-in at a time: the clients' lock, which is for single requests, would let an
        answer pass between two steps of another sign-in."""
        self._listeners: set[CALLBACK_TYPE] = set()
        self._at_stop = (
            hass.bus.async_listen_once(EVENT_HOMEASSISTANT_FINAL_WRITE, self._async_at_stop),
            hass.bus.async_listen_once(EVENT_HOMEASSISTANT_CLOSE, self._async_at_close),
        )
        self._alone_not_before = dt_util.utc_from_timestamp(0)
        self._back_off = BackOff(timedelta(minutes=10), timedelta(hours=6))
        """Between two sign-ins without a person."""

    def _new_client(self, turns: Turns) -> UsmsClient:
        # Over Home Assistant's connections, which are never closed. Detached by us, because the
        # connection outlives each set-up of the account.
        http = async_create_clientsession(
            self._hass, auto_cleanup=False, cookie_jar=new_cookie_jar()
        )
        try:
            client = UsmsClient(http, timeout=TIMEOUT, now=dt_util.utcnow, turns=turns)
        except UsmsError:
            http.detach()
            raise
        self._http.append(http)
        return client

    @property
    def life(self) -> SessionLife:
        """The session's life so far."""
        return self.client.life

    @callback
    def async_add_listener(self, listener: CALLBACK_TYPE) -> Callable[[], None]:
        """Call `listener` when a captcha or a session comes or goes; return how to stop that."""
        self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)

    @callback
    def _async_notify(self) -> None:
        for listener in tuple(self._listeners):
            listener()

    # --- the session between restarts ---

    @property
    def adopted(self) -> bool:
        """Whether the account has an entry."""
        return self._entry_id is not None

    async def async_adopt(self, entry_id: str) -> None:
        """Belong to an entry: keep the session with it, or take up the one that it has."""
        self._entry_id = entry_id
        self._store = SessionStore(self._hass, entry_id)
        self.pages.async_adopt(entry_id)
        if self.life.signed_in_at:  # in the flow that added the account
            await self.async_save()
            return
        session, life = await self._store.async_load()
        self.client.restore_session(session)
        self.client.life = life
        if life.seen_at:
            # Kept for this run alone: after a crash it would be too old to learn from.
            seen_at, life.seen_at = life.seen_at, None
            await self.async_save()
            life.seen_at = seen_at

    async def async_save(self) -> None:
        """Keep the session, once the account has an entry."""
        if self._store:
            await self._store.async_save(self.client.export_session(), self.client.life)

    async def async_forget(self) -> None:
        """Delete the stored session, for the account is being removed."""
        self.async_end()
        self.pages.async_end()
        if self._store:
            await self._store.async_remove()

    @callback
    def async_end(self) -> None:
        """Give the HTTP connections back."""
        for http in self._http:
            http.detach()
        for unsubscribe in self._at_stop:
            unsubscribe()

    async def _async_at_stop(self, _event: Event) -> None:
        if self._entry_id and self._hass.config_entries.async_get_entry(self._entry_id):
            await self.async_save()

    @callback
    def _async_at_close(self, _event: Event) -> None:
        for http in self._http:
            http.detach()

    # --- signing in ---

    async def async_begin(self, username: str, password: str) -> Captcha | None:
        """Sign in; return the captcha that a person has to read, or None where there is none.

        A captcha that waits already, and not for long, is returned as it is: the ways to answer
        it may meet. Raises what `UsmsClient.sign_in` does.
        """
        async with self._one_sign_in():
            captcha = self.captcha
            if (
                captcha
                and self._credentials == (username, password)
                and dt_util.utcnow() - captcha.challenge.drawn_at < _STALE
            ):
                return captcha
            self.captcha, self._credentials = None, (username, password)
            try:
                await self._login_client.sign_in(username, password)
            except CaptchaRequired as required:
                self.password_refused = False
                return await self._async_ask(required.challenge)
            except CredentialsRefused:
                self.password_refused = True
                raise
            await self._async_signed_in()
            return None

    async def async_idle(self) -> None:
        """Wait until no sign-in is under way."""
        async with self._signing_in:
            pass

    async def async_renew(self, captcha: Captcha) -> Captcha | None:
        """Return another picture; None once the account is signed in.

        Raises CaptchaExpired where that sign-in has failed meanwhile and has to begin again.
        """
        async with self._one_sign_in():
            if captcha is not self.captcha:
                if self.captcha is None and not self.life.signed_in_at:
                    raise CaptchaExpired(captcha.challenge)
                return self.captcha
            self.captcha = None  # an error ends the sign-in
            challenge = await self._login_client.refresh_captcha(captcha.challenge)
            if challenge is None:
                await self._async_signed_in()
                return None
            return await self._async_ask(challenge)

    async def async_answer(self, captcha: Captcha, text: str) -> None:
        """Send what a person read; done as well where another answer came first.

        Raises CaptchaRefused and CaptchaExpired, after which `captcha` is a new one; the latter as
        well, and sends nothing, for an answer to a picture that was replaced meanwhile. Raises
        TooManyAnswers, and sends nothing, where too many were wrong; the captcha stays. After any
        other error the sign-in has to begin again.
        """
        async with self._one_sign_in():
            if captcha is not self.captcha:
                if self.captcha is None and self.life.signed_in_at:
                    return
                raise CaptchaExpired((self.captcha or captcha).challenge)
            self._wrong_answers.check(dt_util.utcnow())
            self.captcha = None
            try:
                await self._login_client.answer(captcha.challenge, text)
            except CaptchaRequired as required:
                self._wrong_answers.record(dt_util.utcnow())
                await self._async_ask(required.challenge)
                raise
            await self._async_signed_in()

    async def async_sign_in_alone(self, username: str, password: str) -> bool:
        """Sign in without a person, where the portal asked for no captcha the last time.

        Once after a session ended, ever less often where they end soon, and never again after a
        refusal. Returns whether the account is signed in; raises what `UsmsClient.sign_in` does.
        """
        now, life = dt_util.utcnow(), self.life
        if life.captcha_asked is not False or self.password_refused:
            return False
        shortest, longest = self._back_off.first, self._back_off.most
        if now < self._alone_not_before:
            raise TooEarly
        if life.ended_by is Ending.ANOTHER_SIGN_IN and now < (life.ended_at or now) + shortest:
            raise TooEarly  # let the other program or browser finish
        if life.lasted and life.lasted > longest:
            self._back_off.reset()
        self._alone_not_before = now + self._back_off.next()
        return await self.async_begin(username, password) is None

    @asynccontextmanager
    async def _one_sign_in(self) -> AsyncIterator[None]:
        async with self._signing_in:
            before = self.captcha
            try:
                yield
            except PageNotUnderstood as err:
                self.pages.async_record(err)
                raise
            except UsmsError as err:
                self.trouble.note(err)
                raise
            finally:
                if self.captcha is not before:
                    self._async_notify()

    async def _async_ask(self, challenge: Challenge) -> Captcha:
        picture = await self._hass.async_add_executor_job(captcha_picture, challenge.image)
        self.captcha = Captcha(challenge, picture)
        self.pages.async_resolve(_SIGN_IN_PAGE)
        return self.captcha

    async def _async_signed_in(self) -> None:
        """Use the new session from now on."""
        asked = bool(self._login_client.life.captcha_asked)
        self.client.restore_session(self._login_client.export_session())
        self.life.sign_in(dt_util.utcnow(), captcha_asked=asked)
        self.captcha = None
        self.password_refused = False
        self.trouble.clear()
        self.pages.async_resolve(_SIGN_IN_PAGE)
        await self.async_save()
        _LOGGER.debug("Signed in")
        self._async_notify()
