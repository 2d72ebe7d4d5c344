"""The options: how often to poll, what each meter's units cost, and when its credit is low."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import voluptuous as vol
from homeassistant.config_entries import ConfigFlowResult, OptionsFlowWithReload
from homeassistant.const import UnitOfTime
from homeassistant.core import callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.selector import (
    DateSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)

from .client import Tariff, TariffKind, TariffSchedule, Utility, WrongTariff
from .const import (
    CONF_KEPT_HOURS,
    CONF_LOW_CREDIT,
    CONF_POLL_INTERVAL,
    CONF_READ_LIMIT,
    CONF_REFRESH_LIMIT,
    CONF_SHORTEST_POLL_INTERVAL,
    CONF_TARIFF,
    DEFAULT_KEPT_HOURS,
    DEFAULT_POLL_INTERVAL,
    DEFAULT_READ_LIMIT,
    DEFAULT_REFRESH_LIMIT,
    DEFAULT_SHORTEST_POLL_INTERVAL,
    MAX_KEPT_HOURS,
    MAX_POLL_INTERVAL,
    MIN_POLL_INTERVAL,
)
from .data import AccountMeter, UsmsData
from .low_credit import CONF_BY, CONF_THRESHOLD, LowCredit, LowCreditBy
from .prices import with_meter_option
from .privacy import masked
from .tariff_forms import (
    COMMERCIAL,
    CONF_KIND,
    CONF_SINCE,
    DWELLINGS,
    number,
    own,
    tariff_errors,
    terms_of,
)

CONF_METER: Final = "meter"
_MINUTES: Final = NumberSelector(
    NumberSelectorConfig(
        min=MIN_POLL_INTERVAL,
        max=MAX_POLL_INTERVAL,
        step=1,
        unit_of_measurement=UnitOfTime.MINUTES,
        mode=NumberSelectorMode.BOX,
    )
)
_HOURS: Final = NumberSelector(
    NumberSelectorConfig(
        min=1,
        max=MAX_KEPT_HOURS,
        step=1,
        unit_of_measurement=UnitOfTime.HOURS,
        mode=NumberSelectorMode.BOX,
    )
)
_AN_HOUR: Final = NumberSelector(
    NumberSelectorConfig(min=1, max=100_000, step=1, mode=NumberSelectorMode.BOX)
)


class UsmsOptionsFlow(OptionsFlowWithReload):
    """A menu of what can be chosen."""

    def __init__(self) -> None:
        """Begin with nothing chosen."""
        self._meter: AccountMeter | None = None
        self._since: date | None = None
        self._kind = TariffKind.RESIDENTIAL

    async def async_step_init(self, _user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the menu; what is about meters once there are any."""
        meters = [CONF_TARIFF, CONF_LOW_CREDIT] if self._meters() else []
        return self.async_show_menu(step_id="init", menu_options=["polling", *meters, "rest"])

    # --- polling ---

    async def async_step_polling(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask how often to poll, and how long what was read stands."""
        errors = {}
        if user_input is not None:
            options = {name: int(amount) for name, amount in user_input.items()}
            if options[CONF_SHORTEST_POLL_INTERVAL] <= options[CONF_POLL_INTERVAL]:
                return self.async_create_entry(data={**self.config_entry.options, **options})
            errors[CONF_SHORTEST_POLL_INTERVAL] = "shortest_above_usual"
        defaults = {
            CONF_POLL_INTERVAL: DEFAULT_POLL_INTERVAL,
            CONF_SHORTEST_POLL_INTERVAL: DEFAULT_SHORTEST_POLL_INTERVAL,
            CONF_KEPT_HOURS: DEFAULT_KEPT_HOURS,
        }
        known = {**defaults, **self.config_entry.options, **(user_input or {})}
        schema = vol.Schema(
            {
                vol.Required(name, default=known[name]): _HOURS
                if name == CONF_KEPT_HOURS
                else _MINUTES
                for name in defaults
            }
        )
        return self.async_show_form(step_id="polling", data_schema=schema, errors=errors)

    async def async_step_rest(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask how often each user may use the REST view."""
        if user_input is not None:
            options = {name: int(number) for name, number in user_input.items()}
            return self.async_create_entry(data={**self.config_entry.options, **options})
        usual = {CONF_READ_LIMIT: DEFAULT_READ_LIMIT, CONF_REFRESH_LIMIT: DEFAULT_REFRESH_LIMIT}
        known = {**usual, **self.config_entry.options}
        schema = vol.Schema({vol.Required(name, default=known[name]): _AN_HOUR for name in usual})
        return self.async_show_form(step_id="rest", data_schema=schema)

    # --- meters ---

    @callback
    def _meters(self) -> dict[str, AccountMeter]:
        """Return the meters that have a price, by number."""
        data: UsmsData | None = getattr(self.config_entry, "runtime_data", None)
        meters = data.meters() if data else []
        return {meter.number: meter for meter in meters if meter.utility}

    def _meter_selector(self) -> SelectSelector:
        """Let a person choose a meter."""
        devices = dr.async_entries_for_config_entry(
            dr.async_get(self.hass), self.config_entry.entry_id
        )
        names = {device.serial_number: device.name_by_user or device.name for device in devices}
        options = [
            SelectOptionDict(value=number, label=names.get(number) or masked(number))
            for number in self._meters()
        ]
        return SelectSelector(SelectSelectorConfig(options=options, mode=SelectSelectorMode.LIST))

    def _keep(self, name: str, value: object) -> ConfigFlowResult:
        assert self._meter is not None  # noqa: S101 (chosen in the step before)
        return self.async_create_entry(
            data=with_meter_option(self.config_entry.options, self._meter.number, name, value)
        )

    # --- tariffs ---

    async def async_step_tariff(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask which meter gets which kind of tariff, and from when on."""
        errors = {}
        if user_input is not None:
            self._meter = self._meters()[user_input[CONF_METER]]
            self._kind = TariffKind(user_input[CONF_KIND])
            since = user_input.get(CONF_SINCE)
            self._since = date.fromisoformat(since) if since else None
            water = self._meter.utility is Utility.WATER
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
                vol.Required(CONF_METER): self._meter_selector(),
                vol.Required(CONF_KIND): SelectSelector(
                    SelectSelectorConfig(
                        options=[kind.value for kind in TariffKind], translation_key="tariff_kind"
                    )
                ),
                vol.Optional(CONF_SINCE): DateSelector(),
            }
        )
        return self.async_show_form(
            step_id="tariff",
            data_schema=self.add_suggested_values_to_schema(schema, user_input),
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
        assert self._meter is not None  # noqa: S101 (chosen in the step before)
        unit = self._meter.utility.unit if self._meter.utility else ""
        return await self._async_tariff_step("own", own(unit), user_input)

    async def _async_tariff_step(
        self, step_id: str, schema: vol.Schema, user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        if user_input is not None:
            return await self._async_set_tariff(step_id, user_input, schema)
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, self._known_terms()),
        )

    def _schedule(self) -> TariffSchedule | None:
        assert self._meter is not None  # noqa: S101 (chosen in the step before)
        schedule: TariffSchedule | None = self.config_entry.runtime_data.schedule(
            self._meter.number
        )
        return schedule

    def _known_terms(self) -> Mapping[str, Any]:
        """Return the terms of the tariff that the meter has last, where it is of that kind."""
        schedule = self._schedule()
        tariff = schedule.tariffs[-1].tariff if schedule else None
        return terms_of(tariff) if tariff and tariff.kind is self._kind else {}

    async def _async_set_tariff(
        self, step_id: str, terms: dict[str, Any], schema: vol.Schema | None = None
    ) -> ConfigFlowResult:
        """Keep a tariff: for ever or, with a date, from then on."""
        assert self._meter is not None  # noqa: S101 (chosen in the step before)
        assert self._meter.utility is not None  # noqa: S101 (only those have prices)
        try:
            tariff = Tariff.from_dict(self._meter.utility, {"kind": self._kind.value, **terms})
        except WrongTariff as err:
            return self.async_show_form(
                step_id=step_id,
                data_schema=self.add_suggested_values_to_schema(schema or vol.Schema({}), terms),
                errors=tariff_errors(err),
            )
        before = self._schedule()
        schedule = (
            before.changed(self._since, tariff)
            if before and self._since
            else TariffSchedule.always(tariff)
        )
        return self._keep(CONF_TARIFF, schedule.to_dict())

    # --- low credit ---

    async def async_step_low_credit(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask when a meter's credit counts as low."""
        if user_input is not None:
            self._meter = self._meters()[user_input.pop(CONF_METER)]
            return self._keep(CONF_LOW_CREDIT, user_input)
        usual = LowCredit()
        schema = vol.Schema(
            {
                vol.Required(CONF_METER): self._meter_selector(),
                vol.Required(CONF_BY, default=usual.by.value): SelectSelector(
                    SelectSelectorConfig(
                        options=[by.value for by in LowCreditBy], translation_key="low_credit_by"
                    )
                ),
                vol.Required(CONF_THRESHOLD, default=usual.threshold): number(most=10_000),
            }
        )
        return self.async_show_form(step_id="low_credit", data_schema=schema)
