"""The series of a meter: their ids and names in the recorder."""

from __future__ import annotations

from typing import Final

from homeassistant.components.recorder.models import StatisticMeanType, StatisticMetaData
from homeassistant.const import UnitOfEnergy, UnitOfVolume
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.util.unit_conversion import EnergyConverter, VolumeConverter

from ..client.models import CURRENCY, Utility
from ..const import DOMAIN
from ..privacy import device_name, masked

SOURCE: Final = DOMAIN


_LONGEST: Final = 200
"""Letters of a device's name; the recorder has 255 for all."""


def called(hass: HomeAssistant, meter: str) -> str | None:
    """Return what the device of a meter is called; None where it has none.

    Where another meter is called the same, with what it would be called otherwise.
    """
    registry = dr.async_get(hass)
    devices = {
        number: device
        for entry in hass.config_entries.async_entries(DOMAIN)
        for device in dr.async_entries_for_config_entry(registry, entry.entry_id)
        for domain, number in device.identifiers
        if domain == DOMAIN and device.serial_number == number and device.name
    }
    names = {number: (device_name(device) or "")[:_LONGEST] for number, device in devices.items()}
    name = names.pop(meter, None)
    own = devices[meter].name if name else None
    return f"{name} ({own})" if name in names.values() and name != own else name


def is_renamed(hass: HomeAssistant, change: dr.EventDeviceRegistryUpdatedData) -> bool:
    """Return whether a meter's device is called otherwise now."""
    if change["action"] != "update" or not change["changes"].keys() & {"name", "name_by_user"}:
        return False
    device = dr.async_get(hass).async_get(change["device_id"])
    return device is not None and any(domain == DOMAIN for domain, *_ in device.identifiers)


def metadata(meter: str, utility: Utility, name: str | None = None) -> dict[str, StatisticMetaData]:
    """Return the recorder's metadata of a meter's series, by their names in `Rows`.

    `name` is what the meter is called, where that is known.
    """
    energy = utility is Utility.ELECTRICITY
    unit = UnitOfEnergy.KILO_WATT_HOUR if energy else UnitOfVolume.CUBIC_METERS
    unit_class = EnergyConverter.UNIT_CLASS if energy else VolumeConverter.UNIT_CLASS
    label = name or f"{utility.value.capitalize()} {masked(meter)}"

    def series(name: str, title: str, unit: str, unit_class: str | None) -> StatisticMetaData:
        return StatisticMetaData(
            mean_type=StatisticMeanType.NONE,
            has_sum=True,
            name=f"{label} {title}",
            source=SOURCE,
            statistic_id=f"{SOURCE}:{utility.value}_{meter}_{name}",
            unit_class=unit_class,
            unit_of_measurement=unit,
        )

    return {
        "consumption": series("consumption", "consumption for Energy", unit, unit_class),
        "cost": series("cost", "cost for Energy", CURRENCY, None),
        "daily": series("daily", "daily report", unit, unit_class),
    }


def statistic_ids(meter: str, utility: Utility) -> list[str]:
    """Return the ids of a meter's series."""
    return list(ids_by_name(meter, utility).values())


def ids_by_name(meter: str, utility: Utility) -> dict[str, str]:
    """Return the same by their names in `Rows`."""
    return {name: series["statistic_id"] for name, series in metadata(meter, utility).items()}
