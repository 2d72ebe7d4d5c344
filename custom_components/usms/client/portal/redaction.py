"""A page that was not understood as a sample without personal data, from which to mend a parser.

Kept are tags, ids, classes, names and captions, and the shape of every value: what could not be
parsed before can't be parsed after. Replaced are all words that the portal's own vocabulary does
not have, and all numbers; dropped are view state, scripts, comments and addresses' queries.
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Final, TypeVar

from bs4 import BeautifulSoup
from bs4.element import NavigableString, PreformattedString, Tag

from ..errors import PageNotUnderstood

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_T = TypeVar("_T")

_MAX_READ: Final = 512 * 1024
_MAX_SAMPLE: Final = 96 * 1024
_LONGEST_NUMBER: Final = 40
"""Digits of a number that may be somebody's."""
_DROPPED: Final = ("script", "style", "noscript", "iframe", "object", "svg")
_KEPT_ATTRIBUTES: Final = frozenset(
    {"id", "class", "name", "type", "colspan", "rowspan", "method", "value", "src", "action", "alt"}
)
_ADDRESSES: Final = frozenset({"src", "action"})
_CAPTION_TAGS: Final = ("title", "th", "label", "h1", "h2", "h3", "legend")
_CAPTION_CLASSES: Final = frozenset({"dxflCaption", "dxgvHeader"})
_DATE_BOX: Final = re.compile(r"^cboDate(From|To)$")
# What the portal's pages say of themselves: anything else may be personal.
_WORDS: Final = (
    "a account actual address again amount an and as at balance button captcha chart cleared "
    "consumption credit credited customer daily data date day debt disabled display district "
    "drawn empty expired found from full has history hour hourly ic incorrect initial is item "
    "items kampong kwh last loan location login m max meter mode monthly month mukim name nan "
    "no not number of outdoor outstanding page paginate password payment period please pm am "
    "postcode range rawvalue recharge refresh remaining report residential search select "
    "session shorter site source status summary text the time to top topup total transaction "
    "type unavailable unit units updated usage user usms active water electricity year your "
    "hidden submit true false maintenance temporarily system server error nbsp b m³ "
)
_VOCABULARY: Final = frozenset(_WORDS.split())
_WORD: Final = re.compile(r"[^\W\d_]+")
_TIMED: Final = re.compile(r"(\d{1,2}/\d{1,2}/\d{4})|(\d{1,2}:\d{2}(?::\d{2})?)")
_DIGITS: Final = re.compile(r"\d+(?<!\bm3)(?<!\bm\^3)")
_PAGER: Final = re.compile(r"Page\s+\d+\s+of\s+\d+(\s+\(\d+\s+items?\))?")


def read_page(read: Callable[..., _T], html: str, *arguments: object) -> _T:
    """Return what a page function reads; where it raises, the error carries a redacted sample."""
    try:
        return read(html, *arguments)
    except PageNotUnderstood as err:
        err.sample = redacted(html)
        raise


def redacted(html: str) -> str:
    """Return a page with its structure and without personal data (takes up to seconds)."""
    soup = BeautifulSoup(html[:_MAX_READ], "html.parser")
    for tag in soup(_DROPPED):
        tag.decompose()
    for text in soup.find_all(string=lambda text: isinstance(text, PreformattedString)):
        text.extract()
    mask = _Mask(soup)
    for text in list(soup.find_all(string=True)):
        text.replace_with(NavigableString(_text(text, mask)))
    for tag in soup.find_all():
        _redact_attributes(tag, mask)
    sample = re.sub(r"\n\s*\n+", "\n", str(soup))
    return sample[:_MAX_SAMPLE]


class _Mask:
    """Stand-ins for words and numbers: the same for the same, another for another."""

    def __init__(self, soup: BeautifulSoup) -> None:
        """Note what the page shows as values: such words are masked in captions as well."""
        texts = [text for text in soup.find_all(string=True) if not _is_caption(text)]
        self._private = {
            word.casefold() for text in texts for word in _WORD.findall(text)
        } - _VOCABULARY
        self._real = set(_DIGITS.findall(str(soup)))
        self._numbers: dict[str, str] = {}

    def value(self, text: str, *, keep_dates: bool = False) -> str:
        """Replace all words that are not the portal's, and all numbers."""
        return self._digits(_WORD.sub(lambda found: _shape(found[0]), text), keep_dates=keep_dates)

    def caption(self, text: str) -> str:
        """Replace only words that stand in values too, and all numbers."""
        return self._digits(
            _WORD.sub(
                lambda found: (
                    _shape(found[0]) if found[0].casefold() in self._private else found[0]
                ),
                text,
            ),
            keep_dates=False,
        )

    def identity(self, text: str) -> str:
        """Replace in an id, a class or a name what may be a meter's or an account's number."""
        text = re.sub(r"\d{5,}", lambda found: self.number(found[0]), text)
        return "".join(
            _shape(part) if part.casefold() in self._private else part
            for part in re.split(r"([^\W\d_]+)", text)
        )

    def _digits(self, text: str, *, keep_dates: bool) -> str:
        parts, at = [], 0
        for found in _TIMED.finditer(text):
            parts.append(self._plain(text[at : found.start()]))
            parts.append(_moment(found, keep_dates=keep_dates))
            at = found.end()
        return "".join([*parts, self._plain(text[at:])])

    def _plain(self, text: str) -> str:
        return _DIGITS.sub(lambda found: self.number(found[0]), text)

    def number(self, digits: str) -> str:
        """Return a stand-in of the same length; of a long number, one of its own."""
        if not 5 <= len(digits) <= _LONGEST_NUMBER:
            return "1" * len(digits)
        if digits not in self._numbers:
            stand_in = 10 ** len(digits) - 1 - len(self._numbers)
            while str(stand_in) in self._real:
                stand_in -= 1000
            self._numbers[digits] = str(stand_in)
        return self._numbers[digits]


def _shape(word: str) -> str:
    """Return a word that is the portal's, or its shape."""
    if word.casefold() in _VOCABULARY:
        return word
    return "".join("X" if letter.isupper() else "x" for letter in word)


def _moment(found: re.Match[str], *, keep_dates: bool) -> str:
    """Return a date that is one where the page's is one, and midnight for a time."""
    if found[1] is None:
        return "0:00:00" if found[2].count(":") == 2 else "0:00"
    day, month, year = map(int, found[1].split("/"))
    try:
        date(year, month, day)
    except ValueError:
        return "31/02/2000"
    return found[1] if keep_dates else "01/01/2000"


def _text(text: NavigableString, mask: _Mask) -> str:
    plain = str(text)
    if _PAGER.fullmatch(plain.strip()):
        return plain
    if _is_caption(text):
        return mask.caption(plain)
    if _is_label(text):
        # The label of a row: a date of the range asked for, or the number of an hour.
        short = re.fullmatch(r"\s*\d{1,2}\s*", plain)
        return plain if short else mask.value(plain, keep_dates=True)
    return mask.value(plain)


def _parents(text: NavigableString) -> Iterator[Tag]:
    parent = text.parent
    while isinstance(parent, Tag):
        yield parent
        parent = parent.parent


def _is_caption(text: NavigableString) -> bool:
    for tag in _parents(text):
        if tag.name in _CAPTION_TAGS or _CAPTION_CLASSES.intersection(tag.get("class") or ()):
            return True
        if tag.name in {"td", "tr", "form"}:
            return "dxgvHeader" in (tag.get("class") or ()) or _in_header(tag)
    return False


def _in_header(tag: Tag) -> bool:
    return tag.find_parent(class_="dxgvHeader") is not None


def _is_label(text: NavigableString) -> bool:
    for tag in _parents(text):
        if tag.name == "td":
            row = tag.parent
            return (
                isinstance(row, Tag)
                and "dxgvDataRow" in (row.get("class") or ())
                and row.find("td") is tag
            )
    return False


def _redact_attributes(tag: Tag, mask: _Mask) -> None:
    name = str(tag.get("name") or "")
    for attribute in list(tag.attrs):
        if attribute not in _KEPT_ATTRIBUTES:
            del tag[attribute]
            continue
        given = tag[attribute]
        text = " ".join(given) if isinstance(given, list) else str(given)
        if attribute == "value":
            hidden = str(tag.get("type", "")).lower() == "hidden" and not name.startswith("cbo")
            tag[attribute] = (
                "" if hidden else mask.value(text, keep_dates=bool(_DATE_BOX.match(name)))
            )
        elif attribute == "alt":
            tag[attribute] = mask.value(text, keep_dates=True)
        elif attribute in _ADDRESSES:
            tag[attribute] = mask.identity(text.partition("?")[0])
        else:
            tag[attribute] = mask.identity(text)
