"""Two accounts in one Home Assistant: the portal is spared as by one."""

import asyncio
from itertools import pairwise

import pytest
from homeassistant.core import HomeAssistant

from custom_components.usms.client import Pacing, SessionExpired
from custom_components.usms.connection import connection
from custom_components.usms.connection.connection import Connection
from custom_components.usms.connection.wrong_answers import WrongAnswers
from tests.portal import Profile, SimulatedPortal


async def test_one_request_at_a_time_at_one_pace(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "PACING", Pacing(least=0, most=10, jitter=0))
    async with SimulatedPortal(days=2, profile=Profile(latency=0.03)) as portal:
        monkeypatch.setenv("USMS_BASE_URL", portal.base_url)
        accounts = [Connection(hass, WrongAnswers()) for _ in range(2)]

        async def ask(account: Connection) -> None:
            with pytest.raises(SessionExpired):
                await account.client.account()

        await asyncio.gather(*map(ask, 2 * accounts))
        asked = [request.at for request in portal.requests if request.path.endswith("Home")]
    assert len(asked) == 4
    # The answer and its redirect, and as long again.
    assert min(later - earlier for earlier, later in pairwise(asked)) >= 0.12
