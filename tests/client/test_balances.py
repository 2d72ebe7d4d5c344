"""What only some looks have shown is not a balance."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.usms.client import Account, Meter, Utility
from custom_components.usms.client.billing.balances import believed, without_glitches
from custom_components.usms.client.models import Balance

DAY = timedelta(days=1)
AT = datetime(2026, 11, 20, 12, tzinfo=UTC)


def account(balance: str | None, units: str | None = "100") -> Account:
    meter = Meter(
        "10000001",
        Utility.ELECTRICITY,
        balance=None if balance is None else Decimal(balance),
        remaining_units=None if units is None else Decimal(units),
    )
    return Account((meter,), AT)


def balance(account: Account) -> Decimal | None:
    return account.meters[0].balance


@pytest.mark.parametrize(
    ("before", "now", "shown", "doubted"),
    [
        pytest.param(account("20.00"), account("0.00", "0"), "20.00", True, id="a glitch"),
        pytest.param(account("20.00"), account("0.00", None), "20.00", True, id="without units"),
        pytest.param(account("20.00"), account("0.00", "90"), "0.00", False, id="units are left"),
        pytest.param(account("0.40"), account("0.00", "0"), "0.00", False, id="used up"),
        pytest.param(account("20.00"), account("19.50"), "19.50", False, id="a fall"),
        pytest.param(account("20.00"), account("-1.00", "0"), "-1.00", False, id="a debt"),
        pytest.param(account(None), account("0.00", "0"), "0.00", False, id="nothing known"),
        pytest.param(None, account("0.00", "0"), "0.00", False, id="the first poll"),
    ],
)
def test_what_is_believed(before: Account | None, now: Account, shown: str, doubted: bool) -> None:
    found, numbers = believed(now, before, frozenset())
    assert balance(found) == Decimal(shown)
    assert bool(numbers) is doubted
    # The next poll confirms it.
    again, numbers = believed(now, found, numbers)
    assert (balance(again), numbers) == (balance(now), frozenset())


def balances(*amounts: str, minutes: int = 10) -> list[Balance]:
    return [
        Balance(AT + timedelta(minutes=minutes * n), Decimal(amount))
        for n, amount in enumerate(amounts)
    ]


@pytest.mark.parametrize(
    ("amounts", "kept"),
    [
        (("20.00", "0.00", "20.00", "19.90"), ["20.00", "19.90"]),
        (("20.00", "0.00", "19.95"), ["20.00", "19.95"]),
        (("20.00", "3.00", "3.00", "19.95"), ["20.00", "3.00", "19.95"]),
        (("20.00", "0.00", "39.95"), ["20.00", "39.95"]),  # topped up meanwhile
        (("20.00", "3.00", "39.95"), ["20.00", "3.00", "39.95"]),
        (("20.00", "0.00", "15.00"), ["20.00", "0.00", "15.00"]),
        (("0.40", "0.00", "10.00"), ["0.40", "0.00", "10.00"]),
        (("20.00", "0.00"), ["20.00", "0.00"]),
        (("20.00", "60.00", "19.95", "19.90"), ["20.00", "19.95", "19.90"]),
        (("20.00", "60.00", "59.99", "20.00", "19.90"), ["20.00", "19.90"]),
        (("20.00", "60.00", "19.95"), ["20.00", "60.00"]),  # or is that one none?
        (("20.00", "60.00", "19.95", "59.95"), ["20.00", "60.00", "59.95"]),
        (("20.00", "60.00", "58.00", "19.50"), ["20.00", "60.00"]),
        (("0.20", "5.20", "0.00", "0.00"), ["0.20", "5.20", "0.00"]),  # drawn by water
        (("20.00", "60.00", "23.00", "22.95"), ["20.00", "60.00", "23.00", "22.95"]),
        ((), []),
    ],
)
def test_what_is_kept(amounts: tuple[str, ...], kept: list[str]) -> None:
    assert [str(one.amount) for one in without_glitches(balances(*amounts))] == kept


@pytest.mark.parametrize(("minutes", "kept"), [(200, 1), (430, 3)])
def test_a_zero_that_lasts(minutes: int, kept: int) -> None:
    """For hours it is none; for longer it is one."""
    slow = balances("20.00", "0.00", "20.00", minutes=minutes)
    slow[1] = replace(slow[1], until=slow[1].seen_at + timedelta(minutes=40))
    assert len(without_glitches(slow)) == kept


@given(st.lists(st.decimals(min_value=1, max_value=50, places=2), unique=True))
def test_only_what_comes_back_by_as_much_is_left_out(amounts: list[Decimal]) -> None:
    shown = balances(*map(str, amounts))
    kept = without_glitches(shown)
    places = [[one.seen_at for one in shown].index(balance.seen_at) for balance in kept]
    for begin, end in pairwise(places):
        if end - begin > 1:
            off = abs(shown[begin].amount - shown[begin + 1].amount)
            assert off >= 1
            assert 0 <= shown[begin].amount - shown[end].amount <= min(1, off / 4)


def test_what_a_day_uses_takes_no_top_up_back_where_it_goes_at_once() -> None:
    shown = balances("30.00", "42.00", "30.00", minutes=60)
    shown[2] = replace(shown[2], until=shown[2].seen_at + timedelta(hours=1))
    kept = without_glitches(shown, lambda since, until: 12 * Decimal((until - since) / DAY))
    assert kept == shown
    assert without_glitches(shown) == shown[:1]
