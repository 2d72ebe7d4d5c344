"""What is new of a meter since it was counted last: found once, also over a restart."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import voluptuous as vol
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CoreState, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.start import async_at_started
from homeassistant.helpers.storage import Store

from .client import TopUp, TopUpKind
from .client.billing.precision import cost_known
from .client.summary import Figures
from .const import DOMAIN
from .low_credit import CONF_BY, CONF_THRESHOLD, LowCredit

_LOGGER = logging.getLogger(__name__)

SIGNAL_NEWS: Final = "usms_news"
"""Dispatched with each `News`."""
ENABLED_AFTER: Final = timedelta(seconds=5)
"""How long after the start of Home Assistant all automations are enabled."""
_NEAR: Final = 3
"""Days of average use before a tier's end that it counts as near."""
_VERSION: Final = 1
_DAY: Final = timedelta(days=1)


class NewsKind(StrEnum):
    """What can be new."""

    CREDIT_LOW = "credit_low"
    TOPPED_UP = "topped_up"
    TIER_NEAR = "tier_near"
    TIER_REACHED = "tier_reached"
    DAY_KNOWN = "day_known"
    """A day is whole: its consumption is known."""
    FORECAST_RISEN = "forecast_risen"
    """The month's forecast is higher than it was in this month."""


@dataclass(frozen=True, slots=True)
class News:
    """Something new of a meter."""

    kind: NewsKind
    entry_id: str
    meter: str = field(repr=False)
    values: Mapping[str, Any] = field(default_factory=dict)
    """What is known of it; amounts in kWh, m³ or BND."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of a meter when it was counted last."""

    low: bool | None = None
    """Whether its credit was low; None before that is known."""
    by: LowCredit | None = None
    """By what."""
    month: date | None = None
    """The month that the next three are of."""
    tier: int | None = None
    """The highest."""
    near: int | None = None
    """The tier whose end was near."""
    forecast: float | None = None
    """The highest of the cost (BND)."""
    day: date | None = None
    """The last whole day."""


_BY: Final = {vol.Required(CONF_BY): str, vol.Required(CONF_THRESHOLD): vol.Coerce(float)}
_SEEN: Final = vol.Schema(
    {
        vol.Optional("low"): vol.Any(None, bool),
        vol.Optional("by"): vol.Any(None, vol.All(_BY, LowCredit.of_dict)),
        vol.Optional("month"): vol.Any(None, date.fromisoformat),
        vol.Optional("tier"): vol.Any(None, int),
        vol.Optional("near"): vol.Any(None, int),
        vol.Optional("forecast"): vol.Any(None, vol.Coerce(float)),
        vol.Optional("day"): vol.Any(None, date.fromisoformat),
    },
    extra=vol.REMOVE_EXTRA,
)

type _Found = list[tuple[NewsKind, dict[str, Any]]]


def look(before: Seen | None, figures: Figures, credit: LowCredit) -> tuple[Seen, _Found]:
    """Return what is seen of a meter now, and what is new; at the first look nothing is."""
    seen = before or Seen()
    month = figures.consumption.day.replace(day=1)
    if seen.month != month:
        seen = replace(seen, month=month, tier=None, near=None, forecast=None)
    found: _Found = []
    low = credit.is_low(figures, was=seen.low, by=seen.by)
    if low and not seen.low:
        found.append((NewsKind.CREDIT_LOW, {}))
    seen = replace(seen, low=low, by=credit)
    for step in (_tier, _forecast, _day):
        seen, new = step(seen, figures)
        found += new
    return seen, found if before else []


def _tier(seen: Seen, figures: Figures) -> tuple[Seen, _Found]:
    spending = figures.spending
    if spending is None or spending.tier_number is None:
        return seen, []
    number, left, per_day = spending.tier_number, spending.left_in_tier, spending.per_day
    values = {"tier": number, "tiers": spending.tiers, "rate": float(spending.tier.rate)}
    found: _Found = []
    highest = seen.tier or 1  # a month begins in the first
    if number > highest:
        found.append((NewsKind.TIER_REACHED, values))
    seen = replace(seen, tier=max(number, highest))
    if left is not None and per_day and left < _NEAR * per_day and number > (seen.near or 0):
        days = round(float(left / per_day), 1)
        values |= {"left": float(round(left, 1)), "days_left_in_tier": days}
        found.append((NewsKind.TIER_NEAR, values))
        seen = replace(seen, near=number)
    return seen, found


def _forecast(seen: Seen, figures: Figures) -> tuple[Seen, _Found]:
    made = figures.spending.forecast if figures.spending else None
    if made is None:
        return seen, []
    cost, low, high = (float(cost_known(getattr(made.month_cost, name))) for name in _RANGE)
    before = seen.forecast
    if before is not None and cost <= before:
        return seen, []
    values = {"before": before, "forecast": cost, "forecast_low": low, "forecast_high": high}
    return replace(seen, forecast=cost), [(NewsKind.FORECAST_RISEN, values)]


_RANGE: Final = ("expected", "low", "high")


def _day(seen: Seen, figures: Figures) -> tuple[Seen, _Found]:
    consumption = figures.consumption
    yesterday = consumption.day - _DAY
    used, usual = consumption.yesterday, figures.spending.per_day if figures.spending else None
    if not consumption.yesterday_whole or used is None or seen.day == yesterday:
        return seen, []
    values = {
        "day": yesterday.isoformat(),
        "consumption": float(used),
        "usual": None if usual is None else float(round(usual, 3)),
        "times": float(round(used / usual, 1)) if usual else None,
    }
    return replace(seen, day=yesterday), [(NewsKind.DAY_KNOWN, values)]


class AccountNews:
    """What is new of an account's meters."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Begin with nothing seen; `async_load` reads what was."""
        self._hass = hass
        self._entry = entry
        self._store = _store(hass, entry.entry_id)
        self._seen: dict[str, Seen] = {}
        entry.async_on_unload(self._async_save)

    async def _async_save(self) -> None:
        await self._store.async_save(self._as_stored())

    async def async_load(self) -> None:
        """Read what was seen before this start; what can't be read was not seen."""
        try:
            stored = await self._store.async_load()
            self._seen = {meter: Seen(**_SEEN(seen)) for meter, seen in (stored or {}).items()}
        except (HomeAssistantError, NotImplementedError, OSError, ValueError, vol.Invalid) as err:
            _LOGGER.debug("What was seen before can't be read (%s)", type(err).__name__)
        except (AttributeError, TypeError) as err:
            _LOGGER.debug("What was seen before is something else (%s)", type(err).__name__)

    def is_low(self, meter: str) -> bool | None:
        """Return whether the credit of a meter is low, as it was counted last."""
        seen = self._seen.get(meter)
        return seen.low if seen else None

    @callback
    def async_look(self, meter: str, figures: Figures) -> Callable[[], None]:
        """Look at a meter that was counted; return what announces what is new of it."""
        before = self._seen.get(meter)
        credit = LowCredit.of(self._entry.options, meter)
        self._seen[meter], found = look(before, figures, credit)

        @callback
        def announce() -> None:
            for kind, values in found:
                self._async_announce(News(kind, self._entry.entry_id, meter, values))
            if self._seen[meter] != before:
                self._store.async_delay_save(self._as_stored, 1)

        return announce

    @callback
    def async_topped_up(self, topup: TopUp) -> None:
        """Announce a top-up; not what is a transfer, a refund or the like."""
        if topup.kind is TopUpKind.TOP_UP:
            values = {
                "amount": float(topup.amount),
                "units_credited": None if topup.units is None else float(topup.units),
                "at": topup.at.isoformat(),
            }
            news = News(NewsKind.TOPPED_UP, self._entry.entry_id, topup.meter, values)
            self._async_announce(news)

    @callback
    def _async_announce(self, news: News) -> None:
        """Announce it, as soon as automations are enabled."""
        hass = self._hass
        if hass.state is CoreState.running:
            async_dispatcher_send(hass, SIGNAL_NEWS, news)
            return

        @callback
        def send(_now: datetime) -> None:
            async_dispatcher_send(hass, SIGNAL_NEWS, news)

        @callback
        def wait(_hass: HomeAssistant) -> None:
            self._entry.async_on_unload(async_call_later(hass, ENABLED_AFTER, send))

        self._entry.async_on_unload(async_at_started(hass, wait))

    def _as_stored(self) -> dict[str, dict[str, Any]]:
        return {
            meter: {
                "low": seen.low,
                "by": seen.by and asdict(seen.by),
                "month": seen.month and seen.month.isoformat(),
                "tier": seen.tier,
                "near": seen.near,
                "forecast": seen.forecast,
                "day": seen.day and seen.day.isoformat(),
            }
            for meter, seen in self._seen.items()
        }


async def async_forget_news(hass: HomeAssistant, entry_id: str) -> None:
    """Delete what was seen of an account that is removed."""
    await _store(hass, entry_id).async_remove()


def _store(hass: HomeAssistant, entry_id: str) -> Store[dict[str, Any]]:
    return Store(hass, _VERSION, f"{DOMAIN}.{entry_id}.seen", private=True)
