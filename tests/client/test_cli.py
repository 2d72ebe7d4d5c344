"""The command line, against the simulated portal."""

import asyncio
import json
import stat
from pathlib import Path

import pytest

from custom_components.usms.client.cli import main
from tests.portal import SimulatedPortal

from .conftest import PASSWORD, USERNAME


@pytest.fixture
def state(portal: SimulatedPortal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the command line keeps its session in."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("USMS_BASE_URL", portal.base_url)
    monkeypatch.setenv("USMS_USERNAME", USERNAME)
    monkeypatch.setenv("USMS_PASSWORD", PASSWORD)
    monkeypatch.setattr("builtins.input", lambda _prompt: portal.captcha_answer)
    return tmp_path


async def run(*arguments: str) -> int:
    return await asyncio.to_thread(main, arguments)


async def test_login_and_meters(
    state: Path, portal: SimulatedPortal, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run("meters") == 3
    assert "usms login" in capsys.readouterr().err
    assert await run("login") == 0
    session = state / "usms" / "session.json"
    assert stat.S_IMODE(session.stat().st_mode) == 0o600
    capsys.readouterr()
    assert await run("meters", "--json") == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["meter"] for row in rows] == [meter.number for meter in portal.meters]
    assert await run("meters") == 0
    assert "kWh" in capsys.readouterr().out


async def test_what_goes_wrong(
    state: Path, portal: SimulatedPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("builtins.input", lambda _prompt: "wrong")
    assert await run("login") == 3
    monkeypatch.setenv("USMS_PASSWORD", "wrong")
    assert await run("login") == 1
    monkeypatch.setenv("USMS_BASE_URL", "http://example.com/")
    assert await run("meters") == 2
