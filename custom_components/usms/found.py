"""The last step of adding an account: what was found, and what a person may choose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import voluptuous as vol
from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import BooleanSelector, TextSelector
from homeassistant.helpers.translation import async_get_translations

from .client import Account, Meter
from .const import CONF_ADD_TO_ENERGY, CONF_ENERGY, CONF_NAMES, DOMAIN
from .energy_dashboard import EnergyMeter, async_add_to_energy, async_has_energy
from .privacy import DEVICE_KINDS, distinct, masked

_MOST: Final = 40
"""Characters of a meter's name."""

_BLUEPRINTS: Final = "https://github.com/usms-home-assistant/usms/blob/main/docs/automations.md"


class Found:
    """The account as the portal shows it, with a label for each of its meters."""

    def __init__(self, hass: HomeAssistant, account: Account, labels: Mapping[str, Meter]) -> None:
        """Hold what was found; `async_found` makes it."""
        self._hass = hass
        self._account = account
        self._labels = labels

    @property
    def placeholders(self) -> dict[str, str]:
        """The meters with their balances, as a list in Markdown, and where the blueprints are."""
        return {
            "meters": "\n".join(_line(*found) for found in self._labels.items()),
            "blueprints": _BLUEPRINTS,
        }

    @property
    def schema(self) -> vol.Schema:
        """The form: a name for each meter, and the Energy dashboard where there is one."""
        fields: dict[Any, Any] = {vol.Optional(label): TextSelector() for label in self._labels}
        if async_has_energy(self._hass) and self._energy_meters:
            fields[vol.Required(CONF_ADD_TO_ENERGY, default=True)] = BooleanSelector()
        return vol.Schema(fields)

    @property
    def _energy_meters(self) -> list[EnergyMeter]:
        # The portal says who is residential on another page: that much is taken for granted.
        return [
            EnergyMeter(m.number, m.utility, priced=True) for m in self._account.meters if m.utility
        ]

    async def async_take(self, chosen: Mapping[str, Any]) -> dict[str, Any]:
        """Add to the Energy dashboard where that is wished; return what the entry remembers."""
        names = {
            meter.number: name
            for label, meter in self._labels.items()
            if (name := str(chosen.get(label) or "").strip()[:_MOST])
        }
        remembered: dict[str, Any] = {CONF_NAMES: names} if names else {}
        if chosen.get(CONF_ADD_TO_ENERGY):
            added = await async_add_to_energy(self._hass, self._energy_meters)
            remembered[CONF_ENERGY] = [dict(source) for source in added]
        return remembered


async def async_found(hass: HomeAssistant, account: Account) -> Found:
    """Return what was found, with the names that the meters' devices would get."""
    texts = await async_get_translations(hass, hass.config.language, "device", {DOMAIN})
    labels: dict[str, Meter] = {}
    for meter in account.meters:
        kind = DEVICE_KINDS[meter.utility]
        text = texts.get(f"component.{DOMAIN}.device.{kind}.name", "{number}")
        labels[distinct(text.replace("{number}", masked(meter.number)), labels)] = meter
    return Found(hass, account, labels)


def _line(label: str, meter: Meter) -> str:
    values = []
    if meter.balance is not None:
        sign = "-" if meter.balance < 0 else ""
        values.append(f"{sign}B${abs(meter.balance):.2f}")
    if meter.remaining_units is not None:
        values.append(f"{meter.remaining_units:f} {meter.unit or ''}".strip())
    return f"- **{label}**: {', '.join(values) or '-'}"
