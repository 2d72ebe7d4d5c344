"""The weekly summary of a real account, beside the portal's truth."""

import shutil
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import async_mock_service

from custom_components.usms.client import BRUNEI
from tests.portal import Meter
from tests.support import ROOT
from tests.support.harness import Harness

pytestmark = pytest.mark.history(days=20)

BLUEPRINTS = ROOT / "blueprints"


async def test_the_week_is_what_the_portal_says(
    hass: HomeAssistant, account: Harness, tmp_path: Path
) -> None:
    await account.start_history()
    shutil.copytree(BLUEPRINTS, tmp_path / "blueprints")
    await hass.config.async_set_time_zone("Asia/Brunei")
    sent = async_mock_service(hass, "notify", "phone")
    meters = [account.meter("electricity"), account.meter("water")]
    inputs = {
        "meters": [account.device(meter.number).id for meter in meters],
        "weekday": "fri",
        "at": "18:00:00",
        "notify": [{"action": "notify.phone", "data": {"message": "{{ message }}"}}],
    }
    use = {"path": "usms/weekly_summary.yaml", "input": inputs}
    config = {"automation": {"alias": "Week", "use_blueprint": use}}
    assert await async_setup_component(hass, "automation", config)

    await account.move_to(datetime(2026, 11, 20, 18, 0, tzinfo=BRUNEI))
    await hass.services.async_call("automation", "turn_off", {"entity_id": "all"}, blocking=True)
    (call,) = sent

    def week(meter: Meter, last: int) -> str:
        """Return what a meter used in the seven days up to so many days ago."""
        days = dict(account.portal.truth(meter.number, "day"))
        today = account.now.date()
        used = sum(
            value for start, value in days.items() if last <= (today - start.date()).days < last + 7
        )
        unit = "kWh" if meter.utility == "electricity" else "m³"
        return f"{float(Decimal(used).quantize(Decimal('0.1')))} {unit}"

    for line, meter in zip(call.data["message"].splitlines(), meters, strict=True):
        assert f": {week(meter, 1)} (week before: {week(meter, 8)})" in line
