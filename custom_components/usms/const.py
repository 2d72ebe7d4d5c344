"""Names of the integration."""

from typing import Final

from homeassistant.const import Platform

DOMAIN: Final = "usms"
PLATFORMS: Final = [
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.EVENT,
    Platform.IMAGE,
    Platform.SENSOR,
]

EVENT_SIGN_IN_NEEDED: Final = "usms_sign_in_needed"
"""Fired once when a session has ended and a person has to sign in."""

EVENT_SIGNED_IN: Final = "usms_signed_in"
"""Fired once when that was done, whichever way."""

ATTR_ACCOUNT: Final = "account"
"""Of events and actions: the config entry of an account."""

CONF_CAPTCHA: Final = "captcha"
CONF_POLL_INTERVAL: Final = "poll_interval"
"""Option: minutes between two polls, at most."""
CONF_SHORTEST_POLL_INTERVAL: Final = "shortest_poll_interval"
"""Option: minutes between two polls, at least, where only that keeps the session alive."""
CONF_KEPT_HOURS: Final = "kept_hours"
"""Option: for how many hours values of cards stand that could not be read again."""

CONF_METERS: Final = "meters"
"""Option: what is chosen for each meter, by its number."""
CONF_TARIFF: Final = "tariff"
"""Of a meter: its tariffs, as `TariffSchedule.to_dict` gives them."""
CONF_LOW_CREDIT: Final = "low_credit"
"""Of a meter: by what credit is low, and below how much."""

CONF_ADD_TO_ENERGY: Final = "add_to_energy"
"""In the set-up: whether the meters are added to the Energy dashboard."""
CONF_NAMES: Final = "names"
"""Of an entry: what a person called the meters in the set-up, by their numbers."""
CONF_ENERGY: Final = "energy"
"""Of an entry: the sources that were added to the Energy dashboard."""

MAX_KEPT_HOURS: Final = 30 * 24
MIN_POLL_INTERVAL: Final = 1
MAX_POLL_INTERVAL: Final = 60
POLL_JITTER: Final = 0.1
"""A poll comes up to this share sooner, drawn anew each time."""

CONF_READ_LIMIT: Final = "read_limit"
"""Option: how many reads over REST a user has within an hour."""
CONF_REFRESH_LIMIT: Final = "refresh_limit"
"""Option: how many polls over REST a user can ask for within an hour."""
DEFAULT_READ_LIMIT: Final = 1000
DEFAULT_REFRESH_LIMIT: Final = 100
