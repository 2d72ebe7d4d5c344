"""The options of a meter: when its credit is low, and what its units cost from when on."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import voluptuous as vol
from homeassistant.config_entries import ConfigFlowResult, OptionsFlowWithReload
from homeassistant.core import callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.selector import (
    DateSelector,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
from homeassistant.helpers.translation import async_get_translations

from .client import Tariff, TariffKind, TariffSchedule, Utility, WrongTariff
from .client.billing.schedule import DatedTariff
from .const import CONF_LOW_CREDIT, CONF_TARIFF, DOMAIN
from .data import AccountMeter, UsmsData
from .low_credit import CONF_BY, CONF_THRESHOLD, LowCredit, LowCreditBy
from .prices import with_meter_option
from .privacy import masked
from .tariff_forms import (
    ADD,
    COMMERCIAL,
    CONF_ENTRY,
    CONF_KIND,
    CONF_SINCE,
    DWELLINGS,
    dated_terms,
    label_of,
    name_of,
    number,
    own,
    tariff_errors,
    terms_of,
)

CONF_METER: Final = "meter"


class MeterOptionsFlow(OptionsFlowWithReload):
    """The steps about a meter, from the choice of one."""

    def __init__(self) -> None:
        """Begin with nothing chosen."""
        self._meter: AccountMeter | None = None
        self._since: date | None = None
        self._kind = TariffKind.RESIDENTIAL
        self._changed: DatedTariff | None = None
        """The tariff that is changed or deleted; None for one that is added."""

    # --- a meter ---

    @callback
    def _meters(self) -> dict[str, AccountMeter]:
        """Return the meters that have a price, by number."""
        data: UsmsData | None = getattr(self.config_entry, "runtime_data", None)
        meters = data.meters() if data else []
        return {meter.number: meter for meter in meters if meter.utility}

    def _names(self) -> dict[str | None, str | None]:
        registry = dr.async_get(self.hass)
        devices = dr.async_entries_for_config_entry(registry, self.config_entry.entry_id)
        return {device.serial_number: device.name_by_user or device.name for device in devices}

    async def async_step_meters(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the meter, where there are several."""
        meters = self._meters()
        if user_input is not None:
            self._meter = meters.get(user_input[CONF_METER])
        elif len(meters) == 1:
            (self._meter,) = meters.values()
        if self._meter:
            return await self.async_step_meter()
        if user_input is not None:
            return self.async_abort(reason="meter_gone")
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
        if user_input is not None:
            return self._keep(CONF_LOW_CREDIT, user_input)
        now = LowCredit.of(self.config_entry.options, self._chosen_meter.number)
        schema = vol.Schema(
            {
                vol.Required(CONF_BY, default=now.by.value): SelectSelector(
                    SelectSelectorConfig(
                        options=[by.value for by in LowCreditBy], translation_key="low_credit_by"
                    )
                ),
                vol.Required(CONF_THRESHOLD, default=now.threshold): number(most=10_000),
            }
        )
        return self.async_show_form(
            step_id="low_credit", data_schema=schema, description_placeholders=self._meter_name()
        )

    # --- its tariffs ---

    def _schedule(self) -> TariffSchedule | None:
        schedule: TariffSchedule | None = self.config_entry.runtime_data.schedule(
            self._chosen_meter.number
        )
        return schedule

    def _dated(self) -> dict[str, DatedTariff]:
        """Return the tariffs of the meter, by the day from which each holds."""
        schedule = self._schedule()
        return {name_of(dated): dated for dated in schedule.tariffs} if schedule else {}

    async def async_step_tariffs(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show which tariff holds from when; ask which to change, or for another."""
        if user_input is not None:
            self._changed = self._dated().get(user_input[CONF_ENTRY])
            return await (self.async_step_entry() if self._changed else self.async_step_tariff())
        texts = await async_get_translations(
            self.hass, self.hass.config.language, "selector", {DOMAIN}
        )
        options = [
            SelectOptionDict(value=name, label=label_of(dated, texts))
            for name, dated in self._dated().items()
        ]
        options.append(SelectOptionDict(value=ADD, label=ADD))
        choice = SelectSelectorConfig(
            options=options, mode=SelectSelectorMode.LIST, translation_key="tariff_entry"
        )
        schema = vol.Schema({vol.Required(CONF_ENTRY): SelectSelector(choice)})
        return self.async_show_form(
            step_id="tariffs", data_schema=schema, description_placeholders=self._meter_name()
        )

    async def async_step_entry(self, _user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask whether to change a tariff or to delete it."""
        return self.async_show_menu(step_id="entry", menu_options=["tariff", "delete"])

    async def async_step_delete(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Delete a tariff; without any, the operator's residential one holds."""
        schedule = self._schedule()
        left = schedule.without(self._changed.since) if schedule and self._changed else None
        return self._keep(CONF_TARIFF, left.to_dict() if left else None)

    async def async_step_tariff(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the kind of a tariff, and from when on it holds."""
        errors = {}
        if user_input is not None:
            self._kind = TariffKind(user_input[CONF_KIND])
            since = user_input.get(CONF_SINCE)
            self._since = date.fromisoformat(since) if since else None
            water = self._chosen_meter.utility is Utility.WATER
            if self._kind is TariffKind.OWN:
                return await self.async_step_own()
            if self._kind is TariffKind.COMMERCIAL and not water:
                return await self.async_step_commercial()
            if self._kind is TariffKind.RESIDENTIAL:
                return await (
                    self.async_step_dwellings() if water else self._async_set_tariff("tariff", {})
                )
            errors[CONF_KIND] = "commercial_water"
        schema = vol.Schema(
            {
                vol.Required(CONF_KIND): SelectSelector(
                    SelectSelectorConfig(
                        options=[kind.value for kind in TariffKind], translation_key="tariff_kind"
                    )
                ),
                vol.Optional(CONF_SINCE): DateSelector(),
            }
        )
        known = dated_terms(self._changed) if user_input is None else user_input
        return self.async_show_form(
            step_id="tariff",
            data_schema=self.add_suggested_values_to_schema(schema, known),
            errors=errors,
        )

    async def async_step_commercial(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the capacity."""
        return await self._async_tariff_step("commercial", COMMERCIAL, user_input)

    async def async_step_dwellings(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the number of units in the building."""
        return await self._async_tariff_step("dwellings", DWELLINGS, user_input)

    async def async_step_own(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for tiers and charges."""
        utility = self._chosen_meter.utility
        return await self._async_tariff_step(
            "own", own(utility.unit if utility else ""), user_input
        )

    async def _async_tariff_step(
        self, step_id: str, schema: vol.Schema, user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        if user_input is not None:
            return await self._async_set_tariff(step_id, user_input, schema)
        tariff = self._changed.tariff if self._changed else None
        known = terms_of(tariff) if tariff and tariff.kind is self._kind else {}
        return self.async_show_form(
            step_id=step_id, data_schema=self.add_suggested_values_to_schema(schema, known)
        )

    async def _async_set_tariff(
        self, step_id: str, terms: dict[str, Any], schema: vol.Schema | None = None
    ) -> ConfigFlowResult:
        """Keep a tariff from a day on, in the place of the one that is changed."""
        utility = self._chosen_meter.utility
        assert utility is not None  # noqa: S101 (only those have prices)
        try:
            tariff = Tariff.from_dict(utility, {"kind": self._kind.value, **terms})
        except WrongTariff as err:
            return self.async_show_form(
                step_id=step_id,
                data_schema=self.add_suggested_values_to_schema(schema or vol.Schema({}), terms),
                errors=tariff_errors(err),
            )
        before = self._schedule()
        if before and self._changed:
            before = before.without(self._changed.since)
        after = before.with_tariff(self._since, tariff) if before else None
        return self._keep(CONF_TARIFF, (after or TariffSchedule.always(tariff)).to_dict())
