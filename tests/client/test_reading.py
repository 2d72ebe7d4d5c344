"""What the client reads is what the portal holds, for as few requests as it proves right."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from custom_components.usms.client import (
    CaptchaRequired,
    NoData,
    PageNotUnderstood,
    PortalUnavailable,
    ReportNotOffered,
    Resolution,
    UsmsClient,
    Utility,
    WrongRequest,
)
from tests.portal import Fault, SimulatedPortal

from .conftest import NOW

TODAY = NOW.date()
DAY = TODAY - timedelta(days=10)


def reports(portal: SimulatedPortal) -> int:
    return sum("usagehistory" in record.path.lower() for record in portal.requests)


def electricity(portal: SimulatedPortal) -> str:
    return next(meter.number for meter in portal.meters if meter.utility == "electricity")


def water(portal: SimulatedPortal) -> str:
    return next(meter.number for meter in portal.meters if meter.utility == "water")


def truth(
    portal: SimulatedPortal, meter: str, resolution: str, first: date, last: date
) -> list[tuple[str, Decimal]]:
    return [
        (start.isoformat(), value)
        for start, value in portal.truth(meter, resolution)
        if first <= start.date() <= last
    ]


# --- the account ---


async def test_all_meters_from_one_request(signed_in: UsmsClient, portal: SimulatedPortal) -> None:
    account = await signed_in.account()
    assert [record.path.rsplit("/", 1)[-1] for record in portal.requests] == ["Home"]
    for meter, real in zip(account.meters, portal.meters, strict=True):
        assert meter.number == real.number
        assert meter.utility == Utility(real.utility)
        assert meter.status == "ACTIVE"
        assert meter.remaining_units == real.remaining_units(NOW).quantize(Decimal("0.001"))
        assert meter.balance == real.balance(NOW).quantize(Decimal("0.01"))
        assert meter.last_updated is not None
        assert meter.last_updated.date() <= TODAY


# --- hours ---


async def test_a_days_hours(signed_in: UsmsClient, portal: SimulatedPortal) -> None:
    meter = electricity(portal)
    report = await signed_in.hourly(meter, DAY)
    assert report.resolution is Resolution.HOUR
    assert [(r.start.isoformat(), r.value) for r in report.readings] == truth(
        portal, meter, "hour", DAY, DAY
    )
    assert report.difference == 0
    assert report.total == sum(r.value for r in report.readings)
    assert reports(portal) == 3


async def test_an_open_page_serves_further_days_with_one_request(
    signed_in: UsmsClient, portal: SimulatedPortal
) -> None:
    portal.set_profile(report_sequence="open")
    meter = electricity(portal)
    for n in range(10):
        day = DAY - timedelta(days=n)
        report = await signed_in.hourly(meter, day)
        assert [(r.start.isoformat(), r.value) for r in report.readings] == truth(
            portal, meter, "hour", day, day
        )
    assert reports(portal) == 3 + 9
    assert signed_in.open_page_serves is True


@pytest.mark.parametrize("sequence", ["strict_stale", "strict_empty", "strict_error"])
async def test_a_page_that_serves_no_further_day_is_given_up(
    signed_in: UsmsClient, portal: SimulatedPortal, sequence: str
) -> None:
    portal.set_profile(report_sequence=sequence)
    meter = electricity(portal)
    for n in range(6):
        day = DAY - timedelta(days=n)
        report = await signed_in.hourly(meter, day)
        assert [(r.start.isoformat(), r.value) for r in report.readings] == truth(
            portal, meter, "hour", day, day
        )
    assert signed_in.open_page_serves is False
    assert reports(portal) == 6 * 3 + 2


async def test_days_and_hours_of_two_meters_in_turn(
    signed_in: UsmsClient, portal: SimulatedPortal
) -> None:
    first, second = electricity(portal), water(portal)
    for n in range(3):
        day = DAY - timedelta(days=n)
        hours = await signed_in.hourly(first, day)
        days = await signed_in.daily(second, day - timedelta(days=5), day)
        assert hours.readings
        assert [(r.start.isoformat(), r.value) for r in hours.readings] == truth(
            portal, first, "hour", day, day
        )
        assert [(r.start.isoformat(), r.value) for r in days.readings] == truth(
            portal, second, "day", day - timedelta(days=5), day
        )


async def test_hours_not_yet_published_are_absent(
    signed_in: UsmsClient, portal: SimulatedPortal
) -> None:
    meter = electricity(portal)
    report = await signed_in.hourly(meter, TODAY)
    published = truth(portal, meter, "hour", TODAY, TODAY)
    assert 0 < len(published) < 15
    assert [(r.start.isoformat(), r.value) for r in report.readings] == published


async def test_no_hours_in_the_future(signed_in: UsmsClient, portal: SimulatedPortal) -> None:
    with pytest.raises(NoData):
        await signed_in.hourly(electricity(portal), TODAY + timedelta(days=2))


async def test_water_has_no_hourly_report(signed_in: UsmsClient, portal: SimulatedPortal) -> None:
    with pytest.raises(ReportNotOffered):
        await signed_in.hourly(water(portal), DAY)


async def test_hourly_not_offered_at_all(signed_in: UsmsClient, portal: SimulatedPortal) -> None:
    portal.set_profile(hourly_offered=False)
    with pytest.raises(ReportNotOffered):
        await signed_in.hourly(electricity(portal), DAY)


async def test_an_error_label_beside_a_filled_grid_is_no_error(
    signed_in: UsmsClient, portal: SimulatedPortal
) -> None:
    portal.set_profile(label_beside_grid=True)
    assert (await signed_in.hourly(electricity(portal), DAY)).readings


# --- days ---


async def test_days_of_a_month(signed_in: UsmsClient, portal: SimulatedPortal) -> None:
    first, last = TODAY - timedelta(days=31), TODAY - timedelta(days=1)
    for meter in (electricity(portal), water(portal)):
        portal.clear_requests()
        report = await signed_in.daily(meter, first, last)
        assert [(r.start.isoformat(), r.value) for r in report.readings] == truth(
            portal, meter, "day", first, last
        )
        assert report.difference == 0
        assert reports(portal) == 3


async def test_days_before_the_meter(signed_in: UsmsClient, portal: SimulatedPortal) -> None:
    with pytest.raises(NoData):
        await signed_in.daily(water(portal), date(2020, 1, 1), date(2020, 1, 31))


@pytest.mark.parametrize(
    ("first", "last"), [(DAY, DAY + timedelta(days=31)), (DAY, DAY - timedelta(days=1))]
)
async def test_ranges_that_no_report_takes(
    signed_in: UsmsClient, portal: SimulatedPortal, first: date, last: date
) -> None:
    with pytest.raises(WrongRequest):
        await signed_in.daily(electricity(portal), first, last)
    assert portal.requests == []


async def test_a_meters_number_has_digits(signed_in: UsmsClient) -> None:
    with pytest.raises(WrongRequest):
        await signed_in.hourly("12a", DAY)


# --- the payment page and top-ups ---


async def test_the_payment_page(signed_in: UsmsClient, portal: SimulatedPortal) -> None:
    for meter in portal.meters:
        payment = await signed_in.payment(meter.number)
        assert payment.meter == meter.number
        assert payment.customer_type == "Residential"
        assert payment.balance == meter.balance(NOW).quantize(Decimal("0.01"))
        assert payment.remaining_units == meter.remaining_units(NOW).quantize(Decimal("0.001"))
        assert payment.total_debt == 0
    assert all(record.method == "GET" for record in portal.requests)


@pytest.mark.parametrize("pager", [True, False])
async def test_topups(signed_in: UsmsClient, portal: SimulatedPortal, pager: bool) -> None:
    portal.set_profile(topup_pager=pager)
    for meter in portal.meters:
        found = await signed_in.topups(meter.number, TODAY - timedelta(days=364), TODAY)
        real = [topup for topup in meter.topups() if topup.at <= NOW]
        assert [(topup.at, topup.amount) for topup in found] == [
            (topup.at, topup.amount) for topup in real
        ]
        assert all(topup.meter == meter.number for topup in found)
    assert found


async def test_topups_of_a_range_the_wrong_way_round(
    signed_in: UsmsClient, portal: SimulatedPortal
) -> None:
    with pytest.raises(WrongRequest):
        await signed_in.topups(electricity(portal), TODAY, DAY)


# --- pages that are not what was asked for ---


@pytest.mark.parametrize(
    ("kind", "error"),
    [("other_page", PageNotUnderstood), ("maintenance", PortalUnavailable)],
)
async def test_a_strange_page_is_never_an_empty_report(
    signed_in: UsmsClient, portal: SimulatedPortal, kind: str, error: type[Exception]
) -> None:
    meter = electricity(portal)
    portal.add_fault(Fault(path="*", kind=kind))
    with pytest.raises(error):
        await signed_in.account()
    with pytest.raises(error):
        await signed_in.hourly(meter, DAY)
    with pytest.raises(error):
        await signed_in.daily(meter, DAY, DAY)
    with pytest.raises(error):
        await signed_in.payment(meter)
    with pytest.raises(error):
        await signed_in.topups(meter, DAY, DAY)


async def test_one_failure_does_not_teach_that_open_pages_do_not_serve(
    signed_in: UsmsClient, portal: SimulatedPortal
) -> None:
    meter = electricity(portal)
    await signed_in.hourly(meter, DAY)
    portal.add_fault(Fault(path="report/usagehistory", kind="status", status=500, times=1))
    await signed_in.hourly(meter, DAY - timedelta(days=1))
    await signed_in.hourly(meter, DAY - timedelta(days=2))
    assert signed_in.open_page_serves is True


async def test_nobody_is_signed_in_after_a_challenge(client: UsmsClient) -> None:
    with pytest.raises(CaptchaRequired):
        await client.sign_in("01001234", "demo-password")
    assert not await client.is_signed_in()
