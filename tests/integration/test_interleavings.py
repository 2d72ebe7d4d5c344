"""Any order of reports, losses, edits, restarts and clocks ends in what the portal or else the
recorder has.
"""

import random
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest
from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.usms.client.models import Utility
from custom_components.usms.history.recorder import async_clear, async_recorded
from custom_components.usms.history.series import statistic_ids
from custom_components.usms.history.store_file import readings_file
from tests.portal import Fault
from tests.support.harness import Harness

pytestmark = [pytest.mark.long, pytest.mark.history(days=16), pytest.mark.timeout(600)]

STEPS = 10
HOUR = timedelta(hours=1)


class Walk:
    """A random walk through all that can happen, and what has to be there in the end."""

    def __init__(
        self, hass: HomeAssistant, account: Harness, freezer: FrozenDateTimeFactory
    ) -> None:
        """Begin with nothing lost."""
        self.hass = hass
        self.account = account
        self.freezer = freezer
        self.kept: dict[tuple[str, datetime], float] = {}
        """Rows of consumption that the portal no longer has, by meter and start."""
        self.backup: bytes | None = None
        self.forgets = 0
        self.done: list[str] = []

    async def step(self, chance: random.Random) -> None:
        """Let one thing happen."""
        steps: list[Callable[[random.Random], Awaitable[None]]] = [
            self.pass_time,
            self.pass_time,
            self.restart,
            self.forget,
            self.lose_the_store,
            self.delete_a_series,
            self.copy_the_store,
            self.restore_the_copy,
            self.jump,
            self.fail,
        ]
        step = chance.choice(steps)
        self.done.append(step.__name__)
        await step(chance)

    async def pass_time(self, chance: random.Random) -> None:
        """Hours or days go by."""
        await self.account.forward(chance.choice([1, 3, 12, 30]) * HOUR)

    async def restart(self, _chance: random.Random) -> None:
        """Home Assistant starts again."""
        await self.account.reload()
        await self.account.start_history()

    async def forget(self, chance: random.Random) -> None:
        """The portal has a shorter history from now on."""
        days = chance.choice([5, 8, 11])
        if self.forgets and days >= self.forgets:
            return
        before = self.account.now.date() - timedelta(days=days + 1)
        for meter in self.account.meters:
            for start, (state, _) in (await self.account.statistics(meter, "consumption")).items():
                if start.date() < before:
                    self.kept.setdefault((meter.number, start), state)
        self.forgets = days
        self.account.portal.set_profile(history_days=days)

    async def lose_the_store(self, _chance: random.Random) -> None:
        """The file is deleted."""
        await self.hass.config_entries.async_unload(self.account.entry.entry_id)
        readings_file(self.hass, self.account.entry).unlink()
        await self.account.set_up()
        await self.account.start_history()

    async def copy_the_store(self, _chance: random.Random) -> None:
        """A copy is kept."""
        self.backup = readings_file(self.hass, self.account.entry).read_bytes()

    async def restore_the_copy(self, _chance: random.Random) -> None:
        """And puts it back."""
        if self.backup is None:
            return
        await self.hass.config_entries.async_unload(self.account.entry.entry_id)
        readings_file(self.hass, self.account.entry).write_bytes(self.backup)
        await self.account.set_up()
        await self.account.start_history()

    async def delete_a_series(self, chance: random.Random) -> None:
        """A statistic is deleted in the developer tools; the store still has what it showed."""
        meter = chance.choice(self.account.meters)
        ids = statistic_ids(meter.number, Utility(meter.utility))
        await async_clear(self.hass, [chance.choice(ids)])
        await self.restart(chance)

    async def jump(self, chance: random.Random) -> None:
        """The host's clock is wrong for an hour."""
        right = self.account.portal.now()
        self.freezer.move_to(
            right + chance.choice([timedelta(days=40), timedelta(days=400), -3 * HOUR])
        )
        for _ in range(2):
            self.freezer.tick(timedelta(minutes=11))
            async_fire_time_changed(self.hass, self.account.now)
            await self.account.entry.runtime_data.coordinator.async_refresh()
            await self.account.settle()
        await self.account.move_to(right + HOUR)
        # The frozen clock takes timers along; a real one leaves them alone.
        await self.account.entry.runtime_data.coordinator.async_refresh()
        await self.account.settle()

    async def fail(self, chance: random.Random) -> None:
        """The portal's reports fail for some hours."""
        kind = chance.choice(["status", "drop", "other_page"])
        self.account.portal.add_fault(Fault(path="report", kind=kind))
        await self.account.forward(3 * HOUR)
        self.account.portal.clear_faults()


@pytest.mark.parametrize("seed", range(6))
async def test_all_ends_well(
    hass: HomeAssistant, account: Harness, freezer: FrozenDateTimeFactory, seed: int
) -> None:
    chance = random.Random(seed)
    account.portal.set_profile(session_minutes=None)
    await account.start_history()
    walk = Walk(hass, account, freezer)
    for _ in range(STEPS):
        await walk.step(chance)
    for _ in range(4):
        await account.forward(13 * HOUR)
    await async_recorded(hass)
    await get_instance(hass).async_block_till_done()
    for meter in account.meters:
        shown = await account.statistics(meter, "consumption")
        resolution = "hour" if meter.utility == "electricity" else "day"
        fresh = account.now - timedelta(days=1)
        since = account.now.date() - timedelta(days=walk.forgets or 400)
        wrong = [
            (start, shown.get(start), value)
            for start, value in account.portal.truth(meter.number, resolution)
            if since < start.date()
            and start < fresh
            and (start not in shown or shown[start][0] != float(value))
        ]
        assert wrong == [], walk.done
        lost = [
            (start, state, shown.get(start))
            for (number, start), state in walk.kept.items()
            if number == meter.number and (start not in shown or shown[start][0] != state)
        ]
        assert lost == [], walk.done
        total = None
        for start in sorted(shown):
            state, running = shown[start]
            total = running if total is None else total + state
            assert abs(running - total) < 1e-6, (walk.done, start)
