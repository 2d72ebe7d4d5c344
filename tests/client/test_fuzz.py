"""Pages of real shape, mutated at random: understood, or refused by the documented error.

`scripts/fuzz` looks further, by coverage; what it finds is kept in `fixtures/pages`.
"""

import re
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.usms import client
from custom_components.usms.client import PageNotUnderstood
from custom_components.usms.client.models import Account, Payment
from custom_components.usms.client.portal.topup_pages import TopUpsPage
from tests.support.large_pages import large_pages
from tests.support.page_shapes import shapes
from tests.support.page_targets import page_targets

TARGETS = page_targets(client)
SHAPES = shapes()
CRASHES = Path(__file__).parent / "fixtures" / "pages"

type Mutation = Callable[[str, st.DrawFn], str]


def _cut(html: str, draw: st.DrawFn) -> str:
    """Lose some of the page, or all of its end."""
    at = draw(st.integers(0, len(html)))
    return html[:at] + html[at + draw(st.sampled_from((1, 7, 60, 900, len(html)))) :]


def _again(html: str, draw: st.DrawFn) -> str:
    """Have a part of the page twice, maybe elsewhere."""
    start, to = draw(st.integers(0, len(html))), draw(st.integers(0, len(html)))
    return html[:to] + html[start : start + draw(st.integers(1, 1500))] + html[to:]


def _other_text(html: str, draw: st.DrawFn) -> str:
    """Put other text, numbers or markup where a text stands."""
    places = [(found.start(1), found.end(1)) for found in re.finditer(r">([^<>]+)<", html)]
    start, end = draw(st.sampled_from(places)) if places else (0, 0)
    odd = (
        "-",
        "",
        "(1.00",
        "1,5",
        "9" * 5000,
        "٣" * 8,
        "31/02/2026",
        "00/00/0000",
        "NaN",
        "-" + " " * 3000 + "1",
        "Page 1 of " + "9" * 5000,
        "<td>1</td>",
        "&#x0;&#xD800;",
        "Infinity",
        "1e999",
        "Total units: " + "1" * 400,
    )
    return html[:start] + draw(st.one_of(st.sampled_from(odd), st.text(max_size=30))) + html[end:]


def _noise(html: str, draw: st.DrawFn) -> str:
    """Put anything anywhere."""
    at = draw(st.integers(0, len(html)))
    pieces = ("<", ">", '"', "</td>", "</tr>", "<tr>", "<!--", "]]>", "<td class='dxcvCard'>", "\0")
    return html[:at] + draw(st.one_of(st.sampled_from(pieces), st.text(max_size=9))) + html[at:]


MUTATIONS: tuple[Mutation, ...] = (_cut, _again, _other_text, _other_text, _noise)


@st.composite
def mutated(draw: st.DrawFn, page: str) -> str:
    """Return a page of that kind with up to five things wrong with it."""
    html = draw(st.sampled_from(SHAPES[page]))
    for _ in range(draw(st.integers(1, 5))):
        html = draw(st.sampled_from(MUTATIONS))(html, draw)
    return html


def understood(page: str, html: str) -> object:
    """Return what a page says; None where it is refused as documented."""
    try:
        return TARGETS[page](html)
    except PageNotUnderstood as err:
        refused = err
    assert refused.page == page
    assert re.fullmatch(r"[\w' ,.()/-]+", refused.missing), "a line of the page?"
    return None


@pytest.mark.parametrize("page", sorted(SHAPES))
def test_the_shapes_themselves_are_understood(page: str) -> None:
    for html in SHAPES[page]:
        assert understood(page, html) is not None


@pytest.mark.parametrize("page", sorted(SHAPES))
@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@given(data=st.data())
def test_mutated_pages_are_understood_or_refused(page: str, data: st.DataObject) -> None:
    found = understood(page, data.draw(mutated(page)))
    if isinstance(found, Account):
        assert all(re.fullmatch("[0-9]+", meter.number) for meter in found.meters)
        amounts = [m.remaining_units for m in found.meters] + [m.balance for m in found.meters]
    elif isinstance(found, Payment):
        assert found.meter == "10000001"
        amounts = [found.balance, found.remaining_units]
    elif isinstance(found, TopUpsPage):
        assert all(topup.at.tzinfo for topup in found.topups)
        amounts = [topup.amount for topup in found.topups]
    else:
        amounts = []
    assert all(amount is None or Decimal(amount).is_finite() for amount in amounts)


@pytest.mark.parametrize("crash", sorted(CRASHES.glob("*/*")), ids=lambda path: path.name)
def test_what_once_crashed(crash: Path) -> None:
    understood(crash.parent.name, crash.read_bytes().decode("utf-8", errors="replace"))


@pytest.mark.long
@pytest.mark.parametrize(("page", "name"), [(p, n) for p in TARGETS for n in large_pages(100)])
def test_time_grows_no_faster_than_the_page(page: str, name: str) -> None:
    """Pages made to be slow: 200 kB of each here, 5 MB in `scripts/fuzz`."""
    html = large_pages(200_000)[name]
    began = time.process_time()
    understood(page, html)
    assert time.process_time() - began < 5
