"""Top-ups, and transfers between meters, as they become known."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .client import TopUp, TopUpKind
from .data import AccountMeter, UsmsConfigEntry
from .entity import UsmsFiguresEntity, async_add_meters

PARALLEL_UPDATES = 0

_KINDS: Final = (
    TopUpKind.TOP_UP,
    TopUpKind.TRANSFER,
    TopUpKind.REVERSAL,
    TopUpKind.REFUND,
    TopUpKind.ADJUSTMENT,
)
_TOP_UP: Final = EventEntityDescription(
    key="top_up", translation_key="top_up", event_types=[kind.value for kind in _KINDS]
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
        self._trigger_event(
            topup.kind,
            {
                "transaction": topup.transaction,
                **_known(topup),
                "new_balance": _float(self._balance),
            },
        )
        self.async_write_ha_state()

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        """What is known by now of the top-up that was announced last."""
        announced = self.figures.announced if self.figures else None
        if announced is None or self.state_attributes.get("transaction") != announced[0]:
            return None
        return _known(*announced[1])

    @property
    def _balance(self) -> Decimal | None:
        meter = self._entry.runtime_data.meter(self._number)
        return meter.card.balance if meter and meter.card else None


def _known(*topups: TopUp) -> dict[str, Any]:
    """Return what is known of a top-up, or of several that were announced as one."""
    first = topups[0]

    def total(name: str) -> float | None:
        known = [amount for topup in topups if (amount := getattr(topup, name)) is not None]
        return float(sum(known)) if known else None

    return {
        "amount": total("amount"),
        "amount_low": _float(first.low),
        "amount_high": _float(first.high),
        "debt_cleared": total("debt_cleared"),
        "units_credited": total("units"),
        "source": first.source or first.origin,
        "at": first.at.isoformat(),
    }


def _float(number: object) -> float | None:
    return None if number is None else float(str(number))
