"""The blueprints with an account: they ask for a meter and a phone, and say what is true."""

import shutil
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.setup import async_setup_component

from custom_components.usms.client import BRUNEI
from custom_components.usms.news import SIGNAL_NEWS, News, NewsKind
from tests.portal import Fault, Meter
from tests.support import ROOT
from tests.support.harness import Harness
from tests.support.phone import Phone

pytestmark = pytest.mark.knows_portal


class Blueprint:
    """An automation of a blueprint, with a phone."""

    def __init__(self, account: Harness, folder: Path) -> None:
        """Have all blueprints."""
        shutil.copytree(ROOT / "blueprints", folder / "blueprints")
        self._account = account
        self._hass = account.hass
        self._phone = Phone(account.hass)

    async def use(self, name: str, meter: str | list[str]) -> None:
        """Set it up with a meter, or several, and the phone."""
        await self._hass.config.async_set_time_zone("Asia/Brunei")
        inputs = {"meter": meter, "phone": self._phone.device}
        config = {
            "id": "one",
            "alias": "One",
            "use_blueprint": {"path": f"usms/{name}.yaml", "input": inputs},
        }
        assert await async_setup_component(self._hass, "automation", {"automation": config})
        await self._hass.async_block_till_done()
        state = self._hass.states.get("automation.one")
        assert state
        assert state.state == "on"

    async def sent(self) -> list[dict[str, Any]]:
        """Return what the phone was sent since the last time."""
        return await self._phone.sent()

    def news(self, kind: NewsKind, **values: Any) -> None:
        """Have something be new of electricity."""
        number = self._account.meter().number
        news = News(kind, self._account.entry.entry_id, number, values)
        async_dispatcher_send(self._hass, SIGNAL_NEWS, news)


@pytest.fixture
async def blueprint(account: Harness, tmp_path: Path) -> AsyncIterator[Blueprint]:
    account.portal.set_profile(session_minutes=None)
    yield Blueprint(account, tmp_path)
    await account.hass.services.async_call(
        "automation", "turn_off", {"entity_id": "all"}, blocking=True
    )


def device(account: Harness, meter: Meter) -> str:
    return account.device(meter.number).id


def set_low_credit(account: Harness, by: str, threshold: float) -> None:
    """Have electricity's credit count as low below that, after a reload."""
    number = account.meter().number
    options = {"meters": {number: {"low_credit": {"by": by, "threshold": threshold}}}}
    account.hass.config_entries.async_update_entry(account.entry, options=options)


@pytest.mark.history(days=12)
async def test_low_credit(account: Harness, blueprint: Blueprint) -> None:
    await account.start_history()
    left = float(account.state("balance", "electricity"))
    set_low_credit(account, "balance", left - 0.01)
    await account.reload()
    await blueprint.use("low_credit", device(account, account.meter()))
    sent: list[dict[str, Any]] = []
    for _ in range(5):
        await account.forward(timedelta(hours=1))
        sent += await blueprint.sent()
    (one,) = sent
    assert one["title"] == "Credit runs low"
    begin, _, rest = one["message"].partition(" left, lasts until ")
    assert begin.startswith("Electricity 0001: B$")
    until, _, longer = rest.partition(". B$20 would last until ")
    runs_out = datetime.fromisoformat(account.state("runs_out", "electricity"))
    assert until == f"{runs_out.astimezone(BRUNEI):%A %-d %B}"
    assert longer.removesuffix(".") not in ("", until)
    url = account.entry.runtime_data.connection.client.top_up_url(account.meter().number)
    assert (one["data"]["url"], one["data"]["clickAction"]) == (url, url)


async def test_low_credit_where_nothing_is_known_of_its_use(
    account: Harness, blueprint: Blueprint
) -> None:
    """A balance alone: it has no date, and there is no plan."""
    account.portal.add_fault(Fault("report/usagehistory", "other_page"))
    set_low_credit(account, "balance", 10_000)
    await blueprint.use("low_credit", device(account, account.meter()))
    await account.start_history()
    blueprint.news(NewsKind.CREDIT_LOW)
    (one,) = await blueprint.sent()
    balance = float(account.state("balance", "electricity"))
    assert one["message"] == f"Electricity 0001: B${balance:.2f} left."


async def test_a_dearer_tier(account: Harness, blueprint: Blueprint) -> None:
    await account.start_history()
    await blueprint.use("tier_change", device(account, account.meter()))
    values = {"tier": 1, "tiers": 4, "rate": 0.01}
    blueprint.news(NewsKind.TIER_NEAR, **values, left=59.0, days_left_in_tier=2.9)
    blueprint.news(NewsKind.TIER_REACHED, **values | {"tier": 2, "rate": 0.08})
    assert [(one["title"], one["message"]) for one in await blueprint.sent()] == [
        (
            "A dearer tier is near",
            "Electricity 0001: 59.0 kWh left in tier 1, about 2.9 days.",
        ),
        ("A dearer tier", "Electricity 0001: tier 2 of 4, B$0.08 per kWh."),
    ]


async def test_unusual_consumption(account: Harness, blueprint: Blueprint) -> None:
    await account.start_history()
    await blueprint.use("unusual_consumption", device(account, account.meter()))
    day = {"day": "2026-11-19", "usual": 12.0}
    for consumption in (24.0, 25.16):
        times = round(consumption / 12, 1)
        blueprint.news(NewsKind.DAY_KNOWN, **day, consumption=consumption, times=times)
    assert [(one["title"], one["message"]) for one in await blueprint.sent()] == [
        (
            "Unusual consumption",
            "Electricity 0001: 25.2 kWh on Thursday 19 November, 2.1 times the usual 12.0 kWh.",
        )
    ]


def week(account: Harness, meter: Meter, last: int) -> str:
    """Return what a meter used in the seven days up to so many days ago."""
    days = dict(account.portal.truth(meter.number, "day"))
    today = account.now.date()
    used = sum(
        value for start, value in days.items() if last <= (today - start.date()).days < last + 7
    )
    unit = "kWh" if meter.utility == "electricity" else "m³"
    return f"{float(Decimal(used).quantize(Decimal('0.1')))} {unit}"


@pytest.mark.history(days=14)
async def test_the_week_of_two_meters(account: Harness, blueprint: Blueprint) -> None:
    await account.start_history()
    meters = [account.meter("electricity"), account.meter("water")]
    await blueprint.use("weekly_summary", [device(account, meter) for meter in meters])
    await account.move_to(datetime(2026, 11, 21, 18, 0, 1, tzinfo=BRUNEI))
    assert await blueprint.sent() == []
    await account.move_to(datetime(2026, 11, 22, 12, 0, tzinfo=BRUNEI))
    await account.move_to(datetime(2026, 11, 22, 18, 0, 1, tzinfo=BRUNEI))
    (one,) = await blueprint.sent()
    assert one["title"] == "Your week"
    for line, meter in zip(one["message"].splitlines(), meters, strict=True):
        assert f": {week(account, meter, 1)}, B$" in line
        assert f" (week before: {week(account, meter, 8)})" in line


@pytest.mark.history(days=2)
async def test_a_week_in_part_and_of_an_account_that_is_not_loaded(
    hass: HomeAssistant, account: Harness, blueprint: Blueprint
) -> None:
    await account.start_history()
    meter = account.meter("water")
    await blueprint.use("weekly_summary", [device(account, meter)])
    await account.move_to(datetime(2026, 11, 21, 19, 0, tzinfo=BRUNEI))
    await account.move_to(datetime(2026, 11, 22, 18, 0, 1, tzinfo=BRUNEI))
    (one,) = await blueprint.sent()
    assert " on 3 of 7 days, B$" in one["message"]
    assert "week before" not in one["message"]
    assert await hass.config_entries.async_unload(account.entry.entry_id)
    await account.move_to(datetime(2026, 11, 28, 19, 0, tzinfo=BRUNEI))
    await account.move_to(datetime(2026, 11, 29, 18, 0, 1, tzinfo=BRUNEI))
    (one,) = await blueprint.sent()
    assert one["message"] == "Water 0001: no readings"
