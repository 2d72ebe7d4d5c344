"""Repair issues of an account: raised, cleared, and removed with it.

An issue's id is made of the entry's id and the kind of the issue, and of the device's id where it
is about a meter: never of a number that could identify the customer, for ids are seen by others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.issue_registry import IssueSeverity
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN

_COUNTED: HassKey[dict[str, int]] = HassKey(f"{DOMAIN}_meters_without_device")


def issue_id(entry_id: str, kind: str, device_id: str | None = None) -> str:
    """Return the id of an issue."""
    return "_".join(filter(None, (entry_id, kind, device_id)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """What a person has to know or do."""

    kind: str
    severity: IssueSeverity
    placeholders: Mapping[str, str]
    text: str | None = None
    """Its translation key, where that is not its kind."""
    meter: str | None = field(default=None, repr=False)
    """The number of the meter that it is about."""
    repair: Mapping[str, str] | None = field(default=None, repr=False)
    """What its repair flow needs, where it has one."""
    learn_more: str | None = None


@callback
def async_raise_issue(hass: HomeAssistant, entry: ConfigEntry, issue: Issue) -> None:
    """Raise an issue, or bring it up to date."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id(entry.entry_id, issue.kind, _device_of(hass, entry.entry_id, issue.meter)),
        data=dict(issue.repair) if issue.repair else None,
        is_fixable=issue.repair is not None,
        severity=issue.severity,
        translation_key=issue.text or issue.kind,
        translation_placeholders=dict(issue.placeholders),
        learn_more_url=issue.learn_more,
    )


@callback
def async_clear_issue(
    hass: HomeAssistant, entry_id: str, kind: str, *, meter: str | None = None
) -> None:
    """Clear an issue, if there is one."""
    device = _device_of(hass, entry_id, meter)
    ir.async_delete_issue(hass, DOMAIN, issue_id(entry_id, kind, device))
    counted = hass.data.get(_COUNTED, {}).get(meter or "")
    if counted:  # raised before the meter had a device
        ir.async_delete_issue(hass, DOMAIN, issue_id(entry_id, kind, str(counted)))


@callback
def async_clear_issues(hass: HomeAssistant, entry_id: str) -> None:
    """Clear all issues of an account that is removed."""
    for domain, issue in list(ir.async_get(hass).issues):
        if domain == DOMAIN and issue.startswith(entry_id):
            ir.async_delete_issue(hass, domain, issue)


@callback
def async_raised(hass: HomeAssistant, entry_id: str, kind: str) -> ir.IssueEntry | None:
    """Return an issue of the account that is raised."""
    return ir.async_get(hass).async_get_issue(DOMAIN, issue_id(entry_id, kind))


def _device_of(hass: HomeAssistant, entry_id: str, meter: str | None) -> str | None:
    """Return the id of a meter's device, which says nothing of its number.

    A meter without a device is counted instead.
    """
    if meter is None:
        return None
    for device in dr.async_entries_for_config_entry(dr.async_get(hass), entry_id):
        if (DOMAIN, meter) in device.identifiers:
            return device.id
    counted = hass.data.setdefault(_COUNTED, {})
    return str(counted.setdefault(meter, len(counted) + 1))
