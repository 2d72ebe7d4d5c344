"""The captcha that waits for a person to read it."""

from __future__ import annotations

from datetime import datetime
from typing import Final, override

from homeassistant.components.image import ImageEntity, ImageEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .data import UsmsConfigEntry
from .entity import UsmsAccountEntity

PARALLEL_UPDATES = 0

_CAPTCHA: Final = ImageEntityDescription(
    key="captcha", translation_key="captcha", entity_category=EntityCategory.DIAGNOSTIC
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: UsmsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the account's picture."""
    async_add_entities([CaptchaImage(hass, entry, _CAPTCHA)])


class CaptchaImage(UsmsAccountEntity, ImageEntity):
    """The picture that waits, on white; none while nothing is asked."""

    _attr_content_type = "image/png"

    def __init__(
        self, hass: HomeAssistant, entry: UsmsConfigEntry, description: ImageEntityDescription
    ) -> None:
        """Belong to the account of that entry."""
        UsmsAccountEntity.__init__(self, entry, description)
        self._connection = entry.runtime_data.connection
        ImageEntity.__init__(self, hass)
        self._attr_image_last_updated = self._drawn_at

    @property
    def _drawn_at(self) -> datetime | None:
        captcha = self._connection.captcha
        return captcha.challenge.drawn_at if captcha else None

    @property
    @override
    def entity_picture(self) -> str | None:
        """The picture's address, while there is one: lists show the icon else."""
        return super().entity_picture if self._connection.captcha else None

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the captcha as it comes and goes."""
        await super().async_added_to_hass()
        self.async_on_remove(self._connection.async_add_listener(self._async_changed))

    @callback
    @override
    def async_update_token(self) -> None:
        """Change the picture's address, but for one that is not there.

        Home Assistant does so every five minutes, and each would be another row of the recorder.
        """
        if self._connection.captcha or not self.access_tokens:
            super().async_update_token()

    @callback
    def _async_changed(self) -> None:
        if self._attr_image_last_updated != self._drawn_at:
            self.async_update_token()
        self._attr_image_last_updated = self._drawn_at
        self.async_write_ha_state()

    @override
    async def async_image(self) -> bytes | None:
        """Return the picture as PNG."""
        captcha = self._connection.captcha
        return captcha.picture if captcha else None
