"""What devices and accounts are called."""

import pytest
from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.usms.const import DOMAIN
from custom_components.usms.entity import account_device
from tests.portal import DEMO_USERNAME
from tests.support.harness import Harness

pytestmark = pytest.mark.history(days=2)


async def test_kind_and_last_four_digits(account: Harness) -> None:
    for kind in ("electricity", "water"):
        number = account.meter(kind).number
        assert account.device(kind).name == f"{kind.capitalize()} {number[-4:]}"
    assert account.device().name == f"USMS account {DEMO_USERNAME[-4:]}"


async def test_names_do_not_collide(
    hass: HomeAssistant, harness: Harness, freezer: FrozenDateTimeFactory
) -> None:
    """Neither those of meters nor those of accounts, and they stay as they are."""
    second = MockConfigEntry(
        domain=DOMAIN,
        entry_id="second",
        data={CONF_USERNAME: f"0200{DEMO_USERNAME[-4:]}", CONF_PASSWORD: "x"},
    )
    second.add_to_hass(hass)
    number = harness.meter("electricity").number
    alike = f"9999{number[-4:]}"
    dr.async_get(hass).async_get_or_create(
        config_entry_id="second", identifiers={(DOMAIN, alike)}, serial_number=alike
    )
    freezer.tick(1)
    await harness.set_up()
    for _ in range(2):
        assert harness.device("electricity").name == f"Electricity {number[-4:]} (2)"
        assert harness.device("water").name == f"Water {harness.meter('water').number[-4:]}"
        assert harness.device().name == f"USMS account {DEMO_USERNAME[-4:]}"
        await harness.reload()
    second.runtime_data = harness.entry.runtime_data
    assert account_device(second)["translation_placeholders"] == {
        "number": f"{DEMO_USERNAME[-4:]} (2)"
    }
