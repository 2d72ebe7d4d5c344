"""The command line in this process, as somebody at a terminal or a program uses it."""

import asyncio
import csv
import io
import json
import os
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from custom_components.usms.client import NO_PACING, Reading, Utility
from custom_components.usms.client.cli import main, run
from custom_components.usms.client.store import ReadingsStore
from tests.client.conftest import NOW, PASSWORD, USERNAME
from tests.client.forward_proxy import VARIABLES
from tests.portal import SimulatedPortal

ELECTRICITY, WATER = "10000001", "2000000001"


@dataclass
class Said:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def csv(self) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(self.out)))


class Keyboard(io.StringIO):
    """Standard input: a terminal where somebody answers, in a program nobody does."""

    def __init__(self, answer: Callable[[], str] | None) -> None:
        super().__init__()
        self._answer = answer

    def isatty(self) -> bool:
        return self._answer is not None

    def readline(self, *_: object) -> str:
        assert self._answer, "a question without a terminal"
        return self._answer() + "\n"


class Shell:
    """Runs commands."""

    def __init__(
        self,
        portal: SimulatedPortal,
        state: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        self.portal = portal
        self.state = state
        self.now = NOW
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    async def __call__(self, *arguments: str, answer: Callable[[], str] | None = None) -> Said:
        self._monkeypatch.setattr("sys.stdin", Keyboard(answer))
        self._capsys.readouterr()

        def run() -> int:
            try:
                return main(arguments, clock=lambda: self.now, pacing=NO_PACING)
            except SystemExit as stop:
                return int(stop.code or 0)

        code = await asyncio.to_thread(run)
        return Said(code, *self._capsys.readouterr())

    async def sign_in(self) -> None:
        said = await self("login", answer=lambda: self.portal.captcha_answer)
        assert said.code == 0, said.err
        self.portal.clear_requests()


@pytest.fixture
def usms(
    portal: SimulatedPortal,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Shell:
    """A shell with nobody signed in."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("USMS_BASE_URL", portal.base_url)
    monkeypatch.setenv("USMS_USERNAME", USERNAME)
    monkeypatch.setenv("USMS_PASSWORD", PASSWORD)
    for name in ("DISPLAY", "WAYLAND_DISPLAY", *VARIABLES):
        monkeypatch.delenv(name, raising=False)
    return Shell(portal, tmp_path / "usms", monkeypatch, capsys)


@pytest.fixture
async def signed_in(usms: Shell) -> Shell:
    """A shell whose state folder has a session."""
    await usms.sign_in()
    return usms


@pytest.fixture
def alone(tmp_path: Path) -> dict[str, str]:
    """Return an environment in which the client has its own name, and keeps nothing of ours."""
    client = Path(run.__file__).parents[1]
    (tmp_path / "usms_client").symlink_to(client)
    return {**os.environ, "PYTHONPATH": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)}


def truth(shell: Shell, meter: str, resolution: str, first: str, last: str) -> list[dict[str, Any]]:
    """Return what `usage` should tell."""
    return [
        {
            "start": start.isoformat(),
            "consumption": float(value),
            "unit": "kWh" if meter == ELECTRICITY else "m³",
            "estimated": False,
        }
        for start, value in shell.portal.truth(meter, resolution)
        if date.fromisoformat(first) <= start.date() <= date.fromisoformat(last)
    ]


def assert_same(as_json: Said, as_csv: Said) -> None:
    """CSV tells the same as JSON."""
    rows = as_json.json if isinstance(as_json.json, list) else [as_json.json]
    assert len(rows) == len(as_csv.csv)
    for row, other in zip(rows, as_csv.csv, strict=True):
        assert list(row) == list(other)
        for key, value in row.items():
            if isinstance(value, bool) or value is None:
                assert other[key] == {True: "true", False: "false", None: ""}[value]
            else:
                assert other[key] == value or float(other[key]) == value


def small_store(path: Path, meter: str = ELECTRICITY, days: int = 1, value: int = 1) -> Path:
    """Make a store with the days of a month's beginning in it, all of that value."""
    midnight = NOW.replace(hour=0, minute=0)
    with closing(ReadingsStore(path)) as store:
        store.record_meter(meter, Utility.ELECTRICITY, "", NOW)
        for n in range(days):
            day = midnight.replace(day=1 + n)
            readings = [Reading(day, Decimal(value))]
            store.save_days(meter, day.date(), day.date(), readings, NOW)
    return path
