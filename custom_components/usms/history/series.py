"""The series of a meter: their ids and names in the recorder."""

from __future__ import annotations

from typing import Final

from homeassistant.components.recorder.models import StatisticMeanType, StatisticMetaData
from homeassistant.const import UnitOfEnergy, UnitOfVolume
from homeassistant.util.unit_conversion import EnergyConverter, VolumeConverter

from ..client.models import CURRENCY, Utility
from ..const import DOMAIN
from ..privacy import masked

SOURCE: Final = DOMAIN


def metadata(meter: str, utility: Utility) -> dict[str, StatisticMetaData]:
    """Return the recorder's metadata of a meter's series, by their names in `Rows`."""
    energy = utility is Utility.ELECTRICITY
    unit = UnitOfEnergy.KILO_WATT_HOUR if energy else UnitOfVolume.CUBIC_METERS
    unit_class = EnergyConverter.UNIT_CLASS if energy else VolumeConverter.UNIT_CLASS
    label = f"{utility.value.capitalize()} {masked(meter)}"

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
    return [series["statistic_id"] for series in metadata(meter, utility).values()]
