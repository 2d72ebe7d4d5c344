"""Sections of a document that scripts write, between markers; all else in it is left as it is."""

import re
from pathlib import Path

RELIABILITY = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"
_HEADS = {
    RELIABILITY.name: "# Reliability\n\nWhat was shown by test, and how to show it again. Each"
    " section is written by the script that it names.\n"
}


def replace(path: Path, name: str, text: str) -> None:
    """Put text between the markers `<!-- name:begin -->` and `<!-- name:end -->` of a file.

    Where the file or the markers are missing, they are made, at the file's end.
    """
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    section = f"{begin}\n{text.strip()}\n{end}"
    old = path.read_text() if path.exists() else _HEADS.get(path.name, "")
    markers = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    new = (
        markers.sub(lambda _: section, old)
        if markers.search(old)
        else f"{old.rstrip()}\n\n{section}\n"
    )
    path.parent.mkdir(exist_ok=True)
    path.write_text(new.lstrip())
