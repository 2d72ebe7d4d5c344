"""Text of the portal on a terminal and in a spreadsheet."""

import csv
import io
import json
import unicodedata
from decimal import Decimal
from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.usms.client.cli import output
from custom_components.usms.client.cli.arguments import parse
from custom_components.usms.client.cli.output import Column, Result
from custom_components.usms.client.cli.text import cell, encodable, visible
from tests.portal import pages

from .conftest import ELECTRICITY, Shell

HOSTILE = "\x1b]0;owned\x07\x1b[2J\u202egnp.exe\u2066\u200b=1"
SEEN = "]0;owned[2Jgnp.exe=1"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (HOSTILE, SEEN),
        ("Kampong Ayer, m³, ü, 5 €", "Kampong Ayer, m³, ü, 5 €"),
        ("two\nlines\tand\u00a0more\u2028", "two lines and more "),
        ("\x9b31mred", "31mred"),
        ("lone \udc80 surrogate", "lone  surrogate"),
        ("كمڤوڠ", "كمڤوڠ"),
    ],
)
def test_what_is_seen(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text())
def test_nothing_that_a_terminal_obeys_is_left(text: str) -> None:
    for char in visible(text):
        assert unicodedata.category(char)[0] != "C" or unicodedata.category(char) in {"Cn", "Co"}
        assert unicodedata.bidirectional(char) not in {
            *("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"),
        }
    assert visible(visible(text)) == visible(text)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("+673 8", "'+673 8"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "' =1"),
        ("\r=1", "' =1"),
        ("\x1b=1", "'=1"),
        ("\uff1d1", "'\uff1d1"),
        ("-", "'-"),
        ("-5.00", "-5.00"),
        ("-٣", "'-٣"),
        ("12", "12"),
        ("ACTIVE", "ACTIVE"),
        ("a=b", "a=b"),
        ("", ""),
    ],
)
def test_no_cell_is_a_formula(text: str, written: str) -> None:
    assert cell(text) == written


@given(st.text())
def test_every_cell_is_a_number_or_begins_as_text(text: str) -> None:
    written = cell(text)
    assert written.lstrip()[:1] not in set("=+-@") or Decimal(written) <= 0


def test_numbers_stay_numbers_in_csv() -> None:
    rows = [{"site": "=1", "amount": Decimal("-5.00")}]
    text = output.as_csv(Result(("site", "amount"), rows, ()))
    assert list(csv.reader(io.StringIO(text))) == [["site", "amount"], ["'=1", "-5.00"]]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [("ascii", "m3 ? ?"), ("utf-8", "m³ € ?"), ("cp850", "m³ ? ?"), ("cp437", "m3 ? ?")],
)
def test_an_encoding_that_has_not_all(encoding: str, text: str) -> None:
    assert encodable("m³ € \udc80", encoding) == text


def test_csv_on_an_ascii_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    stdout = io.TextIOWrapper(io.BytesIO(), encoding="ascii", newline="")
    monkeypatch.setattr("sys.stdout", stdout)
    rows = [{"unit": "m³"}]
    for option in ("--csv", "--json"):
        output.write(Result(("unit",), rows, (Column("unit", "Unit"),)), parse(["meters", option]))
    stdout.flush()
    written = stdout.buffer.getvalue().decode("ascii")
    assert written.startswith("unit\nm3\n")
    assert json.loads(written.removeprefix("unit\nm3\n")) == rows


async def test_the_portals_words_are_only_words(
    signed_in: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    said_of_it = {"ACTIVE": f"={HOSTILE}"}
    monkeypatch.setattr(pages, "escape", lambda text: escape(said_of_it.get(text, text)))
    told = (await signed_in("status", ELECTRICITY)).out + (await signed_in("meters")).out
    assert told.count(f"={SEEN}") == 3
    table = await signed_in("meters", "--csv")
    assert table.csv[0]["status"] == f"'={SEEN}"
    assert "\x1b" not in table.out + told
    # JSON has them as escapes, and programs get what the portal said.
    said = await signed_in("meters", "--json")
    assert said.out.isascii()
    assert said.json[0]["status"] == f"={HOSTILE}"
