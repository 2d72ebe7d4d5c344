"""Asking the portal anew by the REST view, and what it answers while the portal is in trouble."""

from datetime import datetime, timedelta

from homeassistant.config_entries import ConfigEntryState

from custom_components.usms.history.store_file import readings_file
from tests.integration.rest.api import Api
from tests.portal.faults import Fault
from tests.support.harness import Harness


async def test_refresh_reads_the_account_page_once(read: Harness, api: Api) -> None:
    read.tick(timedelta(minutes=5))
    path = f"/accounts/{read.entry.entry_id}/refresh"
    response, account = await api.ask(path, "POST")
    await read.settle()
    assert response.status == 200
    assert account["last_poll"] == read.now.isoformat()
    assert [(r.path, r.status) for r in read.portal.requests] == [("/SmartMeter/Home", 200)]

    read.portal.set_profile(updating=True)
    before = await api.get("/meters")
    polled = read.now
    read.tick(timedelta(minutes=5))
    await api.ask(path, "POST")
    assert [meter | {"as_of": None} for meter in await api.get("/meters")] == before
    for meter in before:
        for part in ("unit", "credit"):
            shown = await api.get(f"/meters/{meter['meter']}/{part}")
            assert abs(datetime.fromisoformat(shown["as_of"]) - polled) < timedelta(minutes=1)


async def test_a_card_that_has_never_shown_anything(read: Harness, api: Api) -> None:
    read.portal.set_profile(more_meters=1)
    number = read.portal.meters[2].number
    read.portal.set_profile(new_meters=[number])
    await api.ask(f"/accounts/{read.entry.entry_id}/refresh", "POST")
    await read.settle()
    assert await api.refused(f"/meters/{number}/unit") == (404, "DATA_NOT_FOUND")


async def test_refresh_without_a_session(read: Harness, api: Api) -> None:
    read.portal.expire()
    path = f"/accounts/{read.entry.entry_id}/refresh"
    assert await api.refused(path, "POST") == (503, "SIGN_IN_NEEDED")
    (account,) = await api.get("/accounts")
    assert account["sign_in_needed"]
    assert await api.get("/meters")
    number = read.meter().number
    await read.reload()
    assert (await api.get(f"/meters/{number}/unit"))["as_of"] is not None
    await read.forward(timedelta(hours=25))
    assert await api.refused(f"/meters/{number}/unit") == (503, "SIGN_IN_NEEDED")
    # The readings are there all the same, and what is not known is null.
    assert await api.get(f"/meters/{number}/consumption")
    assert [meter["balance"] for meter in await api.get("/meters")] == [None, None]


async def test_a_portal_in_trouble(read: Harness, api: Api) -> None:
    read.portal.add_fault(Fault("home", "status"))
    path = f"/accounts/{read.entry.entry_id}/refresh"
    assert await api.refused(path, "POST") == (503, "USMS_UNAVAILABLE")
    before = await api.get("/meters")
    assert None not in [meter["balance"] for meter in before]
    await read.reload()
    assert await api.get("/meters") == before
    assert await api.refused(path, "POST") == (503, "USMS_UNAVAILABLE")


async def test_an_account_that_waits_to_be_set_up(read: Harness, api: Api) -> None:
    """As where the portal can't be read and nothing of the account is known yet."""
    await read.hass.config_entries.async_unload(read.entry.entry_id)
    readings_file(read.hass, read.entry).unlink()
    read.portal.add_fault(Fault("home", "status"))
    await read.hass.config_entries.async_setup(read.entry.entry_id)
    assert read.entry.state is ConfigEntryState.SETUP_RETRY
    assert await api.refused("/meters") == (503, "NOT_READY")
