"""The simulated portal itself, over HTTP."""

from collections.abc import AsyncIterator
from datetime import datetime

import pytest

from tests.portal import BRUNEI, SimulatedPortal

from .browser import Browser

NOW = datetime(2026, 11, 20, 14, 30, tzinfo=BRUNEI)


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    """Let tests talk to the loopback."""


@pytest.fixture
async def portal() -> AsyncIterator[SimulatedPortal]:
    """A portal with 100 days behind it, its clock standing."""
    async with SimulatedPortal(seed=1, days=100, now=NOW) as portal:
        yield portal


@pytest.fixture
async def browser(portal: SimulatedPortal) -> AsyncIterator[Browser]:
    """A browser that nobody has signed in with."""
    async with Browser(portal) as browser:
        yield browser


@pytest.fixture
async def signed_in(browser: Browser, portal: SimulatedPortal) -> Browser:
    """A browser that the demo account's holder has signed in with."""
    await browser.sign_in()
    portal.clear_requests()
    return browser
