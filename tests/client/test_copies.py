"""Copies of a store that are taken while it is written: whole if it is held, else refused."""

import random
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from custom_components.usms.client.brunei import BRUNEI, brunei_midnight
from custom_components.usms.client.errors import StoreCorrupt, StoreError
from custom_components.usms.client.models import Reading, Resolution, Utility
from custom_components.usms.client.store import ReadingsStore

METER = "10000001"
FIRST = date(2026, 1, 1)
AT = datetime(2026, 11, 3, 12, 0, tzinfo=BRUNEI)
PAGE = 4096

type Content = tuple[list[tuple[object, ...]], ...]


def save(store: ReadingsStore, days: int, value: str = "0.125", at: datetime = AT) -> None:
    """Store a day's hours, and its total."""
    day = FIRST + timedelta(days=days)
    start = brunei_midnight(day)
    hours = [Reading(start + timedelta(hours=n), Decimal(value)) for n in range(24)]
    with store.transaction():
        store.save_days(METER, day, day, [Reading(start, Decimal(value) * 24)], at)
        store.save_hours(METER, day, hours, at)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ReadingsStore]:
    with closing(ReadingsStore(tmp_path / "readings.db")) as store:
        store.record_meter(METER, Utility.ELECTRICITY, "", AT)
        for day in range(60):
            save(store, day)
        yield store


def file_of(tmp_path: Path) -> Path:
    return tmp_path / "readings.db"


def content(path: Path) -> Content:
    with closing(sqlite3.connect(path)) as db:
        return tuple(
            db.execute(f"SELECT * FROM {table}").fetchall() for table in ("reading", "day", "meter")
        )


def is_quickly_sound(path: Path) -> bool:
    try:
        with closing(sqlite3.connect(path)) as db:
            return bool(db.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))
    except sqlite3.Error:
        return False


def later_days(store: ReadingsStore) -> None:
    for day in range(60, 90):
        save(store, day)


def earlier_days(store: ReadingsStore) -> None:
    for day in range(-30, 0):
        save(store, day)


def corrections(store: ReadingsStore) -> None:
    for day in range(0, 60, 3):
        save(store, day, "0.250", AT + timedelta(days=1))


@pytest.mark.parametrize("write", [later_days, earlier_days, corrections])
def test_a_copy_of_two_moments_is_found(
    tmp_path: Path, store: ReadingsStore, write: Callable[[ReadingsStore], None]
) -> None:
    """Pages from before and after a write, cut anywhere: what opens is one of both, or refused."""
    file, copy = file_of(tmp_path), tmp_path / "copy.db"
    before, whole = file.read_bytes(), [content(file)]
    write(store)
    after = file.read_bytes()
    whole.append(content(file))
    let_through = refused = 0
    for cut in range(0, len(after) + PAGE, PAGE):
        copy.write_bytes(before[:cut] + after[min(cut, len(before)) :])
        try:
            ReadingsStore(copy).close()
        except StoreCorrupt:
            refused += 1
            let_through += is_quickly_sound(copy)
        else:
            assert content(copy) in whole, cut
    assert refused
    if write is corrections:
        assert let_through  # else a quick check would do


@pytest.mark.parametrize("held", [False, True])
def test_copies_taken_while_it_is_written(tmp_path: Path, store: ReadingsStore, held: bool) -> None:
    """As a backup takes them: piece by piece, while somebody writes."""
    file, copy, choose = file_of(tmp_path), tmp_path / "copy.db", random.Random(1)
    wanted, days = threading.Semaphore(0), iter(range(60, 10_000))
    written = threading.Semaphore(0)

    def write() -> None:
        while wanted.acquire() and (day := next(days)) is not None and not stop.is_set():
            save(store, choose.randrange(60) if day % 2 else day, str(Decimal(day) / 1000))
            written.release()

    stop, broken = threading.Event(), 0
    writer = threading.Thread(target=write)
    writer.start()
    for _ in range(60):
        if held:
            store.hold(5)
        before = content(file)
        with file.open("rb") as source, copy.open("wb") as target:
            while piece := source.read(4 * PAGE):
                target.write(piece)
                wanted.release()
                if not held:
                    written.acquire()
        if held:
            assert content(file) == before  # it waits
            store.release()
            written.acquire()
        try:
            ReadingsStore(copy).close()
        except StoreCorrupt:
            broken += 1
        else:
            assert not held or content(copy) == before
    stop.set()
    wanted.release()
    writer.join(30)
    assert not writer.is_alive()
    assert broken == 0 if held else broken > 0


def test_while_it_is_held_it_can_be_read(tmp_path: Path, store: ReadingsStore) -> None:
    store.hold(5)
    assert len(store.readings(METER, Resolution.HOUR)) == 60 * 24
    assert store.fact("nothing") is None
    with closing(sqlite3.connect(file_of(tmp_path), timeout=0)) as other:
        assert other.execute("SELECT count(*) FROM day").fetchone() == (60,)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
    store.hold(5)  # again changes nothing
    store.release()
    save(store, 60)
    store.release()
    assert len(store.readings(METER, Resolution.HOUR)) == 61 * 24


def test_what_another_process_writes_can_not_be_held(tmp_path: Path, store: ReadingsStore) -> None:
    with closing(sqlite3.connect(file_of(tmp_path), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="can't be held"):
            store.hold(0.01)
    save(store, 60)


def test_closing_ends_it(tmp_path: Path, store: ReadingsStore) -> None:
    store.hold(5)
    failed: list[StoreError] = []

    def write() -> None:
        try:
            save(store, 60)
        except StoreError as err:
            failed.append(err)

    writer = threading.Thread(target=write)
    writer.start()
    store.close()
    writer.join(30)
    assert not writer.is_alive()
    with closing(ReadingsStore(file_of(tmp_path))) as again:
        save(again, 61)
    assert len(failed) <= 1
