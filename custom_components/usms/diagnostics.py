"""What helps to find a fault, and nothing that shows whose account it is.

Built by hand: redacting by key would let meter numbers through where they are keys.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers.device_registry import DeviceEntry
from homeassistant.util import dt as dt_util

from .client import Meter
from .client.store import ReadingsStore
from .client.store.models import DayState
from .client.sync.history_start import search
from .const import CONF_METERS, DOMAIN
from .data import UsmsConfigEntry
from .history.store_file import async_look


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: UsmsConfigEntry
) -> dict[str, Any]:
    """Return an account's diagnostics; meters are counted, not named."""
    state = {
        "state": entry.state.value,
        "reason": entry.error_reason_translation_key,
        "version": f"{entry.version}.{entry.minor_version}",
        "options": _options(entry.options),
    }
    if entry.state is not ConfigEntryState.LOADED:
        return {**state, "store": await async_look(hass, entry, _store)}
    data = entry.runtime_data
    coordinator = data.coordinator
    account = coordinator.data
    exception = coordinator.last_exception
    return {
        **state,
        "last_update_success": coordinator.last_update_success,
        "last_exception": type(exception).__name__ if exception else None,
        "trouble": data.connection.trouble.cause,
        "last_poll": coordinator.last_poll.isoformat() if coordinator.last_poll else None,
        "update_interval": str(coordinator.update_interval),
        "sign_in_needed": coordinator.sign_in_needed,
        "session": data.connection.life.export(),
        "pages_not_understood": data.connection.pages.as_diagnostics(),
        "open_page_serves": data.connection.client.open_page_serves,
        "meters_announced": account.meters_announced if account else None,
        "meters": [_meter(meter) for meter in account.meters] if account else None,
        "store": await hass.async_add_executor_job(_store, data.store),
    }


async def async_get_device_diagnostics(
    hass: HomeAssistant, entry: UsmsConfigEntry, device: DeviceEntry
) -> dict[str, Any]:
    """Return a meter's diagnostics, also while its account is not loaded; the account's for it."""
    numbers = {number for domain, number in device.identifiers if domain == DOMAIN}
    if entry.entry_id in numbers:
        return await async_get_config_entry_diagnostics(hass, entry)

    def stored(store: ReadingsStore) -> list[dict[str, Any]]:
        return _store(store, numbers)

    state: dict[str, Any] = {
        "state": entry.state.value,
        "options": [
            options
            for number, options in entry.options.get(CONF_METERS, {}).items()
            if number in numbers
        ],
    }
    if entry.state is not ConfigEntryState.LOADED:
        return {**state, "store": await async_look(hass, entry, stored)}
    data = entry.runtime_data
    cards = [meter.card for meter in data.meters() if meter.number in numbers and meter.card]
    return {
        **state,
        "meter": [_meter(card) for card in cards],
        "store": await hass.async_add_executor_job(stored, data.store),
    }


def _store(store: ReadingsStore, numbers: Container[str] | None = None) -> list[dict[str, Any]]:
    """Return what is stored of each meter, or of those alone (blocks)."""
    return [
        {
            "utility": meter.utility,
            "readings_below_zero": store.below_zero(meter.number),
            **_days(list(store.days(meter.number).values())),
            **_hours(*store.hours_known(meter.number)),
        }
        for meter in store.meters()
        if numbers is None or meter.number in numbers
    ]


def _options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options; those of meters without the numbers, which are their keys."""
    return {**options, CONF_METERS: list(options.get(CONF_METERS, {}).values())}


def _meter(meter: Meter) -> dict[str, Any]:
    return {
        "digits": len(meter.number),
        "utility": meter.utility,
        "status": meter.status,
        "has_units": meter.remaining_units is not None,
        "has_balance": meter.balance is not None,
        "last_updated": meter.last_updated.isoformat() if meter.last_updated else None,
    }


def _days(days: list[DayState]) -> dict[str, Any]:
    start = search({day.day: day for day in days}, dt_util.utcnow())
    return {
        "history_ended": start.end,
        "days_empty": sum(1 for day in days if day.empty_since),
        "days_asked": len(days),
        "days_with_total": sum(1 for day in days if day.total is not None),
        "days_settled": sum(1 for day in days if day.settled),
        "oldest": min((day.day for day in days if day.total is not None), default=None),
        "newest": max((day.day for day in days if day.total is not None), default=None),
    }


def _hours(days: int, estimated: int) -> dict[str, int]:
    return {"days_with_hours": days, "hours_estimated": estimated}
