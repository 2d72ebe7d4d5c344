"""The public client `usms` 1.3.1 reads the simulated portal, and what it reads is the truth.

It is the one independent witness of how the real portal behaves: where it can't read our portal,
our portal is wrong.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.portal import DEMO_PASSWORD, DEMO_USERNAME, Profile, SimulatedPortal
from tests.support import ROOT

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]

ENVIRONMENT = ROOT / ".venv" / "envs" / "witness"
PACKAGE = "usms==1.3.1"


@pytest.fixture(scope="module")
def witness() -> str:
    """Return an interpreter that has the public client, in an environment of its own."""
    python = os.environ.get("USMS_WITNESS_PYTHON") or str(ENVIRONMENT / "bin" / "python")
    check = [python, "-c", "import usms"]
    if Path(python).exists() and subprocess.run(check, check=False).returncode == 0:
        return python
    uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
    try:
        make = [uv, "venv", "-q", "--clear", "-p", sys.executable, str(ENVIRONMENT)]
        subprocess.run(make, check=True)
        subprocess.run([uv, "pip", "install", "-q", "-p", python, PACKAGE], check=True)
    except (OSError, subprocess.CalledProcessError) as err:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"{PACKAGE} can't be installed: {err}")
    return python


async def read(witness: str, portal: SimulatedPortal, day: date, month: date) -> list[dict]:
    script = str(Path(__file__).with_name("witness.py"))
    command = [witness, script, portal.base_url, DEMO_USERNAME, DEMO_PASSWORD]
    process = await asyncio.create_subprocess_exec(
        *command,
        day.isoformat(),
        month.isoformat(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()[-3000:]
    return json.loads(output)


def day_without_holes(portal: SimulatedPortal, today: date) -> date:
    """Return a past day of 24 hours: that client counts rows instead of reading their labels."""
    hours = Counter(start.date() for start, _ in portal.truth("10000001", "hour"))
    past = (today - timedelta(days=n) for n in range(6, 60))
    return next(day for day in past if hours[day] == 24)


@pytest.mark.parametrize(
    "profile",
    [
        Profile(),
        Profile(captcha=False, cards="before_2026_10", last_updated="time"),
        Profile(commas=False, report_sequence="strict_stale", missing_hours="zero"),
    ],
    ids=["since October 2026", "before", "other ways"],
)
async def test_the_public_client_reads_the_truth(witness: str, profile: Profile) -> None:
    async with SimulatedPortal(seed=1, days=100, profile=profile) as portal:
        portal.set_now(portal.now())
        today = portal.now().date()
        day = day_without_holes(portal, today)
        last_month = today.replace(day=1) - timedelta(days=1)
        found = await read(witness, portal, day, last_month)
        assert [meter["number"] for meter in found] == [m.number for m in portal.meters]
        for meter, real in zip(found, portal.meters, strict=True):
            assert meter["type"].lower() == real.utility
            assert meter["status"] == "ACTIVE"
            units = real.remaining_units(portal.now()).quantize(Decimal("0.001"))
            balance = real.balance(portal.now()).quantize(Decimal("0.01"))
            assert Decimal(repr(meter["remaining_units"])) == units
            assert Decimal(repr(meter["balance"])) == balance
            payment = meter["payment"]
            assert payment["customer_type"] == "Residential"
            assert payment["remaining_credit"].replace(",", "") == f"${balance}"
            assert payment["remaining_unit"].replace(",", "").split()[0] == str(units)
            hours = [
                (start.isoformat(), f"{value:.3f}")
                for start, value in portal.truth(real.number, "hour")
                if start.date() == day
            ]
            if profile.missing_hours == "absent":
                assert sorted(map(tuple, meter["hours"])) == hours
            else:
                assert {tuple(row) for row in meter["hours"]} >= set(hours)
            assert sorted(map(tuple, meter["days"])) == [
                (start.isoformat(), f"{value:.3f}")
                for start, value in portal.truth(real.number, "day")
                if (start.year, start.month) == (last_month.year, last_month.month)
            ]
        assert not any(r.method == "POST" and "webform2" in r.path.lower() for r in portal.requests)
