"""Pages that are not as they were: from a real page to one with a fault in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_ROW: Final = re.compile(r'<tr id="\w+_DXDataRow\d+" class="dxgvDataRow">.*?</tr>', re.DOTALL)
_CARD: Final = re.compile(
    r'<td class="dxcvCard" id="\w+">.*?(?=<td class="dxcvCard"|</tr></table></div>)', re.DOTALL
)
# A number with decimals, wherever the page shows one: in a row, a footer, a card or a label.
_NUMBER: Final = re.compile(r"(?<=>)([^<>\d/]*?)(\d[\d,]*)(\.\d+)([^<>\d/:]*)(?=<)")
_VALUE: Final = _NUMBER


def _blocks(html: str, change: Callable[[list[str]], list[str]]) -> str:
    """Put other rows, or cards where there are no rows, in the place of those of the page."""
    for pattern in (_ROW, _CARD):
        blocks = pattern.findall(html)
        if blocks:
            start = html.index(blocks[0])
            end = html.index(blocks[-1], start) + len(blocks[-1])
            return html[:start] + "".join(change(blocks)) + html[end:]
    return html


def _first_value(html: str, replacement: str) -> str:
    """Replace the first number of the page; the text around it (sign, unit) is group 1 and 4."""
    return _VALUE.sub(replacement, html, count=1)


def _commas(html: str) -> str:
    return _NUMBER.sub(
        lambda found: f"{found[1]}{int(found[2].replace(',', '')):011,d}{found[3]}{found[4]}", html
    )


def _label_missing(html: str) -> str:
    html = re.sub(r'<span class="dxeBase" id="pcErr_lblErrMsg">[^<]*</span>', "", html)
    html = re.sub(r'<span class="dxflCaption"[^>]*>Remaining Unit:</span>', "", html)
    html = re.sub(r'<span class="dxeBase" id="pcAccount_lblCurrentBalance">', "<span>", html)
    return html.replace(">Units Credited<", "><")


def _captions_renamed(html: str) -> str:
    for old, new in (
        ("Remaining Unit:", "Unit Left:"),
        ("Topup Amount ($)", "Amount"),
        ("Total units:", "Sum:"),
        ("pcAccount_lblRemainingUnit", "pcAccount_lblUnitLeft"),
        ("IC Number", "Identity"),
    ):
        html = html.replace(old, new)
    return html


def _ids_shifted(html: str) -> str:
    html = re.sub(r"\b(ASPxPageControl|ASPxCardView|ASPxRoundPanel)1", r"\g<1>2", html)
    html = html.replace("pcAccount_", "pcAccount1_")
    return re.sub(
        r"(CardLayout\d+_|DXDataRow)(\d+)", lambda found: f"{found[1]}{int(found[2]) + 1}", html
    )


def _unknown_type(html: str) -> str:
    html = re.sub(r'(name="cboType_VI" value=")\d', r"\g<1>7", html)
    return re.sub(r'(name="cboType" type="text" value=")[^"]*', r"\g<1>Quarterly", html)


def _zeros(html: str) -> str:
    return _NUMBER.sub(lambda found: f"{found[1]}0.{'0' * (len(found[3]) - 1)}{found[4]}", html)


DRIFTS: Final[Mapping[str, Callable[[str], str]]] = {
    "duplicate_rows": lambda html: _blocks(html, lambda blocks: [blocks[0], *blocks]),
    "unordered_rows": lambda html: _blocks(html, lambda blocks: blocks[::-1]),
    "nan": lambda html: _first_value(html, r"\g<1>NaN\g<4>"),
    "negative": lambda html: _first_value(html, r"-\g<1>\g<2>\g<3>\g<4>"),
    "commas": _commas,
    "zeros": _zeros,
    "decimal_commas": lambda html: _NUMBER.sub(
        lambda found: f"{found[1]}{found[2]},{found[3][1:]}{found[4]}", html
    ),
    "wrong_total": lambda html: re.sub(r"Total units: [\d.,]+", "Total units: 99,999.999", html),
    "label_missing": _label_missing,
    "caption_renamed": _captions_renamed,
    "ids_shifted": _ids_shifted,
    "unknown_type": _unknown_type,
}
"""By the fault's name; a page without the part in question stays as it is."""
