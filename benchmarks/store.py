"""What might grow with years and meters of a store: opening it, the plan, looks, reviews."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import closing
from datetime import datetime, timedelta
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

from .portal import add_meters
from .rest import write
from .table import GROWTH, Case, Goal, Row

PRICES = TariffSchedule.always(residential_electricity())
BALANCES = 45
"""Days of which the balance was seen each hour."""
TIMES = 5


def measured(work: Callable[[], object]) -> float:
    """Return what it takes, in ms of the processor."""
    took = []
    for _ in range(TIMES):
        began = process_time()
        work()
        took.append(1000 * (process_time() - began))
    return median(took)


def filled(file: Path, years: int, meters: int) -> tuple[list[str], datetime]:
    """Fill a store; return the meters with hours, and a moment after all that was written.

    The portal is gone then: a large one would keep Python's collection of garbage busy.
    """
    portal = SimulatedPortal(seed=1, days=365 * years)
    add_meters(portal, meters)
    write(file, portal)
    return [one.number for one in portal.meters if one.utility == "electricity"], portal.now()


def looked_at(years: int, meters: int) -> dict[str, float]:
    """Return what looking at a meter costs with so many years and meters (blocks)."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "readings.db"
        numbers, now = filled(file, years, meters)
        prices = dict.fromkeys(numbers, PRICES)
        with closing(ReadingsStore(file)) as store:
            payments = Payments(store)
            with store.transaction():
                for hour in range(24 * BALANCES, -1, -1):
                    left = Decimal(20) + hour * Decimal("0.05")
                    for number in numbers:
                        meter = Meter(number, Utility.ELECTRICITY, balance=left)
                        payments.record_balance(meter, now - hour * timedelta(hours=1))
            states = [
                MeterState(meter, KnownDays(store.days(meter.number))) for meter in store.meters()
            ]
            # Once nothing is due, each look goes through all days of all meters.
            done: set[Step] = set()
            while step := next_step(states, now, deferred=done):
                done.add(step)
            looks = measured(lambda: [count(store, one, PRICES, now) for one in numbers])
            reviews = measured(lambda: review(store, prices, now))
            return {
                "opening the store": measured(lambda: ReadingsStore(file).close()),
                "plan: nothing is due": measured(lambda: next_step(states, now, deferred=done)),
                "hourly look with forecast": looks / len(numbers),
                "review of the payments": reviews / len(numbers),
            }


async def growth(cases: Sequence[Case]) -> AsyncIterator[Row]:
    """Yield a row for each figure and case; the first is the limit of the others."""
    first: dict[str, float] = {}
    for case in cases:
        for name, took in (await asyncio.to_thread(looked_at, case.years, case.meters)).items():
            # These two are done in threads of their own, and have no goal but to be seen.
            seen = name.startswith(("plan", "opening"))
            goals = [] if seen else [Goal(20)]
            if name in first and goals:
                goals.append(Goal(GROWTH, "limit"))
            each = ", each" if case.meters > 2 and goals else ""
            figure = f"{name}, {case}{each}"
            yield Row(figure, "ms CPU", took, limit=first.get(name), goals=goals)
            first.setdefault(name, took)
