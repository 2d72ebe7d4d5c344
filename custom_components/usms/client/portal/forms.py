"""ASP.NET's forms: what a page wants back, echoed as served, and the report forms.

The portal answers HTTP 500 to a hidden input that it did not serve, so none is ever made up.
"""

from __future__ import annotations

import re
import string
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import Enum
from typing import TYPE_CHECKING, Final

from ..models import Resolution

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bs4.element import Tag

USERNAME: Final = "ASPxRoundPanel1$txtUsername"
PASSWORD: Final = "ASPxRoundPanel1$txtPassword"  # noqa: S105 (a field's name)
CAPTCHA: Final = "ASPxRoundPanel1$ASPxCaptcha1$TB"
LOGIN: Final = "ASPxRoundPanel1$btnLogin"

_TYPE: Final = "cboType"
_TYPE_VALUE: Final = "cboType_VI"
_FROM: Final = "cboDateFrom"
_TO: Final = "cboDateTo"
_SEARCH: Final = "btnRefresh"
_NOT_SENT: Final = frozenset({"submit", "button", "image", "reset", "checkbox", "radio", "file"})
_UNQUOTED: Final = (string.ascii_letters + string.digits + "_.-~ ").encode()


class ReportType(Enum):
    """The choices of `cboType`: the value it posts and the text it shows.

    Daily and Hourly were seen in use; the values of the others are inferred from their order.
    """

    MONTHLY = ("0", "Monthly")
    DAILY = ("1", "Daily (Max 1 month)")
    SUMMARY = ("2", "Summary")
    HOURLY = ("3", "Hourly (Max 1 day)")

    @property
    def word(self) -> str:
        """The first word of the text, by which a choice is known again."""
        return self.value[1].split()[0].casefold()

    @classmethod
    def of(cls, resolution: Resolution) -> ReportType:
        """Return the report that has readings of that resolution."""
        return {
            Resolution.HOUR: cls.HOURLY,
            Resolution.DAY: cls.DAILY,
            Resolution.MONTH: cls.MONTHLY,
        }[resolution]


@dataclass(frozen=True, slots=True, repr=False)
class Form:
    """The inputs of a page's form, by name: what a browser would send back."""

    fields: Mapping[str, str]

    def filled(self, values: Mapping[str, str]) -> dict[str, str]:
        """Return the fields to post, with those values typed in."""
        return {**self.fields, **values}

    def value(self, name: str) -> str | None:
        """Return what stands in a field, or None where the page has no such field."""
        return self.fields.get(name)


def encoded(fields: Mapping[str, str]) -> bytes:
    """Return a form as it is posted."""
    return b"&".join(b"%s=%s" % (_quoted(name), _quoted(text)) for name, text in fields.items())


def read_form(inputs: Iterable[Tag]) -> Form:
    """Return the form of a page from its `input` tags; buttons are left out, as not pressed."""
    fields: dict[str, str] = {}
    for tag in inputs:
        name = tag.get("name")
        if isinstance(name, str) and name and str(tag.get("type", "text")).lower() not in _NOT_SENT:
            fields[name] = str(tag.get("value") or "")
    return Form(fields)


def login_fields(form: Form, username: str, password: str, captcha: str | None) -> dict[str, str]:
    """Return what to post to sign in.

    `captcha` is left empty in the first step; where the page has no captcha, the field is not
    sent at all.
    """
    values = {USERNAME: username, PASSWORD: password, LOGIN: "Login"}
    if captcha is not None or form.value(CAPTCHA) is not None:
        values[CAPTCHA] = captcha or ""
    return form.filled(values)


@dataclass(frozen=True, slots=True)
class ReportQuery:
    """What a report is asked for: a type and a range of days, both included."""

    type: ReportType
    first: date
    last: date

    def fields(self, form: Form) -> dict[str, str]:
        """Return what to post to ask for it."""
        value, text = self.type.value
        return form.filled(
            {
                _TYPE_VALUE: value,
                _TYPE: text,
                _SEARCH: "Search",
                **date_range_fields(self.first, self.last),
            }
        )


def date_range_fields(first: date, last: date) -> dict[str, str]:
    """Return the date boxes of a report page, filled."""
    return {
        _FROM: f"{first:%d/%m/%Y}",
        f"{_FROM}$State": _date_state(first),
        _TO: f"{last:%d/%m/%Y}",
        f"{_TO}$State": _date_state(last),
    }


def search_fields(form: Form, first: date, last: date) -> dict[str, str]:
    """Return what to post to search a page that has dates but no types (top-ups)."""
    return form.filled({_SEARCH: "Search", **date_range_fields(first, last)})


def shown_dates(form: Form) -> tuple[date | None, date | None]:
    """Return the days that a page's date boxes show; None for one that shows none."""
    return _shown_date(form.value(_FROM)), _shown_date(form.value(_TO))


def shown_type(form: Form) -> ReportType | None:
    """Return the report type that a page shows; None for one that is not known."""
    word = (form.value(_TYPE) or "").split()
    for report_type in ReportType:
        if word and word[0].casefold() == report_type.word:
            return report_type
    if word:
        return None
    value = form.value(_TYPE_VALUE)
    return next((kind for kind in ReportType if kind.value[0] == value), None)


def _shown_date(text: str | None) -> date | None:
    match = re.fullmatch(r"\s*(\d{1,2})/(\d{1,2})/(\d{4})\s*", text or "")
    if not match:
        return None
    day, month, year = map(int, match.groups())
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _date_state(day: date) -> str:
    # The browser posts this text literally escaped: the calendar date as if it were UTC, in ms.
    epoch_ms = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)
    return f"{{&quot;rawValue&quot;:&quot;{epoch_ms}&quot;}}"


def _quoted(text: str) -> bytes:
    """Return what `quote_plus` does, which looks at each sign of a view state of 100 kB."""
    quoted = text.encode()
    signs = set(quoted.translate(None, _UNQUOTED))
    for sign in sorted(signs, key=lambda sign: sign != ord("%")):
        quoted = quoted.replace(bytes([sign]), b"%%%02X" % sign)
    return quoted.replace(b" ", b"+")
