"""The system health page."""

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import get_system_health_info

from custom_components.usms.const import DOMAIN
from tests.support.harness import Harness


async def test_what_the_page_shows(hass: HomeAssistant, account: Harness) -> None:
    assert await async_setup_component(hass, "system_health", {})
    await hass.async_block_till_done()
    info = await get_system_health_info(hass, DOMAIN)
    assert await info.pop("can_reach_portal") == "ok"
    assert info == {
        "accounts": 1,
        "signed_in": 1,
        "last_poll": account.entry.runtime_data.coordinator.last_poll,
    }
