"""The actions `usms.*`: signing in, history and statistics at request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

import voluptuous as vol
from homeassistant.auth.permissions.const import POLICY_CONTROL, POLICY_READ
from homeassistant.const import ATTR_CONFIG_ENTRY_ID, ATTR_DEVICE_ID, Platform
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.service import async_register_admin_service
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonValueType

from .action_target import Target, async_target, loaded_entry, refused
from .client import Resolution
from .client.brunei import brunei_date
from .client.consumption import consumption
from .client.errors import StoreError
from .client.summary import costs
from .client.sync.history_start import EARLIEST
from .connection.sign_in import async_sign_in
from .const import ATTR_ACCOUNT, CONF_CAPTCHA, DOMAIN
from .data import AccountMeter, UsmsData
from .energy_dashboard import async_add_account, async_remove_account
from .issues.store import translated
from .permissions import async_check, async_check_administrator
from .planning import AMOUNT, plan_top_up

ATTR_FROM: Final = "from"
ATTR_TO: Final = "to"
ATTR_FORCE: Final = "force"
ATTR_STATISTIC_ID: Final = "statistic_id"
ATTR_RESOLUTION: Final = "resolution"

_MOST_DAYS: Final = 400
"""How long a range of readings may be in one response."""

_TARGET: Final = {
    vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string,
    vol.Optional(ATTR_DEVICE_ID): cv.string,
}
_RANGE: Final = {vol.Optional(ATTR_FROM): cv.date, vol.Optional(ATTR_TO): cv.date}


@callback
def async_setup_actions(hass: HomeAssistant) -> None:
    """Register the actions."""

    def register(
        name: str,
        action: Callable[[Target, ServiceCall], Awaitable[ServiceResponse]],
        fields: dict[Any, Any],
        response: SupportsResponse = SupportsResponse.OPTIONAL,
        *,
        administrators: bool = False,
    ) -> None:
        async def run(call: ServiceCall) -> ServiceResponse:
            try:
                return await action(await async_target(hass, call), call)
            except StoreError as err:
                raise translated(err, HomeAssistantError) from err

        schema = vol.Schema(_TARGET | fields)
        if administrators:
            async_register_admin_service(hass, DOMAIN, name, run, schema, response)
        else:
            hass.services.async_register(DOMAIN, name, run, schema, response)

    register(
        "import_history",
        _import_history,
        {**_RANGE, vol.Optional(ATTR_FORCE, default=False): cv.boolean},
    )
    register(
        "adopt_history",
        _adopt_history,
        {**_RANGE, vol.Required(ATTR_STATISTIC_ID): cv.string},
        administrators=True,
    )
    register(
        "plan_top_up",
        _plan_top_up,
        {vol.Exclusive("until", "plan"): cv.date, vol.Exclusive("amount", "plan"): AMOUNT},
        SupportsResponse.ONLY,
    )
    register("rebuild_statistics", _rebuild_statistics, {}, administrators=True)
    register("clear_statistics", _clear_statistics, {}, administrators=True)
    register("add_to_energy", _add_to_energy, {}, administrators=True)
    register("remove_from_energy", _remove_from_energy, {}, administrators=True)
    register(
        "get_readings",
        _get_readings,
        {
            **_RANGE,
            vol.Optional(ATTR_RESOLUTION, default=Resolution.DAY): vol.All(
                cv.string, vol.Coerce(Resolution)
            ),
        },
        SupportsResponse.ONLY,
    )
    hass.services.async_register(
        DOMAIN,
        "sign_in",
        _sign_in,
        vol.Schema({vol.Required(ATTR_ACCOUNT): cv.string, vol.Optional(CONF_CAPTCHA): cv.string}),
        supports_response=SupportsResponse.OPTIONAL,
    )


def _range(call: ServiceCall, default: timedelta | None = None) -> tuple[date | None, date]:
    """Return the days that a call names, both included."""
    today = brunei_date(dt_util.utcnow())
    last = call.data.get(ATTR_TO) or today
    first = call.data.get(ATTR_FROM) or (last - default if default else None)
    if last > today or (first and first > today):
        raise refused("range_in_future")
    if (first or last) < EARLIEST:
        raise refused("range_too_early", year=str(EARLIEST.year))
    if first and first > last:
        raise refused("range_reversed")
    return first, last


async def _sign_in(call: ServiceCall) -> ServiceResponse:
    entry = loaded_entry(call.hass, call.data[ATTR_ACCOUNT])
    await async_check(call.hass, call, entry, [entry.entry_id], POLICY_CONTROL)
    answer = call.data.get(CONF_CAPTCHA, "").strip()
    reason = await async_sign_in(entry.runtime_data, answer or None)
    image = er.async_get(call.hass).async_get_entity_id(
        Platform.IMAGE, DOMAIN, f"{entry.entry_id}_captcha"
    )
    return {"signed_in": reason is None, "reason": reason, "image": image}


async def _import_history(target: Target, call: ServiceCall) -> ServiceResponse:
    if call.data[ATTR_FORCE]:
        await async_check_administrator(target.hass, call)
    await target.async_check(call, POLICY_CONTROL)
    first, last = _range(call)
    history = target.data.history
    for meter in target.meters:
        begin = first or _oldest(target.data, meter.number) or last
        await history.async_request(meter.number, begin, last, force=call.data[ATTR_FORCE])
    history.async_wake()
    progress = history.progress.data
    meters: list[JsonValueType] = [*target.numbers]
    return {
        "meters": meters,
        "reports_read": progress.reports_read,
        "reports_left": progress.reports_left,
    }


def _oldest(data: UsmsData, meter: str) -> date | None:
    """Return the day of a meter's oldest reading, from which on history is asked for."""
    figures = data.figures.of(meter).data
    oldest = figures.consumption.oldest if figures else None
    return brunei_date(oldest) if oldest else None


async def _adopt_history(target: Target, call: ServiceCall) -> ServiceResponse:
    if len(target.meters) != 1:
        raise refused("one_meter_needed")
    (meter,) = target.numbers
    taken = await target.data.statistics.async_take_over(
        meter, call.data[ATTR_STATISTIC_ID].strip(), _range(call)
    )
    if taken.readings:
        await target.data.figures.async_count([meter])
    return {"meter": meter, "taken_over": taken.readings, "refused": taken.refused}


async def _plan_top_up(target: Target, call: ServiceCall) -> ServiceResponse:
    await target.async_check(call, POLICY_READ)
    if len(target.meters) != 1:
        raise refused("one_meter_needed")
    (meter,) = target.numbers
    figures = target.data.figures.of(meter).data
    planned = plan_top_up(
        figures.outlook if figures else None,
        call.data.get("until"),
        call.data.get("amount"),
        figures.debt if figures else None,
    )
    return {"meter": meter, **planned}


async def _rebuild_statistics(target: Target, _call: ServiceCall) -> ServiceResponse:
    return {"rows_written": await target.data.statistics.async_rebuild(target.numbers)}


async def _clear_statistics(target: Target, _call: ServiceCall) -> ServiceResponse:
    cleared: list[JsonValueType] = [
        *sorted(await target.data.statistics.async_clear(target.numbers))
    ]
    return {"cleared": cleared}


async def _add_to_energy(target: Target, _call: ServiceCall) -> ServiceResponse:
    added = await async_add_account(target.hass, target.entry, target.meters)
    return {"added": list[JsonValueType](added)}


async def _remove_from_energy(target: Target, call: ServiceCall) -> ServiceResponse:
    numbers = target.numbers if call.data.get(ATTR_DEVICE_ID) else None
    removed = await async_remove_account(target.hass, target.entry, numbers)
    return {"removed": list[JsonValueType](removed)}


async def _get_readings(target: Target, call: ServiceCall) -> ServiceResponse:
    await target.async_check(call, POLICY_READ)
    resolution: Resolution = call.data[ATTR_RESOLUTION]
    days = 366 if resolution is Resolution.MONTH else 31
    first, last = _range(call, timedelta(days=days))
    if first and (last - first).days >= _MOST_DAYS:
        raise refused("range_too_long", days=str(_MOST_DAYS))
    found: list[JsonValueType] = [
        await target.hass.async_add_executor_job(
            _meter_readings, target.data, meter, resolution, first, last
        )
        for meter in target.meters
    ]
    return {"meters": found}


def _meter_readings(
    data: UsmsData,
    meter: AccountMeter,
    resolution: Resolution,
    first: date | None,
    last: date,
) -> dict[str, Any]:
    """Return a meter's readings as JSON-able data (blocks)."""
    unit, store = meter.utility.unit if meter.utility else None, data.store
    schedule, figures = data.schedule(meter.number), data.figures.of(meter.number).data
    priced = costs(store, meter.number, schedule, resolution, first, last) if schedule else {}
    today = figures.consumption.today if figures else None
    spent = figures.spending.today if figures and figures.spending else None
    return {
        "meter": meter.number,
        "utility": meter.utility,
        "today": {"consumption": _float(today), "cost": _float(spent), "unit": unit},
        "readings": [
            {
                "start": start.isoformat(),
                "consumption": float(value),
                "cost": _float(priced.get(start)),
                "unit": unit,
                "estimated": estimated,
            }
            for start, value, estimated in consumption(store, meter.number, resolution, first, last)
        ],
    }


def _float(number: Decimal | None) -> float | None:
    return None if number is None else round(float(number), 6)
