"""What might grow with the years that a store holds: the plan, the hourly look, the review."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from statistics import median
from time import process_time

from custom_components.usms.client import (
    Meter,
    TariffSchedule,
    Utility,
    residential_electricity,
)
from custom_components.usms.client.review import review
from custom_components.usms.client.store import ReadingsStore
from custom_components.usms.client.store.payments import Payments
from custom_components.usms.client.summary import count
from custom_components.usms.client.sync.known_days import KnownDays
from custom_components.usms.client.sync.plan import MeterState, Step, next_step
from tests.portal import SimulatedPortal

from .rest import write
from .table import Goal, Row

PRICES = TariffSchedule.always(residential_electricity())
BALANCES = 45
"""Days of which the balance was seen each hour."""
TIMES = 5
GROWTH = 1.25
"""What is no growth, with what else the machine does."""


def measured(work: Callable[[], object]) -> float:
    """Return what it takes, in ms of the processor."""
    took = []
    for _ in range(TIMES):
        began = process_time()
        work()
        took.append(1000 * (process_time() - began))
    return median(took)


def looked_at(years: int) -> dict[str, float]:
    """Return what looking at a meter with so many years costs (blocks)."""
    portal = SimulatedPortal(seed=1, days=365 * years)
    number = portal.meters[0].number
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "readings.db"
        write(file, portal)
        now = portal.now()  # after all that was written, as a clock that is right
        with closing(ReadingsStore(file)) as store:
            payments = Payments(store)
            with store.transaction():
                for hour in range(24 * BALANCES, -1, -1):
                    left = Decimal(20) + hour * Decimal("0.05")
                    meter = Meter(number, Utility.ELECTRICITY, balance=left)
                    payments.record_balance(meter, now - hour * timedelta(hours=1))
            states = [
                MeterState(meter, KnownDays(store.days(meter.number))) for meter in store.meters()
            ]
            # Once nothing is due, each look goes through all days of all meters.
            done: set[Step] = set()
            while step := next_step(states, now, deferred=done):
                done.add(step)
            return {
                "plan: nothing is due": measured(lambda: next_step(states, now, deferred=done)),
                "hourly look with forecast": measured(lambda: count(store, number, PRICES, now)),
                "review of the payments": measured(lambda: review(store, {number: PRICES}, now)),
            }


async def growth(years: tuple[int, ...]) -> AsyncIterator[Row]:
    """Yield a row for each figure and number of years; the first is the limit of the others."""
    first: dict[str, float] = {}
    for number in years:
        for name, took in (await asyncio.to_thread(looked_at, number)).items():
            # The plan is made in a thread of its own, and has no goal but to be seen.
            goals = [] if name.startswith("plan") else [Goal(20)]
            if name in first and goals:
                goals.append(Goal(GROWTH, "limit"))
            yield Row(
                f"{name}, {number} year{'s' if number > 1 else ''}",
                "ms CPU",
                took,
                limit=first.get(name),
                goals=goals,
            )
            first.setdefault(name, took)
