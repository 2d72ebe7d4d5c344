"""The integration in a real Home Assistant, with a real recorder, against the simulated portal."""

import logging
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.storage import STORAGE_DIR
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.usms.client import BRUNEI, NO_PACING, SessionLife
from custom_components.usms.client.store import ReadingsStore
from custom_components.usms.connection import connection
from custom_components.usms.connection.session_store import SessionStore
from custom_components.usms.const import DOMAIN
from custom_components.usms.history.store_file import readings_file
from custom_components.usms.privacy import masked
from tests.portal import DEMO_PASSWORD, DEMO_USERNAME, Profile, SimulatedPortal
from tests.support.harness import Harness, sign_in_outside
from tests.support.history import days_of_history
from tests.support.recorder import rows_imported_together

NOW = datetime(2026, 11, 20, 14, 30, tzinfo=BRUNEI)


@pytest.fixture(autouse=True)
def _prepared(
    recorder_mock: None,
    hass: HomeAssistant,
    tmp_path: Path,
    enable_custom_integrations: None,
    socket_enabled: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Have a recorder, our integration, the loopback, and no pauses between requests."""
    monkeypatch.setattr(connection, "PACING", NO_PACING)
    hass.config.config_dir = str(tmp_path)
    (tmp_path / STORAGE_DIR).mkdir()
    logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)
    logging.getLogger("homeassistant").setLevel(logging.INFO)  # else a quarter of the time
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)  # can't tell a frozen time


@pytest.fixture(autouse=True)
def _all_enabled(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have all entities enabled, but for tests marked `defaults`."""
    if request.node.get_closest_marker("defaults") is None:
        monkeypatch.setattr(Entity, "entity_registry_enabled_default", True)


@pytest.fixture(autouse=True)
def _nothing_outdated() -> Iterator[None]:
    """Fail where Home Assistant says that the integration uses what is to go."""
    said: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("homeassistant.helpers.frame")
    logger.addHandler(handler)
    yield
    logger.removeHandler(handler)
    assert [line for line in said if "Detected that custom integration" in line] == []


@pytest.fixture
def recorder_config() -> dict[str, Any]:
    """Record statistics and no states: half of the time would go into committing each of them.

    Nor the hundreds of events that tell of Home Assistant's own start.
    """
    events = ["component_loaded", "service_registered"]
    events += ["device_registry_updated", "entity_registry_updated"]
    return {"exclude": {"entity_globs": ["*"], "event_types": events}}


@pytest.fixture(autouse=True, scope="session")
def _rows_imported_together() -> Iterator[None]:
    with rows_imported_together():
        yield


@pytest.fixture
async def portal(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    freezer: FrozenDateTimeFactory,
) -> AsyncIterator[SimulatedPortal]:
    """A portal whose clock stands where Home Assistant's does, with 5 days behind it."""
    freezer.move_to(NOW)
    days = days_of_history(request, 5)
    marker = request.node.get_closest_marker("portal")
    profile = Profile(**marker.kwargs) if marker else None
    async with SimulatedPortal(seed=1, days=days, now=NOW, profile=profile) as portal:
        monkeypatch.setenv("USMS_BASE_URL", portal.base_url)
        yield portal
        # Whatever a test does: one request at a time, and one sign-in.
        assert portal.most_in_flight <= 1
        assert portal.overlapping_sign_ins == 0


@pytest.fixture
def entry(hass: HomeAssistant) -> MockConfigEntry:
    """The demo account, not set up yet."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title=f"USMS account {masked(DEMO_USERNAME)}",
        data={CONF_USERNAME: DEMO_USERNAME, CONF_PASSWORD: DEMO_PASSWORD},
    )
    entry.add_to_hass(hass)
    return entry


@pytest.fixture
async def harness(
    request: pytest.FixtureRequest,
    hass: HomeAssistant,
    portal: SimulatedPortal,
    entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> Harness:
    """The demo account, with a stored session that lives, not set up yet."""
    if request.node.get_closest_marker("knows_portal"):
        know_portal(hass, entry)
    session = await sign_in_outside(portal)
    await SessionStore(hass, entry.entry_id).async_save(session, SessionLife())
    portal.clear_requests()
    return Harness(hass, portal, entry, freezer)


def know_portal(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Have it known that a report page which is open serves, which saves half of the requests.

    So it is of all accounts but those of a few days, whose start is looked for at once.
    """
    store = ReadingsStore(readings_file(hass, entry))
    store.remember("open_page_serves", {"value": True, "at": NOW.isoformat()})
    store.close()


@pytest.fixture
async def account(harness: Harness) -> Harness:
    """The demo account, set up; its history has not begun."""
    await harness.set_up()
    return harness
