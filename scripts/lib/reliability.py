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


_AT_HOME = """\
The same in Home Assistant, through a night under each fault: {count} cells, {failed} failed. A cell
passes when no statistic showed another value than the portal's at any time, requests stayed within
60 an hour, no traceback was logged, and when, the fault over, every row of every statistic was the
truth. A hang and a slow drip are left out: the clock of these tests stands, so nothing times out.
"""


def cells(report: Path) -> tuple[dict[str, dict[str, str]], int, int, int]:
    """Return what came out, by fault and operation, and how many of the client's cells failed.

    Also how many cells there were in Home Assistant, and how many of those failed.
    """
    found: dict[str, dict[str, str]] = {}
    failed = at_home = failed_at_home = 0
    for case in ET.parse(report).getroot().iter("testcase"):
        fails = case.find("failure") is not None or case.find("error") is not None
        if "integration" in str(case.get("classname")):
            at_home += 1
            failed_at_home += fails
            continue
        failed += fails
        for kept in case.iter("property"):
            fault, operation, *outcomes = str(kept.get("value")).split("|")
            names = list(dict.fromkeys(_SHORT[outcome] for outcome in outcomes))
            found.setdefault(fault, {})[operation] = ", then ".join(names)
    return found, failed, at_home, failed_at_home


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
    found, failed, at_home, failed_at_home = cells(Path(report))
    text = f"{_HEAD}\n{table(found, failed)}"
    if at_home:
        text += "\n\n" + _AT_HOME.format(count=at_home, failed=failed_at_home).rstrip()
    sections.replace(sections.RELIABILITY, "matrix", text)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
