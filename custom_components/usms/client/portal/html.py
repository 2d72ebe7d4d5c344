"""Parts of a page as BeautifulSoup has them, in bounded time and memory whatever the page is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bs4 import BeautifulSoup
from bs4.builder import ParserRejectedMarkup
from bs4.element import Tag
from bs4.filter import SoupStrainer

from ..errors import PageNotUnderstood

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator, Mapping, Sequence

_MOST_CHARACTERS: Final = 1_500_000
_MOST_TAGS: Final = 50_000
"""Real pages have 60 to 200 thousand characters and a few thousand tags. Tags and attributes cost
a hundred times their size in memory."""
_DEEPEST: Final = 40
"""Within the parts that are read, real pages nest ten deep; text of nested cells is read again and
again."""


class _Parts(SoupStrainer):
    """Lets those tags and ids of a page through with all that is in them, and notes others."""

    def __init__(
        self, tags: Sequence[str], ids: Sequence[str] | re.Pattern[str], bare: Sequence[str]
    ) -> None:
        super().__init__(id=ids)
        self._tags = tags
        self._bare = bare
        self.noted: list[tuple[str, dict[Any, str]]] = []
        """The tags of which only the attributes are wanted."""

    def allow_tag_creation(
        self, nsprefix: str | None, name: str, attrs: Mapping[Any, str] | None
    ) -> bool:
        if name in self._bare:
            self.noted.append((name, dict(attrs or {})))
        if name in self._tags:
            return True
        return bool(attrs and "id" in attrs and super().allow_tag_creation(nsprefix, name, attrs))


def parse(
    html: str,
    page: str,
    tags: Sequence[str] = (),
    *,
    ids: Sequence[str] | re.Pattern[str],
    bare: Sequence[str] = (),
) -> BeautifulSoup:
    """Return only those tags and those ids of a page: pages carry 100 kB of view state.

    Of tags to be had `bare`, there are the attributes alone: a form has the whole page in it.
    """
    only = _Parts(tags, ids, bare)
    found = soup(html, only, page)
    for name, attrs in only.noted:
        found.append(found.new_tag(name, attrs=attrs))
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
        found = BeautifulSoup(html, "html.parser", parse_only=only, store_line_numbers=False)
    except ParserRejectedMarkup as err:
        raise PageNotUnderstood(page, "markup that can be parsed") from err
    depth = {id(found): 0}
    for tag in tags_in(found):
        depth[id(tag)] = depth[id(tag.parent)] + 1
        if depth[id(tag)] > _DEEPEST:
            raise PageNotUnderstood(page, f"a nesting of at most {_DEEPEST} tags")
    return found


def tags_in(part: Tag) -> Iterator[Tag]:
    """Yield all tags in a part of a page; a search of BeautifulSoup's takes three times as long."""
    return (tag for tag in part.descendants if isinstance(tag, Tag))


def of_class(part: Tag, name: str, css_class: str) -> list[Tag]:
    """Return the tags of that name and class in a part of a page."""
    return [
        tag for tag in tags_in(part) if tag.name == name and css_class in (tag.get("class") or ())
    ]


def cells_of(row: Tag) -> list[str]:
    """Return the texts of a row's own cells."""
    cells = (cell for cell in row.children if isinstance(cell, Tag) and cell.name == "td")
    return [cell.get_text(" ", strip=True) for cell in cells]


def text_of(parts: BeautifulSoup, element_id: str) -> str | None:
    """Return an element's text with single spaces; None where the page has no such element."""
    tag = parts.find(id=element_id)
    return " ".join(tag.get_text(" ", strip=True).split()) if isinstance(tag, Tag) else None
