"""The public client `usms`, in its own environment, reads what the portal holds.

`USMS_WITNESS_PYTHON` may name an interpreter that has it.
"""

import asyncio
import json
import os
import sys
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.portal import BRUNEI, DEMO_PASSWORD, DEMO_USERNAME, Meter, SimulatedPortal

ROOT = Path(__file__).parents[2]
ENVIRONMENT = ROOT / ".venv/envs/witness"
VERSION = "1.3.1"
# That client takes the host's clock for now, and numbers the rows instead of reading their labels:
# the day is past for any host, its month complete, and the portal's holes are closed.
NOW = datetime(2026, 9, 10, 14, 30, tzinfo=BRUNEI)
DAY = datetime(2026, 8, 19, tzinfo=BRUNEI)


async def _run(*command: str | Path, timeout: float = 180) -> tuple[int, str, str]:
    # Without what the tests' own environment says about modules.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    process = await asyncio.create_subprocess_exec(
        *command,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
    )
    try:
        async with asyncio.timeout(timeout):
            out, err = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return -1, "", f"{command[0]} took more than {timeout} s"
    return process.returncode or 0, out.decode(), err.decode()


def _unavailable(reason: str) -> None:
    message = f"the client usms {VERSION} can't be installed: {reason.strip()[-300:]}"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


async def _witness_python() -> str:
    """Return an interpreter that has the client; make its environment where there is none."""
    if given := os.environ.get("USMS_WITNESS_PYTHON"):
        return given
    python = ENVIRONMENT / "bin/python"
    probe = "from importlib.metadata import version; print(version('usms'))"
    if python.exists() and (await _run(python, "-c", probe))[1].strip() == VERSION:
        return str(python)
    uv = Path(sys.executable).with_name("uv")
    for command in (
        (uv, "venv", "-q", "--clear", "-p", sys.executable, ENVIRONMENT),
        (uv, "pip", "install", "-q", "-p", python, f"usms=={VERSION}"),
    ):
        if not uv.exists():
            _unavailable(f"{uv} is missing")
        code, _, error = await _run(*command)
        if code:
            _unavailable(error)
    return str(python)


def _truth(portal: SimulatedPortal, meter: Meter, resolution: str) -> list[list[Any]]:
    wanted = {"hour": "%Y-%m-%d", "day": "%Y-%m"}[resolution]
    return [
        [start.isoformat(), float(value)]
        for start, value in portal.truth(meter.number, resolution)
        if f"{start:{wanted}}" == f"{DAY:{wanted}}"
    ]


@pytest.mark.long
@pytest.mark.timeout(400)
@pytest.mark.parametrize("captcha", [True, False])
@pytest.mark.parametrize("sequence", ["open", "strict_stale"])
async def test_the_public_client_reads_the_truth(*, captcha: bool, sequence: str) -> None:
    python = await _witness_python()
    async with SimulatedPortal(seed=1, days=100, now=NOW) as portal:
        portal.set_profile(captcha=captcha, report_sequence=sequence, holes=False)
        code, out, error = await _run(
            python,
            Path(__file__).with_name("witness.py"),
            portal.base_url,
            DEMO_USERNAME,
            DEMO_PASSWORD,
            DAY.date().isoformat(),
        )
        assert code == 0, error
        seen = json.loads(out)
        assert seen["name"] == "DEMO HOLDER"
        for meter, read in zip(portal.meters, seen["meters"], strict=True):
            units = meter.remaining_units(NOW).quantize(Decimal("0.001"))
            balance = meter.balance(NOW).quantize(Decimal("0.01"))
            unit = {"electricity": "kWh", "water": "m³"}[meter.utility]
            assert read["number"] == meter.number
            assert (read["type"].lower(), read["unit"]) == (meter.utility, unit)
            assert read["status"] == "ACTIVE"
            assert read["remaining_units"] == float(units)
            assert read["balance"] == float(balance)
            assert datetime.fromisoformat(read["last_updated"]).date() == NOW.date()
            assert read["payment"] == {
                "customer_type": "Residential",
                "debt_clearance_model": "DEBT_ADJUSTED",
                "total_debt_owing": "$0.00",
                "debt_repayment_period": "-",
                "monthly_debt_amount": "$0.00",
                "debt_period_remaining": "",
                "debt_balance_remaining": "$0.00",
                "remaining_unit": f"{units:,} {unit}",
                "remaining_credit": f"${balance:,}",
            }
            hours, days = _truth(portal, meter, "hour"), _truth(portal, meter, "day")
            assert len(hours) == (24 if meter.utility == "electricity" else 0)
            assert len(days) == 31
            assert read["hours"] == hours
            assert read["days"] == days
        assert all(record.status < 400 for record in portal.requests)
