"""Repair issues of an account: raised, cleared, and removed with it.

An issue's id is made of the entry's id and the kind of the issue, and of a mark where it is about
a meter: never of a number that could identify the customer, for ids are seen by others.
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

_MARKS: HassKey[dict[tuple[str, str], str]] = HassKey(f"{DOMAIN}_meters_in_issues")
"""By entry and meter: what stands for the meter in the ids of issues that were raised."""


def issue_id(entry_id: str, kind: str, mark: str | None = None) -> str:
    """Return the id of an issue; with the mark of the meter that it is about."""
    return "_".join(filter(None, (entry_id, kind, mark)))


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
        issue_id(entry.entry_id, issue.kind, _mark_of(hass, entry.entry_id, issue.meter)),
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
    mark = None
    if meter is not None:
        mark = hass.data.get(_MARKS, {}).get((entry_id, meter)) or _device_of(hass, entry_id, meter)
        if mark is None:  # so none was raised
            return
    ir.async_delete_issue(hass, DOMAIN, issue_id(entry_id, kind, mark))


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


def _mark_of(hass: HomeAssistant, entry_id: str, meter: str | None) -> str | None:
    """Return what stands for a meter: its device's id, or a count where it has none yet.

    It stays the same until Home Assistant stops, for devices come and go while issues are raised.
    """
    if meter is None:
        return None
    marks = hass.data.setdefault(_MARKS, {})
    if (entry_id, meter) not in marks:
        marks[entry_id, meter] = _device_of(hass, entry_id, meter) or str(len(marks) + 1)
    return marks[entry_id, meter]


def _device_of(hass: HomeAssistant, entry_id: str, meter: str) -> str | None:
    """Return the id of a meter's device, which says nothing of its number."""
    for device in dr.async_entries_for_config_entry(dr.async_get(hass), entry_id):
        if (DOMAIN, meter) in device.identifiers:
            return device.id
    return None
