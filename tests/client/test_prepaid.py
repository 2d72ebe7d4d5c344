"""Top-ups and bills of homes whose portals behave in all the ways that are not known."""

from datetime import timedelta
from decimal import Decimal

import pytest

from custom_components.usms.client.models import TopUpKind, TopUpOrigin
from tests.support.prepaid import BEGIN, DAY, Home, Lived, Prepaid

HOMES = (
    Home("plain"),
    Home("rounded up, three hours late", lag=(3, 3), rounds_up=True),
    Home("heavy, now one hour late, now three", kwh_per_day=140, lag=(1, 3)),
    Home("in batches of six hours", kwh_per_day=60, batch_hours=6),
    Home("hours with gaps", hours="gaps", lag=(0, 2)),
    Home("hours not offered", hours="none", kwh_per_day=50),
    Home("two days without a poll", outage=(16.5, 18.5), kwh_per_day=70),
    Home("two in one poll", topups=((6.5, 10, 0), (6.501, 10, 0), (20.2, 5, 0))),
    Home("to a debt", topups=((6.5, 10, 10), (13.4, 20, 5), (25.2, 10, 0))),
    Home("a refund", gifts=((12.3, 7),)),
    Home("30 % cheaper", price=0.7, kwh_per_day=80, lag=(0, 1)),
    Home("30 % dearer", price=1.3, kwh_per_day=80, lag=(0, 1)),
    Home("days lost", lost_days=3),
    Home("a shop", kva=20, kwh_per_day=90, lag=(1, 2)),
    Home("a car", charging=True),
    Home("a fixed charge", fixed=6),
    Home("zero for one poll", zeros=(8.3, 21.7)),
    Home("zero for two polls", zeros=(8.3, 21.7), zero_polls=2),
    Home("a shop, zero for two polls", kva=20, kwh_per_day=90, zeros=(8.3, 21.7), zero_polls=2),
    Home("batches and an outage", kwh_per_day=60, batch_hours=6, outage=(16.5, 18.5)),
    Home("topped up during a zero", zeros=(8.3, 17.79), zero_polls=2),
    Home("taken back", topups=((5.52, 20, 0), (9.31, -20, 0), (17.8, 20, 0))),
    Home("hidden by use", topups=((6.2, 3, 0), (17.2, 20, 0)), outage=(5.9, 6.9), kwh_per_day=90),
    Home(
        "a shop that tops up little",
        kva=20,
        kwh_per_day=400,
        topups=tuple((5 + 2 * n + 0.31, 5, 0) for n in range(7)),
    ),
    Home("credited a day later", credited_after=23),
    Home("dates without times", date_only=True, credited_after=3),
)
POLLS = (10, 60, 360)
HISTORIES = ("there", "late", "absent")
EVERY_DAY = {(10, "absent"), (360, "there"), (60, "late")}


CENTS = Decimal("0.01")


def cases() -> list[object]:
    return [
        pytest.param(
            home,
            minutes,
            history,
            id=f"{home.name}-{minutes}-{history}",
            marks=() if (minutes, history) in EVERY_DAY and n % 3 == k else pytest.mark.long,
        )
        for n, home in enumerate(HOMES)
        for k, minutes in enumerate(POLLS)
        for history in HISTORIES
    ]


@pytest.mark.parametrize(("home", "minutes", "history"), cases())
def test_no_top_up_is_invented_and_none_is_missed(home: Home, minutes: int, history: str) -> None:
    prepaid = Prepaid(home, minutes=minutes, history=history)
    lived = prepaid.live()
    check_top_ups(prepaid, lived)
    if home.price == 1:
        wrong = [at for at, review in lived.reviews if review.bill and review.bill.differs]
        assert not wrong


def check_top_ups(prepaid: Prepaid, lived: Lived) -> None:
    paid = [(at, amount) for at, amount in prepaid.truth if at < prepaid.end - 3 * DAY]
    kinds = {TopUpKind.TOP_UP, TopUpKind.REVERSAL}
    found = [topup for topup in lived.topups if topup.kind in kinds]
    if prepaid.history != "absent":
        assert {topup.origin for topup in found} == {TopUpOrigin.HISTORY}
        assert len(found) == len(prepaid.home.topups)
        events = [topup.transaction for _, topup in lived.news]
        assert events == [topup.transaction for topup in found]
        return
    late = timedelta(hours=prepaid.home.credited_after)
    sources = [(at + late, amount) for at, amount in paid]
    # What the history would call a refund is a rise like others where it can't be read.
    sources += [(BEGIN + place * DAY, Decimal(amount)) for place, amount in prepaid.home.gifts]
    assert len(found) == len(lived.news)
    for topup in found:
        near = [s for s in sources if timedelta(0) <= topup.at - s[0] <= prepaid_gap(prepaid)]
        assert near, "invented"
        if prepaid.home.price == 1 and not prepaid.lost:
            credited = sum(amount for _, amount in near)
            assert topup.low - 3 * CENTS <= credited <= topup.high + 3 * CENTS
    for at, amount in sources:
        if amount - prepaid.used_between(at) >= 1:
            assert any(timedelta(0) <= t.at - at <= 2 * DAY for t in found), "missed"
    for at, topup in lived.news:
        assert at - topup.at <= timedelta(hours=6 + 8, minutes=prepaid.minutes)


def prepaid_gap(prepaid: Prepaid) -> timedelta:
    first, last = prepaid.home.outage
    return max(
        timedelta(minutes=(1 + prepaid.home.zero_polls) * prepaid.minutes),
        (last - first) * DAY + timedelta(minutes=prepaid.minutes),
    )


@pytest.mark.parametrize("minutes", [10, 60])
@pytest.mark.parametrize("price", [0.95, 1.05])
@pytest.mark.parametrize(
    "home",
    [
        {"name": "plain"},
        {"name": "late", "lag": (0, 3)},
        {"name": "heavy", "kwh_per_day": 140, "lag": (1, 3)},
        {"name": "batches", "kwh_per_day": 60, "batch_hours": 6},
        {"name": "no hours", "hours": "none", "kwh_per_day": 50},
    ],
    ids=lambda home: home["name"],
)
def test_a_true_difference_is_found_within_twelve_days(
    home: dict[str, object], price: float, minutes: int
) -> None:
    home = Home(**home, price=price, topups=())  # type: ignore[arg-type]
    lived = Prepaid(home, minutes=minutes, history="there", days=17).live()
    found = [at for at, review in lived.reviews if review.bill and review.bill.differs]
    assert found
    assert found[0] - BEGIN <= 12 * DAY


def test_days_that_slip_over_midnight_make_no_bill_differ() -> None:
    """The first hours of a month cost three times the last ones of the month before."""
    home = Home("a shop 14", kva=10, kwh_per_day=90, lag=(0, 3), topups=())
    lived = Prepaid(home, minutes=60, history="there", days=31).live()
    bills = [review.bill for _, review in lived.reviews if review.bill]
    assert bills
    assert all(abs(bill.difference) <= bill.uncertainty for bill in bills)
