"""The store's file in every state a disk can leave it in, and on every disk."""

import os
import random
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.usms.client.brunei import BRUNEI, brunei_midnight
from custom_components.usms.client.errors import (
    StoreCorrupt,
    StoreError,
    StoreFull,
    StoreNotWritable,
    StoreTooNew,
)
from custom_components.usms.client.models import Reading, Resolution, Utility
from custom_components.usms.client.store import ReadingsStore
from custom_components.usms.client.store.file import (
    files_set_aside,
    journal_of,
    open_file,
    set_aside,
)
from custom_components.usms.client.store.schema import MIGRATIONS

METER = "10000001"
DAY = date(2026, 11, 1)
AT = datetime(2026, 11, 3, 12, 0, tzinfo=BRUNEI)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "readings.db"


def fill(store: ReadingsStore, days: int = 20) -> None:
    """Store some days of hours."""
    store.record_meter(METER, Utility.ELECTRICITY, "100 5", AT)
    for n in range(days):
        day = DAY + timedelta(days=n)
        start = brunei_midnight(day)
        hours = [Reading(start + timedelta(hours=h), Decimal("0.125")) for h in range(24)]
        store.save_hours(METER, day, hours, AT)


def filled(path: Path, days: int = 20) -> bytes:
    """Return the file of a store with some days in it."""
    with closing(ReadingsStore(path)) as store:
        fill(store, days)
    return path.read_bytes()


def use(path: Path) -> None:
    """Do with a store what the integration does; raises StoreError."""
    with closing(ReadingsStore(path)) as store:
        for meter in store.meters():
            store.days(meter.number)
            for resolution in (Resolution.HOUR, Resolution.DAY):
                store.readings(meter.number, resolution)
        store.fact("open_page_serves")
        fill(store, 2)


# --- other versions ---


def test_a_store_of_an_older_version_is_brought_up_to_date(path: Path) -> None:
    """By the steps that it lacks, each once."""
    steps = (*MIGRATIONS, "CREATE TABLE later (a INTEGER)", "ALTER TABLE later ADD COLUMN b TEXT")
    with closing(ReadingsStore(path)) as store:
        fill(store, 2)
        known = store.readings(METER, Resolution.HOUR)
    with closing(open_file(path, steps)):
        pass
    new = path.with_name("new.db")
    open_file(new, steps).close()
    assert version_and_tables(path) == version_and_tables(new)
    with closing(open_file(path, steps)) as db:
        assert db.execute("SELECT count(*) FROM reading").fetchone() == (len(known),)
        assert len(known) > 0


def version_and_tables(path: Path) -> tuple[int, list[tuple[str, ...]]]:
    with closing(sqlite3.connect(path)) as db:
        columns = "SELECT m.name, i.* FROM sqlite_master m, pragma_table_info(m.name) i ORDER BY 1"
        (version,) = db.execute("PRAGMA user_version").fetchone()
        return version, db.execute(columns).fetchall()


def test_a_newer_one_is_left_as_it_is(path: Path) -> None:
    filled(path)
    with closing(sqlite3.connect(path)) as db:
        db.executescript("CREATE TABLE later (x); PRAGMA user_version = 99")
    before = path.read_bytes()
    with pytest.raises(StoreTooNew, match="newer version"):
        ReadingsStore(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("version", [0, 1, 77])
def test_what_belongs_to_others_is_no_store(path: Path, version: int) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.executescript(f"CREATE TABLE places (url); PRAGMA user_version = {version}")
    before = path.read_bytes()
    with pytest.raises(StoreCorrupt, match="not a readings store"):
        ReadingsStore(path)
    assert path.read_bytes() == before


# --- damage ---


def test_an_empty_file_is_a_new_store(path: Path) -> None:
    path.touch()
    use(path)


@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_damaged(path: Path, share: float) -> None:
    whole = filled(path)
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(StoreCorrupt):
        use(path)


def test_noise_is_no_store(path: Path) -> None:
    path.write_bytes(random.Random(1).randbytes(50_000))
    with pytest.raises(StoreCorrupt):
        use(path)


@pytest.mark.parametrize("damage", ["value = '1,5'", "read_at = 1e18", "value = x'00ff'"])
def test_a_value_that_can_not_be_is_damage(path: Path, damage: str) -> None:
    filled(path)
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"UPDATE reading SET {damage} WHERE start = ?", (stamp(DAY),))
        db.commit()
    with pytest.raises(StoreCorrupt):
        use(path)


def stamp(day: date) -> int:
    return int(brunei_midnight(day).timestamp())


@cache
def sound() -> bytes:
    """Return the file of a small store."""
    with tempfile.TemporaryDirectory() as folder:
        return filled(Path(folder, "readings.db"), 5)


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(data=st.data())
def test_whatever_is_damaged_the_error_is_known(data: st.DataObject) -> None:
    """Any bytes overwritten by any others: it works, or says what is wrong, and nothing else."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "readings.db")
        content = bytearray(sound())
        for _ in range(data.draw(st.integers(1, 4))):
            area = data.draw(st.sampled_from((100, len(content))))
            at = data.draw(st.integers(0, area - 1))
            noise = data.draw(st.binary(min_size=1, max_size=64))
            content[at : at + len(noise)] = noise
        path.write_bytes(content)
        try:
            use(path)
        except StoreCorrupt:
            set_aside(path, AT)
            use(path)  # a new one works
        except StoreError:
            assert path.exists()


def test_a_damaged_file_is_set_aside_with_its_journal(path: Path) -> None:
    path.write_bytes(b"damaged")
    journal_of(path).write_bytes(b"journal")
    first = set_aside(path, AT)
    assert first.name == "readings.damaged-20261103T120000.db"
    assert (first.read_bytes(), journal_of(first).read_bytes()) == (b"damaged", b"journal")
    assert not journal_of(path).exists()
    path.write_bytes(b"damaged again")
    second = set_aside(path, AT)
    assert files_set_aside(path) == sorted([first, second])
    use(path)


# --- disks ---


def test_a_full_store_loses_nothing_and_goes_on(path: Path) -> None:
    """By SQLite's own limit, which fails where a full disk does."""
    with closing(ReadingsStore(path)) as store:
        fill(store, 10)
        before = store.readings(METER, Resolution.HOUR)
        with store.transaction() as db:
            (pages,) = db.execute("PRAGMA page_count").fetchone()
            db.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StoreFull):
            fill(store, 400)
        after = store.readings(METER, Resolution.HOUR)
        assert after[: len(before)] == before
        assert len(after) % 24 == 0  # whole days only
        with store.transaction() as db:
            db.execute("PRAGMA max_page_count = 100000")
        fill(store, 40)
        assert len(store.readings(METER, Resolution.HOUR)) == 40 * 24


@contextmanager
def disk(folder: Path, kilobytes: int) -> Iterator[Callable[[str], None]]:
    """A disk of that size at that folder; yields how to mount it anew with options."""
    folder.mkdir()

    def mount(options: str) -> None:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode:
            pytest.skip("a disk can be mounted by root only")

    mount(f"size={kilobytes}k")
    try:
        yield mount
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk(tmp_path: Path) -> None:
    with disk(tmp_path / "disk", 400):
        path = tmp_path / "disk" / "readings.db"
        filler = path.with_name("other")
        with closing(ReadingsStore(path)) as store:
            fill(store, 10)
            filler.write_bytes(b"x" * 260 * 1024)
            with pytest.raises(StoreFull):
                fill(store, 400)
            filler.unlink()
            fill(store, 40)
            assert len(store.readings(METER, Resolution.HOUR)) >= 40 * 24
        use(path)


def test_a_full_disk_has_no_room_for_a_new_store(tmp_path: Path) -> None:
    with disk(tmp_path / "disk", 64):
        path = tmp_path / "disk" / "readings.db"
        filler = path.with_name("other")
        filler.write_bytes(b"x" * 56 * 1024)
        with pytest.raises(StoreFull):
            ReadingsStore(path)
        filler.unlink()
        use(path)


def test_a_read_only_disk(tmp_path: Path) -> None:
    with disk(tmp_path / "disk", 1000) as mount:
        path = tmp_path / "disk" / "readings.db"
        filled(path)
        mount("remount,ro")
        with closing(ReadingsStore(path)) as store:  # what is there can be read
            assert len(store.readings(METER, Resolution.HOUR)) == 20 * 24
            with pytest.raises(StoreNotWritable):
                fill(store)
        with pytest.raises(StoreNotWritable):
            ReadingsStore(path.with_name("new.db"))
        with pytest.raises(StoreNotWritable):
            set_aside(path, AT)
        mount("remount,rw")
        use(path)


def test_a_file_that_is_somebody_elses() -> None:
    """Read-only to us, in a folder that we may not write either."""
    folder = Path(tempfile.mkdtemp())
    path = folder / "readings.db"
    filled(path)
    path.chmod(0o444)
    folder.chmod(0o555)
    try:
        with nobody(), closing(ReadingsStore(path)) as store:
            assert store.meters()
            with pytest.raises(StoreNotWritable):
                fill(store)
    finally:
        folder.chmod(0o700)
        path.unlink()
        folder.rmdir()


@contextmanager
def nobody() -> Iterator[None]:
    """Be a user without rights; root may write everything."""
    user = os.geteuid()
    if user:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)


def test_a_folder_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(StoreNotWritable, match="can't be opened"):
        ReadingsStore(tmp_path / "missing" / "readings.db")
