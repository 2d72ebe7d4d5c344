"""Home Assistant killed at any moment: signed in, while asked, and in the middle of an import."""

import random
from contextlib import suppress
from datetime import datetime

import pytest

from tests.portal import SimulatedPortal
from tests.support.home import Home
from tests.support.home_assistant import HomeAssistantFailed

from .conftest import needed, now, read

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]


async def test_killed_while_signed_in(home: Home) -> None:
    await home.add_account()
    await home.until(lambda: read(home))
    await home.kill()
    home.portal.clear_requests()
    await home.start()
    await home.until(lambda: read(home))
    assert (await home.state("_sign_in_needed"))["state"] == "off"
    assert [r for r in home.portal.requests if "reslogin" in r.path.lower()] == []


async def test_killed_while_a_picture_waits(home: Home) -> None:
    await home.add_account()
    await home.until(lambda: read(home))
    account = await home.entry_id()
    home.portal.expire()
    with suppress(HomeAssistantFailed):  # the button says that a sign-in is needed
        await home.api.call(
            "POST", "/api/services/button/press", json={"entity_id": await now(home)}
        )
    await home.until(lambda: needed(home))
    assert (await home.act("usms.sign_in", account=account))["reason"] == "captcha_needed"
    await home.kill()

    home.portal.clear_requests()
    await home.start()
    await home.until(lambda: needed(home))
    flows = await home.api.command("config_entries/flow/progress")
    assert [flow["handler"] for flow in flows] == ["usms"]
    assert drawn(home) == 0  # a picture is drawn for somebody who looks
    assert (await home.act("usms.sign_in", account=account))["reason"] == "captcha_needed"
    assert drawn(home) == 1
    done = await home.act("usms.sign_in", account=account, captcha=home.portal.captcha_answer)
    assert done["signed_in"]
    await home.until(lambda: read(home))
    assert await home.api.command("config_entries/flow/progress") == []


@pytest.mark.history(days=20)
async def test_killed_in_the_middle_of_an_import(home: Home, portal: SimulatedPortal) -> None:
    """And with the recorder's database lost under a full store: complete again, unasked."""
    chance = random.Random(5)
    await home.add_account()
    for kill in range(5):
        reports = chance.randrange(3, 9)
        home.portal.clear_requests()
        await home.until(lambda wanted=reports: asked(home, wanted))
        await home.kill()
        if kill == 3:
            lose_the_recorder(home)
        await home.start()
    await home.until(lambda: complete(home), 300)
    await assert_statistics_equal_truth(home)

    await home.stop()
    lose_the_recorder(home)
    home.portal.clear_requests()
    await home.start()
    await home.until(lambda: statistics_are_back(home))
    await assert_statistics_equal_truth(home)
    today = [r for r in home.portal.requests if "report" in r.path.lower()]
    assert len(today) <= 3  # what today brought meanwhile, nothing of the history
    assert home.trouble() == []


def lose_the_recorder(home: Home) -> None:
    """Delete the recorder's database."""
    for file in home.config.glob("home-assistant_v2.db*"):
        file.unlink()


def drawn(home: Home) -> int:
    return sum("dxb.axd" in record.path.lower() for record in home.portal.requests)


async def asked(home: Home, reports: int) -> bool:
    return sum("report" in record.path.lower() for record in home.portal.requests) >= reports


async def complete(home: Home) -> bool:
    return (await home.state("_history_progress"))["state"] == "100"


async def statistics_are_back(home: Home) -> bool:
    meters = home.portal.meters
    series = [
        await home.statistics(f"usms:{meter.utility}_{meter.number}_daily") for meter in meters
    ]
    truths = [home.portal.truth(meter.number, "day") for meter in meters]
    return [len(rows) for rows in series] == [len(rows) for rows in truths]


async def assert_statistics_equal_truth(home: Home) -> None:
    """Compare every hour before today, and every day, with the portal's truth."""
    midnight = home.portal.now().replace(hour=0, minute=0, second=0, microsecond=0)
    for meter in home.portal.meters:
        series = f"usms:{meter.utility}_{meter.number}"
        days = await home.statistics(f"{series}_daily")
        assert days == floats(home.portal.truth(meter.number, "day"))
        if meter.utility == "electricity":
            truth = floats(home.portal.truth(meter.number, "hour"))
            hours = await home.statistics(f"{series}_consumption")
            wrong = {
                start: (hours.get(start), value)
                for start, value in truth.items()
                if start < midnight and hours.get(start) != value
            }
            assert wrong == {}


def floats(rows: list[tuple[datetime, object]]) -> dict[datetime, float]:
    return {start: float(str(value)) for start, value in rows}
