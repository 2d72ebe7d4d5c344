"""The options: polling, REST, and those of each meter."""

from __future__ import annotations

import math
from typing import Any, Final

import voluptuous as vol
from homeassistant.config_entries import ConfigFlowResult
from homeassistant.const import UnitOfTime
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
)

from .const import (
    CONF_KEPT_HOURS,
    CONF_POLL_INTERVAL,
    CONF_READ_LIMIT,
    CONF_REFRESH_LIMIT,
    CONF_SHORTEST_POLL_INTERVAL,
    DEFAULT_READ_LIMIT,
    DEFAULT_REFRESH_LIMIT,
    MAX_KEPT_HOURS,
    MAX_POLL_INTERVAL,
    MIN_POLL_INTERVAL,
)
from .polling import DEFAULTS
from .tariff_options import TariffOptionsFlow

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


class UsmsOptionsFlow(TariffOptionsFlow):
    """A menu of what can be chosen."""

    async def async_step_init(self, _user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the menu."""
        return self.async_show_menu(step_id="init", menu_options=["meters", "polling", "rest"])

    # --- polling ---

    async def async_step_polling(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask how often to poll, and how long what was read stands."""
        errors = _not_numbers(user_input)
        if user_input is not None and not errors:
            options = {name: int(amount) for name, amount in user_input.items()}
            if options[CONF_SHORTEST_POLL_INTERVAL] <= options[CONF_POLL_INTERVAL]:
                return self._keep_options(options)
            errors[CONF_SHORTEST_POLL_INTERVAL] = "shortest_above_usual"
        known = {**DEFAULTS, **self.config_entry.options, **(user_input or {})}
        schema = vol.Schema(
            {
                vol.Required(name, default=known[name]): _HOURS
                if name == CONF_KEPT_HOURS
                else _MINUTES
                for name in DEFAULTS
            }
        )
        return self.async_show_form(step_id="polling", data_schema=schema, errors=errors)

    async def async_step_rest(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask how often each user may use the REST view."""
        errors = _not_numbers(user_input)
        if user_input is not None and not errors:
            return self._keep_options({name: int(number) for name, number in user_input.items()})
        usual = {CONF_READ_LIMIT: DEFAULT_READ_LIMIT, CONF_REFRESH_LIMIT: DEFAULT_REFRESH_LIMIT}
        known = {**usual, **self.config_entry.options}
        schema = vol.Schema({vol.Required(name, default=known[name]): _AN_HOUR for name in usual})
        return self.async_show_form(step_id="rest", data_schema=schema, errors=errors)

    def _keep_options(self, options: dict[str, int]) -> ConfigFlowResult:
        return self.async_create_entry(data={**self.config_entry.options, **options})


def _not_numbers(user_input: dict[str, Any] | None) -> dict[str, str]:
    """Return the errors of what no selector refuses: nan, over the API."""
    errors = {}
    for name, number in (user_input or {}).items():
        if math.isnan(number):
            errors[name] = "not_a_number"
    return errors
