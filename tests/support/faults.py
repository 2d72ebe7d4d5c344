"""The faults of the matrix: what each may lead to, whatever the operation."""

from dataclasses import dataclass, field
from typing import Any

from custom_components.usms.client import (
    CaptchaRefused,
    PageNotUnderstood,
    PortalUnavailable,
    SessionExpired,
    UsmsConnectionError,
    UsmsError,
)

_CONNECTION = (UsmsConnectionError,)
_UNAVAILABLE = (PortalUnavailable,)
_PAGE = (PageNotUnderstood,)


@dataclass(frozen=True)
class Case:
    """A fault, and the documented errors that it may lead to; a right answer always may."""

    name: str
    errors: tuple[type[UsmsError], ...]
    kind: str
    settings: dict[str, Any] = field(default_factory=dict)
    always: bool = True
    """Whether no operation can succeed."""

    def __str__(self) -> str:
        return self.name


def _case(
    name: str,
    errors: tuple[type[UsmsError], ...],
    kind: str | None = None,
    *,
    always: bool = True,
    **settings: Any,
) -> Case:
    return Case(name, errors, kind or name.replace(" ", "_"), settings, always)


_ANSWERS = [
    _case("status 404", _UNAVAILABLE, "status", status=404),
    _case("status 429", _UNAVAILABLE, "status", status=429),
    _case("status 500", _UNAVAILABLE, "status", status=500),
    _case("status 503", _UNAVAILABLE, "status", status=503),
    _case("hang", _CONNECTION),
    _case("slow drip", _CONNECTION, "drip"),
    _case("cut off", _CONNECTION, "cut"),
    _case("dropped connection", _CONNECTION, "drop"),
    _case("empty page", _UNAVAILABLE, "empty"),
    _case("other page", _PAGE),
    _case("maintenance page", _UNAVAILABLE, "maintenance"),
    _case("redirect to another host", _UNAVAILABLE, "redirect_host"),
    _case("redirect to http", _UNAVAILABLE, "redirect_http"),
    _case("page of 100 MB", _PAGE, "huge"),
    _case("gzip bomb", _PAGE),
]
_CHANGES = [
    _case(name, _PAGE, kind, always=False)
    for name, kind in (
        ("wrong charset", "wrong_charset"),
        ("duplicate rows", "duplicate_rows"),
        ("rows out of order", "unordered_rows"),
        ("NaN", "nan"),
        ("negative", "negative"),
        ("thousands commas", "commas"),
        ("decimal commas", "decimal_commas"),
        ("wrong total", "wrong_total"),
        ("label missing", "label_missing"),
        ("caption renamed", "caption_renamed"),
        ("ids shifted", "ids_shifted"),
        ("unknown report type", "unknown_type"),
    )
]
_TROUBLES = [
    _case("cookie dropped", (SessionExpired, *_UNAVAILABLE, *_PAGE), always=False),
    _case("view state refused", _UNAVAILABLE, "state_refused", always=False),
    _case("session stolen", (SessionExpired, *_PAGE), always=False),
    _case("captcha asked", (SessionExpired, CaptchaRefused, *_PAGE), always=False),
]
CASES = [*_ANSWERS, *_CHANGES, *_TROUBLES]
