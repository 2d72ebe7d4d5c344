"""`ha_usms`, another integration for the portal, set up for the same account."""

import logging
from collections.abc import Iterator

import pytest
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState, ConfigFlow
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockModule,
    mock_config_flow,
    mock_integration,
    mock_platform,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.usms.const import DOMAIN
from tests.portal import DEMO_USERNAME
from tests.support.harness import Harness

pytestmark = [pytest.mark.history(days=2), pytest.mark.knows_portal]


@pytest.fixture(autouse=True)
def _installed(hass: HomeAssistant) -> Iterator[None]:
    """Have the other integration, which does nothing here."""

    async def succeed(*_: object) -> bool:
        return True

    module = MockModule("ha_usms", async_setup_entry=succeed, async_unload_entry=succeed)
    mock_integration(hass, module)
    mock_platform(hass, "ha_usms.config_flow")
    with mock_config_flow("ha_usms", ConfigFlow):
        yield


def other(hass: HomeAssistant, username: str) -> MockConfigEntry:
    entry = MockConfigEntry(
        domain="ha_usms", title=username, data={"username": username, "password": "x"}
    )
    entry.add_to_hass(hass)
    return entry


def issue(hass: HomeAssistant) -> ir.IssueEntry | None:
    found = [i for i in ir.async_get(hass).issues.values() if i.domain == DOMAIN]
    return next((i for i in found if i.translation_key == "other_integration"), None)


@pytest.mark.parametrize("username", [DEMO_USERNAME, "01-001234"])
async def test_it_is_said_and_can_be_switched_off(
    hass: HomeAssistant,
    harness: Harness,
    username: str,
    caplog: pytest.LogCaptureFixture,
    hass_client: ClientSessionGenerator,
) -> None:
    caplog.set_level(logging.DEBUG, logger="custom_components.usms")
    there = other(hass, username)
    await hass.config_entries.async_setup(there.entry_id)
    await harness.set_up()
    found = issue(hass)
    assert found is not None
    assert found.is_fixable
    assert DEMO_USERNAME not in repr(found)
    assert username not in repr(found)
    ours = [r.getMessage() for r in caplog.records if r.name.startswith("custom_components.usms")]
    assert not any(username in line for line in ours)

    assert await async_setup_component(hass, "repairs", {})
    client = await hass_client()
    flows = "/api/repairs/issues/fix"
    begun = await client.post(flows, json={"handler": DOMAIN, "issue_id": found.issue_id})
    shown = await begun.json()
    assert (shown["type"], shown["step_id"]) == ("form", "confirm")
    assert shown["description_placeholders"] == {"account": harness.entry.title}
    assert there.disabled_by is None
    done = await (await client.post(f"{flows}/{shown['flow_id']}", json={})).json()
    assert done["type"] == "create_entry"
    assert there.disabled_by is ConfigEntryDisabler.USER
    assert there.state is ConfigEntryState.NOT_LOADED
    assert issue(hass) is None


async def test_switched_off_and_on_elsewhere(hass: HomeAssistant, account: Harness) -> None:
    there = other(hass, DEMO_USERNAME)
    await hass.config_entries.async_setup(there.entry_id)
    for disabled_by in (ConfigEntryDisabler.USER, None):
        await hass.config_entries.async_set_disabled_by(there.entry_id, disabled_by)
        assert (issue(hass) is None) is (disabled_by is not None)


async def test_it_is_seen_when_it_comes_and_goes(hass: HomeAssistant, account: Harness) -> None:
    assert issue(hass) is None
    there = other(hass, DEMO_USERNAME)
    hass.config_entries.async_update_entry(there, title="Meters")
    assert issue(hass) is not None
    await hass.config_entries.async_remove(there.entry_id)
    assert issue(hass) is None


async def test_another_account_of_it_is_none_of_ours(hass: HomeAssistant, harness: Harness) -> None:
    other(hass, "01009999")
    await harness.set_up()
    assert issue(hass) is None
