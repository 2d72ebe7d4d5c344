"""Text as it may stand on a terminal or in a spreadsheet, wherever it comes from."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Control and format characters (bidi marks among them), lone surrogates, line separators."""
_FORMULA: Final = tuple("=+-@\uff1d\uff0b\uff0d\uff20")  # some take the full-width ones
_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)


def visible(text: str) -> str:
    """Return text without what a terminal would obey or could not show.

    White space between words becomes a space; no other character that can be seen is lost.
    """
    if text.isascii() and text.isprintable():
        return text
    spaced = (" " if char.isspace() else char for char in text)
    return "".join(char for char in spaced if unicodedata.category(char) not in _UNSEEN)


def cell(text: str) -> str:
    """Return text for a cell of CSV, which no spreadsheet takes for a formula."""
    text = visible(text)
    runs = text.lstrip().startswith(_FORMULA) and not _NUMBER.fullmatch(text)
    return f"'{text}" if runs else text


def encodable(text: str, encoding: str) -> str:
    """Return text as an encoding has it: `m3` where it has no `³`, else `?` for what it lacks."""
    try:
        "³".encode(encoding)
    except UnicodeEncodeError:
        text = text.replace("³", "3")
    return text.encode(encoding, "replace").decode(encoding)
