"""A portal that offered a short history once, and a longer one again."""

from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from custom_components.usms.client import NO_PACING, Resolution, UsmsClient
from custom_components.usms.client.store import ReadingsStore
from custom_components.usms.client.sync import Sync
from tests.portal import SimulatedPortal


@pytest.mark.history(days=150)
async def test_days_before_the_start_are_looked_for_again(
    signed_in: UsmsClient, portal: SimulatedPortal, tmp_path: Path
) -> None:
    """They were never asked for again, and what stood for them was never replaced."""
    portal.set_profile(session_minutes=None, history_days=10, holes=False, lag=False)
    begin = portal.now()
    client = UsmsClient(base_url=portal.base_url, pacing=NO_PACING, now=portal.now)
    client.restore_session(signed_in.export_session())
    with closing(ReadingsStore(tmp_path / "readings.db")) as store:
        async with client:
            sync = Sync(client, store, now=portal.now)
            await sync.open()
            await sync.record_account(await client.account())
            async for _ in sync.run():
                pass
            number = portal.meters[1].number
            assert len(store.readings(number, Resolution.DAY)) < 12
            portal.set_profile(history_days=0)
            portal.set_now(begin + timedelta(days=4))
            async for _ in sync.run():
                pass
            truth = portal.truth(number, Resolution.DAY)
            assert len(store.readings(number, Resolution.DAY)) == len(truth)
            assert len(truth) > 140
