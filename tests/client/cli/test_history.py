"""The readings store on the command line: filled, asked, exported."""

import json
import sqlite3
from contextlib import closing
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from custom_components.usms.client import BRUNEI, Meter, Resolution, Utility
from custom_components.usms.client.billing.precision import cost_known, days_known, run_out_known
from custom_components.usms.client.billing.schedule import TariffSchedule
from custom_components.usms.client.billing.tariff import residential_electricity
from custom_components.usms.client.models import Balance
from custom_components.usms.client.store import ReadingsStore
from custom_components.usms.client.store.payments import Payments
from custom_components.usms.client.summary import count
from custom_components.usms.client.sync import settling
from tests.client.conftest import PASSWORD, USERNAME
from tests.portal import Fault
from tests.support.stores import fill

from .conftest import ELECTRICITY, NOW, WATER, Shell, assert_same, small_store, truth

DAYS = 12
pytestmark = pytest.mark.history(days=DAYS)  # read within a second or two

GUESSED = datetime(2026, 11, 12, 7, tzinfo=BRUNEI)
"""The hour that the store lacks, and has an estimate for."""


@pytest.fixture
async def filled(signed_in: Shell) -> Shell:
    """A shell whose usual store has all that the portal has, but for an hour."""
    with closing(ReadingsStore(signed_in.state / "readings.db")) as store:
        fill(store, signed_in.portal, without=GUESSED)
        day = GUESSED.date()
        hours = store.readings(ELECTRICITY, Resolution.HOUR, day, day)
        (total,) = store.readings(ELECTRICITY, Resolution.DAY, day, day)
        store.estimate_hours(ELECTRICITY, day, settling.remainder(day, hours, total.value), NOW)
    return signed_in


async def test_sync_tells_how_far_it_is_and_what_it_did(signed_in: Shell, tmp_path: Path) -> None:
    store = tmp_path / "own.db"
    said = await signed_in("sync", "--database", str(store), "--json")
    assert said.code == 0
    assert said.json["database"] == str(store)
    assert said.json["reports_read"] > DAYS
    assert said.json["days_changed"] >= 2 * DAYS
    lines = said.err.splitlines()
    assert 2 < len(lines) <= 25
    done, _, total = lines[-1].split(":")[0].split()
    assert done == total
    signed_in.portal.clear_requests()
    again = await signed_in("sync", "--database", str(store), "--json")
    assert again.json == {
        "database": str(store),
        "reports_read": 0,
        "days_changed": 0,
        "empty_days": 0,
    }
    assert [r.path.lower() for r in signed_in.portal.requests] == ["/smartmeter/home"]


async def test_sync_stopped_by_trouble_goes_on_where_it_was(signed_in: Shell) -> None:
    signed_in.portal.add_fault(Fault(path="report/usagehistory", kind="drop", after=15))
    said = await signed_in("sync", "--quiet")
    assert (said.code, said.out) == (1, "")
    assert said.err == "usms: The connection to the portal failed (ServerDisconnectedError)\n"
    signed_in.portal.clear_faults()
    before = (await signed_in("export")).csv
    assert before
    assert (await signed_in("sync")).code == 0
    for resolution, option in (("hour", "--hourly"), ("day", "--daily")):
        rows = (await signed_in("export", ELECTRICITY, option)).csv
        assert [
            (row["start"], float(row["consumption"])) for row in rows if row["estimated"] == "false"
        ] == [
            (row["start"], row["consumption"])
            for row in truth(signed_in, ELECTRICITY, resolution, "2026-01-01", "2026-11-20")
        ]


async def test_the_store_answers_without_the_portal(filled: Shell) -> None:
    (filled.state / "session.json").unlink()
    store = ("--database", str(filled.state / "readings.db"))
    for meter, resolution, option in (
        (ELECTRICITY, "day", "--daily"),
        (WATER, "day", "--daily"),
        (ELECTRICITY, "hour", "--hourly"),
    ):
        days = ("--from", "2026-11-13", "--to", "2026-11-16")
        said = await filled("usage", meter, option, *days, *store, "--json")
        assert said.json == truth(filled, meter, resolution, "2026-11-13", "2026-11-16")
    assert (await filled("usage", "12345", *store)).code == 2
    assert filled.portal.requests == []


async def test_a_meter_of_the_store_may_be_left_out(filled: Shell) -> None:
    store = ("--database", str(filled.state / "readings.db"))
    for resolution in ("--hourly", "--daily"):
        said = await filled("usage", "electricity", resolution, *store)
        assert said.out == (await filled("usage", ELECTRICITY, resolution, *store)).out
    hourly = await filled("usage", "--hourly", *store)
    assert hourly.out == (await filled("usage", ELECTRICITY, "--hourly", *store)).out
    assert (await filled("export", "water")).out == (await filled("export", WATER)).out
    assert (await filled("usage", *store)).code == 2


async def test_hours_that_are_missing_are_told_as_estimated(filled: Shell) -> None:
    store = ("--database", str(filled.state / "readings.db"))
    day = str(GUESSED.date())
    span = ("--from", day, "--to", day, *store)
    hours = (await filled("usage", ELECTRICITY, "--hourly", *span, "--json")).json
    (total,) = (await filled("usage", ELECTRICITY, *span, "--json")).json
    assert [hour["start"] for hour in hours if hour["estimated"]] == [GUESSED.isoformat()]
    assert len(hours) == 24
    assert round(sum(hour["consumption"] for hour in hours), 3) == total["consumption"]
    table = (await filled("usage", ELECTRICITY, "--hourly", *span)).out
    assert table.count("estimated") == 1


@pytest.mark.parametrize(
    ("option", "first", "unread"),
    [
        ("--daily", "2026-11-10", 0),
        ("--daily", "2026-10-31", 8),
        ("--monthly", "2026-10-31", 8),
        ("--hourly", "2026-11-07", 1),
    ],
)
async def test_days_that_the_store_lacks_are_told(
    filled: Shell, option: str, first: str, unread: int
) -> None:
    """The history begins on the 8th; nobody has yet looked whether there is more before."""
    store = ("--database", str(filled.state / "readings.db"))
    span = ("--from", first, "--to", "2026-11-19")
    said = await filled("usage", ELECTRICITY, option, *span, *store)
    assert said.code == 0
    told = f"usms: {unread} of these days are not in the store yet; usms sync reads them.\n"
    assert said.err == (told if unread else "")
    assert (await filled("usage", WATER, "--hourly", *store)).code == 2


async def test_days_before_the_history_are_not_missed(filled: Shell) -> None:
    path = filled.state / "readings.db"
    with closing(ReadingsStore(path)) as store:
        store.save_days(ELECTRICITY, date(2015, 1, 1), date(2026, 11, 7), [], NOW)
    span = ("--from", "2026-01-01", "--to", "2026-11-19", "--database", str(path))
    said = await filled("usage", ELECTRICITY, *span)
    assert (said.code, said.err) == (0, "")


@pytest.mark.history(days=90)
async def test_status_by_the_store(filled: Shell) -> None:
    """By all that it has, as Home Assistant's sensors count: of today too, and of months before."""
    asked = (await filled("status", ELECTRICITY, "--json")).json
    filled.portal.clear_requests()
    path = filled.state / "readings.db"
    row = (await filled("status", ELECTRICITY, "--database", str(path), "--json")).json
    assert [r.path.lower() for r in filled.portal.requests] == ["/smartmeter/home"]
    prices = TariffSchedule.always(residential_electricity())
    balance = Balance(filled.now, Decimal(str(row["balance"])))
    with closing(ReadingsStore(path)) as store:
        figures = count(store, ELECTRICITY, prices, filled.now, shown=balance)
    assert figures.consumption.today
    assert figures.consumption.this_month
    assert figures.spending
    assert figures.spending.this_month
    made = figures.spending.forecast
    assert made
    assert made.days_left
    assert row["used_this_month"] == float(figures.consumption.this_month)
    assert row["used_this_month"] == pytest.approx(
        asked["used_this_month"] + float(figures.consumption.today)
    )
    assert row["cost_this_month"] == float(round(figures.spending.this_month, 2))
    assert row["per_day"] == float(made.per_day) != asked["per_day"]
    cost = [row[f"month_cost{end}"] for end in ("", "_low", "_high")]
    expected = made.month_cost
    known = [float(cost_known(end)) for end in (expected.expected, expected.low, expected.high)]
    assert cost == known
    for name in ("runs_out", "runs_out_early", "runs_out_late"):
        known_at = run_out_known(getattr(made, name), filled.now)
        assert row[name] == (known_at and known_at.isoformat())
    assert row["days_left"] == float(days_known(made.days_left))


async def test_a_balance_that_the_store_has_is_as_of_then(signed_in: Shell, tmp_path: Path) -> None:
    """As in Home Assistant, which runs it forward from when it was seen last."""
    path = small_store(tmp_path / "own.db", days=19, value=500)
    arguments = ("status", ELECTRICITY, "--database", str(path), "--kva", "10", "--json")
    anew = (await signed_in(*arguments)).json
    with closing(ReadingsStore(path)) as store:
        seen = Meter(ELECTRICITY, Utility.ELECTRICITY, balance=Decimal(str(anew["balance"])))
        Payments(store).record_balance(seen, signed_in.now - timedelta(minutes=119))
    assert (await signed_in(*arguments)).json["runs_out"] < anew["runs_out"]
    signed_in.now += timedelta(minutes=2)
    assert (await signed_in(*arguments)).json["runs_out"] >= anew["runs_out"]


async def test_status_says_what_it_rests_on(filled: Shell) -> None:
    said = (await filled("status", ELECTRICITY)).out
    assert f"What is expected of {ELECTRICITY} rests on {DAYS - 1} days" in said
    store = ("--database", str(filled.state / "readings.db"))
    assert "rests on" not in (await filled("status", ELECTRICITY, *store)).out


async def test_export(filled: Shell, tmp_path: Path) -> None:
    as_csv = await filled("export")
    assert_same(await filled("export", "--json"), as_csv)
    rows = truth(filled, ELECTRICITY, "day", "2026-01-01", "2026-11-20")
    assert [row for row in as_csv.csv if row["meter"] == ELECTRICITY] == [
        {
            "meter": ELECTRICITY,
            "start": row["start"],
            "consumption": f"{row['consumption']:.3f}",
            "unit": "kWh",
            "estimated": "false",
        }
        for row in rows
    ]
    assert {row["meter"] for row in as_csv.csv} == {ELECTRICITY, WATER}
    month = (await filled("export", ELECTRICITY, "--monthly", "--json")).json
    assert [row["consumption"] for row in month] == [
        round(sum(row["consumption"] for row in rows), 3)
    ]
    file = tmp_path / "week.csv"
    days = ("--from", "2026-11-10", "--to", "2026-11-16")
    assert (await filled("export", ELECTRICITY, *days, "--output", str(file))).code == 0
    assert len(file.read_text().splitlines()) == 8
    assert filled.portal.requests == []


async def test_a_copy_of_the_store_is_a_store(filled: Shell, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    said = await filled("export", "--sqlite", "--output", str(copy))
    assert (said.code, said.out, said.err) == (0, "", "")
    with closing(sqlite3.connect(copy)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    there = await filled("export", "--hourly", "--database", str(copy))
    assert there.out == (await filled("export", "--hourly")).out


async def test_an_export_tells_of_meters_and_of_nobody(filled: Shell, tmp_path: Path) -> None:
    session = json.loads((filled.state / "session.json").read_text())
    cookies = [cookie["value"] for cookie in session["cookies"]]
    secrets = {USERNAME, PASSWORD, "DEMO HOLDER", "EXAMPLE STREET", *cookies}
    assert len(secrets) >= 5
    for option in ("--csv", "--json", "--sqlite"):
        file = tmp_path / option
        assert (await filled("export", option, "--output", str(file))).code == 0
        text = file.read_bytes().decode("latin-1")
        assert ELECTRICITY in text
        assert [secret for secret in secrets if secret in text] == []


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--sqlite",), 2),
        (("--sqlite", "--output", "{store}"), 2),
        (("--sqlite", "--output", "{nowhere}/copy.db"), 1),
        (("--sqlite", "--output", "{nowhere}", ELECTRICITY), 2),
        (("12345",), 2),
        (("--database", "{nowhere}"), 2),
        (("--database", "{other}"), 1),
        (("--from", "2026-11-21"), 2),
        (("--from", "2026-11-20", "--to", "2026-11-19"), 2),
    ],
)
async def test_what_cannot_be_exported(
    usms: Shell, tmp_path: Path, arguments: tuple[str, ...], code: int
) -> None:
    await usms("meters")  # makes the folder
    store, other = usms.state / "readings.db", tmp_path / "other.db"
    other.write_text("no store at all")
    ReadingsStore(store).close()
    places = {"store": store, "other": other, "nowhere": tmp_path / "nowhere"}
    said = await usms("export", *(argument.format(**places) for argument in arguments))
    assert (said.code, said.out) == (code, ""), said.err
    assert said.err.startswith("usms: ")
    assert said.err.count("\n") == 1
