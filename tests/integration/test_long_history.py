"""History over hundreds of days, sixty days of life, and databases other than SQLite."""

import asyncio
import json
import random
import re
import signal
import subprocess
import sys
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from homeassistant.core import HomeAssistant

from custom_components.usms.client.store import ReadingsStore
from custom_components.usms.data import HistoryProgress
from tests.portal import BRUNEI
from tests.support import ROOT
from tests.support.harness import Harness, sign_in_outside
from tests.support.watch import watching

pytestmark = [pytest.mark.history(days=400), pytest.mark.long, pytest.mark.timeout(1800)]


@pytest.mark.parametrize(
    ("sequence", "per_day", "per_month"), [("open", 1.1, 1.0), ("strict_stale", 3.05, 3.1)]
)
async def test_400_days_within_the_budget(
    account: Harness, sequence: str, per_day: float, per_month: float
) -> None:
    account.portal.set_profile(report_sequence=sequence, session_minutes=None)
    steps: list[tuple[HistoryProgress, int]] = []

    def note() -> None:
        progress = account.history.progress.data
        if progress.reports_read > (steps[-1][0].reports_read if steps else 0):
            steps.append((progress, account.requests("report")))

    account.history.progress.async_add_listener(note)
    with watching() as watch:
        await account.start_history()
    await account.assert_statistics_equal_truth()

    # All days come before the first hour: each day of hours is read once they are complete.
    complete = next(i for i, (progress, _) in enumerate(steps) if progress.days_complete)
    for_days = steps[complete][1]
    hourly = steps[complete + 1 :]
    for_hours = hourly[-1][1] - for_days
    assert len(hourly) >= 400
    months = 2 * 14  # calendar months that 400 days touch, of two meters
    start_of_history = 2 * (3 + 1)  # two empty months, and the jump beyond them
    opened = 2 * 2
    print(
        f"\n{sequence}: {for_days} requests for {months} meter-months of days, "
        f"{for_hours} for {len(hourly)} days of hours; "
        f"longest turn of the loop {watch.ours[:1]}"
    )
    assert for_days <= per_month * (months + start_of_history) + opened
    assert for_hours <= per_day * 401


@pytest.mark.history(days=40)
async def test_sixty_days_of_life(hass: HomeAssistant, account: Harness) -> None:
    """Corrections, lag, holes, a session that dies, restarts, and two month's ends."""
    await _live(account, 60)


@pytest.mark.history(days=30)
async def test_a_steady_day_costs_at_most_60_requests_for_reports(account: Harness) -> None:
    for sequence in ("open", "strict_stale"):
        account.portal.set_profile(report_sequence=sequence, session_minutes=None)
        await account.forward(timedelta(days=2))
        midnight = (account.now + timedelta(days=1)).replace(hour=0, minute=0)
        await account.move_to(midnight)
        account.portal.clear_requests()
        for _ in range(6 * 24):
            await account.forward(timedelta(minutes=10))
        history = account.requests("TransactionHistory")
        requests = account.requests("report") - history
        print(f"\n{sequence}: {requests} requests for reports on a steady day, and {history}")
        assert requests <= 60
        assert history <= 6  # three at most for each meter, once a day


async def _live(account: Harness, days: int) -> None:
    account.portal.set_profile(session_minutes=None)  # it dies by chance alone
    await account.start_history()
    await account.assert_statistics_equal_truth()
    chance = random.Random(4)
    for day in range(days):
        today = account.now.date() + timedelta(days=1)
        dies_at = chance.randrange(24) if day % 4 == 1 else None
        for hour in range(24):
            moment = datetime(today.year, today.month, today.day, hour, 35, tzinfo=BRUNEI)
            if hour == dies_at:
                account.portal.expire()
            await account.move_to(moment)
            if account.state("sign_in_needed") == "on":
                await account.sign_in()
                await account.start_history()
            if hour == 12 and day % 3 == 0:
                await account.reload()
                await account.start_history()
        await _assert_no_hour_is_wrong(account)
        await account.assert_statistics_equal_truth(published_before=timedelta(hours=3))


async def _assert_no_hour_is_wrong(account: Harness) -> None:
    series = await account.statistics(account.meter(), "consumption")
    assert all(state >= 0 for state, _ in series.values())


# --- killed at any moment ---

IMPORTER = """
import asyncio, json, sys
from pathlib import Path
from custom_components.usms.client import NO_PACING, UsmsClient
from custom_components.usms.client.store import ReadingsStore
from custom_components.usms.client.sync import Sync
from datetime import datetime

async def main():
    url, path, session, now = sys.argv[1:]
    moment = datetime.fromisoformat(now)
    store = ReadingsStore(Path(path))
    async with UsmsClient(base_url=url, pacing=NO_PACING, now=lambda: moment) as client:
        client.restore_session(json.loads(session))
        sync = Sync(client, store, now=lambda: moment)
        await sync.open()
        await sync.record_account(await client.account())
        async for progress in sync.run():
            step = progress.step
            print(step.resolution, step.meter, step.first, flush=True)
    print("done", flush=True)

asyncio.run(main())
"""


@pytest.mark.history(days=120)
async def test_killed_at_twenty_points(hass: HomeAssistant, harness: Harness) -> None:
    """`kill -9` in the middle of an import: nothing is lost, and nothing settled is read twice."""
    harness.portal.set_profile(session_minutes=None, second_login="both_live")
    session = json.dumps(await sign_in_outside(harness.portal))
    path = Path(hass.config.path(".storage", f"usms.{harness.entry.entry_id}.db"))
    chance = random.Random(3)
    kills = 0
    settled: set[tuple[str, date]] = set()
    for _ in range(200):
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            IMPORTER,
            harness.portal.base_url,
            str(path),
            session,
            harness.now.isoformat(),
            stdout=subprocess.PIPE,
            cwd=ROOT,
        )
        assert process.stdout is not None
        steps = chance.randrange(1, 9) if kills < 20 else 10_000
        lines = []
        while line := (await process.stdout.readline()).decode():
            lines.append(line.split())
            if len(lines) == steps:
                break
        if kills < 20:
            process.send_signal(signal.SIGKILL)
            kills += 1
        await process.wait()
        read = {(row[1], date.fromisoformat(row[2])) for row in lines if row[0] == "hour"}
        assert not read & settled
        settled = await hass.async_add_executor_job(_settled, path)
        if lines and lines[-1] == ["done"]:
            break
    assert kills == 20
    await harness.set_up()
    harness.portal.clear_requests()
    await harness.start_history()
    # Top-ups are read at first, by way of the same page; no report is asked for.
    asked = [request for request in harness.portal.requests if request.method == "POST"]
    assert [request for request in asked if "usagehistory" in request.path.lower()] == []
    await harness.assert_statistics_equal_truth()


def _settled(path: Path) -> set[tuple[str, date]]:
    store = ReadingsStore(path)
    found = {
        (meter.number, day.day)
        for meter in store.meters()
        for day in store.days(meter.number).values()
        if day.settled
    }
    store.close()
    return found


# --- other databases ---


@pytest.mark.parametrize("server", ["postgresql", "mariadb"])
def test_other_databases(server: str, tmp_path: Path) -> None:
    """The same equality, and no row lost, with a recorder on a server."""
    command = [str(ROOT / "scripts" / "lib" / "with-database"), server]
    tests = [f"tests/integration/test_{name}.py" for name in ("history", "adoption")]
    names = "everything_is_read or from_the_store_alone or restart_asks or costs_no_row"
    command += [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests, "-k", names]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 77:
        pytest.skip(done.stderr.strip().splitlines()[-1])
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    assert re.search(r"7 passed", done.stdout)
