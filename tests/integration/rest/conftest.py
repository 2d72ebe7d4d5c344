"""An account whose history is read, and its REST view over real HTTP."""

from contextlib import closing
from datetime import timedelta

import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.usms.client.store import ReadingsStore
from custom_components.usms.history import loop as history
from custom_components.usms.history.store_file import readings_file
from tests.integration.rest.api import Api
from tests.support.harness import Harness
from tests.support.stores import fill


@pytest.fixture
async def read(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> Harness:
    """The demo account with all its history, which was read before; nothing goes on reading."""
    monkeypatch.setattr(history, "START_DELAY", timedelta(days=1))
    await harness.hass.async_add_executor_job(write, harness)
    await harness.set_up()
    harness.portal.clear_requests()
    return harness


def write(harness: Harness) -> None:
    """Write all that the portal has to the store's file."""
    with closing(ReadingsStore(readings_file(harness.hass, harness.entry))) as store:
        fill(store, harness.portal)


@pytest.fixture
async def api(
    read: Harness, hass_client_no_auth: ClientSessionGenerator, hass_access_token: str
) -> Api:
    """Its REST view."""
    return Api(read.hass, await hass_client_no_auth(), hass_access_token)
