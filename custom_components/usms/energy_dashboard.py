"""The Energy dashboard: our meters as its sources, added and taken away at a person's wish.

What is there already is left alone. What was added is remembered in the account's entry, so that
the same can go again; a source that a person has changed since is the person's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from homeassistant.components.energy.data import EnergyPreferencesUpdate, async_get_manager
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError

from .client import Utility
from .const import CONF_ENERGY, DOMAIN
from .data import AccountMeter, UsmsConfigEntry
from .history.series import metadata

type Source = Mapping[str, Any]

_ENERGY: Final = "energy"
_GRID: Final[Source] = {
    "stat_energy_to": None,
    "entity_energy_price": None,
    "number_energy_price": None,
    "stat_compensation": None,
    "entity_energy_price_export": None,
    "number_energy_price_export": None,
    "cost_adjustment_day": 0.0,
}
_WATER: Final[Source] = {"entity_energy_price": None, "number_energy_price": None}


@dataclass(frozen=True, slots=True)
class EnergyMeter:
    """A meter that can be a source."""

    number: str = field(repr=False)
    utility: Utility
    priced: bool
    """Whether its prices are known, so that it has a cost."""


# --- which sources: pure ---


def source_of(meter: EnergyMeter) -> Source:
    """Return a meter as a source of the Energy dashboard."""
    series = metadata(meter.number, meter.utility)
    electricity = meter.utility is Utility.ELECTRICITY
    return {
        "type": "grid" if electricity else "water",
        "stat_energy_from": series["consumption"]["statistic_id"],
        "stat_cost": series["cost"]["statistic_id"] if meter.priced else None,
        **(_GRID if electricity else _WATER),
    }


def sources_to_add(present: Iterable[Source], meters: Iterable[EnergyMeter]) -> list[Source]:
    """Return the sources of the meters that no source there counts yet, by hour or by day."""
    counted = {source.get("stat_energy_from") for source in present}
    return [
        source_of(meter)
        for meter in meters
        if counted.isdisjoint(
            metadata(meter.number, meter.utility)[name]["statistic_id"]
            for name in ("consumption", "daily")
        )
    ]


def sources_left(present: Iterable[Source], added: Iterable[Source]) -> list[Source]:
    """Return the sources that stay when those that were added go, but for changed ones."""
    ours = [_chosen(source) for source in added]
    return [source for source in present if _chosen(source) not in ours]


def _chosen(source: Source) -> dict[str, Any]:
    """Return what of a source says something: releases differ in what they leave out."""
    return {name: value for name, value in source.items() if value}


# --- in Home Assistant ---


@callback
def async_has_energy(hass: HomeAssistant) -> bool:
    """Return whether Home Assistant has an Energy dashboard."""
    return _ENERGY in hass.config.components


async def async_add_to_energy(hass: HomeAssistant, meters: Iterable[EnergyMeter]) -> list[Source]:
    """Add meters to the Energy dashboard; return the sources that were new there."""
    manager = await async_get_manager(hass)
    present = (manager.data or manager.default_preferences())["energy_sources"]
    added = sources_to_add(cast("list[Source]", present), meters)
    if added:
        await manager.async_update(_update([*cast("list[Source]", present), *added]))
    return added


async def async_add_account(
    hass: HomeAssistant, entry: UsmsConfigEntry, meters: Iterable[AccountMeter]
) -> list[str]:
    """Add meters of an account, and remember which were new; return their statistics."""
    if not async_has_energy(hass):
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="no_energy_dashboard"
        )
    schedule = entry.runtime_data.schedule
    added = await async_add_to_energy(
        hass,
        [
            EnergyMeter(meter.number, meter.utility, priced=schedule(meter.number) is not None)
            for meter in meters
            if meter.utility
        ],
    )
    if added:
        _remember(hass, entry, [*_added(entry), *added])
    return _ids(added)


async def async_remove_account(
    hass: HomeAssistant, entry: ConfigEntry, numbers: Iterable[str] | None = None
) -> list[str]:
    """Take away what was added of an account, or of those meters; return the statistics."""
    known = _added(entry)
    ids = None if numbers is None else _ids_of(numbers)
    going = [s for s in known if ids is None or s["stat_energy_from"] in ids]
    if not going:
        return []
    manager = await async_get_manager(hass)
    present = (manager.data or manager.default_preferences())["energy_sources"]
    left = sources_left(cast("list[Source]", present), going)
    removed = [source for source in cast("list[Source]", present) if source not in left]
    if removed:
        await manager.async_update(_update(left))
    _remember(hass, entry, [source for source in known if source not in going])
    return _ids(removed)


def _update(sources: list[Source]) -> EnergyPreferencesUpdate:
    return cast("EnergyPreferencesUpdate", {"energy_sources": sources})


def _added(entry: ConfigEntry) -> list[Source]:
    return list(entry.data.get(CONF_ENERGY, ()))


def _ids(sources: Iterable[Source]) -> list[str]:
    return [source["stat_energy_from"] for source in sources]


def _ids_of(numbers: Iterable[str]) -> set[str]:
    """Return the consumption of meters, whatever they measure."""
    return {
        metadata(number, utility)["consumption"]["statistic_id"]
        for number in numbers
        for utility in Utility
    }


@callback
def _remember(hass: HomeAssistant, entry: ConfigEntry, added: list[Source]) -> None:
    if hass.config_entries.async_get_entry(entry.entry_id):  # not while it is removed
        data = {**entry.data, CONF_ENERGY: [dict(source) for source in added]}
        hass.config_entries.async_update_entry(entry, data=data)
