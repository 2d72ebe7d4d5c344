"""Whether the portal answers, and how many accounts are signed in."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import ClientError, ClientTimeout, DummyCookieJar
from homeassistant.components import system_health
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_create_clientsession

from .client.portal.addresses import base_url_from
from .const import DOMAIN
from .data import UsmsConfigEntry

_PATIENCE: Final = ClientTimeout(total=10)


@callback
def async_register(_hass: HomeAssistant, register: system_health.SystemHealthRegistration) -> None:
    """Offer what the system health page shows."""
    register.async_register_info(_async_info)


async def _async_info(hass: HomeAssistant) -> dict[str, Any]:
    """Return how the accounts are; nothing that shows whose they are."""
    entries: list[UsmsConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    coordinators = [entry.runtime_data.coordinator for entry in entries]
    polls = [coordinator.last_poll for coordinator in coordinators if coordinator.last_poll]
    return {
        "can_reach_portal": _async_reach(hass),
        "accounts": len(hass.config_entries.async_entries(DOMAIN)),
        "signed_in": sum(not coordinator.sign_in_needed for coordinator in coordinators),
        "last_poll": max(polls) if polls else None,
    }


async def _async_reach(hass: HomeAssistant) -> str | dict[str, str]:
    """Ask for the portal's first page, without any account's session and following nothing."""
    session = async_create_clientsession(hass, auto_cleanup=False, cookie_jar=DummyCookieJar())
    try:
        async with session.get(base_url_from(None), timeout=_PATIENCE, allow_redirects=False):
            return "ok"
    except TimeoutError:
        return {"type": "failed", "error": "timeout"}
    except ClientError:
        return {"type": "failed", "error": "unreachable"}
    finally:
        session.detach()
