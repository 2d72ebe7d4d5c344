"""What the REST view answers when something is wrong: `{"detail", "error_code", "timestamp"}`."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from http import HTTPStatus
from typing import Final

from custom_components.usms.client import (
    CaptchaRequired,
    CredentialsRefused,
    NoData,
    PageNotUnderstood,
    PortalUnavailable,
    SessionExpired,
    UnknownMeter,
    UsmsConnectionError,
    UsmsError,
    WrongRequest,
)
from custom_components.usms.client.errors import ClockWrong, StoreError
from custom_components.usms.connection.errors import TooEarly, TooManyAnswers


class ErrorCode(StrEnum):
    """What went wrong, for programs."""

    METER_NOT_FOUND = "METER_NOT_FOUND"
    ACCOUNT_NOT_FOUND = "ACCOUNT_NOT_FOUND"
    DATA_NOT_FOUND = "DATA_NOT_FOUND"
    INVALID_PARAMETER = "INVALID_PARAMETER"
    INVALID_DATE = "INVALID_DATE"
    SIGN_IN_NEEDED = "SIGN_IN_NEEDED"
    NOT_READY = "NOT_READY"
    USMS_UNAVAILABLE = "USMS_UNAVAILABLE"
    RATE_LIMITED = "RATE_LIMITED"

    @property
    def status(self) -> HTTPStatus:
        """The HTTP status that goes with it."""
        return _STATUS[self]

    @property
    def meaning(self) -> str:
        """What it says, in a sentence."""
        return _MEANINGS[self]


_STATUS: Final[Mapping[ErrorCode, HTTPStatus]] = {
    ErrorCode.METER_NOT_FOUND: HTTPStatus.NOT_FOUND,
    ErrorCode.ACCOUNT_NOT_FOUND: HTTPStatus.NOT_FOUND,
    ErrorCode.DATA_NOT_FOUND: HTTPStatus.NOT_FOUND,
    ErrorCode.INVALID_PARAMETER: HTTPStatus.BAD_REQUEST,
    ErrorCode.INVALID_DATE: HTTPStatus.BAD_REQUEST,
    ErrorCode.SIGN_IN_NEEDED: HTTPStatus.SERVICE_UNAVAILABLE,
    ErrorCode.NOT_READY: HTTPStatus.SERVICE_UNAVAILABLE,
    ErrorCode.USMS_UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    ErrorCode.RATE_LIMITED: HTTPStatus.TOO_MANY_REQUESTS,
}

_MEANINGS: Final[Mapping[ErrorCode, str]] = {
    ErrorCode.METER_NOT_FOUND: "No account that is set up has this meter",
    ErrorCode.ACCOUNT_NOT_FOUND: "There is no such account",
    ErrorCode.DATA_NOT_FOUND: "Nothing is published for this",
    ErrorCode.INVALID_PARAMETER: "A parameter is not one, or has a value that it can't have",
    ErrorCode.INVALID_DATE: "A date or time is none",
    ErrorCode.SIGN_IN_NEEDED: "A sign-in to USMS in Home Assistant is needed first",
    ErrorCode.NOT_READY: "The account is being set up, or waits to be; try again in a while",
    ErrorCode.USMS_UNAVAILABLE: "The USMS portal can't be reached or read; try again in a while",
    ErrorCode.RATE_LIMITED: "Too many requests within the hour; the headers say when to go on",
}

CODES: Final[Mapping[type[UsmsError], ErrorCode]] = {
    CaptchaRequired: ErrorCode.SIGN_IN_NEEDED,
    CredentialsRefused: ErrorCode.SIGN_IN_NEEDED,
    SessionExpired: ErrorCode.SIGN_IN_NEEDED,
    TooEarly: ErrorCode.USMS_UNAVAILABLE,
    TooManyAnswers: ErrorCode.RATE_LIMITED,
    UsmsConnectionError: ErrorCode.USMS_UNAVAILABLE,
    PortalUnavailable: ErrorCode.USMS_UNAVAILABLE,
    PageNotUnderstood: ErrorCode.USMS_UNAVAILABLE,
    NoData: ErrorCode.DATA_NOT_FOUND,
    UnknownMeter: ErrorCode.METER_NOT_FOUND,
    WrongRequest: ErrorCode.INVALID_PARAMETER,
    StoreError: ErrorCode.NOT_READY,
    ClockWrong: ErrorCode.NOT_READY,
}
"""What each error of the client is here; one that is not named is what its base class is."""


class RestError(Exception):
    """An answer that is an error."""

    def __init__(self, code: ErrorCode, detail: str | None = None) -> None:
        """Say what is wrong; by default, what the code means."""
        self.code = code
        self.detail = detail or code.meaning
        super().__init__(self.detail)


def code_of(error: BaseException | None) -> ErrorCode:
    """Return what an error of the client is here."""
    for kind in type(error).__mro__:
        if kind in CODES:
            return CODES[kind]
    return ErrorCode.USMS_UNAVAILABLE
