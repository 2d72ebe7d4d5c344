"""What stands for a number that must not be seen, and names that are made of it."""

from __future__ import annotations

from collections.abc import Container
from itertools import count
from typing import Final

from homeassistant.helpers.device_registry import DeviceEntry

from .client import Utility

DEVICE_KINDS: Final = {
    Utility.ELECTRICITY: "electricity_meter",
    Utility.WATER: "water_meter",
    None: "meter",
}
"""The names of devices in the translations, by what a meter measures."""


def masked(number: str) -> str:
    """Return the last four digits of a number: enough to know it, and they can be said aloud."""
    return number[-4:]


def distinct(name: str, taken: Container[str]) -> str:
    """Return a name that is not taken: itself, or with a count behind it."""
    if name not in taken:
        return name
    return next(other for n in count(2) if (other := f"{name} ({n})") not in taken)


def device_name(device: DeviceEntry) -> str | None:
    """Return what a device is called; a name of spaces only is none."""
    return (device.name_by_user or "").strip() or device.name
