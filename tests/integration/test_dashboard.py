"""The dashboard's scripts, served to browsers; one is loaded by the frontend's pages."""

import base64
import re
import shutil
from collections.abc import Callable, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
from aiohttp.test_utils import TestClient
from homeassistant.components.frontend import DATA_EXTRA_MODULE_URL, UrlManager
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockUser
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.usms import dashboard
from custom_components.usms.const import DOMAIN
from tests.portal import Fault
from tests.support.harness import Harness

pytestmark = pytest.mark.knows_portal

type Browser = Callable[[], Coroutine[Any, Any, TestClient]]


@pytest.fixture
def pages(hass: HomeAssistant) -> UrlManager:
    """The scripts that the frontend's pages load; its files are no part of the test environment."""
    hass.data[DATA_EXTRA_MODULE_URL] = UrlManager(lambda *_change: None, [])
    return hass.data[DATA_EXTRA_MODULE_URL]


@pytest.mark.parametrize("script", dashboard.SCRIPTS)
async def test_pages_load_a_script_that_finds_the_other_beside_it(
    hass: HomeAssistant, pages: UrlManager, hass_client_no_auth: Browser, script: str
) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    (page,) = pages.urls
    assert re.fullmatch(r"/usms/[0-9a-f]{12}/usms-dashboard\.js", page)
    url = urljoin(page, script)
    source = (dashboard.FOLDER / script).read_bytes()
    browser = await hass_client_no_auth()
    response = await browser.get(url, headers={"Accept-Encoding": "gzip"})
    assert response.status == 200
    assert "javascript" in response.headers["Content-Type"]
    assert response.headers["Content-Encoding"] == "gzip"
    assert response.headers["Cache-Control"] == "public, max-age=2678400"
    assert await response.read() == source
    plain = await browser.get(f"{url}?try=1", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    assert "max-age" in plain.headers["Cache-Control"]
    assert await plain.read() == source
    # A page that was opened before an update asks under another version; that is not to be kept.
    before = await browser.get(f"/usms/before/{script}")
    assert before.status == 200
    assert before.headers["Cache-Control"] == "no-cache"
    for other in (".", "__init__.py", f"{script}.gz"):
        assert (await browser.get(urljoin(page, other))).status == 404


@pytest.mark.parametrize("script", dashboard.SCRIPTS)
def test_the_address_changes_with_each_script(tmp_path: Path, script: str) -> None:
    for name in dashboard.SCRIPTS:
        shutil.copy(dashboard.FOLDER / name, tmp_path)
    before = dashboard.version(tmp_path)
    assert before == dashboard.version(dashboard.FOLDER)
    with (tmp_path / script).open("a") as changed:
        changed.write("\n")
    assert dashboard.version(tmp_path) != before


async def test_without_a_frontend_nothing_is_served(
    hass: HomeAssistant, hass_client_no_auth: Browser
) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    browser = await hass_client_no_auth()
    assert (await browser.get("/usms/any/usms-dashboard.js")).status == 404


async def asked(socket: Any, account: str) -> dict[str, Any]:
    await socket.send_json_auto_id({"type": "usms/account", "account": account})
    answer: dict[str, Any] = await socket.receive_json()
    return answer


@pytest.mark.history(days=4)
async def test_whether_a_sign_in_is_needed_without_entities(
    hass: HomeAssistant,
    pages: UrlManager,
    account: Harness,
    hass_ws_client: WebSocketGenerator,
    hass_read_only_access_token: str,
) -> None:
    socket = await hass_ws_client(hass)
    entry = account.entry.entry_id
    balances = {
        account.device(utility).id: {
            "balance": float(account.state("balance", utility)),
            "read_at": account.entry.runtime_data.coordinator.last_poll.isoformat(),
        }
        for utility in ("electricity", "water")
    }
    read = {"gone": [], "balances": balances, "unread_since": None}
    said = read | {"needed": False, "picture": None}
    assert (await asked(socket, entry))["result"] == said
    account.portal.expire()
    await account.forward(timedelta(minutes=10))
    assert (await asked(socket, entry))["result"] == said | {"needed": True}
    await account.call_sign_in()
    picture = (await asked(socket, entry))["result"]["picture"]
    assert picture["drawn_at"] == account.state("captcha")
    kind, data = picture["url"].split(",")
    assert kind == "data:image/png;base64"
    assert base64.b64decode(data).startswith(b"\x89PNG")
    # Only for those who may sign in.
    other = await hass_ws_client(hass, hass_read_only_access_token)
    assert (await asked(other, entry))["result"] == read
    assert (await asked(socket, "none of ours"))["result"] is None
    await hass.config_entries.async_unload(entry)
    assert (await asked(socket, entry))["result"] is None


@pytest.mark.history(days=4)
async def test_which_meters_are_gone_without_entities(
    hass: HomeAssistant,
    pages: UrlManager,
    account: Harness,
    hass_ws_client: WebSocketGenerator,
    hass_read_only_user: MockUser,
    hass_read_only_access_token: str,
) -> None:
    await account.start_history()
    number, device = account.meter("water").number, account.device("water").id
    er.async_get(hass).async_update_entity(
        account.entity_id("status", "water"), disabled_by=er.RegistryEntryDisabler.USER
    )
    socket = await hass_ws_client(hass)
    entry = account.entry.entry_id
    assert (await asked(socket, entry))["result"]["gone"] == []
    account.portal.set_profile(hidden_meters=[number])
    await account.forward(timedelta(minutes=12))
    assert (await asked(socket, entry))["result"]["gone"] == [device]
    account.portal.set_profile(hidden_meters=[])
    await account.forward(timedelta(minutes=12))
    assert (await asked(socket, entry))["result"]["gone"] == []
    # Not for those who may see nothing of it.
    hass_read_only_user.groups = []
    hass_read_only_user.mock_policy({})
    other = await hass_ws_client(hass, hass_read_only_access_token)
    assert (await asked(other, entry))["error"]["code"] == "unauthorized"


@pytest.mark.history(days=4)
async def test_when_the_balance_of_a_meter_that_is_gone_was_read(
    hass: HomeAssistant,
    pages: UrlManager,
    account: Harness,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """Not when its state last changed, which may be long before; also after a restart."""
    account.portal.set_profile(session_minutes=None)
    await account.start_history()
    number, device = account.meter("water").number, account.device("water").id
    before, changed = account.state("balance", "water"), account.entity("balance", "water")
    await account.forward(timedelta(minutes=12))
    read_at = account.entry.runtime_data.coordinator.last_poll
    assert account.state("balance", "water") == before
    assert changed.last_changed < read_at - timedelta(minutes=5)
    account.portal.set_profile(hidden_meters=[number])
    await account.forward(timedelta(minutes=12))
    said = {"balance": float(before), "read_at": read_at.isoformat()}
    socket = await hass_ws_client(hass)
    for _ in range(2):
        balances = (await asked(socket, account.entry.entry_id))["result"]["balances"]
        assert balances[device] == said
        assert balances[account.device("electricity").id]["read_at"] > said["read_at"]
        await account.reload()


@pytest.mark.history(days=4)
@pytest.mark.parametrize("hours", [1, 30])
async def test_since_when_the_portal_can_not_be_read(
    hass: HomeAssistant,
    pages: UrlManager,
    account: Harness,
    hass_ws_client: WebSocketGenerator,
    hours: int,
) -> None:
    """Also when values stand no longer, and after a restart."""
    await account.start_history()
    socket = await hass_ws_client(hass)

    async def since() -> str | None:
        answer: str | None = (await asked(socket, account.entry.entry_id))["result"]["unread_since"]
        return answer

    assert await since() is None
    read_at = account.entry.runtime_data.coordinator.last_poll.isoformat()
    account.portal.set_profile(session_minutes=None)
    account.portal.add_fault(Fault(path="*", kind="status"))
    await account.forward(timedelta(hours=hours))
    assert (account.state("balance", "water") == "unavailable") is (hours > 24)
    assert await since() == read_at
    await account.reload()
    assert await since() == read_at
    account.portal.clear_faults()
    await account.forward(timedelta(minutes=12))
    assert await since() is None
