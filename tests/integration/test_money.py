"""Money: what it costs, how far it goes, top-ups, tariffs in the options, the check of the bill."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers import issue_registry as ir

from custom_components.usms.client.billing.forecast import Estimate
from custom_components.usms.client.billing.standing import Standing
from custom_components.usms.client.models import Balance
from custom_components.usms.const import DOMAIN
from custom_components.usms.low_credit import LowCredit, LowCreditBy
from tests.portal import Fault
from tests.portal.ledger import TopUp
from tests.support.harness import Harness, bill
from tests.support.options import set_low_credit

pytestmark = pytest.mark.knows_portal

CENT = Decimal("0.01")


def used_since(account: Harness, first: date) -> Decimal:
    """Return what electricity the portal says was used from a day on."""
    hours = account.portal.truth(account.meter().number, "hour")
    return sum((value for start, value in hours if start.date() >= first), Decimal(0))


@pytest.mark.history(days=24)
async def test_what_it_costs(account: Harness) -> None:
    await account.start_history()
    november = date(2026, 11, 1)
    yesterday = used_since(account, november) - used_since(account, account.now.date())
    this_month = bill("electricity", used_since(account, november))
    # Hours that will never come have their share of the day in it.
    shown = Decimal(account.state("cost_this_month", "electricity"))
    assert abs(shown - this_month) < Decimal("0.02")
    today = Decimal(account.state("cost_today", "electricity"))
    assert abs(today - (this_month - bill("electricity", yesterday))) <= CENT
    assert account.state("tier", "electricity") == "1"
    tier = account.entity("tier", "electricity").attributes
    assert (tier["tiers"], tier["start"], tier["end"], tier["rate"]) == (4, 0.0, 600.0, 0.01)
    assert account.state("rate", "electricity") == "0.01"
    left = Decimal(account.state("units_left_in_tier", "electricity"))
    assert 0 <= 600 - used_since(account, november) - left < 2
    assert Decimal(account.state("average_per_day", "electricity")) > 1
    water = account.portal.truth(account.meter("water").number, "day")
    last_month = sum((value for start, value in water if start.month == 10), Decimal(0))
    cost = Decimal(account.state("cost_last_month", "water"))
    assert cost == round(bill("water", last_month), 2)


@pytest.mark.history(days=12)
async def test_how_far_it_goes(account: Harness) -> None:
    await account.start_history()
    balance = Decimal(account.state("balance", "electricity"))
    runs_out = datetime.fromisoformat(account.state("runs_out", "electricity"))
    days_left = float(account.state("days_left", "electricity"))
    assert 0 <= days_left <= (runs_out + timedelta(days=1) - account.now) / timedelta(days=1)
    # Only forty days are known, and on ten of them nobody was at home.
    assert days_left == pytest.approx(true_days_left(account, balance), rel=0.4)
    out = account.entity("runs_out", "electricity").attributes
    assert out["early"] <= runs_out <= out["late"]
    cost = account.entity("forecast_cost", "electricity")
    low, high = cost.attributes["low"], cost.attributes["high"]
    assert low <= float(cost.state) <= high
    assert float(account.state("cost_this_month", "electricity")) < float(cost.state)
    buys = Decimal(account.state("balance_buys", "electricity"))
    units = Decimal(account.state("remaining_units", "electricity"))
    assert abs(buys - units) < 5  # the portal counts through the tiers here, as we do
    url = account.entity("balance", "electricity").attributes["top_up_url"]
    assert url == f"{account.portal.base_url}Payment/WebForm2?p=MTAwMDAwMDE%3D&s=h"


def true_days_left(account: Harness, balance: Decimal) -> float:
    """Return how long a balance will last, by what the meter will measure."""
    truth, now = account.meter().truth, account.now
    used = used_since(account, now.date().replace(day=1))
    for n in range(100):
        for hour in truth.hours(now.date() + timedelta(days=n)):
            if hour.start >= now:
                used = Decimal(0) if hour.start.day == 1 and hour.start.hour == 0 else used
                balance -= bill("electricity", used + hour.value) - bill("electricity", used)
                used += hour.value
            if balance < 0:
                return (hour.start - now) / timedelta(days=1)
    raise AssertionError


async def test_the_device_leads_to_the_top_up_page(account: Harness) -> None:
    device = account.device("water")
    assert device.serial_number == account.meter("water").number
    assert device.configuration_url == (
        f"{account.portal.base_url}Payment/WebForm2?p=MjAwMDAwMDAwMQ%3D%3D&s=h"
    )


@pytest.mark.portal(opening_credit=2.75)
async def test_a_top_up_is_told_once(account: Harness) -> None:
    """With what the transaction history has, at the first poll after it."""
    await account.start_history()
    meter = account.meter()
    assert account.entity("top_up", "electricity").state == "unknown"
    next_one = await live_until_top_up(account, "electricity")
    event = account.entity("top_up", "electricity")
    assert event.attributes["event_type"] == "top_up"
    assert event.attributes["amount"] == float(next_one.amount)
    assert event.attributes["units_credited"] == float(next_one.units)
    assert event.attributes["source"] == next_one.source
    assert event.attributes["at"] == next_one.at.isoformat()
    balance = float(account.state("balance", "electricity"))
    assert event.attributes["new_balance"] == balance
    last = datetime.fromisoformat(account.state("last_top_up", "electricity"))
    assert last == next_one.at
    month = [t for t in meter.topups(account.now) if t.at.month == account.now.month]
    paid = sum(topup.amount for topup in month)
    assert Decimal(account.state("topped_up_this_month", "electricity")) == paid
    changed = event.last_changed
    await account.forward(timedelta(minutes=10))
    await account.forward(timedelta(hours=1))
    assert account.entity("top_up", "electricity").last_changed == changed


@pytest.mark.history(days=9)
@pytest.mark.portal(opening_credit=3.75)
async def test_a_top_up_without_a_transaction_history(account: Harness) -> None:
    account.portal.add_fault(Fault("report/transactionhistory", "other_page"))
    await account.start_history()
    next_one = await live_until_top_up(account, "electricity")
    assert account.entity("top_up", "electricity").state == "unknown"  # one look may be wrong
    for _ in range(2):
        await account.forward(timedelta(hours=1))
    event = account.entity("top_up", "electricity")
    assert event.attributes["source"] == "balance"
    assert abs(event.attributes["amount"] - float(next_one.amount)) < 0.1
    assert event.attributes["units_credited"] is None
    low, high = event.attributes["amount_low"], event.attributes["amount_high"]
    assert low <= event.attributes["amount"] <= high
    await account.assert_statistics_equal_truth(published_before=timedelta(hours=3))
    # Once the history can be read, the same event has what that says, and none follows.
    account.portal.clear_faults()
    for _ in range(4):
        await account.forward(timedelta(hours=7))
    known = account.entity("top_up", "electricity")
    assert known.state == event.state
    assert known.attributes["transaction"] == event.attributes["transaction"]
    assert known.attributes["amount"] == float(next_one.amount)
    assert known.attributes["units_credited"] == float(next_one.units)
    assert known.attributes["at"] == next_one.at.isoformat()
    last = account.entity("last_top_up", "electricity")
    assert last.attributes["known_from"] == "history"


async def live_until_top_up(account: Harness, utility: str) -> TopUp:
    """Go to the next top-up of a meter, polling as usual around it; return it."""
    account.portal.set_profile(session_minutes=None)
    meter = account.meter(utility)
    known = len(meter.topups(account.now))
    later = (meter.topups(account.now + timedelta(days=n)) for n in range(400))
    topup = next(topups for topups in later if len(topups) > known)[known]
    await account.move_to(topup.at - timedelta(minutes=15))
    await account.move_to(topup.at - timedelta(minutes=3))
    await account.move_to(topup.at + timedelta(minutes=9))
    return topup


async def test_debts_appear_with_a_debt(account: Harness) -> None:
    await account.start_history()
    registry = er.async_get(account.hass)
    number = account.meter("electricity").number
    ids = [f"{number}_{key}" for key in ("debt", "monthly_repayment")]
    assert not any(registry.async_get_entity_id("sensor", DOMAIN, unique) for unique in ids)
    account.portal.set_profile(debt=340.5)
    await account.forward(timedelta(days=1))
    await account.sign_in()
    assert account.state("debt", "electricity") == "340.50"
    assert account.state("monthly_repayment", "electricity") == "34.05"
    payments = account.requests("webform2")
    await account.forward(timedelta(hours=1))
    assert account.requests("webform2") == payments  # once a day


# --- the bill ---


@pytest.mark.long
@pytest.mark.parametrize(("percent", "differs"), [(100, False), (115, True)])
async def test_a_bill_that_differs_is_told(account: Harness, percent: int, differs: bool) -> None:
    account.portal.set_profile(price_percent=percent, session_minutes=None)
    await account.start_history()
    assert account.state("bill_difference", "electricity") == "unknown"
    for _ in range(14 * 4):
        await account.forward(timedelta(hours=6))
    shown = float(account.state("bill_difference", "electricity"))
    assert shown == pytest.approx(percent - 100, abs=2)
    issues = [
        issue
        for (domain, _), issue in ir.async_get(account.hass).issues.items()
        if domain == DOMAIN and issue.translation_key == "bill_differs"
    ]
    assert bool(issues) is differs
    for issue in issues:
        assert issue.translation_placeholders["meter"] == account.meter().number[-4:]
        assert issue.translation_placeholders["difference"].startswith("+1")


# --- low credit ---


async def test_low_credit_by_balance(account: Harness) -> None:
    account.portal.set_profile(session_minutes=None)
    await account.start_history()
    balance = float(account.state("balance", "electricity"))
    assert account.state("low_credit", "electricity") == "off"
    number = account.meter().number
    await set_low_credit(account, number, "balance", balance + 0.01)
    assert account.state("low_credit", "electricity") == "on"
    # What is chosen anew holds at once, however little is above it.
    await set_low_credit(account, number, "balance", balance * 0.9)
    assert account.state("low_credit", "electricity") == "off"


async def test_low_credit_goes_by_the_days_that_are_shown(account: Harness) -> None:
    """Days left was 3, and low credit at 3 days off."""
    await account.start_history()
    for number in (meter.number for meter in account.meters):
        left = float(account.state("days_left", number))
        assert left > 3
        await set_low_credit(account, number, "days", left)
        assert account.state("low_credit", number) == "on"
        await set_low_credit(account, number, "days", left - 1)
        assert account.state("low_credit", number) == "off"


@pytest.mark.parametrize(
    ("by", "threshold", "credit", "low", "still_low"),
    [
        ("days", 3, "3.99", True, True),
        ("days", 3, "4.01", False, True),
        ("days", 3, "4.99", False, True),
        ("days", 3, "5.00", False, False),
        ("days", 0.5, "0.59", True, True),
        ("days", 0.5, "0.61", False, True),
        ("days", 0.5, "0.76", False, False),
        ("balance", 10, "10.00", True, True),
        ("balance", 10, "10.01", False, True),
        ("balance", 10, "12.50", False, True),
        ("balance", 10, "12.51", False, False),
    ],
)
async def test_low_credit_is_not_back_and_forth(
    account: Harness, by: str, threshold: float, credit: str, low: bool, still_low: bool
) -> None:
    await account.start_history()
    figures = account.entry.runtime_data.figures.of(account.meter().number).data
    assert figures.spending
    assert figures.spending.forecast
    now, left = figures.spending.forecast.made_at, Decimal(credit)
    made = replace(figures.spending.forecast, runs_out=now + timedelta(days=float(left)))
    standing = Standing(Balance(now, left), Estimate.sure(left))
    spending = replace(figures.spending, forecast=made)
    figures = replace(figures, standing=standing, spending=spending)
    chosen, other = LowCredit(LowCreditBy(by), threshold), LowCredit(threshold=threshold + 1)
    assert chosen.is_low(figures, was=False, by=chosen) is low
    assert chosen.is_low(figures, was=True, by=other) is low
    assert chosen.is_low(figures, was=True, by=chosen) is still_low


async def test_low_credit_by_days_is_the_default(hass: HomeAssistant, account: Harness) -> None:
    await account.start_history()
    state = account.entity("low_credit", "water")
    assert (state.attributes["by"], state.attributes["threshold"]) == ("days", 3.0)
    days = float(account.state("days_left", "water"))
    assert state.state == ("on" if days <= 3 else "off")
    account.portal.set_profile(overdrawn=True)
    await account.forward(timedelta(minutes=10))
    assert account.state("low_credit", "water") == "on"
    assert account.state("days_left", "water") == "0.0"
    account.portal.expire()
    await account.forward(timedelta(hours=12))
    left = account.entity("days_left", "water").attributes
    assert (left["low"], left["high"]) == (0, 0)


async def test_low_credit_is_remembered(hass: HomeAssistant, harness: Harness) -> None:
    harness.portal.set_profile(overdrawn=True)
    await harness.set_up()
    await harness.start_history()
    assert harness.state("low_credit", "water") == "on"
    harness.portal.set_profile(updating=True, overdrawn=False)
    await harness.reload()
    assert harness.state("low_credit", "water") == "on"


async def test_figures_stay_while_nobody_is_signed_in(account: Harness) -> None:
    await account.start_history()
    names = ["cost_this_month", "last_top_up", "low_credit", "balance"]
    buys = float(account.state("balance_buys", "electricity"))
    before = {name: account.state(name, "electricity") for name in names}
    account.portal.expire()
    await account.forward(timedelta(minutes=11))
    await account.reload()
    assert account.state("sign_in_needed") == "on"
    after = {name: account.state(name, "electricity") for name in names}
    assert after == before
    # What is used meanwhile counts as expected, and the next tier is dearer.
    assert buys - 1 < float(account.state("balance_buys", "electricity")) <= buys
    assert account.state("runs_out", "electricity") != "unknown"
    assert account.state("forecast_cost", "electricity") != "unknown"


async def test_ten_days_without_a_sign_in(account: Harness) -> None:
    """Days left rose from 11.5 to 27.4 while the balance fell, and low credit never came."""
    await account.start_history()
    account.portal.set_profile(session_minutes=None)
    meter = account.meter("electricity")
    number = meter.number
    balance = float(account.state("balance", number))
    left = float(account.state("days_left", number))
    assert left > 3
    await set_low_credit(account, number, "days", left - 5)
    await account.start_history()
    account.portal.expire()
    await account.forward(timedelta(minutes=12))
    assert account.state("sign_in_needed") == "on"
    assert float(account.state("balance", number)) == balance
    before, low_since = left, None
    for day in range(1, 30):
        await account.forward(timedelta(days=1))
        state = account.entity("days_left", number)
        assert float(state.state) <= before
        before = float(state.state)
        assert state.attributes["as_of"] < account.now - timedelta(hours=2)
        assert state.attributes["balance_low"] <= state.attributes["balance_high"] < balance
        if account.state("low_credit", number) == "on":
            low_since = low_since or day
        assert 0 <= state.attributes["low"] <= before <= state.attributes["high"]
    assert low_since == 5
    assert before == left - 29
    await account.forward(timedelta(days=2))
    assert account.state("days_left", number) == "unknown"
    assert account.state("runs_out", number) == "unknown"
    assert account.state("low_credit", number) == "on"


@pytest.mark.history(days=6)
async def test_a_zero_for_one_poll_is_not_a_balance(hass: HomeAssistant, account: Harness) -> None:
    """It became a top-up of the whole balance, and a bill difference of 2,173 %."""
    account.portal.set_profile(session_minutes=None)
    await account.start_history()
    meter = account.meter().number
    before = float(account.state("balance", meter))
    assert before > 1
    account.portal.add_fault(Fault(path="home", kind="zeros"))
    await account.forward(timedelta(minutes=12))
    assert float(account.state("balance", meter)) == before
    assert account.state("low_credit", meter) == "off"
    account.portal.clear_faults()
    await account.forward(timedelta(minutes=12))
    assert 0 <= before - float(account.state("balance", meter)) < 1
    await account.forward(timedelta(hours=3))
    assert account.state("top_up", meter) == "unknown"
    # One that stays is believed by the second poll.
    account.portal.add_fault(Fault(path="home", kind="zeros"))
    await account.forward(timedelta(minutes=12))
    await account.forward(timedelta(minutes=12))
    assert float(account.state("balance", meter)) == 0
