"""A real Home Assistant as a process of its own, with a simulated portal beside it."""

import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.portal import SimulatedPortal
from tests.support import ROOT
from tests.support.history import days_of_history
from tests.support.home import Home


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    """Let tests talk to the loopback."""


@pytest.fixture(scope="session")
def _hass() -> None:
    """Have the environment of a real Home Assistant."""
    subprocess.run([ROOT / "scripts" / "setup", "--demo"], check=True, cwd=ROOT)


@pytest.fixture
async def portal(request: pytest.FixtureRequest) -> AsyncIterator[SimulatedPortal]:
    """A portal whose clock ticks, with five days behind it."""
    days = days_of_history(request, 5)
    async with SimulatedPortal(seed=1, days=days) as portal:
        yield portal
        assert portal.most_in_flight <= 1
        assert portal.overlapping_sign_ins == 0


@pytest.fixture
def configuration() -> str:
    """More lines for configuration.yaml; tests override it."""
    return ""


@pytest.fixture
async def home(
    _hass: None, tmp_path: Path, portal: SimulatedPortal, configuration: str
) -> AsyncIterator[Home]:
    """Home Assistant, started, without an account."""
    home = Home(tmp_path / "config", portal, configuration)
    await home.start()
    yield home
    await home.stop()


async def read(home: Home) -> bool:
    """Tell whether the account page was read."""
    state = (await home.state("_balance"))["state"]
    return state not in {"missing", "unavailable", "unknown"}


async def needed(home: Home) -> bool:
    return (await home.state("_sign_in_needed"))["state"] == "on"


async def now(home: Home) -> str:
    """Return the id of the button that polls."""
    return str((await home.state("_read_now"))["entity_id"])
