"""Paths that Home Assistant has signed, as a browser opens them; and clients that leave early."""

import asyncio
import logging
import threading
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.typing import (
    ClientSessionGenerator,
    MockHAClientWebSocket,
    WebSocketGenerator,
)
from yarl import URL

from custom_components.usms.client.store import ReadingsStore
from custom_components.usms.rest.view import ROOT
from tests.integration.rest.api import DOCUMENT, Api, filled
from tests.support.harness import Harness

pytestmark = pytest.mark.knows_portal


async def _signed(client: MockHAClientWebSocket, path: str) -> str:
    """Return a path with the signature that the frontend gets for it."""
    await client.send_json_auto_id({"type": "auth/sign_path", "path": path})
    answer = await client.receive_json()
    assert answer["success"], (path, answer)
    return str(answer["result"]["path"])


async def test_signed_paths(
    read: Harness,
    hass_client_no_auth: ClientSessionGenerator,
    hass_ws_client: WebSocketGenerator,
) -> None:
    assert await async_setup_component(read.hass, "auth", {})
    socket = await hass_ws_client(read.hass)
    client = await hass_client_no_auth()
    number = read.meter().number
    paths = [filled(path, read) for path, do in DOCUMENT["paths"].items() if "get" in do]
    paths += [f"/meters/{number}/consumption?resolution=day&limit=2"]
    for path in paths:
        signed = await _signed(socket, ROOT + path)
        response = await client.get(URL(signed, encoded=True))
        assert response.status == 200, await response.text()
        assert "authSig" not in str(response.headers.get("Link"))
    # The signature is for that path and query alone.
    changed = URL(signed, encoded=True).update_query(limit=3)
    assert (await client.get(changed)).status == 401


@pytest.mark.history(days=120)
async def test_a_client_that_leaves_in_the_middle(
    read: Harness, api: Api, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"{ROOT}/meters/{read.meter().number}/consumption"
    start = (read.now - timedelta(days=110)).date().isoformat()
    address = api.client.make_url(path).with_query(resolution="hour", start=start, limit=2600)
    left, asked, plain = threading.Event(), asyncio.Event(), ReadingsStore.plain_readings
    reads = count(1)

    def slow(store: ReadingsStore, *args: Any) -> Any:
        """Read what follows the first piece once the client has left."""
        if next(reads) == 2:
            read.hass.loop.call_soon_threadsafe(asked.set)
            left.wait(10)
        return plain(store, *args)

    monkeypatch.setattr(ReadingsStore, "plain_readings", slow)
    _, writer = await asyncio.open_connection(address.host, address.port)
    headers = "".join(f"{k}: {v}\r\n" for k, v in api.authorization.items())
    request = f"GET {address.raw_path_qs} HTTP/1.1\r\nHost: {address.host}\r\n{headers}\r\n"
    writer.write(request.encode())
    await asked.wait()
    writer.transport.abort()
    for _ in range(100):
        await asyncio.sleep(0)
    left.set()
    for _ in range(100_000):
        if "A client left" in caplog.text:
            break
        await asyncio.sleep(0)
    response = await api.client.get(address.relative(), headers=api.authorization)
    assert len(await response.json()) > 2000
    told = [r for r in caplog.records if r.exc_info or r.levelno >= logging.ERROR]
    assert told == []
