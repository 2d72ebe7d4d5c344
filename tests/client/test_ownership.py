"""Reports of another meter: noticed, asked for again, and never stored."""

from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from custom_components.usms.client import (
    NO_PACING,
    PageNotUnderstood,
    Reading,
    Resolution,
    UsmsClient,
)
from custom_components.usms.client.brunei import BRUNEI
from custom_components.usms.client.store import ReadingsStore
from custom_components.usms.client.sync import Sync
from custom_components.usms.client.sync.ownership import differs, owners
from tests.portal import Fault, SimulatedPortal

from .conftest import NOW

START = datetime(2026, 11, 1, tzinfo=BRUNEI)

type Known = dict[datetime, Decimal]


def hours(*values: str) -> Known:
    return {START + timedelta(hours=n): Decimal(v) for n, v in enumerate(values)}


@pytest.mark.parametrize(
    ("read", "known", "other", "doubtful"),
    [
        pytest.param(hours("1", "2", "3"), {}, {}, False, id="the first of all"),
        pytest.param(hours("1", "2", "3"), hours("1", "2", "4"), {}, False, id="a correction"),
        pytest.param(hours("1", "2", "3"), hours("5", "2", "4"), {}, True, id="most differ"),
        pytest.param(hours("1", "2"), hours("5", "6"), {}, False, id="too few to say"),
        pytest.param(hours("1", "2", "3"), {}, hours("1", "2", "3"), True, id="another's"),
        pytest.param(
            hours("1", "2", "3"), hours("1"), hours("1", "2", "3"), False, id="too few new"
        ),
        pytest.param(hours("0", "0", "0"), {}, hours("0", "0", "0"), False, id="both unused"),
        pytest.param(
            hours("1", "2", "3", "4", "5", "6", "7"),
            {},
            hours("1", "2", "3", "0", "0", "0", "0"),
            False,
            id="some agree by chance",
        ),
    ],
)
def test_what_is_doubtful(read: Known, known: Known, other: Known, doubtful: bool) -> None:
    readings = [Reading(start, value) for start, value in read.items()]
    found = differs(readings, known) or bool(owners(readings, known, {"other": other}))
    assert found is doubtful


async def finish(sync: Sync) -> None:
    """Read until nothing is due; what is put off ends a run."""
    try:
        async for _ in sync.run():
            pass
    except PageNotUnderstood as err:
        assert err.page == "UsageHistory"  # noqa: PT017 - it may also end without


def wrong_days(portal: SimulatedPortal, store: ReadingsStore) -> list[tuple[str, datetime]]:
    """Return what the store has of each meter and the portal has otherwise."""
    return [
        (meter.number, reading.start)
        for meter in portal.meters
        for resolution in (Resolution.DAY, Resolution.HOUR)
        for truth in [dict(portal.truth(meter.number, resolution))]
        for reading in store.readings(meter.number, resolution)
        if not reading.estimated and truth.get(reading.start) != reading.value
    ]


@pytest.mark.history(days=40)
@pytest.mark.parametrize("after", [0, *(pytest.param(n, marks=pytest.mark.long) for n in (1, 2))])
async def test_another_program_with_the_same_session(
    signed_in: UsmsClient, portal: SimulatedPortal, tmp_path: Path, after: int
) -> None:
    """15 reports of the wrong meter were stored without a word."""
    portal.set_profile(
        holes=False, lag=False, corrections=False, more_meters=2, session_minutes=None
    )
    client = UsmsClient(base_url=portal.base_url, pacing=NO_PACING, now=portal.now)
    client.restore_session(signed_in.export_session())
    with closing(ReadingsStore(tmp_path / "readings.db")) as store:
        async with client:
            sync = Sync(client, store, now=portal.now)
            await sync.open()
            await sync.record_account(await client.account())
            for n in range(15):
                first = 7 * n + after
                portal.add_fault(
                    Fault(
                        "report/usagehistory", "meter_opened", method="POST", after=first, times=1
                    )
                )
            for _ in range(4):
                await finish(sync)
                portal.set_now(portal.now() + timedelta(hours=7))  # what was put off is due again
        portal.set_now(portal.now() - timedelta(hours=7))
        assert wrong_days(portal, store) == []
        assert len(store.readings(portal.meters[0].number, Resolution.HOUR)) > 700


@pytest.mark.parametrize(
    ("mark", "read"),
    [
        (lambda html: html.replace('action="./UsageHistory"', 'action="?p=MjAwMDAwMDAwMQ=="'), 0),
        (lambda html: html.replace('action="./UsageHistory"', 'action="?p=MTAwMDAwMDE="'), 24),
        (lambda html: html, 24),
    ],
    ids=["another meter's", "the right one", "none"],
)
async def test_the_forms_address_names_the_meter(
    signed_in: UsmsClient,
    portal: SimulatedPortal,
    monkeypatch: pytest.MonkeyPatch,
    mark: Callable[[str], str],
    read: int,
) -> None:
    from tests.portal import pages  # noqa: PLC0415 - what serves the page is changed

    serve = pages.usage
    monkeypatch.setattr(pages, "usage", lambda *args, **more: mark(serve(*args, **more)))
    portal.set_profile(holes=False)
    day = NOW.date() - timedelta(days=10)
    if read:
        assert len((await signed_in.hourly("10000001", day)).readings) == read
    else:
        with pytest.raises(PageNotUnderstood, match="another"):
            await signed_in.hourly("10000001", day)
