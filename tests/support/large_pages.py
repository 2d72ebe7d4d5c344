"""Pages made to be slow or to take memory: each of something that a parser may trip over."""

_CARD = '<td class="dxcvCard">'
_GRID = '<table id="ASPxPageControl1_grid_DXMainTable">'
_REPORT = '<input name="__VIEWSTATE" value="x"><span id="pcErr_lblErrMsg"></span>'
_ROW = '<tr class="dxgvDataRow">'
_PIECES = {
    "nested cards": ("", _CARD),
    "captions without values": (_CARD, '<span class="dxflCaption">'),
    "closed captions without values": (_CARD, '<span class="dxflCaption">a</span>'),
    "many cards": ("", f"{_CARD}</td>"),
    "nested rows": (_REPORT + _GRID, f"{_ROW}<td>"),
    "rows": (_REPORT + _GRID, f"{_ROW}<td>1</td><td>1</td></tr>"),
    "choices that never come": (_REPORT, "cboType "),
    "spaces in a number": (f"{_REPORT}{_GRID}{_ROW}<td>1</td><td>(", " "),
    "digits": (f"{_REPORT}{_GRID}{_ROW}<td>1</td><td>", "1"),
    "thousands": (f"{_REPORT}{_GRID}{_ROW}<td>1</td><td>1", ",111"),
    "spaces before a total": (f'{_REPORT}{_GRID}<tr id="_DXFooterRow"><td>1 total units', "  "),
    "pages": ("ASPxCardView1", "Page 1 of "),
    "digits of a pager": ("ASPxCardView1 Page ", "1"),
    "spaces of a pager": ("ASPxCardView1 Page", " "),
    "inputs": ("", "<input name=a>"),
    "inputs of many names": (_REPORT, "<input name=a b c d e f g h i j k l>"),
    "attributes": ("<input ", "a "),
    "attributes without an end": ("<input a='", "b"),
    "quotes": ("<input ", "'"),
    "classes": ('<td class="', "dxcvCard "),
    "ids of labels": ("", '<span id="pcAccount_lblMeterNo2">'),
    "labels": ("", '<span id="pcErr_lblErrMsg"></span>'),
    "deep": (_GRID, "<div>"),
    "closing tags": (_GRID, "</div>"),
    "angles": ("", "<"),
    "comments": ("", "<!--"),
    "declarations": ("", "<!"),
    "sections": ("", "<![CDATA["),
    "instructions": ("", "<?"),
    "scripts": ("", "<script>"),
    "entities": (_CARD, "&amp;"),
    "entities without an end": (_CARD, "&#"),
    "nothing": ("", "\0"),
    "headings": (
        '<input name="__VIEWSTATE" value="x"><table id="grid_DXMainTable">',
        '<td class="dxgvHeader">source</td>',
    ),
}


def large_pages(size: int, most_tags: int | None = None) -> dict[str, str]:
    """Return pages of about that many characters, by what they are made of.

    With `most_tags` those that would have more end after so many, and in one long word.
    """
    pages = {}
    for name, (head, piece) in _PIECES.items():
        count = size // len(piece)
        if most_tags and "<" in piece:
            count = min(count, most_tags // piece.count("<"))
        pages[name] = (head + piece * count).ljust(size, "x")[:size]
    return pages
