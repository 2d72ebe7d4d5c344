"""Who may ask, for what, and how often."""

from datetime import timedelta

import pytest
from freezegun.api import FrozenDateTimeFactory
from pytest_homeassistant_custom_component.common import MockUser
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.usms.rest.view import ROOT
from custom_components.usms.rest.views import VIEWS
from tests.integration.rest.api import DOCUMENT, Api, filled
from tests.portal import DEMO_PASSWORD, DEMO_USERNAME
from tests.support.harness import Harness

pytestmark = pytest.mark.knows_portal


async def test_every_path_needs_a_token(
    read: Harness, hass_client_no_auth: ClientSessionGenerator
) -> None:
    client = await hass_client_no_auth()
    for path, operations in DOCUMENT["paths"].items():
        (method,) = operations.keys() & {"get", "post"}
        for headers in ({}, {"Authorization": "Bearer wrong"}):
            address = ROOT + filled(path, read)
            response = await client.request(method, address, headers=headers)
            assert response.status == 401, path
    assert read.requests() == 0


async def test_a_user_who_may_only_read(
    read: Harness, hass_client: ClientSessionGenerator, hass_read_only_access_token: str
) -> None:
    client = await hass_client(hass_read_only_access_token)
    assert (await client.get(f"{ROOT}/meters")).status == 200
    address = f"{ROOT}/accounts/{read.entry.entry_id}/refresh"
    assert (await client.post(address)).status == 401
    assert read.requests() == 0


async def test_the_view_goes_and_comes_with_the_account(read: Harness, api: Api) -> None:
    routes = [resource.canonical for resource in read.hass.http.app.router.resources()]
    ours = sorted(route for route in routes if route.startswith(f"{ROOT}/"))
    assert ours == sorted(ROOT + view.path for view in VIEWS)

    await read.hass.config_entries.async_unload(read.entry.entry_id)
    for path, operations in DOCUMENT["paths"].items():
        (method,) = operations.keys() & {"get", "post"}
        response = await api.client.request(
            method, ROOT + filled(path, read), headers=api.authorization
        )
        assert (response.status, await response.text()) == (404, "404: Not Found")
    await read.set_up()
    assert await api.get("/meters")


async def test_accounts_without_secrets(read: Harness, api: Api) -> None:
    (account,) = await api.get("/accounts")
    assert account["entry_id"] == read.entry.entry_id
    assert account["meters"] == [meter.number for meter in read.portal.meters]
    assert not account["sign_in_needed"]
    assert account["last_poll"] == read.now.isoformat()
    everything = ""
    for path in DOCUMENT["paths"]:
        if "refresh" not in path:
            everything += str(await api.get(filled(path, read)))
    session = read.connection.client.export_session()
    cookies = [cookie["value"] for cookie in session["cookies"]]
    assert cookies
    for secret in (DEMO_USERNAME, DEMO_PASSWORD, *cookies):
        assert secret not in everything


@pytest.mark.parametrize(
    ("path", "option"),
    [("/meters", "read_limit"), ("/accounts/{entry_id}/refresh", "refresh_limit")],
)
async def test_a_user_has_a_number_of_requests_within_any_hour(
    read: Harness, api: Api, freezer: FrozenDateTimeFactory, path: str, option: str
) -> None:
    read.hass.config_entries.async_update_entry(read.entry, options={option: 3})
    await read.hass.async_block_till_done()
    path, method = filled(path, read), "POST" if "refresh" in path else "GET"
    first = read.now
    for left in (2, 1, 0):
        response, _ = await api.ask(path, method)
        assert response.headers["X-RateLimit-Limit"] == "3"
        assert response.headers["X-RateLimit-Remaining"] == str(left)
        reset = int(response.headers["X-RateLimit-Reset"])
        assert reset == (first + timedelta(hours=1)).timestamp()
        freezer.tick(timedelta(minutes=15))
    response, refused = await api.ask(path, method)
    assert (response.status, refused["error_code"]) == (429, "RATE_LIMITED")
    assert response.headers["Retry-After"] == str(15 * 60)
    freezer.tick(timedelta(minutes=15))
    assert (await api.ask(path, method))[0].status == 200
    assert (await api.ask(path, method))[0].status == 429


async def test_each_user_has_its_own(
    read: Harness,
    api: Api,
    hass_client: ClientSessionGenerator,
    hass_read_only_access_token: str,
    hass_read_only_user: MockUser,
) -> None:
    read.hass.config_entries.async_update_entry(read.entry, options={"read_limit": 1})
    await read.hass.async_block_till_done()
    assert (await api.ask("/meters"))[0].status == 200
    assert (await api.ask("/meters"))[0].status == 429
    other = await hass_client(hass_read_only_access_token)
    assert (await other.get(f"{ROOT}/meters")).status == 200
