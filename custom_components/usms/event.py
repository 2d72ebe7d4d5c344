"""Top-ups, and transfers between meters, as they become known."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .client import TopUp, TopUpOrigin
from .data import AccountMeter, UsmsConfigEntry
from .entity import UsmsFiguresEntity, async_add_meters

PARALLEL_UPDATES = 0

TOP_UP: Final = "top_up"
TRANSFER: Final = "transfer"

_TOP_UP: Final = EventEntityDescription(
    key="top_up", translation_key="top_up", event_types=[TOP_UP, TRANSFER]
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: UsmsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the top-ups of every meter as it appears."""

    def entities_of(meter: AccountMeter) -> list[TopUpEvent]:
        return [TopUpEvent(entry, meter, _TOP_UP)] if meter.utility else []

    async_add_meters(hass, entry, async_add_entities, entities_of)


class TopUpEvent(UsmsFiguresEntity, EventEntity):
    """The last top-up of a meter, or transfer from or to another one."""

    @override
    async def async_added_to_hass(self) -> None:
        """Hear of news."""
        await super().async_added_to_hass()
        payments = self._entry.runtime_data.payments
        self.async_on_remove(payments.async_add_listener(self._async_topped_up))

    @callback
    def _async_topped_up(self, topup: TopUp) -> None:
        if topup.meter != self._number:
            return
        transfer = topup.origin is TopUpOrigin.TRANSFER
        self._trigger_event(
            TRANSFER if transfer else TOP_UP,
            {
                "amount": float(topup.amount),
                "debt_cleared": _float(topup.debt_cleared),
                "units_credited": _float(topup.units),
                "source": topup.source or topup.origin,
                "at": topup.at.isoformat(),
                "new_balance": _float(self._balance),
            },
        )
        self.async_write_ha_state()

    @property
    def _balance(self) -> Decimal | None:
        meter = self._entry.runtime_data.meter(self._number)
        return meter.card.balance if meter and meter.card else None


def _float(number: object) -> float | None:
    return None if number is None else float(str(number))
