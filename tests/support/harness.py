"""What any test of the integration can use: an account, a clock, and the truth to compare with."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_USERNAME
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.recorder import get_instance
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.usms.client import BRUNEI, NO_PACING, SessionLife, UsmsClient
from custom_components.usms.client.store import ReadingsStore
from custom_components.usms.connection.accounts import CONNECTIONS
from custom_components.usms.connection.connection import Connection
from custom_components.usms.connection.session_store import SessionStore
from custom_components.usms.const import DOMAIN
from custom_components.usms.history.account_statistics import AccountStatistics
from custom_components.usms.history.loop import START_DELAY, History
from custom_components.usms.history.recorder import async_recorded
from tests.portal import DEMO_PASSWORD, DEMO_USERNAME, Meter, SimulatedPortal

# The residential prices of the operator's tariff page, not taken from the code that is tested.
TIERS = {
    "electricity": ((600, "0.01"), (2000, "0.08"), (4000, "0.10"), (None, "0.12")),
    "water": (("54.54", "0.11"), (None, "0.44")),
}


async def sign_in_outside(
    portal: SimulatedPortal, username: str = DEMO_USERNAME, password: str = DEMO_PASSWORD
) -> dict[str, Any]:
    """Sign in by a client of our own, as the config flow would; return the session."""

    async def answer(_image: bytes) -> str:
        return portal.captcha_answer

    async with UsmsClient(base_url=portal.base_url, pacing=NO_PACING) as client:
        await client.sign_in(username, password, answer_captcha=answer)
        return client.export_session()


class Harness:
    """An account in Home Assistant, and the portal that it reads."""

    def __init__(
        self,
        hass: HomeAssistant,
        portal: SimulatedPortal,
        entry: MockConfigEntry,
        freezer: FrozenDateTimeFactory,
    ) -> None:
        """Hold all of it together."""
        self.hass = hass
        self.portal = portal
        self.entry = entry
        self._freezer = freezer

    # --- the account ---

    async def set_up(self) -> None:
        """Set the account up; history begins when time moves on."""
        assert await self.hass.config_entries.async_setup(self.entry.entry_id)
        await self._polled()
        assert self.entry.state is ConfigEntryState.LOADED

    async def reload(self) -> None:
        """Have it as after a restart: unloaded, and set up from its files."""
        connection = self.connection
        assert await self.hass.config_entries.async_unload(self.entry.entry_id)
        await self.hass.async_block_till_done()
        await connection.async_save()
        connection.async_end()
        self.hass.data[CONNECTIONS].clear()
        await self.set_up()

    async def add_again(self) -> None:
        """Remove the account, and add it anew, signed in and not set up yet."""
        assert await self.hass.config_entries.async_remove(self.entry.entry_id)
        await self.hass.async_block_till_done()
        self.entry = MockConfigEntry(
            domain=DOMAIN, title=self.entry.title, data=dict(self.entry.data)
        )
        self.entry.add_to_hass(self.hass)
        session = await sign_in_outside(self.portal)
        await SessionStore(self.hass, self.entry.entry_id).async_save(session, SessionLife())

    async def sign_in(self, answer: str | None = None) -> dict[str, Any]:
        """Have a person answer the captcha by the action: with that, or with the right answer."""
        if self.connection.captcha is None:
            first = await self.call_sign_in()
            if first["signed_in"]:
                return first
        done = await self.call_sign_in(captcha=answer or self.portal.captcha_answer)
        await self.settle()
        return done

    async def call_sign_in(self, **data: str) -> dict[str, Any]:
        """Perform the action `usms.sign_in` once; return its response."""
        response = await self.hass.services.async_call(
            "usms",
            "sign_in",
            {"account": self.entry.entry_id, **data},
            blocking=True,
            return_response=True,
        )
        assert response is not None
        return dict(response)

    @property
    def connection(self) -> Connection:
        """The account's way to the portal."""
        return self.entry.runtime_data.connection

    @property
    def history(self) -> History:
        """The account's history."""
        return self.entry.runtime_data.history

    @property
    def store(self) -> ReadingsStore:
        """The account's readings."""
        return self.entry.runtime_data.store

    @property
    def statistics_writer(self) -> AccountStatistics:
        """What derives the account's statistics from them."""
        return self.entry.runtime_data.statistics

    # --- time ---

    @property
    def now(self) -> datetime:
        """The present, in Brunei."""
        return dt_util.utcnow().astimezone(BRUNEI)

    def tick(self, span: timedelta) -> None:
        """Move all clocks on, and fire nothing."""
        self._freezer.tick(span)
        self.portal.set_now(self.now)

    async def move_to(self, now: datetime) -> None:
        """Move all clocks, fire what is due, and wait until the history has nothing to do."""
        self.portal.set_now(now)
        self._freezer.move_to(now)
        async_fire_time_changed(self.hass, now)
        await self.settle()

    async def forward(self, span: timedelta) -> None:
        """Move all clocks on."""
        await self.move_to(self.now + span)

    async def start_history(self) -> None:
        """Let the time pass after which history begins, and wait until it has nothing to do."""
        await self.forward(START_DELAY + timedelta(seconds=1))

    async def settle(self) -> None:
        """Wait until nothing is to be done any more."""
        await self._polled()
        if self.entry.state is ConfigEntryState.LOADED:
            await self.history.async_idle()
        await self.hass.async_block_till_done()
        await async_recorded(self.hass)

    async def _polled(self) -> None:
        """Wait until no poll is under way: they run in the background."""
        await self.hass.async_block_till_done()
        names = re.compile("- refresh$|^usms poll")
        polls = [task for task in asyncio.all_tasks() if names.search(task.get_name())]
        await asyncio.gather(*polls, return_exceptions=True)  # an unload cancels them
        await self.hass.async_block_till_done()

    # --- what is shown ---

    def meter(self, which: str = "electricity") -> Meter:
        """Return the portal's meter of that kind, or with that number."""
        return next(meter for meter in self.meters if which in (meter.utility, meter.number))

    @property
    def meters(self) -> list[Meter]:
        """Return the portal's meters of this account."""
        return self.portal.meters_of(self.entry.data[CONF_USERNAME])

    def state(self, key: str, meter: str | None = None) -> str:
        """Return the state of an entity by its key, as `entity_id` does."""
        return self.entity(key, meter).state

    def entity(self, key: str, meter: str | None = None) -> State:
        """Return state and attributes of an entity; KeyError where it has none."""
        state = self.hass.states.get(self.entity_id(key, meter))
        if state is None:
            raise KeyError(key)
        return state

    def entity_id(self, key: str, meter: str | None = None) -> str:
        """Return the id of the account's entity with that key, or a meter's; else KeyError."""
        unique_id = f"{self._owner(meter)}_{key}"
        registry = er.async_get(self.hass)
        for entity in er.async_entries_for_config_entry(registry, self.entry.entry_id):
            if entity.unique_id == unique_id:
                return entity.entity_id
        raise KeyError(key)

    def device(self, meter: str | None = None) -> dr.DeviceEntry:
        """Return the account's own device, or a meter's; else KeyError."""
        identifier = (DOMAIN, self._owner(meter))
        registry = dr.async_get(self.hass)
        for device in dr.async_entries_for_config_entry(registry, self.entry.entry_id):
            if identifier in device.identifiers:
                return device
        raise KeyError(meter)

    def _owner(self, meter: str | None) -> str:
        return self.meter(meter).number if meter else self.entry.entry_id

    def requests(self, part: str = "") -> int:
        """Return how many requests the portal had whose path has that in it."""
        return sum(part.lower() in record.path.lower() for record in self.portal.requests)

    # --- statistics ---

    async def statistics(self, meter: Meter, name: str) -> Mapping[datetime, tuple[float, float]]:
        """Return a series as the recorder has it: state and sum by start."""
        statistic_id = f"usms:{meter.utility}_{meter.number}_{name}"
        found = await get_instance(self.hass).async_add_executor_job(
            lambda: statistics_during_period(
                self.hass,
                datetime(2000, 1, 1, tzinfo=BRUNEI),
                None,
                {statistic_id},
                "hour",
                None,
                {"state", "sum"},
            )
        )
        return {
            datetime.fromtimestamp(row["start"], BRUNEI): (row["state"], row["sum"])
            for row in found.get(statistic_id, [])
        }

    async def assert_statistics_equal_truth(
        self, *, published_before: timedelta = timedelta(0)
    ) -> None:
        """Compare every hour and day of every series with the portal's truth, and the sums.

        With `published_before`, what the portal has published or corrected only in that time is
        allowed to be missing or old: nobody has asked for it yet.
        """
        await async_recorded(self.hass)
        earlier = self.now - published_before
        for meter in self.meters:
            await self._compare_daily(meter, earlier)
            await self._compare_consumption(meter, earlier)

    def _truth(
        self, meter: Meter, resolution: str, earlier: datetime
    ) -> tuple[dict[datetime, Decimal], set[datetime]]:
        """Return the truth, and the starts of which it was another one a little earlier."""
        now = dict(self.portal.truth(meter.number, resolution))
        before = dict(self.portal.truth(meter.number, resolution, at=earlier))
        return now, {start for start, value in now.items() if before.get(start) != value}

    async def _compare_daily(self, meter: Meter, earlier: datetime) -> None:
        truth, fresh = self._truth(meter, "day", earlier)
        daily = await self.statistics(meter, "daily")
        _same_values(daily, truth, fresh)
        _sums_run(daily)

    async def _compare_consumption(self, meter: Meter, earlier: datetime) -> None:
        hours, fresh = self._truth(meter, "hour", earlier)
        days, fresh_days = self._truth(meter, "day", earlier)
        series = await self.statistics(meter, "consumption")
        covered = {start.date() for start in hours}
        expected = hours | {
            start: total for start, total in days.items() if start.date() not in covered
        }
        # What the portal never published is an estimate: an hour of a day that has others.
        extra = series.keys() - expected.keys()
        assert all(start.date() in covered for start in extra)
        published = {start: row for start, row in series.items() if start not in extra}
        _same_values(published, expected, fresh | fresh_days)
        _sums_run(series)
        assert all(state >= 0 for state, _ in series.values())
        cost = await self.statistics(meter, "cost")
        assert cost.keys() == series.keys()
        _sums_run(cost)
        _months_cost_their_bill(meter.utility, series, cost)


def _same_values(
    series: Mapping[datetime, tuple[float, float]],
    truth: Mapping[datetime, Decimal],
    fresh: set[datetime],
) -> None:
    recorded = {start: state for start, (state, _) in series.items() if start not in fresh}
    expected = {start: float(value) for start, value in truth.items() if start not in fresh}
    missing = sorted(expected.keys() - recorded.keys())
    extra = sorted(recorded.keys() - expected.keys())
    wrong = sorted(k for k in recorded.keys() & expected.keys() if recorded[k] != expected[k])
    assert (missing[:5], extra[:5], wrong[:5]) == ([], [], []), (
        f"{len(missing)} missing, {len(extra)} extra, {len(wrong)} wrong of {len(expected)}"
    )


def _sums_run(series: Mapping[datetime, tuple[float, float]]) -> None:
    """Check that each sum is the one before plus the state, and the first is its state."""
    total = Decimal(0)
    for start in sorted(series):
        state, running = series[start]
        total += Decimal(repr(state))
        assert abs(running - float(total)) < 1e-6, f"sum at {start} is {running}, not {total}"


def _months_cost_their_bill(
    utility: str,
    consumption: Mapping[datetime, tuple[float, float]],
    cost: Mapping[datetime, tuple[float, float]],
) -> None:
    used: dict[tuple[int, int], Decimal] = {}
    paid: dict[tuple[int, int], float] = {}
    for start, (state, _) in consumption.items():
        month = (start.year, start.month)
        used[month] = used.get(month, Decimal(0)) + Decimal(repr(state))
        paid[month] = paid.get(month, 0.0) + cost[start][0]
    for month, amount in used.items():
        assert abs(paid[month] - float(bill(utility, amount))) < 1e-6


def bill(utility: str, amount: Decimal) -> Decimal:
    """Return what a month costs."""
    total = below = Decimal(0)
    for upto, price in TIERS[utility]:
        top = amount if upto is None else min(amount, Decimal(upto))
        total += max(top - below, Decimal(0)) * Decimal(price)
        below = max(top, below)
    return total
