"""A changed tariff re-prices what is stored, without a request."""

from datetime import date, timedelta
from decimal import Decimal

from homeassistant.core import HomeAssistant

from custom_components.usms.client import (
    Resolution,
    Tariff,
    TariffSchedule,
    Utility,
    residential,
    tiers_of,
)
from custom_components.usms.history.meter_statistics import MeterStatistics
from tests.support.harness import Harness

NOVEMBER = date(2026, 11, 1)
OWN = Tariff(
    "own",
    Utility.ELECTRICITY,
    tiers_of([(Decimal(100), Decimal("0.5")), (None, Decimal("0.25"))]),
    monthly_fixed=Decimal(4),
)


async def test_a_changed_tariff_re_prices_what_comes_after(
    hass: HomeAssistant, account: Harness
) -> None:
    await account.start_history()
    account.portal.clear_requests()
    meter, store = account.meter(), account.store
    old = TariffSchedule.always(residential(Utility.ELECTRICITY))
    prices = [old]
    statistics = MeterStatistics(hass, store, meter.number, Utility.ELECTRICITY, lambda: prices[-1])
    assert (await statistics.async_verify()).written == 0
    before = await account.statistics(meter, "cost")
    consumption = await account.statistics(meter, "consumption")

    schedule = old.with_tariff(NOVEMBER, OWN)
    november = sum(
        (
            reading.value
            for reading in store.readings(
                meter.number, Resolution.HOUR, NOVEMBER, account.now.date()
            )
        ),
        Decimal(0),
    )
    prices.append(schedule)
    assert (await statistics.async_update(())).written > 0
    after = await account.statistics(meter, "cost")
    assert {start: cost for start, cost in after.items() if start.date() < NOVEMBER} == {
        start: cost for start, cost in before.items() if start.date() < NOVEMBER
    }
    paid = sum(state for start, (state, _) in after.items() if start.date() >= NOVEMBER)
    days = max(start for start in after).day
    so_far = OWN.cost(november) + OWN.monthly_fixed * days / 30
    assert abs(paid - float(so_far)) < 1e-6
    assert await account.statistics(meter, "consumption") == consumption

    # Once is enough, what comes later keeps the new price, and back is back.
    assert (await statistics.async_update(())).written == 0
    assert (await statistics.async_verify()).written == 0
    await statistics.async_update({account.now.date() - timedelta(days=1)})
    assert await account.statistics(meter, "cost") == after
    prices.append(old)
    assert (await statistics.async_update(())).written > 0
    assert await account.statistics(meter, "cost") == before
    assert account.requests() == 0
