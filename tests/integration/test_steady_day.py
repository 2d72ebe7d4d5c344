"""What a day costs Home Assistant once the history is read: rows, bytes, turns of its loop.

`scripts/bench` runs it for its table, with the file for the result in USMS_DAY_RESULT.
"""

import json
import os
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.recorder import get_instance

from tests.support.harness import Harness
from tests.support.watch import Watch, watching

pytestmark = [
    pytest.mark.defaults,
    pytest.mark.long,
    pytest.mark.history(days=120),
    pytest.mark.timeout(900),
]

RESULT = os.environ.get("USMS_DAY_RESULT")
POLL = timedelta(minutes=10)
POLLS = 144
THREADS = {"store": "SyncWorker", "recorder": "Recorder"}
"""Who writes each: the store is written by Home Assistant's workers."""


@pytest.fixture
def persistent_database() -> bool:
    """Have the recorder's SQLite on the disk."""
    return True


@pytest.fixture
def recorder_config() -> dict[str, Any]:
    """Record all, and commit as often as Home Assistant does."""
    return {"commit_interval": 5}


async def test_a_steady_day(hass: HomeAssistant, account: Harness) -> None:
    account.portal.set_profile(session_minutes=None)
    with watching() as importing:
        await account.start_history()
    for _ in range(2):
        await account.forward(timedelta(days=1))
    await account.move_to(_midnight(account.now))
    written, rows = _written(), _rows(hass, account)
    with changes(hass) as changed, watching() as watch:
        for _ in range(POLLS):
            await account.forward(POLL)
    written, rows = _written() - written, _rows(hass, account) - rows
    whose = {account.meter(kind).number: kind for kind in ("electricity", "water")}
    found = {
        "turn": _longest(watch),
        "importing": _longest(importing),
        "written": {name: written[thread] for name, thread in THREADS.items()},
        "size": {name: rows[f"{name} bytes"] for name in THREADS},
        "statistics": rows["statistics"],
        "states": _by_owner(changed, whose),
        "moved": _by_owner(Counter({k: n for k, n in changed.items() if k[1]}), whose),
    }
    print(f"\n{json.dumps(found)}\n{dict(changed.most_common())}")
    if RESULT:
        Path(RESULT).write_text(json.dumps(found))
    assert sum(changed.values()) == rows["states"]
    assert max(found["moved"].values()) <= 130
    assert found["written"]["store"] < 350_000  # small pages, and one transaction for a poll
    # Hours and days of three series; a correction may add some.
    assert found["statistics"] <= 24 * 2 + 2 * 3 + 24
    assert not any(key.endswith("_captcha") for key, _ in changed)


def _longest(watch: Watch) -> float:
    """Return the longest turn of the loop that was ours, in ms of the processor."""
    return max((busy for _, busy, _ in watch.ours), default=0.0)


def _midnight(now: datetime) -> datetime:
    return (now + timedelta(days=1)).replace(hour=0, minute=0, second=0)


@contextmanager
def changes(hass: HomeAssistant) -> Iterator[Counter[tuple[str, bool]]]:
    """Count what is recorded of our entities, by unique id and whether the state itself moved."""
    registry, found = er.async_get(hass), Counter[tuple[str, bool]]()

    @callback
    def note(event: Event[EventStateChangedData]) -> None:
        before, after = event.data["old_state"], event.data["new_state"]
        entity = registry.async_get(event.data["entity_id"])
        if entity and before and after:
            found[entity.unique_id, before.state != after.state] += 1

    stop = hass.bus.async_listen("state_changed", note)
    yield found
    stop()


def _by_owner(changed: Counter[tuple[str, bool]], whose: dict[str, str]) -> dict[str, int]:
    """Return how many of them are of each meter, and of the account."""
    found = Counter(dict.fromkeys((*whose.values(), "account"), 0))
    for (unique_id, _), count in changed.items():
        found[whose.get(unique_id.partition("_")[0], "account")] += count
    return dict(found)


def _written() -> Counter[str]:
    """Return how many bytes this process has written to files, by kind of thread."""
    found: Counter[str] = Counter()
    for task in Path("/proc/self/task").iterdir():
        name = (task / "comm").read_text().strip().partition("_")[0]
        fields = dict(line.split(": ") for line in (task / "io").read_text().splitlines())
        found[name] += int(fields["wchar"])
    return found


def _rows(hass: HomeAssistant, account: Harness) -> Counter[str]:
    """Return the rows by table, and the bytes of all values in each file."""
    recorder = get_instance(hass).db_url.removeprefix("sqlite:///")
    store = hass.config.path(".storage", f"usms.{account.entry.entry_id}.db")
    found: Counter[str] = Counter()
    for name, file in {"store": store, "recorder": recorder}.items():
        with closing(sqlite3.connect(file)) as db:
            tables = db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            for (table,) in tables:
                columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
                size = " + ".join(f"coalesce(length(CAST({one} AS BLOB)), 0)" for one in columns)
                count, size = db.execute(f"SELECT count(*), sum({size}) FROM {table}").fetchone()
                found[table] += count
                found[f"{name} bytes"] += size or 0
    return found
