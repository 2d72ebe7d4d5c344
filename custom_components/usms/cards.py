"""What the cards of an account have shown last, value by value, also before this start.

A value that can't be read again stands for some time, with the time it was read. It is for people
to look at: what is recorded, counted or announced goes by what the account page shows now.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from .client import Account, Meter
from .const import DOMAIN

_LOGGER = logging.getLogger(__name__)

_VERSION: Final = 1
_LATER: Final = timedelta(hours=2).total_seconds()
"""Longer than the time between two polls: written when polls end, or Home Assistant does."""
_NOTED: Final = timedelta(hours=1)
"""How often it is written else, where polls succeed: so much of it a power cut takes."""
_PARSED: Final[Mapping[str, Callable[[str], Any]]] = {
    "status": str,
    "remaining_units": Decimal,
    "balance": Decimal,
    "last_updated": datetime.fromisoformat,
}
"""The values of a card, and how each is read from its text."""


@dataclass(frozen=True, slots=True)
class CardValue:
    """A value of a card, and when it was read."""

    value: Any
    read_at: datetime


class Cards:
    """The values that cards have shown last, and when."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Begin with none; `async_load` reads what was."""
        self._hass = hass
        self._store = _store(hass, entry_id)
        self._values: dict[str, dict[str, CardValue]] = {}
        self._written_at: datetime | None = None

    @callback
    def async_note(self, account: Account) -> None:
        """Note what cards show now."""
        for meter in account.meters:
            self._values.setdefault(meter.number, {}).update(_shown(meter, account.read_at))
        written = self._written_at
        if written and timedelta(0) <= account.read_at - written < _NOTED:
            self._store.async_delay_save(self._as_stored, _LATER)
        else:
            self._written_at = account.read_at
            self._hass.async_create_task(self.async_save(), f"{DOMAIN} cards")

    def remember(self, meter: Meter, read_at: datetime) -> None:
        """Note what a card has shown before this start; what was read later stays."""
        known = self._values.setdefault(meter.number, {})
        for name, value in _shown(meter, read_at).items():
            if name not in known or known[name].read_at < read_at:
                known[name] = value

    def last(self, meter: str, name: str) -> CardValue | None:
        """Return a value as it was read last, however long ago; None for one that never was."""
        return self._values.get(meter, {}).get(name)

    def read_at(self, meter: str, name: str) -> datetime | None:
        """Return when a value was read last; None for one that never was."""
        value = self.last(meter, name)
        return value.read_at if value else None

    @property
    def moments(self) -> set[datetime]:
        """When values were read last."""
        return {value.read_at for values in self._values.values() for value in values.values()}

    def filled(self, meter: Meter, since: datetime) -> Meter:
        """Return a card with what it does not show as it was, unless that is older."""
        kept = {
            name: value.value
            for name, value in self._values.get(meter.number, {}).items()
            if getattr(meter, name) is None and value.read_at > since
        }
        return replace(meter, **kept) if kept else meter

    # --- over a restart ---

    async def async_load(self) -> None:
        """Read what cards have shown before this start; what can't be read is not known."""
        now = dt_util.utcnow()
        try:
            stored = await self._store.async_load() or {}
            self._values = {
                meter: {
                    name: CardValue(_PARSED[name](text), datetime.fromisoformat(read_at))
                    for name, (text, read_at) in values.items()
                    if datetime.fromisoformat(read_at) <= now
                }
                for meter, values in stored.items()
            }
        except (HomeAssistantError, NotImplementedError, OSError) as err:
            _LOGGER.debug("What cards have shown can't be read (%s)", type(err).__name__)
        except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as err:
            _LOGGER.debug("What cards have shown is something else (%s)", type(err).__name__)

    async def async_save(self) -> None:
        """Write it now."""
        await self._store.async_save(self._as_stored())

    @callback
    def _as_stored(self) -> dict[str, dict[str, list[str]]]:
        return {
            meter: {
                name: [_text(value.value), value.read_at.isoformat()]
                for name, value in values.items()
            }
            for meter, values in self._values.items()
        }


def _shown(meter: Meter, read_at: datetime) -> dict[str, CardValue]:
    values = {name: getattr(meter, name) for name in _PARSED}
    return {name: CardValue(value, read_at) for name, value in values.items() if value is not None}


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


async def async_forget_cards(hass: HomeAssistant, entry_id: str) -> None:
    """Delete what was kept of an account that is removed."""
    await _store(hass, entry_id).async_remove()


def _store(hass: HomeAssistant, entry_id: str) -> Store[dict[str, Any]]:
    return Store(hass, _VERSION, f"{DOMAIN}.{entry_id}.cards", private=True)
