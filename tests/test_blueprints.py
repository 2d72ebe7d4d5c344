"""The blueprints in a real Home Assistant: what they tell, and when they keep quiet."""

import re
import shutil
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_ON
from homeassistant.core import HomeAssistant, ServiceCall, SupportsResponse
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    async_mock_service,
)

from custom_components.usms.client import BRUNEI
from tests.support import ROOT

BLUEPRINTS = ROOT / "blueprints"
NAMES = sorted(path.stem for path in (BLUEPRINTS / "automation" / "usms").glob("*.yaml"))
FRIDAY = datetime(2026, 11, 20, 11, 30, tzinfo=BRUNEI)
KWH = {"unit_of_measurement": "kWh"}
PORTAL = "https://portal.example/top-up"
NOTIFY = [
    {"action": "notify.phone", "data": {"title": "{{ title }}", "message": "{{ message }}"}},
]


class Home:
    """A Home Assistant with a meter, an automation of a blueprint, and a phone."""

    def __init__(self, hass: HomeAssistant, clock: FrozenDateTimeFactory) -> None:
        """Make the meter's device."""
        self.hass = hass
        self._clock = clock
        self.sent: list[ServiceCall] = async_mock_service(hass, "notify", "phone")
        self._entry = MockConfigEntry(domain="usms")
        self._entry.add_to_hass(hass)
        self.device = self.add_device("House")

    def add_device(self, name: str) -> str:
        """Add a meter; return its device."""
        device = dr.async_get(self.hass).async_get_or_create(
            config_entry_id=self._entry.entry_id, identifiers={("usms", name)}, name=name
        )
        return device.id

    def sensor(self, key: str, state: str, domain: str = "sensor", **attributes: Any) -> str:
        """Have an entity of the meter show a state; return its id."""
        entity = er.async_get(self.hass).async_get_or_create(
            domain, "usms", key, device_id=self.device, suggested_object_id=key
        )
        name = f"House {key.replace('_', ' ')}"
        self.hass.states.async_set(
            entity.entity_id, state, {"friendly_name": name} | attributes, force_update=True
        )
        return entity.entity_id

    async def use(self, blueprint: str, **inputs: Any) -> None:
        """Set up an automation of a blueprint."""
        await self.hass.async_block_till_done()
        use = {"path": f"usms/{blueprint}.yaml", "input": {"notify": NOTIFY} | inputs}
        config = {"automation": {"id": "one", "alias": "One", "use_blueprint": use}}
        assert await async_setup_component(self.hass, "automation", config)
        await self.hass.async_block_till_done()
        assert self.hass.states.get("automation.one").state == STATE_ON

    async def messages(self) -> list[tuple[str, str]]:
        """Return title and message of what was sent since the last time."""
        await self.hass.async_block_till_done(wait_background_tasks=True)
        sent = [(call.data["title"], call.data["message"]) for call in self.sent]
        self.sent.clear()
        return sent

    async def forward(self, span: timedelta) -> None:
        """Let time pass."""
        self._clock.tick(span)
        async_fire_time_changed(self.hass, dt_util.utcnow())
        await self.hass.async_block_till_done()


@pytest.fixture
async def home(
    hass: HomeAssistant, tmp_path: Path, freezer: FrozenDateTimeFactory
) -> AsyncIterator[Home]:
    """A home in Brunei, on a Friday before noon, with all blueprints."""
    hass.config.config_dir = str(tmp_path)
    shutil.copytree(BLUEPRINTS, tmp_path / "blueprints")
    await hass.config.async_set_time_zone("Asia/Brunei")
    freezer.move_to(FRIDAY)
    yield Home(hass, freezer)
    await hass.services.async_call("automation", "turn_off", {"entity_id": "all"}, blocking=True)


# --- credit runs low ---


class Credit:
    """A meter whose credit runs low or does not."""

    def __init__(self, home: Home) -> None:
        """Show enough credit."""
        self._home = home
        self.low("off")
        self.inputs: dict[str, Any] = {
            "low_credit": self.low("off"),
            "balance": home.sensor("balance", "4.2", top_up_url=PORTAL),
        }

    def low(self, state: str) -> str:
        return self._home.sensor("low_credit", state, "binary_sensor", device_class="problem")


async def test_low_credit_is_told_once_with_the_link(home: Home) -> None:
    credit = Credit(home)
    await home.use("low_credit", **credit.inputs)
    credit.low("on")
    told = [("Credit runs low", f"House: B$4.20 left. Top up: {PORTAL}")]
    assert await home.messages() == told
    credit.low("on")
    assert await home.messages() == []
    credit.low("off")
    assert await home.messages() == []
    credit.low("on")
    assert await home.messages() == told


async def test_low_credit_tells_when_it_runs_out(home: Home) -> None:
    credit = Credit(home)
    runs_out = home.sensor("runs_out", "2026-11-22T06:15:00+00:00", device_class="timestamp")
    await home.use("low_credit", **credit.inputs, runs_out=runs_out)
    credit.low("on")
    ((_, message),) = await home.messages()
    assert message == f"House: B$4.20 left. Runs out about 22/11/2026 14:15. Top up: {PORTAL}"
    home.sensor("runs_out", "unknown")
    credit.low("off")
    credit.low("on")
    ((_, message),) = await home.messages()
    assert message == f"House: B$4.20 left. Top up: {PORTAL}"


async def test_low_credit_is_not_told_again_after_an_outage(home: Home) -> None:
    credit = Credit(home)
    await home.use("low_credit", **credit.inputs)
    credit.low("on")
    assert len(await home.messages()) == 1
    for state in ("unavailable", "on"):
        credit.low(state)
    assert await home.messages() == []
    await home.forward(timedelta(hours=25))
    for state in ("unavailable", "on"):
        credit.low(state)
    assert len(await home.messages()) == 1


async def test_low_credit_that_came_during_an_outage_is_told(home: Home) -> None:
    credit = Credit(home)
    await home.use("low_credit", **credit.inputs)
    for state in ("unavailable", "on"):
        credit.low(state)
    assert len(await home.messages()) == 1


async def test_texts_in_malay(home: Home) -> None:
    credit = Credit(home)
    await home.use(
        "low_credit",
        **credit.inputs,
        title="Kredit hampir habis",
        message="{{ meter }}: baki {{ balance }}. Tambah nilai: {{ url }}",
    )
    credit.low("on")
    assert await home.messages() == [
        ("Kredit hampir habis", f"House: baki B$4.20. Tambah nilai: {PORTAL}")
    ]


# --- tiers ---


class Tiers:
    """A meter that goes through its tiers at 20 kWh a day."""

    def __init__(self, home: Home) -> None:
        """Begin in the first tier."""
        self._home = home
        self.inputs: dict[str, Any] = {
            "units_left": self.left("100"),
            "tier": self.tier("1"),
            "average": home.sensor("average_per_day", "20", **KWH),
        }

    def left(self, units: str) -> str:
        return self._home.sensor("units_left_in_tier", units, **KWH)

    def tier(self, number: str) -> str:
        return self._home.sensor("tier", number)


async def test_a_tier_that_comes_and_is_there(home: Home) -> None:
    tiers = Tiers(home)
    await home.use("tier_change", **tiers.inputs)
    for units in ("80", "60"):
        tiers.left(units)
    assert await home.messages() == []
    tiers.left("59")
    near = "House: 59.0 kWh left in tier 1, about 3.0 days."
    assert await home.messages() == [("A dearer tier is near", near)]
    tiers.left("30")
    assert await home.messages() == []
    tiers.left("1400")
    tiers.tier("2")
    assert await home.messages() == [("A new tier", "House: now in tier 2.")]
    # The month turns.
    tiers.left("600")
    tiers.tier("1")
    assert await home.messages() == []


async def test_a_tier_by_units_alone(home: Home) -> None:
    tiers = Tiers(home)
    await home.use("tier_change", **tiers.inputs, days=0, units=90)
    tiers.left("91")
    assert await home.messages() == []
    tiers.left("89.5")
    assert len(await home.messages()) == 1


async def test_a_tier_is_near_because_more_is_used(home: Home) -> None:
    tiers = Tiers(home)
    await home.use("tier_change", **tiers.inputs)
    home.sensor("average_per_day", "40", **KWH)
    assert len(await home.messages()) == 1


async def test_tiers_are_quiet_after_an_outage_and_in_the_last(home: Home) -> None:
    tiers = Tiers(home)
    await home.use("tier_change", **tiers.inputs)
    tiers.left("50")
    assert len(await home.messages()) == 1
    for units, number in (("unavailable", "unavailable"), ("40", "1"), ("unknown", "4")):
        tiers.left(units)
        tiers.tier(number)
        await home.hass.async_block_till_done()
        if number == "1":
            assert await home.messages() == []
    assert await home.messages() == [("A new tier", "House: now in tier 4.")]


# --- unusual consumption ---


@pytest.mark.parametrize(
    ("yesterday", "average", "told"),
    [
        ("1.5", "0.6", True),
        ("1.2", "0.6", False),
        ("0.45", "0.1", False),  # far above, but little
        ("unknown", "0.6", False),
        ("1.5", "unavailable", False),
        ("3", "0", True),
    ],
)
async def test_a_leak(home: Home, yesterday: str, average: str, told: bool) -> None:
    water = {"unit_of_measurement": "m³"}
    await home.use(
        "unusual_consumption",
        yesterday=home.sensor("consumption_yesterday", yesterday, **water),
        average=home.sensor("average_per_day", average, **water),
    )
    assert await home.messages() == []
    await home.forward(timedelta(minutes=31))
    messages = await home.messages()
    assert len(messages) == told
    if average == "0.6" and told:
        text = "House: 1.5 m³ yesterday, 2.5 times the usual 0.6 m³."
        assert messages == [("Unusual consumption", text)]
    await home.forward(timedelta(hours=23))
    assert await home.messages() == []
    await home.forward(timedelta(hours=1))
    assert len(await home.messages()) == told


# --- the week ---


def readings(first: float, second: float | None, missing: int = 0) -> dict[str, Any]:
    """Return what `usms.get_readings` does: a fortnight, each week at an amount a day.

    Days at either end may not be published.
    """
    rows = []
    for n in range(missing, 14 - missing):
        amount = first if n < 7 else second
        if amount is not None:
            day = FRIDAY.replace(hour=0, minute=0) + timedelta(days=n - 12)
            row = {"start": day.isoformat(), "consumption": amount, "unit": "kWh"}
            rows.append(row | {"estimated": False})
    return {"meters": [{"meter": "10000001", "utility": "electricity", "readings": rows}]}


async def test_the_week_of_two_meters(home: Home) -> None:
    shop, flat, asked = home.add_device("Shop"), home.add_device("Flat"), []
    answers: Mapping[str, dict[str, Any]] = {
        home.device: readings(10, 12),
        shop: readings(3, None),
        flat: readings(10, 12, missing=1),
    }

    async def get_readings(call: ServiceCall) -> dict[str, Any]:
        asked.append(dict(call.data))
        return answers[call.data["device_id"]]

    home.hass.services.async_register(
        "usms", "get_readings", get_readings, supports_response=SupportsResponse.ONLY
    )
    figures = [
        home.sensor("cost_this_month", "21.5", unit_of_measurement="BND"),
        home.sensor("forecast_cost", "unknown", unit_of_measurement="BND"),
        home.sensor("runs_out", "2026-12-01T01:00:00+00:00", device_class="timestamp"),
    ]
    await home.use(
        "weekly_summary",
        meters=[home.device, shop, flat],
        figures=figures,
        weekday="sun",
        at="18:00:00",
    )
    await home.forward(timedelta(days=1, hours=7))
    assert await home.messages() == []
    await home.forward(timedelta(days=1))
    ((title, message),) = await home.messages()
    assert title == "Your week"
    assert message.splitlines() == [
        "House: 84.0 kWh (week before: 70.0 kWh)",
        "Shop: no readings",
        "Flat: 72.0 kWh on 6 of 7 days",
        "House cost this month: 21.5 BND",
        "House runs out: 01/12/2026 09:00",
    ]
    range_asked = {"resolution": "day", "from": "2026-11-08", "to": "2026-11-21"}
    assert asked == [{"device_id": device} | range_asked for device in answers]


async def test_the_week_of_an_account_that_is_not_loaded(home: Home) -> None:
    async def get_readings(_call: ServiceCall) -> dict[str, Any]:
        raise ServiceValidationError("not loaded")

    home.hass.services.async_register(
        "usms", "get_readings", get_readings, supports_response=SupportsResponse.ONLY
    )
    await home.use("weekly_summary", meters=[home.device], weekday="fri", at="12:00:00")
    await home.forward(timedelta(minutes=31))
    assert await home.messages() == [("Your week", "House: no readings")]


# --- all of them ---


def content(name: str) -> str:
    return (BLUEPRINTS / "automation" / "usms" / f"{name}.yaml").read_text()


@pytest.mark.parametrize("name", NAMES)
def test_each_says_what_it_is_and_where_it_is_from(name: str) -> None:
    text = content(name)
    yaml_loader = type("Loader", (yaml.SafeLoader,), {})
    yaml_loader.add_constructor("!input", lambda _loader, node: node.value)
    data = yaml.load(text, yaml_loader)
    about = data["blueprint"]
    assert about["name"].startswith("USMS: ")
    assert about["source_url"].endswith(f"/blueprints/automation/usms/{name}.yaml")
    for key, field in about["input"].items():
        assert field["name"], key
        assert field["selector"], key
        # Nothing is asked for that is not used.
        assert f"!input {key}\n" in text, key
        if "entity" in field["selector"]:
            (chosen,) = field["selector"]["entity"]["filter"]
            assert chosen["integration"] == "usms"
    assert set(re.findall(r"!input (\w+)", text)) == set(about["input"])


@pytest.mark.parametrize("name", NAMES)
def test_the_page_imports_each(name: str) -> None:
    page = (BLUEPRINTS.parent / "docs" / "blueprints.md").read_text()
    assert f"blueprints%2Fautomation%2Fusms%2F{name}.yaml" in page
    assert f"(../blueprints/automation/usms/{name}.yaml)" in page


async def test_the_default_is_a_notification_in_home_assistant(home: Home) -> None:
    credit = Credit(home)
    shown = async_mock_service(home.hass, "persistent_notification", "create")
    use = {"path": "usms/low_credit.yaml", "input": credit.inputs}
    config = {"automation": {"alias": "One", "use_blueprint": use}}
    assert await async_setup_component(home.hass, "automation", config)
    credit.low("on")
    await home.hass.async_block_till_done()
    (call,) = shown
    assert call.data["title"] == "Credit runs low"
    assert PORTAL in call.data["message"]
