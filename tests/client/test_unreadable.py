"""Reports that can't be read, in part or at all: they hide nothing, and are asked for again."""

from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from custom_components.usms.client import NO_PACING, PageNotUnderstood, Resolution, UsmsClient
from custom_components.usms.client.store import ReadingsStore
from custom_components.usms.client.sync import Sync
from tests.portal import Fault, SimulatedPortal


async def read_all(signed_in: UsmsClient, portal: SimulatedPortal, store: ReadingsStore) -> int:
    """Read all history, for four days; return how often a part of a report was left out."""
    unread = 0
    portal.set_profile(holes=False, lag=False, corrections=False, session_minutes=None)
    client = UsmsClient(base_url=portal.base_url, pacing=NO_PACING, now=portal.now)
    client.restore_session(signed_in.export_session())
    async with client:
        sync = Sync(client, store, now=portal.now)
        await sync.open()
        for _ in range(16):
            await sync.record_account(await client.account())
            try:
                async for progress in sync.run():
                    unread += progress.unread is not None
            except PageNotUnderstood as err:
                assert err.page == "UsageHistory"  # noqa: PT017 - it may also end without
            portal.set_now(portal.now() + timedelta(hours=6))
    return unread


@pytest.mark.history(days=40)
async def test_a_stretch_that_cannot_be_read_hides_none_behind_it(
    signed_in: UsmsClient, portal: SimulatedPortal, tmp_path: Path
) -> None:
    """Twelve days back a value could not be read, and water had 0 of 163 days."""
    portal.add_fault(
        Fault("report/usagehistory", "decimal_commas", method="POST", after=20, times=24)
    )
    with closing(ReadingsStore(tmp_path / "readings.db")) as store:
        await read_all(signed_in, portal, store)
        for meter in portal.meters:
            days = dict(portal.truth(meter.number, "day"))
            stored = store.readings(meter.number, Resolution.DAY)
            assert len(stored) >= 40
            assert all(days[reading.start] == reading.value for reading in stored)
        electricity = portal.meters[0].number
        hours = dict(portal.truth(electricity, "hour"))
        read = [r for r in store.readings(electricity, Resolution.HOUR) if not r.estimated]
        assert len(read) >= 40 * 24
        assert all(hours[reading.start] == reading.value for reading in read)


@pytest.mark.long
@pytest.mark.history(days=40)
@pytest.mark.parametrize("kind", ["nan", "negative"])
async def test_a_value_in_each_report(
    signed_in: UsmsClient, portal: SimulatedPortal, tmp_path: Path, kind: str
) -> None:
    """It costs its row; one below zero is the portal's own, kept as it is."""
    always = kind == "negative"
    times, report = (None, "3") if always else (30, None)
    portal.add_fault(Fault("report/usagehistory", kind, method="POST", times=times, report=report))
    with closing(ReadingsStore(tmp_path / "readings.db")) as store:
        unread = await read_all(signed_in, portal, store)
        electricity = portal.meters[0].number
        assert (unread > 0) is not always
        assert (store.below_zero(electricity) > 30) is always
        hours = dict(portal.truth(electricity, "hour"))
        read = [r for r in store.readings(electricity, Resolution.HOUR) if not r.estimated]
        assert len(read) > 39 * 24
        assert all(hours[reading.start] == abs(reading.value) for reading in read)
