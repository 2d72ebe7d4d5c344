"""Write the section on the soak from its results, a file a recorder."""

import json
import sys
from pathlib import Path
from typing import Any

from scripts.lib import sections

_NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "mariadb": "MariaDB"}

_TEXT = """\
## Soak

Written by `scripts/soak`: Home Assistant with two accounts (three meters) lives {days} days at
accelerated time, with corrections, late and missing hours, and by chance: faults of the portal,
sessions that die, restarts. At the end of each month, and of it all, every row of every
statistic is compared with the portal's truth.

| {head} |
|---|{rule}
{rows}

Memory is of the whole process, with the simulated portal in it, three looks' mean, {warm} days
after the beginning and at the end; for the last third nothing is started anew. In use is what was
allocated and not freed, by Python and by libraries, without SQLite's page caches: the recorder lets
these grow to 16 MB with its database. Resident is all of it, with the pages that are partly free.
What is left is counted after a stop: tasks, threads, open files and sockets.
"""


def main(folder: Path) -> None:
    """Read the results and write the section."""
    found = {
        name: json.loads(path.read_text())
        for name in _NAMES
        if (path := folder / f"{name}.json").exists()
    }
    if not found:
        raise SystemExit("no results")
    results = list(found.values())
    lines = [
        ("days lived", [result["days"] for result in results]),
        *((what, [result["happened"].get(what, 0) for result in results]) for what in _HAPPENED),
        ("readings in the stores", [f"{result['readings']:,}" for result in results]),
        ("memory in use, warm to end (MB)", [_memory(result, "used") for result in results]),
        ("grown in use (MB)", [result["megabytes_grown"] for result in results]),
        (
            "grown in use in the last third (MB)",
            [result["megabytes_grown_calm"] for result in results],
        ),
        ("SQLite's page caches (MB)", [_memory(result, "sqlite") for result in results]),
        ("resident (MB)", [_memory(result, "resident") for result in results]),
        ("bytes a reading, warm to end", [_bytes(result) for result in results]),
        ("tasks, threads, files left", [len(result["left"]) for result in results]),
        ("tracebacks in the log", [len(result["unforeseen"]) for result in results]),
        ("minutes it took", [result["minutes"] for result in results]),
    ]
    text = _TEXT.format(
        days=max(result["days"] for result in results),
        warm=results[0]["warm_up"],
        head=" | ".join(["", *(_NAMES[name] for name in found)]).lstrip(" "),
        rule="---|" * len(found),
        rows="\n".join(f"| {what} | {' | '.join(map(str, cells))} |" for what, cells in lines),
    )
    sections.replace(sections.RELIABILITY, "soak", text)


_HAPPENED = ("faults", "dead sessions", "sign-ins", "restarts", "comparisons")


def _memory(result: dict[str, Any], kind: str) -> str:
    return f"{result['megabytes_warm'][kind]} to {result['megabytes_end'][kind]}"


def _bytes(result: dict[str, Any]) -> str:
    return f"{result['bytes_a_reading_warm']} to {result['bytes_a_reading_end']}"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
