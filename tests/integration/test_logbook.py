"""What the logbook shows of a week: top-ups, sign-ins, low credit, tiers, and little else."""

from collections import Counter
from datetime import timedelta

import pytest
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er

from tests.support.harness import Harness

pytestmark = [pytest.mark.defaults, pytest.mark.long, pytest.mark.history(days=30)]

CONTINUOUS = ("unit_of_measurement", "state_class")
"""Sensors with these are not in the logbook."""


async def test_the_logbook_of_a_week(hass: HomeAssistant, account: Harness) -> None:
    account.portal.set_profile(session_minutes=None)
    await account.start_history()
    await account.forward(timedelta(hours=1))
    shown: Counter[str] = Counter()
    registry = er.async_get(hass)

    @callback
    def note(event: Event[EventStateChangedData]) -> None:
        before, after = event.data["old_state"], event.data["new_state"]
        entity = registry.async_get(event.data["entity_id"])
        if before is None or after is None or entity is None or before.state == after.state:
            return
        if not any(name in after.attributes for name in CONTINUOUS):
            shown[entity.translation_key or entity.entity_id] += 1

    stop = hass.bus.async_listen("state_changed", note)
    for hour in range(7 * 24):
        if hour == 50:
            account.portal.expire()
        for _ in range(3):
            await account.forward(timedelta(minutes=20))
        if account.state("sign_in_needed") == "on":
            await account.sign_in()
    stop()
    print(f"\n{dict(shown.most_common())}")
    for key in ("sign_in_needed",):
        assert shown[key] == 2
    few = {"runs_out": 2 * 14, "last_updated": 2 * 7, "last_top_up": 4, "top_up": 4, "captcha": 4}
    wanted = {"sign_in_needed", "low_credit", "tier", "status"}
    assert shown.keys() <= few.keys() | wanted
    for key, most in few.items():
        assert shown[key] <= most, (key, shown[key])
