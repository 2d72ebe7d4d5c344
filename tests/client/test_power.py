"""Power cuts and kills at every single write: nothing committed is lost, nothing is half done."""

import shutil
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from custom_components.usms.client.brunei import BRUNEI, brunei_midnight
from custom_components.usms.client.models import Reading, Utility
from custom_components.usms.client.store import ReadingsStore
from tests.support.power.disk import compiled, crashes, record

METER = "10000001"
FIRST = date(2026, 10, 1)
AT = datetime(2026, 11, 3, tzinfo=BRUNEI)

SCRIPT = """
import os, sys
from pathlib import Path
from tests.client.test_power import transactions
from custom_components.usms.client.store import ReadingsStore

folder = Path(sys.argv[1])
ack = os.open(folder / "ack", os.O_CREAT | os.O_WRONLY)
store = ReadingsStore(folder / "readings.db")
for transaction in transactions(store):
    transaction()
    os.write(ack, b".")
"""


def transactions(store: ReadingsStore) -> list[Any]:
    """Return what a store goes through: new rows, corrections, deletions, many pages at once."""

    def hours(day: date, value: str, count: int = 24) -> list[Reading]:
        start = brunei_midnight(day)
        return [Reading(start + timedelta(hours=n), Decimal(value)) for n in range(count)]

    days = [FIRST + timedelta(days=n) for n in range(31)]
    totals = [Reading(brunei_midnight(day), Decimal("24.5")) for day in days]
    return [
        lambda: store.record_meter(METER, Utility.ELECTRICITY, "100 5", AT),
        lambda: store.save_days(METER, days[0], days[-1], totals, AT),
        lambda: store.save_hours(METER, days[0], hours(days[0], "1.000", 20), AT),
        lambda: store.estimate_hours(METER, days[0], hours(days[0], "1.125")[20:], AT),
        lambda: many(store, days, hours),
        lambda: store.save_hours(METER, days[3], hours(days[3], "1.500"), AT),
        lambda: store.estimate_hours(METER, days[0], [], AT),
        lambda: store.settle(METER, days[:20], AT),
        lambda: store.remember("open_page_serves", {"value": True}),
        lambda: store.want(METER, days[0], days[-1], again=True),
    ]


def many(store: ReadingsStore, days: list[date], hours: Any) -> None:
    """Write a month of hours as one transaction."""
    with store.transaction():
        for day in days[1:]:
            store.save_hours(METER, day, hours(day, "0.999"), AT)


def content(store: ReadingsStore) -> list[Any]:
    """Return every row of every table."""
    with store.transaction() as db:
        tables = db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return [
            (table, db.execute(f"SELECT * FROM {table}").fetchall()) for (table,) in sorted(tables)
        ]


@pytest.mark.timeout(300)
def test_the_power_is_cut_after_every_write(tmp_path: Path) -> None:
    if shutil.which("cc") is None:
        pytest.skip("no C compiler: what a process writes can't be recorded")
    store = ReadingsStore(tmp_path / "expected.db")
    expected = [content(store)]
    for transaction in transactions(store):
        transaction()
        expected.append(content(store))
    store.close()

    folder = tmp_path / "disk"
    folder.mkdir()
    operations = record(compiled(tmp_path), SCRIPT, folder, tmp_path / "log")
    assert sum(operation.name == "ack" for operation in operations) == len(expected) - 1
    states = 0
    seen: set[tuple[object, int]] = set()
    after = tmp_path / "after"
    for n, how, files, acknowledged in crashes(operations, chances=2):
        found = {name: data for name, data in files.items() if name != "ack"}
        key = (tuple(sorted(found.items())), acknowledged)
        if key in seen:
            continue
        seen.add(key)
        states += 1
        shutil.rmtree(after, ignore_errors=True)
        after.mkdir()
        for name, data in found.items():
            (after / name).write_bytes(data)
        store = ReadingsStore(after / "readings.db")
        rows = content(store)
        store.close()
        # What has returned is there; what was under way is there as a whole or not at all.
        assert rows in expected[acknowledged : acknowledged + 2], (n, how, operations[n])
    print(f"{len(operations)} operations, {states} states of the disk")
    assert states > 200
