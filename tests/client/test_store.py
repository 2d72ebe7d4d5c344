"""The readings store, through its file."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from custom_components.usms.client.brunei import BRUNEI, brunei_midnight
from custom_components.usms.client.errors import StoreError
from custom_components.usms.client.models import Reading, Resolution, Utility
from custom_components.usms.client.store import ReadingsStore
from custom_components.usms.client.store.models import Origin

METER = "10000001"
DAY = date(2026, 11, 1)
AT = datetime(2026, 11, 3, 12, 0, tzinfo=BRUNEI)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "readings.db"


@pytest.fixture
def store(path: Path) -> Iterator[ReadingsStore]:
    store = ReadingsStore(path)
    store.record_meter(METER, Utility.ELECTRICITY, "100 5", AT)
    yield store
    store.close()


def hours(*values: str, first: int = 0) -> list[Reading]:
    start = brunei_midnight(DAY)
    return [
        Reading(start + timedelta(hours=first + n), Decimal(value))
        for n, value in enumerate(values)
    ]


def test_readings_come_back_exactly(store: ReadingsStore, path: Path) -> None:
    assert store.save_hours(METER, DAY, hours("0.100", "1234.567"), AT)
    store.close()
    stored = ReadingsStore(path).readings(METER, Resolution.HOUR)
    assert [str(reading.value) for reading in stored] == ["0.100", "1234.567"]
    assert [reading.start.isoformat() for reading in stored] == [
        "2026-11-01T00:00:00+08:00",
        "2026-11-01T01:00:00+08:00",
    ]
    assert {reading.origin for reading in stored} == {Origin.REPORT}
    assert {reading.read_at for reading in stored} == {AT}


def test_an_hour_more_writes_little(store: ReadingsStore) -> None:
    """Each of its few pages twice, whatever the store holds already."""
    io = Path("/proc/thread-self/io")
    if not io.exists():
        pytest.skip("only Linux counts what a thread writes")

    def written() -> int:
        return int(dict(line.split(": ") for line in io.read_text().splitlines())["wchar"])

    for day in range(100):
        start = brunei_midnight(DAY - timedelta(days=day))
        readings = [Reading(start + timedelta(hours=n), Decimal("0.125")) for n in range(24)]
        store.save_hours(METER, start.date(), readings, AT)
    before = written()
    store.save_hours(METER, DAY + timedelta(days=1), hours("0.125", first=24), AT)
    assert 0 < written() - before < 8 * 1024


def test_what_the_portal_says_last_wins_and_what_it_omits_stays(store: ReadingsStore) -> None:
    store.save_hours(METER, DAY, hours("1", "2"), AT)
    later = AT + timedelta(days=1)
    assert store.save_hours(METER, DAY, hours("3", first=1), later)
    assert [r.value for r in store.readings(METER, Resolution.HOUR)] == [1, 3]
    assert not store.save_hours(METER, DAY, hours("1", "3.000"), later)
    assert store.days(METER)[DAY].hours_asked == 3
    assert store.days(METER)[DAY].changed_at == later


def test_a_day_knows_its_state(store: ReadingsStore) -> None:
    next_day = DAY + timedelta(days=1)
    total = [Reading(brunei_midnight(DAY), Decimal("3.0"))]
    assert store.save_days(METER, DAY, next_day, total, AT) == {DAY}
    store.save_hours(METER, DAY, hours("1", "1"), AT)
    store.estimate_hours(METER, DAY, hours("0.5", "0.5", first=2), AT)
    state = store.days(METER)[DAY]
    assert (state.total, state.hours, state.hours_sum, state.estimated) == (3, 2, 2, 2)
    assert not state.adds_up
    assert store.days(METER)[next_day].daily_read_at == AT
    assert store.days(METER, next_day, next_day).keys() == {next_day}
    store.settle(METER, [DAY], AT)
    state = store.days(METER)[DAY]
    # Hours of years are not added up for days that are not asked for again.
    assert (state.settled, state.total, state.hours) == (True, 3, 0)
    assert store.hours_known(METER) == (1, 2)
    assert all(reading.settled for reading in store.readings(METER, Resolution.HOUR))


def test_a_changed_total_opens_a_settled_day(store: ReadingsStore) -> None:
    store.save_days(METER, DAY, DAY, [Reading(brunei_midnight(DAY), Decimal(2))], AT)
    store.save_hours(METER, DAY, hours("1", "1"), AT)
    store.settle(METER, [DAY], AT)
    assert (
        store.save_days(METER, DAY, DAY, [Reading(brunei_midnight(DAY), Decimal(2))], AT) == set()
    )
    assert store.days(METER)[DAY].settled
    assert store.save_days(METER, DAY, DAY, [Reading(brunei_midnight(DAY), Decimal(3))], AT) == {
        DAY
    }
    state = store.days(METER)[DAY]
    assert (state.settled, state.hours_asked) == (False, 0)


def test_an_estimate_gives_way_to_the_report(store: ReadingsStore) -> None:
    store.save_hours(METER, DAY, hours("1"), AT)
    assert store.estimate_hours(METER, DAY, hours("0.5", "0.5", first=1), AT)
    assert not store.estimate_hours(METER, DAY, hours("0.5", "0.5", first=1), AT)
    assert store.save_hours(METER, DAY, hours("0.5", first=1), AT)
    assert [r.estimated for r in store.readings(METER, Resolution.HOUR)] == [False, False, True]
    assert store.estimate_hours(METER, DAY, [], AT)
    assert len(store.readings(METER, Resolution.HOUR)) == 2


def test_forcing_asks_again(store: ReadingsStore) -> None:
    store.save_days(METER, DAY, DAY, [Reading(brunei_midnight(DAY), Decimal(1))], AT)
    store.save_hours(METER, DAY, hours("1"), AT)
    store.settle(METER, [DAY], AT)
    store.want(METER, DAY - timedelta(days=1), DAY)
    assert store.days(METER)[DAY].settled
    assert DAY - timedelta(days=1) in store.days(METER)
    store.want(METER, DAY, DAY, again=True)
    state = store.days(METER)[DAY]
    assert (state.settled, state.hours_asked, state.daily_read_at) == (False, 0, None)
    assert state.total == 1


def test_the_card_is_written_only_when_it_moves(store: ReadingsStore, path: Path) -> None:
    later = AT + timedelta(hours=1)
    before = path.stat().st_mtime_ns, path.read_bytes()
    store.record_meter(METER, Utility.ELECTRICITY, "100 5", later)
    assert path.read_bytes() == before[1]
    store.record_meter(METER, None, "99 5", later)
    (meter,) = store.meters()
    assert (meter.card_changed_at, meter.utility) == (later, Utility.ELECTRICITY)


def test_readings_of_a_range(store: ReadingsStore) -> None:
    store.save_hours(METER, DAY, hours(*["1"] * 48), AT)
    assert len(store.readings(METER, Resolution.HOUR, DAY, DAY)) == 24
    assert len(store.readings(METER, Resolution.HOUR, DAY + timedelta(days=1))) == 24
    assert len(store.readings(METER, Resolution.HOUR, None, DAY)) == 24


def test_facts_are_remembered(store: ReadingsStore, path: Path) -> None:
    assert store.fact("open_page_serves") is None
    store.remember("open_page_serves", {"value": True})
    store.close()
    assert ReadingsStore(path).fact("open_page_serves") == {"value": True}


def test_a_transaction_is_all_or_nothing(store: ReadingsStore) -> None:
    def fail() -> None:
        with store.transaction():
            store.save_hours(METER, DAY, hours("1"), AT)
            raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 (any)
        fail()
    assert store.readings(METER, Resolution.HOUR) == []
    assert store.save_hours(METER, DAY, hours("1"), AT)


def test_an_unknown_meter_is_refused(store: ReadingsStore) -> None:
    with pytest.raises(StoreError, match="does not know this meter"):
        store.save_hours("99999999", DAY, hours("1"), AT)


def test_what_is_no_store_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(StoreError, match="can't be opened"):
        ReadingsStore(path)
    assert path.read_bytes().startswith(b"not a database")
    with pytest.raises(StoreError, match="can't be opened"):
        ReadingsStore(tmp_path / "missing" / "readings.db")


def test_a_store_of_a_newer_version_is_refused(store: ReadingsStore, path: Path) -> None:
    store.close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="newer version"):
        ReadingsStore(path)


WRITER = """
import sys
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from custom_components.usms.client.brunei import BRUNEI, brunei_midnight
from custom_components.usms.client.models import Reading
from custom_components.usms.client.store import ReadingsStore

store = ReadingsStore(Path(sys.argv[1]))
at = datetime(2026, 11, 3, tzinfo=BRUNEI)
store.record_meter("10000001", None, "", at)
for n in range(100000):
    day = date(2020, 1, 1) + timedelta(days=n % 2000)
    start = brunei_midnight(day)
    value = Decimal(n).scaleb(-3)
    store.save_hours(
        "10000001", day, [Reading(start + timedelta(hours=h), value) for h in range(24)], at
    )
    print(n, flush=True)
"""


@pytest.mark.parametrize("after", [1, 7, 40])
def test_a_killed_writer_loses_nothing_committed(path: Path, after: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        for line in writer.stdout:
            if int(line) == after:
                break
        writer.kill()
        committed = max([after, *(int(line) for line in writer.stdout if line.endswith("\n"))])
    store = ReadingsStore(path)
    by_day: dict[date, set[Decimal]] = {}
    for reading in store.readings(METER, Resolution.HOUR):
        by_day.setdefault(reading.start.date(), set()).add(reading.value)
    assert len(by_day) >= committed + 1
    # A day is one transaction: none is half written.
    assert all(len(values) == 1 for values in by_day.values())


def test_the_version_changes_with_the_readings_alone(store: ReadingsStore, path: Path) -> None:
    seen = [store.version]
    for values in (("0.1",), ("0.1", "0.2"), ("0.3",)):
        store.save_hours(METER, DAY, hours(*values), AT)
        seen.append(store.version)
    store.readings(METER, Resolution.HOUR)
    store.days(METER)
    assert store.version == seen[-1]
    with ReadingsStore(path).transaction():
        seen.append(ReadingsStore(path).version)
    assert len(set(seen)) == 5


def test_a_reading_by_its_number(store: ReadingsStore) -> None:
    store.save_hours(METER, DAY, hours(*["1"] * 5, first=3), AT)
    since, until = (brunei_midnight(DAY) + timedelta(hours=n) for n in (4, 7))
    starts = [store.nth_start(METER, Resolution.HOUR, since, until, n) for n in range(4)]
    assert starts == [*(since + timedelta(hours=n) for n in range(3)), None]
    assert store.nth_start("unknown", Resolution.HOUR, since, until, 0) is None


def test_plain_readings_are_the_readings(store: ReadingsStore) -> None:
    store.save_hours(METER, DAY, hours("0.100", "1234.567", first=4), AT)
    store.estimate_hours(METER, DAY, hours("0.5", "0.7", first=7), AT)
    since, until = (brunei_midnight(DAY) + timedelta(hours=n) for n in (0, 8))
    rows = store.plain_readings(METER, Resolution.HOUR, since, until)
    assert [(at, Decimal(value), guess) for at, value, guess in rows] == [
        (reading.start.isoformat(), reading.value, reading.estimated)
        for reading in store.readings(METER, Resolution.HOUR)
        if since <= reading.start < until
    ]
    assert len(rows) == 3
