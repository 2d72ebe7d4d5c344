"""The portal's HTML: ids, classes and nesting as seen, and the weight of such pages."""

from __future__ import annotations

from html import escape
from random import Random
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_WORDS: Final = ("ASPx", "Client", "Control", "Callback", "Panel", "Style", "Init", "Load", "Grid")


def _script(kilobytes: int) -> str:
    random = Random("script")
    lines = []
    size = 0
    while size < kilobytes * 1024:
        name = "".join(random.choices(_WORDS, k=3))
        line = (
            f"ASPx.createControl({name},'{name}_{random.randrange(999)}','',"
            f"{{'callBack':function(arg) {{ WebForm_DoCallback('{name}',arg,ASPx.Callback,"
            f"'{name}',ASPx.CallbackError,true); }},'uniqueID':'{name}${random.randrange(99)}'}});"
        )
        lines.append(line)
        size += len(line)
    return (
        "<script type='text/javascript'>\n//<![CDATA[\n" + "\n".join(lines) + "\n//]]>\n</script>"
    )


BALLAST: Final = _script(30)
_TOP: Final = (
    '<!DOCTYPE html>\n<html xmlns="http://www.w3.org/1999/xhtml"><head><meta charset="utf-8" />'
    '<link rel="stylesheet" type="text/css" href="/SmartMeter/DXR.axd?r=1_66,1_67" />'
    "<style>.dxeBase,.dxgvControl{font:12px Tahoma}</style>"
)


def page(title: str, hidden: Mapping[str, str], body: str, *, action: str) -> str:
    """Return a page with its form; the body stands between view state and script."""
    inputs = "\n".join(
        f'<input type="hidden" name="{name}" id="{name}" value="{escape(value)}" />'
        for name, value in hidden.items()
    )
    return (
        f"{_TOP}<title>{escape(title)}</title></head><body>"
        f'<form method="post" action="{escape(action)}" id="form1">\n<div class="aspNetHidden">\n'
        f"{inputs}\n</div>\n{body}\n{BALLAST}</form></body></html>"
    )


def error_label(text: str) -> str:
    """Return the popup whose label tells what went wrong; empty on a good page."""
    return (
        '<div class="dxpc-mainDiv" id="pcErr_PW-1" style="display:none"><table><tr><td>'
        f'<span class="dxeBase" id="pcErr_lblErrMsg">{escape(text)}</span>\n'
        "</td></tr></table></div>\n"
    )


def text_box(name: str, value: str, *, kind: str = "text") -> str:
    """Return a DevExpress text box; its id is its name with underscores."""
    identity = name.replace("$", "_")
    return (
        f'<table class="dxeTextBoxSys dxeTextBox" id="{identity}"><tr><td class="dxic">'
        f'<input class="dxeEditArea dxeEditAreaSys" id="{identity}_I" name="{name}" type="{kind}"'
        f' value="{escape(value)}" /></td></tr></table>'
    )


def button(name: str, value: str) -> str:
    """Return a DevExpress button."""
    identity = name.replace("$", "_")
    return (
        f'<div class="dxbButton" id="{identity}"><input id="{identity}_I" name="{name}"'
        f' type="submit" value="{escape(value)}" class="dxb-hb" /></div>'
    )


def hidden_input(name: str, value: str) -> str:
    """Return a hidden input of a control."""
    identity = name.replace("$", "_")
    return f'<input type="hidden" id="{identity}" name="{name}" value="{escape(value)}" />'


def combo_box(name: str, value: str, text: str, choices: Mapping[str, str]) -> str:
    """Return a combo box with its list, in the page and in its script."""
    items = "".join(
        f'<tr class="dxeListBoxItemRow"><td class="dxeListBoxItem">{escape(choice)}</td></tr>'
        for choice in choices.values()
    )
    infos = ",".join(f"{{'value':'{key}','text':'{choice}'}}" for key, choice in choices.items())
    return (
        hidden_input(f"{name}_VI", value)
        + text_box(name, text)
        + f'<div class="dxpcDropDown" id="{name}_DDD_PW-1" style="display:none">'
        f'<table id="{name}_DDD_L_LBT" class="dxeListBox">{items}</table></div>'
        f"<script>ASPx.createControl(ASPxClientListBox,'{name}_DDD_L','',{{'uniqueID':"
        f"'{name}$DDD$L','itemsInfo':[{infos}]}});</script>"
    )


def date_box(name: str, day: str, state: str) -> str:
    """Return a date box with its state."""
    return hidden_input(f"{name}$State", state) + text_box(name, day)


def grid(
    identity: str,
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    footer: str | None = None,
    pager: str = "",
) -> str:
    """Return a DevExpress grid; without rows it says so."""
    head = "".join(
        f'<td id="{identity}_col{n}" class="dxgvHeader"><table><tr><td>{escape(heading)}</td>'
        "</tr></table></td>"
        for n, heading in enumerate(headings)
    )
    lines = [
        f'<tr id="{identity}_DXDataRow{n}" class="dxgvDataRow">'
        + "".join(f'<td class="dxgv">{escape(cell)}</td>' for cell in row)
        + "</tr>"
        for n, row in enumerate(rows)
    ]
    if not rows:
        lines = [
            (
                f'<tr id="{identity}_DXEmptyRow" class="dxgvEmptyDataRow">'
                f'<td class="dxgv" colspan="{len(headings)}">No data to display</td></tr>'
            )
        ]
    if footer is not None:
        lines.append(
            f'<tr id="{identity}_DXFooterRow" class="dxgvFooter"><td class="dxgv">&nbsp;</td>'
            f'<td class="dxgv">{escape(footer)}</td></tr>'
        )
    return (
        f'<table id="{identity}" class="dxgvControl"><tr><td>'
        f'<table id="{identity}_DXMainTable" class="dxgvTable">'
        f'<tr id="{identity}_DXHeadersRow0">{head}</tr>{"".join(lines)}</table>'
        f"{pager}</td></tr></table>"
    )


def dressed(html: str, *, hidden_dialog: bool, banner: str) -> str:
    """Return a good page with what may stand on it besides."""
    more = f'<div class="banner">{escape(banner)}</div>' if banner else ""
    if hidden_dialog:
        more += (
            '<div class="dxpcLite" id="pcExpired_PW-1" style="display:none"><span>'
            "Your Session Has Expired, Please Login Again.</span></div>"
        )
    return html.replace("<body>", f"<body>{more}", 1)
