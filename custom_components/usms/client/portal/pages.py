"""The portal's pages as models: one function a page, HTML in, values out, no I/O.

Every function raises `PageNotUnderstood` where something that must be there is not. Ids, classes
and captions are those that public clients have seen (the `usms` package 1.3.1 of October 2026
above all).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from bs4.element import Tag
from bs4.filter import SoupStrainer

from ..errors import PageNotUnderstood
from ..models import Account, Meter, Payment, Utility
from .forms import CAPTCHA, PASSWORD, USERNAME, Form, read_form
from .html import parse, soup, text_of
from .values import moment_shown, number_shown

PAYMENT_PAGE: Final = "WebForm2"
"""As errors name it."""

ERROR_LABEL: Final = "pcErr_lblErrMsg"
_CAPTCHA_IMAGE: Final = "ASPxRoundPanel1_ASPxCaptcha1_IMG"


@dataclass(frozen=True, slots=True, repr=False)
class LoginPage:
    """The sign-in form, its captcha and its complaint."""

    form: Form
    captcha_src: str | None
    """The picture's address; the first step, which needs none, may have the field alone."""
    error: str | None

    @property
    def asks_for_captcha(self) -> bool:
        """Whether there is a field for an answer."""
        return self.captcha_src is not None or self.form.value(CAPTCHA) is not None


def login_page(html: str) -> LoginPage:
    """Read a sign-in page."""
    parts = parse(html, "ResLogin", "input", ids=[_CAPTCHA_IMAGE, ERROR_LABEL])
    form = read_form(parts.find_all("input"))
    if form.value(USERNAME) is None or form.value(PASSWORD) is None:
        raise PageNotUnderstood("ResLogin", "the user name and password fields")
    image = parts.find(id=_CAPTCHA_IMAGE)
    src = image.get("src") if isinstance(image, Tag) else None
    return LoginPage(
        form, src if isinstance(src, str) and src.strip() else None, text_of(parts, ERROR_LABEL)
    )


def is_login_page(html: str) -> bool:
    """Return whether a page is the sign-in form, wherever it was served."""
    return all(name in html for name in (USERNAME, PASSWORD)) and "btnLogin" in html


def account_page(html: str, read_at: datetime) -> Account:
    """Read the meters from the cards of `Home`; fields by caption, kinds by unit."""
    cards = soup(html, SoupStrainer("td", class_="dxcvCard"), "Home")
    fields = [
        _card_fields(card) for card in cards.find_all("td", class_="dxcvCard", recursive=False)
    ]
    meters = tuple(_meter(card) for card in fields)
    if not meters and "ASPxCardView1" not in html:
        raise PageNotUnderstood("Home", "the meters' cards")
    numbers = [meter.number for meter in meters]
    if len(set(numbers)) != len(numbers):
        raise PageNotUnderstood("Home", "one card a meter (a number stands twice)")
    announced = re.search(
        r"Page\s{1,9}\d{1,9}\s{1,9}of\s{1,9}\d{1,9}\s{1,9}\((\d{1,9})\s{1,9}items?\)", html
    )
    return Account(meters, read_at, int(announced[1]) if announced else None)


def payment_page(html: str, meter: str) -> Payment:
    """Read the Top Up page of a meter."""
    page = PAYMENT_PAGE
    parts = parse(html, page, ids=re.compile(r"^pcAccount_lbl"))

    def text(name: str) -> str | None:
        found = text_of(parts, f"pcAccount_lbl{name}")
        return found if found and found != "-" else None

    def number(name: str) -> Decimal | None:
        if parts.find(id=f"pcAccount_lbl{name}") is None:
            raise PageNotUnderstood(page, f"the label {name}")
        shown = text(name)
        return number_shown(shown, page, name) if shown else None

    if text("MeterNo2") is None:
        raise PageNotUnderstood(page, "the meter's number")
    if text("MeterNo2") != meter:
        raise PageNotUnderstood(page, "the meter that was asked for (it shows another)")
    return Payment(
        meter=meter,
        customer_type=text("CustType"),
        debt_clearance=text("DebtCleranceModel"),
        total_debt=number("DebtBalRemaining"),
        repayment_period=text("RepaymentPeriod"),
        monthly_debt=number("MonthlyDebtAmt"),
        debt_remaining_period=text("DebtRemainingPeriod"),
        debt_remaining=number("OutstandingBalance"),
        remaining_units=number("RemainingUnit"),
        balance=number("CurrentBalance"),
    )


# --- the parts of pages ---


def _card_fields(card: Tag) -> dict[str, str]:
    """Return a card's values by their captions: each stands in the next cell for values."""
    fields: dict[str, str] = {}
    names: list[str] = []
    for tag in card.find_all(["span", "td"], class_=["dxflCaption", "dxflNestedControlCell"]):
        text = " ".join(tag.get_text(" ", strip=True).split())
        if tag.name == "span":
            names.append(text.rstrip(": ").casefold())
        else:
            fields |= dict.fromkeys(names, text)
            names = []
    return fields


def _meter(card: dict[str, str]) -> Meter:
    page = "Home"
    number = card.get("meter no", "")
    if not re.fullmatch(r"[0-9]{1,40}", number):
        raise PageNotUnderstood(page, "a card's meter number")
    if "remaining unit" not in card:
        raise PageNotUnderstood(page, "a card's remaining unit")
    units = card["remaining unit"]
    money = card.get("remaining balance", card.get("remaining credit"))
    if money is None:
        raise PageNotUnderstood(page, "a card's remaining balance")
    updated = card.get("last updated", "-")
    last_updated = None if updated in {"", "-"} else moment_shown(updated)
    if updated not in {"", "-"} and last_updated is None:
        raise PageNotUnderstood(page, "when a card was last updated")
    return Meter(
        number=number,
        utility=_utility(units, number),
        status=card.get("meter status") or None,
        remaining_units=None if units in {"", "-"} else number_shown(units, page, "remaining unit"),
        balance=None if money in {"", "-"} else number_shown(money, page, "remaining balance"),
        last_updated=last_updated,
    )


def _utility(units: str, number: str) -> Utility | None:
    if re.search(r"kwh", units, re.IGNORECASE):
        return Utility.ELECTRICITY
    if re.search(r"m(³|3|\^3)", units, re.IGNORECASE):
        return Utility.WATER
    # A card that shows `-` has no unit; the lengths are those of all meters seen so far.
    return {8: Utility.ELECTRICITY, 10: Utility.WATER}.get(len(number))
