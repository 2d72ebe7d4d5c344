"""Parts of a page as BeautifulSoup has them, in bounded time and memory whatever the page is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bs4 import BeautifulSoup
from bs4.builder import ParserRejectedMarkup
from bs4.element import Tag
from bs4.filter import SoupStrainer

from ..errors import PageNotUnderstood

if TYPE_CHECKING:
    import re

_MOST_CHARACTERS: Final = 1_500_000
_MOST_TAGS: Final = 50_000
"""Real pages have 60 to 200 thousand characters and a few thousand tags. Tags and attributes cost
a hundred times their size in memory."""
_DEEPEST: Final = 40
"""Within the parts that are read, real pages nest ten deep; text of nested cells is read again and
again."""


def parse(
    html: str,
    page: str,
    tags: str | list[str] | None = None,
    *,
    ids: list[str] | re.Pattern[str],
) -> BeautifulSoup:
    """Return only those tags and those ids of a page: pages carry 100 kB of view state."""
    found = soup(html, SoupStrainer(id=ids), page)
    if tags:
        for tag in soup(html, SoupStrainer(tags), page).find_all(tags):
            found.append(tag)
    return found


def soup(html: str, only: SoupStrainer, page: str) -> BeautifulSoup:
    """Return the parts of a page that a strainer lets through, in bounded time and memory.

    Raises PageNotUnderstood for what is far larger or nested far deeper than any real page.
    """
    if len(html) > _MOST_CHARACTERS or html.count("<") > _MOST_TAGS:
        raise PageNotUnderstood(
            page, f"an end within {_MOST_CHARACTERS} characters and {_MOST_TAGS} tags"
        )
    try:
        found = BeautifulSoup(html, "html.parser", parse_only=only)
    except ParserRejectedMarkup as err:
        raise PageNotUnderstood(page, "markup that can be parsed") from err
    depth = {id(found): 0}
    for tag in found.find_all(name=True):
        depth[id(tag)] = depth[id(tag.parent)] + 1
        if depth[id(tag)] > _DEEPEST:
            raise PageNotUnderstood(page, f"a nesting of at most {_DEEPEST} tags")
    return found


def text_of(parts: BeautifulSoup, element_id: str) -> str | None:
    """Return an element's text with single spaces; None where the page has no such element."""
    tag = parts.find(id=element_id)
    return " ".join(tag.get_text(" ", strip=True).split()) if isinstance(tag, Tag) else None
