"""How long Home Assistant takes to start while the portal hangs, refuses or is slow."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest

from tests.portal import Fault
from tests.support.home import Home

from .conftest import read

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

LONGEST = 5.0
"""Seconds that setting the account up may take; a request to the portal may take 60."""


async def _answers(_home: Home) -> None:
    pass


async def _hangs(home: Home) -> None:
    home.portal.add_fault(Fault(path="*", kind="hang"))


async def _refuses(home: Home) -> None:
    await home.portal.stop()


async def _is_slow(home: Home) -> None:
    home.portal.set_profile(latency=20)


@pytest.mark.parametrize("trouble", [_answers, _hangs, _refuses, _is_slow])
@pytest.mark.parametrize("stored", [True, False], ids=["stored", "nothing stored"])
async def test_start_up(
    home: Home, trouble: Callable[[Home], Awaitable[None]], *, stored: bool
) -> None:
    await home.add_account()
    await home.until(lambda: read(home))
    await home.until(lambda: _counted(home))
    await home.stop()
    if not stored:
        for file in (home.config / ".storage").glob("usms.*.db*"):
            file.unlink()
    home.portal.set_profile(session_minutes=None)
    await trouble(home)
    log = home.config / "home-assistant.log"
    log.unlink(missing_ok=True)
    began = datetime.now(UTC)
    await home.start()
    took = (datetime.now(UTC) - began).total_seconds()
    setup = await _seconds_of_setup(home)
    print(
        f"\nSTART {trouble.__name__} stored={stored}: running {took:.1f} s, account {setup:.2f} s"
    )
    assert setup < (LONGEST if stored else LONGEST + 10)
    state = (await home.state("_consumption_this_month"))["state"]
    if stored:
        assert state not in {"missing", "unavailable", "unknown"}
    if trouble is _is_slow:
        await home.until(lambda: read(home))
    assert home.trouble() == []


async def _counted(home: Home) -> bool:
    state = (await home.state("_consumption_this_month"))["state"]
    return state not in {"missing", "unavailable", "unknown"}


async def _seconds_of_setup(home: Home) -> float:
    """Return how long the account took to be set up, as Home Assistant counts it."""
    found = await home.api.command("integration/setup_info")
    return float(next(one["seconds"] for one in found if one["domain"] == "usms"))
