"""Names of the integration."""

from typing import Final

from homeassistant.const import Platform

DOMAIN: Final = "usms"
PLATFORMS: Final = [Platform.BINARY_SENSOR, Platform.BUTTON, Platform.SENSOR]

CONF_CAPTCHA: Final = "captcha"
CONF_POLL_INTERVAL: Final = "poll_interval"
"""Option: minutes between two polls."""

DEFAULT_POLL_INTERVAL: Final = 10
MIN_POLL_INTERVAL: Final = 5
MAX_POLL_INTERVAL: Final = 60
POLL_JITTER: Final = 0.1
"""A poll comes up to this share sooner or later, drawn anew each time."""
