"""A good page is a good page, whatever is on it; what stands in its place is known as such."""

from datetime import timedelta

import pytest

from custom_components.usms.client import (
    Cause,
    PageNotUnderstood,
    PortalUnavailable,
    SessionExpired,
    UsmsClient,
)
from custom_components.usms.client.portal.standing_in import instead_of_page
from tests.portal import Fault, SimulatedPortal

from .conftest import NOW

EXPIRED = "Your Session Has Expired, Please Login Again."
BANNER = "The system is under maintenance and temporarily unavailable on Sunday from 1 to 5 am."


async def read_all(client: UsmsClient) -> None:
    """Read each kind of page."""
    electricity, _ = (await client.account()).meters
    await client.payment(electricity.number)
    await client.hourly(electricity.number, NOW.date() - timedelta(days=9))
    await client.daily(
        electricity.number, NOW.date() - timedelta(days=9), NOW.date() - timedelta(days=3)
    )
    await client.topups(electricity.number, NOW.date() - timedelta(days=9), NOW.date())


@pytest.mark.parametrize(
    "on_it", [{"hidden_dialog": True}, {"banner": BANNER}, {"banner": EXPIRED}], ids=str
)
async def test_what_is_on_a_good_page_is_no_matter(
    signed_in: UsmsClient, portal: SimulatedPortal, on_it: dict[str, object]
) -> None:
    portal.set_profile(**on_it)
    await read_all(signed_in)
    assert signed_in.life.signed_in_at


async def test_a_changed_page_with_a_hidden_dialog_has_not_expired(
    signed_in: UsmsClient, portal: SimulatedPortal
) -> None:
    portal.set_profile(hidden_dialog=True)
    portal.add_fault(Fault(path="home", kind="caption_renamed"))
    with pytest.raises(PageNotUnderstood) as error:
        await signed_in.account()
    assert error.value.sample
    assert signed_in.life.signed_in_at


@pytest.mark.parametrize("kind", ["other_page", "maintenance", "firewall", "empty"])
async def test_only_a_page_that_is_understood_is_a_sign_of_life(
    signed_in: UsmsClient, portal: SimulatedPortal, kind: str
) -> None:
    """A foreign page while the session was long dead taught that it had survived."""
    await signed_in.account()
    before = signed_in.life.export()
    portal.set_now(portal.now() + timedelta(hours=9))
    portal.add_fault(Fault(path="home", kind=kind, times=1))
    with pytest.raises((PageNotUnderstood, PortalUnavailable)):
        await signed_in.account()
    assert signed_in.life.export() == before | {"troubled": kind != "other_page"}
    with pytest.raises(SessionExpired):
        await signed_in.account()


@pytest.mark.parametrize(
    ("html", "cause"),
    [
        (f"<html><body>{EXPIRED}</body></html>", SessionExpired),
        (f"<script>alert('{EXPIRED}'); location = 'ResLogin';</script>", SessionExpired),
        (f"<p>{'word ' * 300}</p><p>{EXPIRED}</p>", None),
        (f"<p>{'word ' * 40}</p><div style='display: none'>{EXPIRED}</div>", None),
        (f"<p>{'word ' * 40}</p><p hidden>{EXPIRED}</p>", None),
        (f"<table id='grid_DXMainTable'></table>{EXPIRED}", None),
        ("", Cause.EMPTY),
        (" \n", Cause.EMPTY),
        ("<title>Maintenance</title>", Cause.MAINTENANCE),
        ("<p>Service Unavailable", Cause.MAINTENANCE),
        ("The requested URL was rejected. Your support ID is: 1", Cause.FIREWALL),
        ("<title>Just a moment...</title><body>Checking your browser", Cause.FIREWALL),
        ("<p>Another page", None),
        ("<!-- maintenance --><p>Another page", None),
    ],
)
def test_what_stands_in_the_place_of_a_page(
    html: str, cause: Cause | type[SessionExpired] | None
) -> None:
    found = instead_of_page(html)
    if isinstance(found, PortalUnavailable):
        assert found.cause is cause
    else:
        assert (type(found) if found else None) is cause
