"""What an action is about: an account, and all or one of its meters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import ATTR_CONFIG_ENTRY_ID, ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr

from .const import DOMAIN
from .data import AccountMeter, UsmsConfigEntry, UsmsData
from .permissions import async_check

_ACCOUNT_OPTIONAL: Final = {"add_to_energy", "remove_from_energy"}
"""Actions that need no account where there is one alone."""


@dataclass(frozen=True, slots=True)
class Target:
    """What an action is about: an account, and all or one of its meters."""

    hass: HomeAssistant
    entry: UsmsConfigEntry
    data: UsmsData
    meters: list[AccountMeter]

    @property
    def numbers(self) -> list[str]:
        """The numbers of the meters."""
        return [meter.number for meter in self.meters]

    async def async_check(self, call: ServiceCall, policy: str) -> None:
        """Raise Unauthorized unless the caller may read or control the meters' entities."""
        names = self.numbers or [self.entry.entry_id]
        await async_check(self.hass, call, self.entry, names, policy)


def refused(key: str, **placeholders: str) -> ServiceValidationError:
    """Return why an action is refused."""
    return ServiceValidationError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders
    )


async def async_target(hass: HomeAssistant, call: ServiceCall) -> Target:
    """Return the account and the meters that a call names, by entry or by device."""
    device_id, entry_id = call.data.get(ATTR_DEVICE_ID), call.data.get(ATTR_CONFIG_ENTRY_ID)
    names: set[str] = set()
    if device_id:
        accounts_of, names = _names_of(hass, device_id)
        if entry_id and entry_id not in accounts_of:
            raise refused("other_account")
        entry_id = entry_id or accounts_of[0]
    if not entry_id and call.service in _ACCOUNT_OPTIONAL:
        accounts = hass.config_entries.async_entries(DOMAIN, include_ignore=False)
        entry_id = accounts[0].entry_id if len(accounts) == 1 else None
    if not entry_id:
        raise refused("account_or_device_needed")
    entry = loaded_entry(hass, entry_id)
    data = entry.runtime_data
    meters = data.meters()
    if names and entry.entry_id not in names:
        meters = [meter for meter in meters if meter.number in names]
        if not meters:
            raise refused("meter_gone")
    return Target(hass, entry, data, meters)


def _names_of(hass: HomeAssistant, device_id: str) -> tuple[list[str], set[str]]:
    """Return the accounts that a device is of, and what names it: a meter's number or an entry."""
    registry = dr.async_get(hass)
    accounts, names = [], set()
    for entry in hass.config_entries.async_entries(DOMAIN):
        for device in dr.async_entries_for_config_entry(registry, entry.entry_id):
            if device.id == device_id:
                accounts.append(entry.entry_id)
                names |= {name for domain, name in device.identifiers if domain == DOMAIN}
    if not accounts:
        raise refused("device_not_found")
    return accounts, names


def loaded_entry(hass: HomeAssistant, entry_id: str) -> UsmsConfigEntry:
    """Return an account that is set up."""
    entry: UsmsConfigEntry | None = hass.config_entries.async_get_entry(entry_id)
    if entry is None or entry.domain != DOMAIN:
        raise refused("account_not_found")
    if entry.state is not ConfigEntryState.LOADED:
        raise refused("account_not_loaded")
    return entry
