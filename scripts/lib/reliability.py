"""From the fault matrix's test run (JUnit's XML) to the table in docs/reliability.md."""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree as ET

_BEGIN, _END = "<!-- matrix: scripts/reliability -->", "<!-- /matrix -->"
_SHORT = {
    "right": "right",
    "UsmsConnectionError": "connection",
    "PortalUnavailable": "unavailable",
    "PageNotUnderstood": "page",
    "SessionExpired": "session",
    "CaptchaRefused": "captcha",
}


def cells(report: Path) -> tuple[dict[str, dict[str, str]], int]:
    """Return what came out, by fault and operation, and how many cells failed."""
    found: dict[str, dict[str, str]] = {}
    failed = 0
    for case in ET.parse(report).getroot().iter("testcase"):
        failed += case.find("failure") is not None or case.find("error") is not None
        for kept in case.iter("property"):
            fault, operation, *outcomes = str(kept.get("value")).split("|")
            names = list(dict.fromkeys(_SHORT[outcome] for outcome in outcomes))
            found.setdefault(fault, {})[operation] = ", then ".join(names)
    return found, failed


def table(found: dict[str, dict[str, str]], failed: int) -> str:
    """Return the table, in the order of the run."""
    operations = list(dict.fromkeys(name for row in found.values() for name in row))
    count = 2 * sum(len(row) for row in found.values())
    lines = [
        f"{count} cells measured, {failed} tests failed.",
        "",
        f"| fault | {' | '.join(operations)} |",
        f"|---|{'---|' * len(operations)}",
    ]
    for fault, row in found.items():
        shown = " | ".join(row.get(operation, "not run") for operation in operations)
        lines.append(f"| {fault} | {shown} |")
    return "\n".join(lines)


def main(report: str, page: str) -> int:
    """Put the table between the page's markers."""
    file = Path(page)
    before, begin, rest = file.read_text(encoding="utf-8").partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        print(f"{page} has no markers for the matrix", file=sys.stderr)
        return 1
    shown = table(*cells(Path(report)))
    file.write_text(f"{before}{begin}\n{shown}\n{end}{after}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
