"""Samples of pages that were not understood: nobody's data, and the same trouble as the page's."""

import re
from collections.abc import Callable
from datetime import date

import pytest

from custom_components.usms.client import PageNotUnderstood, UsmsClient
from custom_components.usms.client.portal import pages, report_pages, topup_pages
from custom_components.usms.client.portal.redaction import redacted
from tests.portal import Fault, SimulatedPortal
from tests.portal.drift import DRIFTS

from .conftest import NOW

DAY = date(2026, 11, 10)
SECRETS = (
    "Haji Ahmad Planted",
    "Planted",
    "Simpang 77",
    "01009876",
    "10000001",
    "2000000001",
    "plantedcookie",
    "7654.321",
    "planted-state",
    "plantedscript",
)
PAGE = """<!DOCTYPE html><html><head><title>Home of Planted</title>
<script>var user = 'plantedscript 01009876';</script></head><body><!-- Haji Ahmad Planted -->
<form action="./Home?user=01009876" data-owner="Planted"><input type="hidden" name="__VIEWSTATE"
 value="planted-state" /><input name="txtUsername" value="01009876" title="Haji Ahmad Planted" />
<table id="ASPxCardView1"><tr><td class="dxcvCard" id="card_10000001_Planted"><table>
<tr><td><span class="dxflCaption" id="c_4_Cap">Full Name of Planted:</span></td>
<td class="dxflNestedControlCell">Haji Ahmad Planted</td></tr>
<tr><td><span class="dxflCaption">Meter No:</span></td>
<td class="dxflNestedControlCell">10000001</td></tr>
<tr><td><span class="dxflCaption">Alamat 2000000001:</span></td>
<td class="dxflNestedControlCell">NO. 9 Simpang 77, plantedcookie 2000000001</td></tr>
<tr><td><span class="dxflCaption">Unit Baharu:</span></td>
<td class="dxflNestedControlCell">7654.321 kWh</td></tr></table></td></tr></table>
<img src="DXB.axd?sc=plantedcookie" alt="chart of Planted" /></form></body></html>"""


def test_what_is_somebodys_is_gone_and_the_structure_stays() -> None:
    sample = redacted(PAGE)
    assert [secret for secret in SECRETS if secret.casefold() in sample.casefold()] == []
    for kept in (
        "ASPxCardView1",
        "dxcvCard",
        "dxflCaption",
        "c_4_Cap",
        "Meter No:",
        "Unit Baharu:",
    ):
        assert kept in sample
    assert "1111.111 kWh" in sample
    assert 'name="__VIEWSTATE"' in sample


def _trouble(read: Callable[[str], object], html: str) -> str | None:
    try:
        read(html)
    except PageNotUnderstood as err:
        return str(err)
    return None


async def _served(signed_in: UsmsClient, portal: SimulatedPortal) -> dict[str, str]:
    """Return real pages by the name of what reads them."""
    meter, water = (meter.number for meter in portal.meters)
    found: dict[str, str] = {}
    await signed_in.account()
    found["account"] = portal.last_page
    await signed_in.hourly(meter, DAY)
    found["hourly"] = portal.last_page
    await signed_in.daily(meter, DAY, DAY)
    found["daily"] = portal.last_page
    await signed_in.payment(meter)
    found["payment"] = portal.last_page
    await signed_in.topups(water, date(2026, 8, 20), NOW.date())
    found["topups"] = portal.last_page
    return found


async def test_a_parsers_trouble_is_the_same_with_the_sample(
    signed_in: UsmsClient, portal: SimulatedPortal
) -> None:
    def payment(html: str) -> object:
        shown = re.search(r'MeterNo2"><font[^>]*>(\d+)', html)
        return pages.payment_page(html, shown[1] if shown else "1")

    readers: dict[str, Callable[[str], object]] = {
        "account": lambda html: pages.account_page(html, NOW),
        "hourly": lambda html: report_pages.hourly_readings(report_pages.report_page(html), DAY),
        "daily": lambda html: report_pages.daily_readings(report_pages.report_page(html), DAY, DAY),
        "payment": payment,
        "topups": topup_pages.topups_page,
    }
    served = await _served(signed_in, portal)
    troubles = set()
    for name, html in served.items():
        assert _trouble(readers[name], html) is None
        assert _trouble(readers[name], redacted(html)) is None
        for drift, change in DRIFTS.items():
            changed = change(html)
            expected = _trouble(readers[name], changed)
            assert _trouble(readers[name], redacted(changed)) == expected, (name, drift)
            if expected:
                troubles.add((name, drift))
    assert len(troubles) >= 15


async def test_the_error_carries_the_sample_and_never_tells_it(
    signed_in: UsmsClient, portal: SimulatedPortal
) -> None:
    portal.add_fault(Fault(path="home", kind="caption_renamed"))
    with pytest.raises(PageNotUnderstood) as caught:
        await signed_in.account()
    sample = caught.value.sample
    assert sample is not None
    assert "Unit Left" in sample
    assert "DEMO" not in sample
    assert "EXAMPLE" not in sample
    assert "Unit Left" not in str(caught.value) + repr(caught.value)
    assert _trouble(lambda html: pages.account_page(html, NOW), sample) == str(caught.value)
