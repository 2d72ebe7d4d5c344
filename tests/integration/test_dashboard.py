"""The dashboard's script, served to browsers and loaded by the frontend's pages."""

import gzip
import re
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from homeassistant.components.frontend import DATA_EXTRA_MODULE_URL, UrlManager
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component

from custom_components.usms import dashboard
from custom_components.usms.const import DOMAIN

type Browser = Callable[[], Coroutine[Any, Any, TestClient]]


@pytest.fixture
def pages(hass: HomeAssistant) -> UrlManager:
    """The scripts that the frontend's pages load; its files are no part of the test environment."""
    hass.data[DATA_EXTRA_MODULE_URL] = UrlManager(lambda *_change: None, [])
    return hass.data[DATA_EXTRA_MODULE_URL]


async def test_pages_load_the_script(
    hass: HomeAssistant, pages: UrlManager, hass_client_no_auth: Browser
) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    (url,) = pages.urls
    assert re.fullmatch(r"/usms/dashboard\.js\?v=[0-9a-f]{12}", url)
    browser = await hass_client_no_auth()
    response = await browser.get(url, headers={"Accept-Encoding": "gzip"})
    assert response.status == 200
    assert "javascript" in response.headers["Content-Type"]
    assert response.headers["Content-Encoding"] == "gzip"
    assert "max-age" in response.headers["Cache-Control"]
    assert await response.read() == dashboard.SCRIPT.read_bytes()
    plain = await browser.get(url, headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    assert await plain.read() == dashboard.SCRIPT.read_bytes()
    # A page that was opened before an update asks with another query.
    assert (await browser.get("/usms/dashboard.js?v=before")).status == 200
    for other in ("/usms/", "/usms/__init__.py", "/usms/dashboard.js.gz"):
        assert (await browser.get(other)).status == 404


async def test_the_address_changes_with_the_script(
    hass: HomeAssistant, pages: UrlManager, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    (before,) = pages.urls
    changed = tmp_path / "usms-dashboard.js"
    changed.write_bytes(dashboard.SCRIPT.read_bytes() + b"\n")
    changed.with_name(f"{changed.name}.gz").write_bytes(gzip.compress(changed.read_bytes()))
    monkeypatch.setattr(dashboard, "SCRIPT", changed)
    assert dashboard.address() != before


async def test_without_a_frontend_nothing_is_served(
    hass: HomeAssistant, hass_client_no_auth: Browser
) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    browser = await hass_client_no_auth()
    assert (await browser.get("/usms/dashboard.js")).status == 404
