"""A host whose clock is wrong: nothing is planned or settled by it."""

from datetime import timedelta

import pytest
from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.translation import async_get_translations
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.usms.const import DOMAIN
from tests.support.harness import Harness

pytestmark = pytest.mark.history(days=6)


def clock_issue(hass: HomeAssistant, account: Harness) -> ir.IssueEntry | None:
    return ir.async_get(hass).async_get_issue(DOMAIN, f"{account.entry.entry_id}_clock_wrong")


async def host_clock(
    hass: HomeAssistant, account: Harness, freezer: FrozenDateTimeFactory, off: timedelta
) -> None:
    """Set the host's clock, and not the portal's; let polls and history run by it."""
    freezer.move_to(account.portal.now() + off)
    for _ in range(3):
        freezer.tick(timedelta(minutes=11))
        account.portal.set_now(account.portal.now() + timedelta(minutes=11))
        async_fire_time_changed(hass, account.now)
        await account.entry.runtime_data.coordinator.async_refresh()
        await account.settle()


@pytest.mark.parametrize("off", [timedelta(days=366), timedelta(days=40), -timedelta(hours=3)])
async def test_nothing_is_read_or_settled_by_a_wrong_clock(
    hass: HomeAssistant, account: Harness, freezer: FrozenDateTimeFactory, off: timedelta
) -> None:
    """Forty days ahead for once, and 121 days were settled unread."""
    account.portal.set_profile(session_minutes=None)
    await account.start_history()
    meter = account.meter().number
    before = account.store.days(meter)
    account.portal.clear_requests()

    await host_clock(hass, account, freezer, off)
    assert account.requests("home") > 0
    assert account.requests("report") == 0
    assert account.store.days(meter) == before
    issue = clock_issue(hass, account)
    assert issue is not None
    for language in ("en", "ms"):
        texts = await async_get_translations(hass, language, "issues", [DOMAIN])
        text = texts[f"component.{DOMAIN}.issues.clock_wrong.description"]
        assert text.format(**(issue.translation_placeholders or {}))

    await host_clock(hass, account, freezer, timedelta(0))
    await account.forward(timedelta(hours=3))
    assert clock_issue(hass, account) is None
    assert account.requests("report") > 0
    await account.assert_statistics_equal_truth(published_before=timedelta(hours=3))


async def test_a_clock_some_minutes_off_is_right_enough(
    hass: HomeAssistant, account: Harness, freezer: FrozenDateTimeFactory
) -> None:
    account.portal.set_profile(session_minutes=None)
    await account.start_history()
    await host_clock(hass, account, freezer, timedelta(minutes=20))
    assert clock_issue(hass, account) is None
