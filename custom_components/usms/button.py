"""Buttons of the account: read now, draw a new captcha, import what history lacks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .connection.sign_in import async_sign_in
from .data import UsmsConfigEntry, UsmsData
from .entity import UsmsAccountEntity

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class UsmsButtonDescription(ButtonEntityDescription):
    """A button, and what it does."""

    press: Callable[[UsmsData], Awaitable[None]]


async def _read_now(data: UsmsData) -> None:
    await data.coordinator.async_request_refresh()


async def _new_captcha(data: UsmsData) -> None:
    await async_sign_in(data, None)


async def _import_history(data: UsmsData) -> None:
    data.history.async_wake()


_BUTTONS: Final = (
    UsmsButtonDescription(key="read_now", translation_key="read_now", press=_read_now),
    UsmsButtonDescription(key="new_captcha", translation_key="new_captcha", press=_new_captcha),
    UsmsButtonDescription(
        key="import_history",
        translation_key="import_history",
        entity_category=EntityCategory.DIAGNOSTIC,
        press=_import_history,
    ),
)


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: UsmsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the account's buttons."""
    async_add_entities(UsmsButton(entry, description) for description in _BUTTONS)


class UsmsButton(UsmsAccountEntity, ButtonEntity):
    """A button of the account."""

    entity_description: UsmsButtonDescription

    @override
    async def async_press(self) -> None:
        """Do what the button is for."""
        await self.entity_description.press(self.coordinator.config_entry.runtime_data)
