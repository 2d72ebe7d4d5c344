"""The options of a meter: the choice of one, and when its credit is low."""

from __future__ import annotations

from typing import Any, Final, override

import voluptuous as vol
from homeassistant.config_entries import (
    ConfigEntry,
    ConfigFlowResult,
    OptionsFlow,
    UnknownEntry,
)
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)

from .const import CONF_LOW_CREDIT
from .data import AccountMeter, UsmsData
from .low_credit import CONF_BY, CONF_THRESHOLD, LowCredit, LowCreditBy
from .prices import with_meter_option
from .privacy import device_name, masked

CONF_METER: Final = "meter"
_LEAST: Final = 0.01
_MOST: Final = 10_000
"""Days or B$ at which credit may be low."""
_THRESHOLD: Final = NumberSelector(NumberSelectorConfig(step="any", mode=NumberSelectorMode.BOX))
"""Without limits, which Home Assistant would explain in English only."""


class MeterOptionsFlow(OptionsFlow):
    """The steps about a meter, from the choice of one."""

    def __init__(self) -> None:
        """Begin with nothing chosen."""
        self._meter: AccountMeter | None = None

    # --- a meter ---

    @property
    @override
    def config_entry(self) -> ConfigEntry:
        """The account; ends the flow where it was removed."""
        try:
            return super().config_entry
        except UnknownEntry as err:
            raise AbortFlow("account_gone") from err

    async def _async_data(self) -> UsmsData:
        """Return what is known of the account; ends the flow where it is not loaded.

        One that is being reloaded is waited for.
        """
        async with self.config_entry.setup_lock:
            data: UsmsData | None = getattr(self.config_entry, "runtime_data", None)
        if data is None:
            raise AbortFlow("not_loaded")
        return data

    def _names(self) -> dict[str | None, str | None]:
        registry = dr.async_get(self.hass)
        devices = dr.async_entries_for_config_entry(registry, self.config_entry.entry_id)
        return {device.serial_number: device_name(device) for device in devices}

    async def async_step_meters(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the meter, where there are several."""
        data = await self._async_data()
        meters = {meter.number: meter for meter in data.meters() if meter.utility}
        if user_input is not None:
            self._meter = meters.get(user_input[CONF_METER])
        elif len(meters) == 1:
            (self._meter,) = meters.values()
        if self._meter:
            return await self.async_step_meter()
        if user_input is not None:
            return self.async_abort(reason="meter_gone")
        if not meters:
            return self.async_abort(reason="no_meters")
        names = self._names()
        options = [
            SelectOptionDict(value=meter, label=names.get(meter) or masked(meter))
            for meter in meters
        ]
        choice = SelectSelectorConfig(options=options, mode=SelectSelectorMode.LIST)
        schema = vol.Schema({vol.Required(CONF_METER): SelectSelector(choice)})
        return self.async_show_form(step_id="meters", data_schema=schema)

    async def async_step_meter(self, _user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show what can be chosen for the meter."""
        return self.async_show_menu(
            step_id="meter",
            menu_options=["low_credit", "tariffs"],
            description_placeholders=self._meter_name(),
        )

    def _meter_name(self) -> dict[str, str]:
        meter = self._chosen_meter.number
        return {"meter": self._names().get(meter) or masked(meter)}

    @property
    def _chosen_meter(self) -> AccountMeter:
        assert self._meter is not None  # noqa: S101 (chosen in the step before)
        return self._meter

    def _keep(self, name: str, value: object) -> ConfigFlowResult:
        # Of the options as they are now: another form may have changed another meter's.
        number = self._chosen_meter.number
        return self.async_create_entry(
            data=with_meter_option(self.config_entry.options, number, name, value)
        )

    async def async_step_low_credit(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask when the meter's credit counts as low."""
        errors = {}
        if user_input is not None:
            if _LEAST <= user_input[CONF_THRESHOLD] <= _MOST:  # which nan is not
                return self._keep(CONF_LOW_CREDIT, user_input)
            errors[CONF_THRESHOLD] = "wrong_threshold"
        now = LowCredit.of(self.config_entry.options, self._chosen_meter.number)
        schema = vol.Schema(
            {
                vol.Required(CONF_BY, default=now.by.value): SelectSelector(
                    SelectSelectorConfig(
                        options=[by.value for by in LowCreditBy], translation_key="low_credit_by"
                    )
                ),
                vol.Required(CONF_THRESHOLD, default=now.threshold): _THRESHOLD,
            }
        )
        return self.async_show_form(
            step_id="low_credit",
            data_schema=schema,
            description_placeholders=self._meter_name(),
            errors=errors,
        )
