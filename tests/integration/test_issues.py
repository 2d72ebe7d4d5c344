"""Ids of repair issues: of entry, kind and device, never of a number; raised and cleared alike."""

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.device_registry import DeviceEntry
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.usms.client import PageNotUnderstood, Utility
from custom_components.usms.client.billing.bill_check import BillCheck
from custom_components.usms.const import DOMAIN
from custom_components.usms.issues import billing, clock, meters, other_integration, store
from custom_components.usms.issues import pages as pages_module
from custom_components.usms.issues.billing import async_update_bill_issue, async_update_tariff_issue
from custom_components.usms.issues.pages import PageIssues
from custom_components.usms.issues.registry import async_clear_issues
from tests.support import ROOT

pytestmark = pytest.mark.knows_portal

METERS = ("50123456", "50123457")
BILL = BillCheck(
    first=date(2026, 10, 1),
    last=date(2026, 10, 3),
    lost=Decimal(36),
    cost=Decimal(30),
    uncertainty=Decimal("0.01"),
)
ISSUES: Final[list[tuple[Callable[..., None], tuple[Any, ...], dict[str, Any]]]] = [
    (billing.async_update_tariff_issue, (METERS[0], Utility.ELECTRICITY), {"needed": True}),
    (billing.async_update_tariff_issue, (METERS[1], Utility.WATER), {"needed": True}),
    (billing.async_update_bill_issue, (METERS[0], BILL), {}),
    (clock.async_update_clock_issue, (timedelta(hours=3),), {}),
    (meters.async_raise_exchanged_issue, METERS, {}),
    (store.async_update_rebuilt_issue, ([Path("/config/.storage/usms.db.damaged")],), {}),
    *(
        (store.async_raise_store_issue, (Path("/config/.storage/usms.db"), kind("why")), {})
        for kind in store.TEXTS
    ),
]
"""What raises issues of an account, and with what."""


def ids(hass: HomeAssistant) -> list[str]:
    """Return the ids of all issues that are raised, whoever raised them."""
    return [issue.issue_id for issue in ir.async_get(hass).issues.values() if issue.active]


def device(hass: HomeAssistant, entry: MockConfigEntry, meter: str) -> DeviceEntry:
    return dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={(DOMAIN, meter)}
    )


def update(hass: HomeAssistant, entry: MockConfigEntry, meter: str, *, needed: bool) -> None:
    async_update_tariff_issue(hass, entry, meter, Utility.ELECTRICITY, needed=needed)


def test_an_id_is_made_of_the_device(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    devices = [device(hass, entry, meter) for meter in METERS]
    for meter in METERS:
        update(hass, entry, meter, needed=True)
    assert ids(hass) == [f"{entry.entry_id}_tariff_needed_{known.id}" for known in devices]


@pytest.mark.parametrize("at_first", [True, False])
def test_a_device_that_comes_or_goes_makes_no_second_issue(
    hass: HomeAssistant, entry: MockConfigEntry, at_first: bool
) -> None:
    devices = [device(hass, entry, meter) for meter in METERS] if at_first else []
    for meter in METERS:
        update(hass, entry, meter, needed=True)
    raised = ids(hass)
    assert len(set(raised)) == 2
    for known in devices:
        dr.async_get(hass).async_remove_device(known.id)
    if not at_first:
        device(hass, entry, METERS[0])
    for meter in METERS:
        update(hass, entry, meter, needed=True)
    assert ids(hass) == raised
    assert not any(meter in issue for issue in raised for meter in METERS)
    update(hass, entry, METERS[0], needed=False)
    assert ids(hass) == raised[1:]
    update(hass, entry, METERS[1], needed=False)
    assert ids(hass) == []


def test_what_was_ignored_before_a_restart_is_forgotten_once_it_is_over(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    known = device(hass, entry, METERS[0])
    issue_id = f"{entry.entry_id}_tariff_needed_{known.id}"
    registry = ir.async_get(hass)
    registry.issues[(DOMAIN, issue_id)] = ir.IssueEntry(
        active=False,
        breaks_in_ha_version=None,
        created=datetime(2026, 11, 1, tzinfo=UTC),
        data=None,
        dismissed_version="2026.10.4",
        domain=DOMAIN,
        is_fixable=None,
        is_persistent=False,
        issue_domain=None,
        issue_id=issue_id,
        learn_more_url=None,
        severity=None,
        translation_key=None,
        translation_placeholders=None,
    )
    update(hass, entry, METERS[0], needed=False)
    assert registry.issues == {}


def test_the_issues_of_an_account_go_with_it(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    other = MockConfigEntry(domain=DOMAIN, title="other")
    other.add_to_hass(hass)
    for account in (entry, other):
        device(hass, account, METERS[0] if account is entry else METERS[1])
        update(hass, account, METERS[0], needed=True)
        async_update_bill_issue(hass, account, METERS[1], BILL)
    kept = [issue for issue in ids(hass) if issue.startswith(other.entry_id)]
    assert len(kept) == 2
    async_clear_issues(hass, entry.entry_id)
    assert ids(hass) == kept


def test_every_issue_has_a_text(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """And nothing that it needs is missing in the text, or the other way round."""
    texts = json.loads((ROOT / "custom_components/usms/translations/en.json").read_text())
    shown: dict[str, set[str]] = {}

    def note() -> None:
        for issue in ir.async_get(hass).issues.values():
            text = texts["issues"][issue.translation_key]
            assert ("fix_flow" in text) is issue.is_fixable
            needed = set(re.findall(r"{(\w+)}", json.dumps(text)))
            assert needed <= (issue.translation_placeholders or {}).keys()
            assert not any(meter in str(issue.translation_placeholders) for meter in METERS)
            shown[str(issue.translation_key)] = needed

    for function, arguments, options in ISSUES:
        function(hass, entry, *arguments, **options)
        note()
    meters.async_update_shared_issue(hass, entry, METERS[0], entry)
    other = MockConfigEntry(domain=other_integration.OTHER_DOMAIN, data=entry.data)
    other.add_to_hass(hass)
    other_integration.async_update_other_issue(hass, entry)
    pages = PageIssues(hass)
    pages.async_record(PageNotUnderstood("Home", "a card"))
    pages.async_adopt(entry.entry_id)
    hass.config_entries.async_update_entry(entry, version=2)
    store.async_update_version_issues(hass, 1)
    note()
    assert shown.keys() == texts["issues"].keys()

    raising = {function for function, *_ in ISSUES}
    raising |= {meters.async_update_shared_issue, store.async_update_version_issues}
    raising |= {other_integration.async_update_other_issue}
    found = {
        function
        for module in (billing, clock, meters, other_integration, pages_module, store)
        for name, function in vars(module).items()
        if re.fullmatch(r"async_(raise|update)_\w+", name)
        and function.__module__ == module.__name__
    }
    assert found == raising
    names = {path.stem for path in Path(store.__file__).parent.glob("*.py")}
    modules = {"billing", "clock", "meters", "other_integration", "pages", "store"}
    assert names == {"__init__", "registry", *modules}
