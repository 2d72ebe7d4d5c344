"""The blueprints in a real Home Assistant: what they tell, and when they keep quiet."""

import shutil
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_ON
from homeassistant.core import HomeAssistant, ServiceCall
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
