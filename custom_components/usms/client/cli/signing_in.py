"""Signing in: who, the captcha for a person, and the session that later commands use."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from getpass import getpass
from http.cookies import CookieError
from typing import TYPE_CHECKING, Any, Final

from ..blocking import BlockingClient
from ..errors import (
    CaptchaExpired,
    CaptchaRefused,
    CaptchaRequired,
    SessionExpired,
    WrongRequest,
)
from ..portal.session import clean_username
from ..portal.turns import SharedTurns
from .choice import number_meant
from .picture import picture
from .state import keep_session, kept_session, state_folder, turns_file
from .streams import emit, note, say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ..models import Account, Challenge, Meter, Utility
    from .options import Context, Options

_TRIES: Final = 3
_NO_TEXT: Final = "What was entered is no text in UTF-8"


def login(options: Options, context: Context) -> None:
    """Sign in and keep the session."""
    with _client(options, context) as client:
        _sign_in(client, *_credentials(options))
    emit("Signed in.\n")


def _client(options: Options, context: Context) -> BlockingClient:
    state_folder()
    turns = SharedTurns(
        turns_file(),
        context.pacing,
        waits=lambda: say("Waiting for another usms command."),
        has_time=options.command == "sync",
    )
    return BlockingClient(now=context.clock, turns=turns, trust_env=True)


@contextmanager
def signed_in(options: Options, context: Context) -> Iterator[BlockingClient]:
    """Give a client with the kept session; raises SessionExpired where there is none.

    With `-u` or `-p` it signs in first, unless the kept session is that user's and alive.
    """
    session = kept_session()
    with _client(options, context) as client:
        if session is not None and not _restored(client, session):
            session = None
        if options.username or options.password:
            username, password = _credentials(options)
            same = session is not None and session.get("username") == username
            if not (same and client.is_signed_in()):
                _sign_in(client, username, password)
        elif session is None:
            raise SessionExpired("Not signed in")
        yield client


def _restored(client: BlockingClient, session: Mapping[str, Any]) -> bool:
    """Take up a kept session; False for one that can't be one."""
    try:
        client.restore_session(session)
    except (TypeError, ValueError, AttributeError, CookieError):
        return False
    return True


def account_of(client: BlockingClient) -> Account:
    """Read the account; says where the portal does not show all of it on one page."""
    account = client.account()
    shown, announced = len(account.meters), account.meters_announced
    if announced is not None and announced > shown:
        say(f"The portal shows {shown} of {announced} meters; the others can't be read.")
    if account.unread:
        say(f"Part of the account page can't be read: {account.unread.missing}.")
    return account


def meter_of(account: Account, said: str | None, only: Utility | None = None) -> Meter:
    """Return the meter of the account that is meant, as `number_meant`."""
    meters = {meter.number: meter for meter in account.meters}
    number = number_meant(
        {number: meter.utility for number, meter in meters.items()},
        said,
        only,
        unknown="The account has no such meter; usms meters lists those it has",
    )
    return meters[number]


def _sign_in(client: BlockingClient, username: str, password: str) -> None:
    try:
        client.sign_in(username, password)
    except CaptchaRequired as required:
        _answer(client, required.challenge)
    keep_session({"username": username, **client.export_session()})


def _answer(client: BlockingClient, drawn: Challenge) -> None:
    """Have a person read captchas until one is right, or three were wrong."""
    challenge: Challenge | None = drawn
    wrong = 0
    while challenge:
        if not _is_terminal():
            raise CaptchaRequired(challenge)
        with picture(challenge.image):
            text = _ask("What does the picture show (empty: another one)? ").strip()
        if not text:
            challenge = client.refresh_captcha(challenge)
            continue
        try:
            client.answer(challenge, text)
            return
        except CaptchaRefused as refused:
            wrong += 1
            if wrong == _TRIES:
                raise
            say("That was not what the picture shows; here is another.")
            challenge = refused.challenge
        except CaptchaExpired as expired:
            say("That picture was too old; here is another.")
            challenge = expired.challenge


def _credentials(options: Options) -> tuple[str, str]:
    username = options.username or os.environ.get("USMS_USERNAME")
    password = options.password or os.environ.get("USMS_PASSWORD")
    if not (username and password) and not _is_terminal():
        raise WrongRequest(
            "IC number and password are needed: set USMS_USERNAME and USMS_PASSWORD,"
            " or run this in a terminal"
        )
    username = _text(username or _ask("IC number: "))
    return clean_username(username), _text(password or _ask_in_secret("Password: "))


def _is_terminal() -> bool:
    """Whether a person can be asked."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr is not None


def _ask(prompt: str) -> str:
    """Ask on standard error: standard output is for results."""
    note(prompt)
    return _entered(input)


def _ask_in_secret(prompt: str) -> str:
    return _entered(lambda: getpass(prompt))


def _entered(read: Callable[[], str]) -> str:
    try:
        return _text(read())
    except EOFError:
        raise WrongRequest("Nothing was entered") from None
    except UnicodeDecodeError:
        raise WrongRequest(_NO_TEXT) from None


def _text(entered: str) -> str:
    """Return what was entered; raises WrongRequest where it is no text that can be sent."""
    try:
        entered.encode()
    except UnicodeEncodeError:
        raise WrongRequest(_NO_TEXT) from None
    return entered
