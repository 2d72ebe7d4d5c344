"""The client against the simulated portal."""

from collections.abc import AsyncIterator
from datetime import datetime

import pytest

from custom_components.usms.client import BRUNEI, NO_PACING, UsmsClient
from tests.portal import SimulatedPortal
from tests.support.history import days_of_history

from . import forward_proxy

NOW = datetime(2026, 11, 20, 14, 30, tzinfo=BRUNEI)
USERNAME, PASSWORD = "01001234", "demo-password"


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
async def client(portal: SimulatedPortal) -> AsyncIterator[UsmsClient]:
    """A client that nobody has signed in."""
    async with UsmsClient(base_url=portal.base_url, pacing=NO_PACING, timeout=5) as client:
        yield client


@pytest.fixture
async def signed_in(client: UsmsClient, portal: SimulatedPortal) -> UsmsClient:
    """A client that somebody has signed in; its requests so far are forgotten."""

    async def answer(_image: bytes) -> str:
        return portal.captcha_answer

    await client.sign_in(USERNAME, PASSWORD, answer_captcha=answer)
    portal.clear_requests()
    return client


@pytest.fixture
async def proxy() -> AsyncIterator[forward_proxy.Proxy]:
    """A proxy that the environment may name."""
    async with forward_proxy.running() as proxy:
        yield proxy
