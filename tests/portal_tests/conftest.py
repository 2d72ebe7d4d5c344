"""The simulated portal's own tests."""

from collections.abc import AsyncIterator
from datetime import datetime

import aiohttp
import pytest

from tests.portal import BRUNEI, SimulatedPortal
from tests.support.history import days_of_history

NOW = datetime(2026, 11, 20, 14, 30, tzinfo=BRUNEI)


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    """Let tests talk to the loopback."""


@pytest.fixture
async def portal(request: pytest.FixtureRequest) -> AsyncIterator[SimulatedPortal]:
    """A portal with 100 days behind it, its clock standing."""
    days = days_of_history(request, 100)
    async with SimulatedPortal(seed=1, days=days, now=NOW) as portal:
        yield portal


@pytest.fixture
async def browser(portal: SimulatedPortal) -> AsyncIterator[aiohttp.ClientSession]:
    """Something with cookies that follows redirects, as browsers do."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(portal.base_url, cookie_jar=jar) as session:
        yield session
