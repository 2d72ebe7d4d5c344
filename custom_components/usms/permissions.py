"""Who may have an action done: by what Home Assistant lets a user see and control."""

from __future__ import annotations

from collections.abc import Iterable

from homeassistant.auth.models import User
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import Unauthorized, UnknownUser
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er

from .const import DOMAIN
from .data import UsmsConfigEntry


async def async_check_administrator(hass: HomeAssistant, call: ServiceCall) -> None:
    """Raise Unauthorized unless an administrator calls, or Home Assistant itself."""
    if call.context.user_id is None:
        return
    user = await hass.auth.async_get_user(call.context.user_id)
    if user is None:
        raise UnknownUser(context=call.context)
    if not user.is_admin:
        raise Unauthorized(context=call.context)


async def async_check(
    hass: HomeAssistant,
    call: ServiceCall,
    entry: UsmsConfigEntry,
    names: Iterable[str],
    policy: str,
) -> None:
    """Raise Unauthorized unless the caller may read or control what a call is about.

    Calls without a user, as those of automations, are trusted.
    """
    if call.context.user_id is None:
        return
    user = await hass.auth.async_get_user(call.context.user_id)
    if user is None:
        raise UnknownUser(context=call.context, permission=policy)
    if not may(hass, user, entry, names, policy):
        raise Unauthorized(context=call.context, config_entry_id=entry.entry_id, permission=policy)


def may(
    hass: HomeAssistant, user: User, entry: UsmsConfigEntry, names: Iterable[str], policy: str
) -> bool:
    """Return whether a user may read or control what devices show.

    `names` are those of devices: the numbers of meters, or the entry's id for the account itself.
    All of their entities count; where one has none, the right to all entities is needed.
    """
    if user.permissions.access_all_entities(policy):
        return True
    of_devices = [_entities(hass, entry, name) for name in names]
    check = user.permissions.check_entity
    return all(entities and all(check(e, policy) for e in entities) for entities in of_devices)


def _entities(hass: HomeAssistant, entry: UsmsConfigEntry, name: str) -> list[str]:
    """Return the entities of a device of the account."""
    for device in dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id):
        if (DOMAIN, name) in device.identifiers:
            registry = er.async_get(hass)
            return [entity.entity_id for entity in er.async_entries_for_device(registry, device.id)]
    return []
