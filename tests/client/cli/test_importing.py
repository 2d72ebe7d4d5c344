"""`usms import`: what `usms export` wrote, into another store or the same."""

from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from custom_components.usms.client import Reading, Resolution, Utility
from custom_components.usms.client.store import ReadingsStore
from custom_components.usms.client.store.models import Origin
from tests.client.cli.conftest import ELECTRICITY, WATER, Shell, small_store
from tests.client.conftest import NOW
from tests.support.stores import fill

HEADER = "meter,start,consumption,unit,estimated\n"
MIDNIGHT = NOW.replace(hour=0, minute=0, second=0, microsecond=0, day=3)


@pytest.fixture
def full(usms: Shell, tmp_path: Path) -> Path:
    """A store with all that the portal has, and an estimated hour."""
    path = tmp_path / "full.db"
    with closing(ReadingsStore(path)) as store:
        hour = usms.portal.truth(ELECTRICITY, "hour")[30]
        fill(store, usms.portal, without=hour[0])
        store.estimate_hours(ELECTRICITY, hour[0].date(), [Reading(*hour)], NOW)
    return path


def readings(path: Path, meter: str, resolution: Resolution) -> list[tuple[str, str, bool]]:
    with closing(ReadingsStore(path)) as store:
        return [
            (reading.start.isoformat(), str(reading.value), reading.estimated)
            for reading in store.readings(meter, resolution)
        ]


def line(hour: int, value: str = "1", meter: str = ELECTRICITY, unit: str = "kWh") -> str:
    start = MIDNIGHT + timedelta(hours=hour)
    return f"{meter},{start.isoformat()},{value},{unit},false\n"


async def test_what_was_exported_comes_back(usms: Shell, full: Path, tmp_path: Path) -> None:
    """Into a store that is not there yet; and twice changes nothing."""
    other, counts = tmp_path / "other.db", []
    for option in ("--hourly", "--daily", "--hourly", "--daily"):
        file = tmp_path / f"{option}.csv"
        await usms("export", option, "--database", str(full), "--output", str(file))
        said = await usms("import", str(file), "--database", str(other), "--json")
        assert said.code == 0, said.err
        assert (said.json["database"], said.json["refused"]) == (str(other), 0)
        counts.append(said.json["taken_over"])
        assert len(counts) > 1 or counts[-1] == len(file.read_text().splitlines()) - 1
    assert counts[1] > 0  # the days that their hours had not made whole
    assert counts[2:] == [0, 0]
    for meter in (ELECTRICITY, WATER):
        for resolution in (Resolution.HOUR, Resolution.DAY):
            assert readings(other, meter, resolution) == readings(full, meter, resolution)
    with closing(ReadingsStore(other)) as store:
        assert [(meter.number, meter.utility) for meter in store.meters()] == [
            (ELECTRICITY, Utility.ELECTRICITY),
            (WATER, Utility.WATER),
        ]
        assert {reading.origin for reading in store.readings(ELECTRICITY, Resolution.HOUR)} == {
            Origin.RECORDER,
            Origin.REMAINDER,
        }
    assert usms.portal.requests == []


async def test_the_portals_readings_are_never_replaced(usms: Shell, tmp_path: Path) -> None:
    store = small_store(tmp_path / "own.db", days=3, value=5)
    file = tmp_path / "days.csv"
    file.write_text(HEADER + "".join(line(24 * n, "9") for n in range(3)))
    said = await usms("import", str(file), "--database", str(store), "--csv")
    assert said.csv == [{"database": str(store), "taken_over": "2", "refused": "0"}]
    days = readings(store, ELECTRICITY, Resolution.DAY)
    assert [value for _, value, _ in days] == ["5", "5", "5", "9", "9"]

    # The portal's day stands for all of it: some hours don't make it less.
    file.write_text(HEADER + line(1, "2") + line(2, "2"))
    said = await usms("import", str(file), "--database", str(store))
    assert (said.code, said.out.split()[-1]) == (0, "2")
    assert readings(store, ELECTRICITY, Resolution.HOUR) == []
    file.write_text(HEADER + line(1, "2") + line(2, "3"))
    said = await usms("import", str(file), "--database", str(store), "--json")
    assert said.json["taken_over"] == 2


async def test_the_usual_store_is_made(usms: Shell, tmp_path: Path) -> None:
    file = tmp_path / "file.csv"
    # As a spreadsheet on Windows writes it.
    text = "unit,start,estimated,consumption,meter\r\nm³,{},false,0.5,2000000001\r\n\r\n"
    file.write_text("\ufeff" + text.format(MIDNIGHT.isoformat()), newline="")
    assert (await usms("import", str(file))).code == 0
    exported = await usms("export", "water")
    assert exported.csv[0]["consumption"] == "0.5"


BAD = {
    "empty": ("", 1),
    "other keys": ("start,consumption\n", 1),
    "no readings": (HEADER, 2),
    "too few values": (HEADER + line(1) + "1,2\n", 3),
    "no meter": (HEADER + line(1, meter="'=1+1"), 2),
    "no unit": (HEADER + line(1) + line(2, unit=""), 3),
    "an unknown unit": (HEADER + line(1, unit="Wh"), 2),
    "another unit": (HEADER + line(1) + line(2, unit="m³"), 3),
    "a new meter without unit": (HEADER + line(1, meter="77", unit=""), 2),
    "not the unit of its meter": (HEADER + line(0, unit="m³"), 2),
    "hours of water": (HEADER + line(1, meter=WATER, unit="m³"), 2),
    "no amount": (HEADER + line(1) + line(2, "N/A"), 3),
    "infinity": (HEADER + line(1, "inf"), 2),
    "a number too large": (HEADER + line(1, "1E+40"), 2),
    "other digits": (HEADER + line(1, "\u0661"), 2),
    "no time": (HEADER + f"{ELECTRICITY},yesterday,1,kWh,false\n", 2),
    "no offset": (HEADER + f"{ELECTRICITY},2026-11-03T01:00:00,1,kWh,false\n", 2),
    "off the hour": (HEADER + f"{ELECTRICITY},2026-11-03T01:30:00+08:00,1,kWh,false\n", 2),
    "before all": (HEADER + f"{ELECTRICITY},0001-01-01T00:00:00+14:00,1,kWh,false\n", 2),
    "before 2015": (HEADER + f"{ELECTRICITY},2014-12-31T23:00:00+08:00,1,kWh,false\n", 2),
    "the future": (HEADER + line(1) + line(24 * 40), 3),
    "neither true nor false": (HEADER + line(1).replace("false", "maybe"), 2),
    "an estimated day": (HEADER + line(0).replace("false", "true"), 2),
    "two values": (HEADER + line(1) + line(2) + line(1, "2"), 4),
    "months": (HEADER + f"{ELECTRICITY},2026-10-01T00:00:00+08:00,300,kWh,false\n", 2),
    "a quote left open": (HEADER + line(1) + '"', 3),
    "nothing but zeros": ("\0" * 50, 1),
}


@pytest.mark.parametrize("bad", BAD)
async def test_a_bad_file_imports_nothing(usms: Shell, tmp_path: Path, bad: str) -> None:
    """One sentence says which line, and what of it."""
    text, number = BAD[bad]
    store, file = small_store(tmp_path / "own.db"), tmp_path / "bad.csv"
    before = store.read_bytes()
    file.write_text(text)
    said = await usms("import", str(file), "--database", str(store))
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith(f"usms: Line {number} of the file "), said.err
    assert said.err.endswith("; nothing was imported\n")
    assert said.err.count("\n") == 1
    assert store.read_bytes() == before
    new = tmp_path / "new.db"
    assert (await usms("import", str(file), "--database", str(new))).code in {0, 1}
    if new.exists():  # the meter was not known, or was another
        with closing(ReadingsStore(new)) as made:
            assert bool(made.meters()) is (bad == "not the unit of its meter")


async def test_what_can_not_be_read_at_all(usms: Shell, tmp_path: Path) -> None:
    store = small_store(tmp_path / "own.db")
    said = await usms("import", str(store))
    assert (said.code, said.err.count("Line ")) == (1, 1)
    latin = tmp_path / "latin.csv"
    latin.write_bytes((HEADER + line(1, unit="m³")).encode("latin-1"))
    said = await usms("import", str(latin))
    assert said.err == "usms: Line 2 of the file is not text in UTF-8; nothing was imported\n"
    for path in (tmp_path, tmp_path / "none.csv"):
        said = await usms("import", str(path))
        assert (said.code, said.err.count("\n")) == (1, 1)
        assert str(path) in said.err
    assert (await usms("import")).code == 2
    said = await usms("import", str(latin), "--output", str(latin))
    assert said.code == 2
    assert not (usms.state / "readings.db").exists()


async def test_days_that_could_be_months_are_named(usms: Shell, tmp_path: Path) -> None:
    file, store = tmp_path / "first.csv", tmp_path / "new.db"
    start = MIDNIGHT.replace(day=1).isoformat()
    file.write_text(f"{HEADER}{ELECTRICITY},{start},1.5,kWh,false\n")
    for option, resolution in (("--daily", Resolution.DAY), ("--hourly", Resolution.HOUR)):
        said = await usms("import", str(file), option, "--database", str(store))
        assert said.code == 0, said.err
        assert readings(store, ELECTRICITY, resolution) == [(start, "1.5", False)]
        store.unlink()
    file.write_text(HEADER + line(1))
    assert (await usms("import", str(file), "--daily", "--database", str(store))).code == 1
    file.write_text(HEADER + line(0) + line(24))
    assert (await usms("import", str(file), "--hourly", "--database", str(store))).code == 1
    file.write_text(HEADER + line(0, meter=WATER, unit="m³"))
    assert (await usms("import", str(file), "--hourly", "--database", str(store))).code == 1
