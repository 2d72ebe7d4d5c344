"""What a steady day costs Home Assistant, as its own test counts it at accelerated time."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from tests.support import ROOT

from .table import Goal, Row

TEST = "tests/integration/test_steady_day.py"
HOURS_WRITTEN = 2 * 24 + 1
"""Rows of consumption and cost, and one of the daily report."""


def lived() -> dict[str, Any]:
    """Live the day; return what it cost."""
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "day.json"
        command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", TEST]
        environment = os.environ | {"USMS_DAY_RESULT": str(result)}
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
        if not result.exists():
            raise RuntimeError(done.stdout[-2000:])
        found: dict[str, Any] = json.loads(result.read_text())
        return found


async def day() -> AsyncIterator[Row]:
    """Yield a row for each thing that a day costs."""
    found = await asyncio.to_thread(lived)
    written, size = found["written"], found["size"]
    yield Row(
        "written to disk in a steady day, both meters (limit: the rows' size)",
        "kB",
        sum(written.values()) / 1000,
        limit=sum(size.values()) / 1000,
        goals=[Goal(20, "limit")],
    )
    for name in written:
        yield Row(f"of it in the {name}", "kB", written[name] / 1000, limit=size[name] / 1000)
    for whose, rows in found["states"].items():
        goals = [] if whose == "account" else [Goal(60)]
        yield Row(f"recorder: rows of states in a steady day, {whose}", "", rows, goals=goals)
    for whose in ("electricity", "water"):
        name = f"state changes in a steady day, {whose}"
        yield Row(name, "", found["moved"][whose], goals=[Goal(60)])
    yield Row(
        "recorder: rows of statistics in a steady day, both meters",
        "",
        found["statistics"],
        limit=HOURS_WRITTEN + 1,
    )
    for name, key in {"import of 120 days": "importing", "steady day": "turn"}.items():
        turn = f"longest turn of the loop: {name}"
        yield Row(turn, "ms CPU", found[key], limit=10, goals=[Goal(15)])
