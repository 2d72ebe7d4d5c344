"""From the fault matrix's test run (JUnit's XML) to the table in docs/reliability.md."""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree as ET

from . import sections

_HEAD = """\
## Faults of the portal

Every fault of the simulated portal, by what is asked of it: for the first time, and with a session
that has read before (two outcomes are shown where they differ). A cell passes when the client
returned exactly the portal's truth, or raised the documented error; when it sent at most ten
requests and left no error or traceback in the log; and when, the fault over, the same question was
answered with the truth. `scripts/reliability` runs it and writes this table.

*right*: the truth, in spite of the fault · *connection*: `UsmsConnectionError` · *unavailable*:
`PortalUnavailable` · *page*: `PageNotUnderstood` · *session*: `SessionExpired` · *captcha*:
`CaptchaRefused`, with a new picture.
"""
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


def main(report: str) -> int:
    """Put the table into the page."""
    sections.replace(sections.RELIABILITY, "matrix", f"{_HEAD}\n{table(*cells(Path(report)))}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
