"""Signing in: who, the captcha for a person, and the session that later commands use."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from getpass import getpass
from typing import TYPE_CHECKING, Final

from ..blocking import BlockingClient
from ..errors import (
    CaptchaExpired,
    CaptchaRefused,
    CaptchaRequired,
    SessionExpired,
    WrongRequest,
)
from ..portal.session import clean_username
from .choice import number_meant
from .output import say
from .picture import picture
from .state import keep_session, kept_session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..models import Account, Challenge, Meter, Utility
    from .options import Context, Options

_TRIES: Final = 3


def login(options: Options, context: Context) -> None:
    """Sign in and keep the session."""
    with BlockingClient(pacing=context.pacing, now=context.clock) as client:
        _sign_in(client, *_credentials(options))
    print("Signed in.")


@contextmanager
def signed_in(options: Options, context: Context) -> Iterator[BlockingClient]:
    """Give a client with the kept session; raises SessionExpired where there is none.

    With `-u` or `-p` it signs in first, unless the kept session is that user's and alive.
    """
    session = kept_session()
    with BlockingClient(pacing=context.pacing, now=context.clock) as client:
        if session:
            client.restore_session(session)
        if options.username or options.password:
            username, password = _credentials(options)
            same = session is not None and session.get("username") == username
            if not (same and client.is_signed_in()):
                _sign_in(client, username, password)
        elif session is None:
            raise SessionExpired("Nobody has signed in")
        yield client


def account_of(client: BlockingClient) -> Account:
    """Read the account; tells where the portal does not show all of it on one page."""
    account = client.account()
    shown, announced = len(account.meters), account.meters_announced
    if announced is not None and announced > shown:
        say(f"The portal shows {shown} of {announced} meters; the others can't be read.")
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
    username = username or _ask("IC number: ")
    return clean_username(username), password or _ask_in_secret("Password: ")


def _is_terminal() -> bool:
    """Whether a person can be asked."""
    return sys.stdin is not None and sys.stdin.isatty()


def _ask(prompt: str) -> str:
    """Ask on standard error: standard output is for results."""
    print(prompt, end="", file=sys.stderr, flush=True)
    try:
        return input()
    except EOFError:
        raise WrongRequest("Nothing was entered") from None


def _ask_in_secret(prompt: str) -> str:
    try:
        return getpass(prompt)
    except EOFError:
        raise WrongRequest("Nothing was entered") from None
