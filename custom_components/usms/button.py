"""Buttons of the account: read now, draw a new captcha, import what history lacks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .connection.errors import why_not_read
from .connection.sign_in import async_new_captcha
from .data import UsmsConfigEntry, UsmsData
from .entity import UsmsAccountEntity

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class UsmsButtonDescription(ButtonEntityDescription):
    """A button, and what it does."""

    press: Callable[[UsmsData], Awaitable[None]]


async def _read_now(data: UsmsData) -> None:
    """Read the account page; raises HomeAssistantError where that fails."""
    await asyncio.wait([data.coordinator.async_poll()])
    _check_read(data)


async def _new_captcha(data: UsmsData) -> None:
    """Draw a picture, or sign in where the portal asks for none."""
    await async_new_captcha(data)


async def _import_history(data: UsmsData) -> None:
    """Read what is missing, in the background; raises HomeAssistantError where it can't be."""
    data.history.async_wake()
    _check_read(data)


def _check_read(data: UsmsData) -> None:
    if not data.coordinator.is_read:
        error = data.coordinator.last_exception
        raise why_not_read(error, HomeAssistantError) from error


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
