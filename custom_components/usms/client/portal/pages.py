"""The portal's pages as models: one function a page, HTML in, values out, no I/O.

Every function raises `PageNotUnderstood` where something that must be there is not. Ids, classes
and captions are those that public clients have seen (the `usms` package 1.3.1 of October 2026
above all).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from bs4.element import Tag
from bs4.filter import SoupStrainer

from ..errors import PageNotUnderstood
from ..models import Account, Meter, Payment, Unread, Utility
from .forms import CAPTCHA, PASSWORD, USERNAME, Form, read_form
from .html import parse, soup, text_of
from .redaction import redacted
from .values import is_nothing, moment_shown, number_shown

PAYMENT_PAGE: Final = "WebForm2"
"""As errors name it."""

ERROR_LABEL: Final = "pcErr_lblErrMsg"
_HOME: Final = "Home"
_AHEAD: Final = timedelta(days=1)
_NEEDED: Final = {
    "meter number": ("meter no",),
    "remaining unit": ("remaining unit",),
    "remaining balance": ("remaining balance", "remaining credit"),
}
"""Captions that cards have, by what stands under them; one of each is on every card."""
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
    parts = parse(html, "ResLogin", ["input"], ids=[_CAPTCHA_IMAGE, ERROR_LABEL])
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
    """Read the meters from the cards of `Home`; fields by caption, kinds by unit.

    A value that can't be read is None, and a card without a meter's number is left out; the first
    of them is the account's `unread`. Raises PageNotUnderstood where that is so on every card.
    """
    cards = soup(html, SoupStrainer("td", class_="dxcvCard"), _HOME)
    fields = [
        _card_fields(card) for card in cards.find_all("td", class_="dxcvCard", recursive=False)
    ]
    if not fields and "ASPxCardView1" not in html:
        raise PageNotUnderstood(_HOME, "the meters' cards")
    read = [_card(card, read_at) for card in fields]
    for caption, names in _NEEDED.items():
        if fields and not any(card.keys() & set(names) for card in fields):
            raise PageNotUnderstood(_HOME, f"a card's {caption}")
    if read and not any(card.serves for card in read):
        raise PageNotUnderstood(_HOME, read[0].missing[0])
    unread = next((missing for card in read for missing in card.missing), None)
    meters: dict[str, Meter] = {}
    for meter in (card.meter for card in read if card.meter):
        known = meters.setdefault(meter.number, meter)
        if known != meter:
            unread = unread or "one card a meter (two differ)"
            meters[meter.number] = _agreed(known, meter)
    announced = re.search(
        r"Page\s{1,9}\d{1,9}\s{1,9}of\s{1,9}\d{1,9}\s{1,9}\((\d{1,9})\s{1,9}items?\)", html
    )
    return Account(
        tuple(meters.values()),
        read_at,
        int(announced[1]) if announced else None,
        Unread(_HOME, unread, redacted(html)) if unread else None,
    )


def payment_page(html: str, meter: str) -> Payment:
    """Read the Top Up page of a meter."""
    page = PAYMENT_PAGE
    parts = parse(html, page, ids=re.compile(r"^pcAccount_lbl"))

    def text(name: str) -> str | None:
        found = text_of(parts, f"pcAccount_lbl{name}")
        return None if found is None or is_nothing(found) else found

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


@dataclass(frozen=True, slots=True, repr=False)
class _Card:
    """What was read of a card, and what was not."""

    meter: Meter | None
    missing: tuple[str, ...]

    @property
    def serves(self) -> bool:
        """Whether anything was understood: a value, or that there is none."""
        meter = self.meter
        if meter is None:
            return False
        return not self.missing or meter.balance is not None or meter.remaining_units is not None


def _card(card: dict[str, str], read_at: datetime) -> _Card:
    missing: list[str] = []
    # Spaces group digits; a letter may make another number of it.
    number = card.get("meter no", "").replace(" ", "")
    if not re.fullmatch(r"[0-9]{1,40}", number):
        return _Card(None, ("a card's meter number",))

    def shown(caption: str) -> str | None:
        """Return what stands under a caption; None where that says that there is nothing."""
        text = next((card[name] for name in _NEEDED[caption] if name in card), None)
        if text is None:
            missing.append(f"a card's {caption}")
        return None if text is None or is_nothing(text) else text

    def value(caption: str) -> Decimal | None:
        try:
            return number_shown(text, _HOME, caption) if (text := shown(caption)) else None
        except PageNotUnderstood as err:
            missing.append(err.missing)
            return None

    updated = card.get("last updated", "-")
    last_updated = None if is_nothing(updated) else moment_shown(updated)
    if last_updated and last_updated - read_at > _AHEAD:
        last_updated = None  # a stamp of the future is none
    if not is_nothing(updated) and last_updated is None:
        missing.append("when a card was last updated")
    meter = Meter(
        number=number,
        utility=_utility(card.get("remaining unit", ""), number),
        status=card.get("meter status") or None,
        remaining_units=value("remaining unit"),
        balance=value("remaining balance"),
        last_updated=last_updated,
    )
    return _Card(meter, tuple(missing))


def _agreed(one: Meter, other: Meter) -> Meter:
    """Return a meter that stands on two cards: what they agree on."""
    return Meter(
        number=one.number,
        utility=one.utility if one.utility is other.utility else None,
        status=one.status if one.status == other.status else None,
        remaining_units=(
            one.remaining_units if one.remaining_units == other.remaining_units else None
        ),
        balance=one.balance if one.balance == other.balance else None,
        last_updated=one.last_updated if one.last_updated == other.last_updated else None,
    )


def _utility(units: str, number: str) -> Utility | None:
    if re.search(r"[0-9] ?[km]?wh", units, re.IGNORECASE):
        return Utility.ELECTRICITY
    if re.search(r"m(³|3|\^3)|[0-9] ?l", units, re.IGNORECASE):
        return Utility.WATER
    # A card that shows `-` has no unit; the lengths are those of all meters seen so far.
    return {8: Utility.ELECTRICITY, 10: Utility.WATER}.get(len(number))
