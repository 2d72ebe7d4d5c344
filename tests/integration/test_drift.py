"""A page that the portal has changed: what is sure stays, one call for help, a sample."""

import json
from dataclasses import replace
from datetime import timedelta
from unittest.mock import patch

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir

from custom_components.usms.client import Account, PageNotUnderstood, Utility
from custom_components.usms.client.portal import pages
from custom_components.usms.const import DOMAIN
from custom_components.usms.diagnostics import async_get_config_entry_diagnostics
from custom_components.usms.issues.pages import ISSUE_TRACKER
from tests.portal import Fault
from tests.support.harness import Harness

pytestmark = pytest.mark.history(days=9)


def issues(hass: HomeAssistant) -> list[ir.IssueEntry]:
    return [issue for (domain, _), issue in ir.async_get(hass).issues.items() if domain == DOMAIN]


async def test_a_changed_account_page(hass: HomeAssistant, account: Harness) -> None:
    await account.start_history()
    account.portal.set_profile(session_minutes=None)
    used = account.state("consumption_yesterday", "electricity")
    account.portal.add_fault(Fault(path="home", kind="caption_renamed"))
    for _ in range(3):
        await account.forward(timedelta(minutes=12))
    assert "as_of" in account.entity("remaining_units", "water").attributes
    assert account.state("consumption_yesterday", "electricity") == used
    (issue,) = issues(hass)
    assert issue.translation_key == "page_not_understood"
    assert issue.learn_more_url == ISSUE_TRACKER
    assert issue.translation_placeholders is not None
    assert issue.translation_placeholders["pages"] == "Home"

    diagnostics = await async_get_config_entry_diagnostics(hass, account.entry)
    (page,) = diagnostics["pages_not_understood"]
    assert page["missing"] == "a card's remaining unit"
    assert "Unit Left" in page["sample"]
    secrets = ["DEMO HOLDER", "EXAMPLE", *(meter.number for meter in account.portal.meters)]
    assert [secret for secret in secrets if secret in json.dumps(diagnostics, default=str)] == []
    try:
        pages.account_page(page["sample"], account.now)
    except PageNotUnderstood as err:
        missing = err.missing
    assert missing == page["missing"]

    # After a restart too, the readings stay.
    await account.reload()
    assert account.state("consumption_yesterday", "electricity") == used
    assert len(issues(hass)) == 1

    account.portal.clear_faults()
    await account.forward(timedelta(minutes=12))
    assert issues(hass) == []
    assert "as_of" not in account.entity("remaining_units", "water").attributes
    diagnostics = await async_get_config_entry_diagnostics(hass, account.entry)
    assert diagnostics["pages_not_understood"] == []


async def test_a_changed_report_page(hass: HomeAssistant, account: Harness) -> None:
    account.portal.set_profile(session_minutes=None)
    account.portal.add_fault(Fault(path="report/usagehistory", kind="label_missing"))
    await account.start_history()
    assert account.state("balance", "water") != "unavailable"
    (issue,) = issues(hass)
    assert issue.translation_placeholders is not None
    assert issue.translation_placeholders["pages"] == "UsageHistory"
    account.portal.clear_faults()
    for _ in range(3):
        await account.forward(timedelta(hours=7))
    assert issues(hass) == []
    await account.assert_statistics_equal_truth()


async def test_the_issue_goes_with_the_account(hass: HomeAssistant, account: Harness) -> None:
    account.portal.add_fault(Fault(path="home", kind="other_page"))
    await account.forward(timedelta(minutes=12))
    assert len(issues(hass)) == 1
    assert await hass.config_entries.async_remove(account.entry.entry_id)
    await hass.async_block_till_done()
    assert issues(hass) == []


async def test_a_card_does_not_turn_a_meter_over(hass: HomeAssistant, account: Harness) -> None:
    """A unit of the other utility on one card: days left stayed unknown until the next report."""
    await account.start_history()
    account.portal.set_profile(session_minutes=None)
    coordinator = account.entry.runtime_data.coordinator
    read = account.connection.client.account
    number = account.meter("water").number

    async def turned() -> Account:
        found = await read()
        meters = [
            replace(meter, utility=Utility.ELECTRICITY) if meter.number == number else meter
            for meter in found.meters
        ]
        return replace(found, meters=tuple(meters))

    with patch.object(account.connection.client, "account", turned):
        await account.forward(timedelta(minutes=12))
    meter = coordinator.data.meter(number)
    assert (meter.utility, meter.remaining_units) == (Utility.WATER, None)
    assert account.state("days_left", number) != "unknown"
    assert len(issues(hass)) == 1
    await account.forward(timedelta(minutes=12))
    assert coordinator.data.meter(number).remaining_units is not None
    assert issues(hass) == []
