"""What a person can repair: a tariff that is not known, another integration in the way."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import voluptuous as vol
from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryDisabler, OperationNotAllowed
from homeassistant.core import HomeAssistant

from .client import Tariff, TariffKind, TariffSchedule, Utility, WrongTariff
from .const import CONF_TARIFF
from .issues.other_integration import CONF_OTHER
from .prices import meter_options, with_meter_option
from .tariff_forms import COMMERCIAL, tariff_errors


class TariffFlow(RepairsFlow):
    """Ask for the capacity of a commercial electricity meter."""

    def __init__(self, entry_id: str, meter: str) -> None:
        """Repair that meter of that account."""
        self._entry_id = entry_id
        self._meter = meter

    async def async_step_init(self, _user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Begin."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Ask, and keep the tariff in the options."""
        errors: dict[str, str] = {}
        if user_input is not None:
            terms = {"kind": TariffKind.COMMERCIAL.value, **user_input}
            try:
                tariff = Tariff.from_dict(Utility.ELECTRICITY, terms)
            except WrongTariff as err:
                errors = tariff_errors(err)
            else:
                return self._keep(TariffSchedule.always(tariff))
        schema: vol.Schema = self.add_suggested_values_to_schema(COMMERCIAL, user_input)
        return self.async_show_form(step_id="confirm", data_schema=schema, errors=errors)

    def _keep(self, schedule: TariffSchedule) -> RepairsFlowResult:
        entries = self.hass.config_entries
        entry = entries.async_get_entry(self._entry_id)
        if entry is None:  # removed meanwhile, and the issue with it
            return self.async_create_entry(data={})
        if CONF_TARIFF in meter_options(entry.options, self._meter):
            return self.async_abort(reason="tariff_changed")
        options = with_meter_option(entry.options, self._meter, CONF_TARIFF, schedule.to_dict())
        entries.async_update_entry(entry, options=options)
        return self.async_create_entry(data={})


class SwitchOffFlow(RepairsFlow):
    """Offer to switch the other integration off for the same account."""

    def __init__(self, other_entry_id: str, account: str) -> None:
        """Repair by that entry of the other integration; `account` is what ours is called."""
        self._other = other_entry_id
        self._account = account

    async def async_step_init(self, _user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Begin."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Ask, and switch it off; its entities and statistics stay."""
        if user_input is None:
            return self.async_show_form(
                step_id="confirm",
                data_schema=vol.Schema({}),
                description_placeholders={"account": self._account},
            )
        entries = self.hass.config_entries
        if entries.async_get_entry(self._other):  # else removed meanwhile
            with suppress(OperationNotAllowed):  # it can't be ended now: at the next start it is
                await entries.async_set_disabled_by(self._other, ConfigEntryDisabler.USER)
        return self.async_create_entry(data={})


async def async_create_fix_flow(
    _hass: HomeAssistant, _issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow of an issue that can be repaired."""
    known = data or {}
    if CONF_OTHER in known:
        return SwitchOffFlow(str(known[CONF_OTHER]), str(known["account"]))
    return TariffFlow(str(known["entry_id"]), str(known["meter"]))
