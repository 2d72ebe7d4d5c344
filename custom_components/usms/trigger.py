"""Triggers of automations: what is new of a meter, and a sign-in that is needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final, override

import voluptuous as vol
from homeassistant.const import CONF_OPTIONS, CONF_TARGET
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.device_registry import DeviceEntry
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.trigger import Trigger, TriggerActionRunner, TriggerConfig
from homeassistant.helpers.typing import ConfigType

from .client.billing.precision import days_known, run_out_known
from .const import ATTR_ACCOUNT, EVENT_SIGN_IN_NEEDED
from .data import UsmsConfigEntry
from .meter_target import account_devices, device_of, devices_of
from .news import SIGNAL_NEWS, News, NewsKind
from .privacy import device_name
from .sensor_types import unit_of

_AMOUNT: Final = vol.All(vol.Coerce(float), vol.Range(min=0, max=100_000))


class UsmsTrigger(Trigger):
    """A trigger about the meters or the account that its target names."""

    fields: ClassVar[Mapping[vol.Marker, Any]] = {}

    @classmethod
    @override
    async def async_validate_config(cls, hass: HomeAssistant, config: ConfigType) -> ConfigType:
        """Return the target and the options."""
        fields = vol.Required(CONF_OPTIONS, default={})
        schema = {vol.Required(CONF_TARGET): cv.TARGET_FIELDS, fields: dict(cls.fields)}
        validated: ConfigType = vol.Schema(schema)(config)
        return validated

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Keep what it is about."""
        super().__init__(hass, config)
        self._target = config.target or {}
        self._options = config.options or {}

    def _is_meant(self, device: DeviceEntry) -> bool:
        return device.id in devices_of(self._hass, self._target)


class MeterTrigger(UsmsTrigger):
    """Something new of a meter."""

    kind: ClassVar[NewsKind]

    def is_wanted(self, _values: Mapping[str, Any]) -> bool:
        """Return whether the options ask for that."""
        return True

    @override
    async def async_attach_runner(
        self, run_action: TriggerActionRunner, did_not_trigger: object = None
    ) -> CALLBACK_TYPE:
        """Run the action with each news that is meant."""

        @callback
        def hear(news: News) -> None:
            if news.kind is not self.kind or not self.is_wanted(news.values):
                return
            device = device_of(self._hass, news.entry_id, news.meter)
            if device and self._is_meant(device):
                values = {**_known(self._hass, news, device), **news.values}
                run_action(values, f"{news.kind} of {values['meter']}")

        return async_dispatcher_connect(self._hass, SIGNAL_NEWS, hear)


def _known(hass: HomeAssistant, news: News, device: DeviceEntry) -> dict[str, Any]:
    """Return what an automation may say of a meter, whatever is new."""
    entry: UsmsConfigEntry | None = hass.config_entries.async_get_entry(news.entry_id)
    figures = entry.runtime_data.figures.of(news.meter).data if entry else None
    meter = entry.runtime_data.meter(news.meter) if entry else None
    made = figures.spending.forecast if figures and figures.spending else None
    runs_out = run_out_known(made.runs_out, made.made_at) if made else None
    left = figures.standing.balance.expected if figures and figures.standing else None
    days = made.days_left if made else None
    return {
        "meter": device_name(device),
        "device_id": device.id,
        "unit": unit_of(meter.utility) if meter and meter.utility else None,
        "balance": None if left is None else float(round(left, 2)),
        "runs_out": runs_out and runs_out.isoformat(),
        "days_left": None if days is None else float(days_known(days)),
        "top_up_url": device.configuration_url,
    }


class CreditBecameLow(MeterTrigger):
    """Credit is low that was not."""

    kind = NewsKind.CREDIT_LOW


class ToppedUp(MeterTrigger):
    """A top-up became known."""

    kind = NewsKind.TOPPED_UP


class TierNear(MeterTrigger):
    """A tier's end is three days of average use away."""

    kind = NewsKind.TIER_NEAR


class TierReached(MeterTrigger):
    """A higher tier than before in this month."""

    kind = NewsKind.TIER_REACHED
    fields: ClassVar = {vol.Optional("tier"): vol.All(vol.Coerce(int), vol.Range(min=2, max=20))}

    @override
    def is_wanted(self, values: Mapping[str, Any]) -> bool:
        return bool(values["tier"] >= self._options.get("tier", 2))


class UnusualConsumption(MeterTrigger):
    """A day with more than so many times the usual."""

    kind = NewsKind.DAY_KNOWN
    fields: ClassVar = {
        vol.Optional("times", default=2): vol.All(vol.Coerce(float), vol.Range(min=1, max=100)),
        vol.Optional("at_least", default=0): _AMOUNT,
    }

    @override
    def is_wanted(self, values: Mapping[str, Any]) -> bool:
        used, usual = values["consumption"], values["usual"]
        times, least = self._options["times"], self._options["at_least"]
        return usual is not None and used >= least and used > times * usual


class ForecastAbove(MeterTrigger):
    """The month's forecast is above an amount for the first time in the month."""

    kind = NewsKind.FORECAST_RISEN
    fields: ClassVar = {vol.Required("amount"): _AMOUNT}

    @override
    def is_wanted(self, values: Mapping[str, Any]) -> bool:
        before, amount = values["before"], self._options["amount"]
        return bool((before is None or before <= amount) and values["forecast"] > amount)


class SignInNeeded(UsmsTrigger):
    """The portal has ended the session of an account, and a person has to sign in."""

    @override
    async def async_attach_runner(
        self, run_action: TriggerActionRunner, did_not_trigger: object = None
    ) -> CALLBACK_TYPE:
        """Run the action when an account that is meant asks for a sign-in."""

        @callback
        def hear(event: Event) -> None:
            entry_id = event.data[ATTR_ACCOUNT]
            devices = account_devices(self._hass, entry_id)
            account = device_of(self._hass, entry_id, entry_id)
            if account and any(map(self._is_meant, devices)):
                name = device_name(account)
                values = {"account": entry_id, "name": name, "device_id": account.id}
                run_action(values, f"sign-in needed for {name}", event.context)

        return self._hass.bus.async_listen(EVENT_SIGN_IN_NEEDED, hear)


async def async_get_triggers(_hass: HomeAssistant) -> dict[str, type[UsmsTrigger]]:
    """Return the triggers, by the name that follows `usms.`."""
    return {
        "credit_became_low": CreditBecameLow,
        "topped_up": ToppedUp,
        "tier_near": TierNear,
        "tier_reached": TierReached,
        "sign_in_needed": SignInNeeded,
        "unusual_consumption": UnusualConsumption,
        "forecast_above": ForecastAbove,
    }
