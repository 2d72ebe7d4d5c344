"""Who may do what: four kinds of users, and every action, button and path."""

from typing import Any, Final

import pytest
from homeassistant.auth.const import GROUP_ID_ADMIN, GROUP_ID_READ_ONLY, GROUP_ID_USER
from homeassistant.auth.models import User
from homeassistant.auth.permissions.models import PermissionLookup
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockUser
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.usms.const import DOMAIN
from custom_components.usms.rest.view import ROOT
from tests.integration.rest.api import DOCUMENT, filled
from tests.support import ROOT as REPOSITORY
from tests.support.harness import Harness

pytestmark = [pytest.mark.history(days=5), pytest.mark.knows_portal]

KINDS: Final = {
    "administrator": [GROUP_ID_ADMIN],
    "user": [GROUP_ID_USER],
    "read-only": [GROUP_ID_READ_ONLY],
    "none": [],
}
READ: Final = ("administrator", "user", "read-only")
CONTROL: Final = ("administrator", "user")
ADMINISTRATOR: Final = ("administrator",)
ACTIONS: Final = {
    "usms.get_readings": READ,
    "usms.plan_top_up": READ,
    "usms.import_history": CONTROL,
    "usms.import_history, force": ADMINISTRATOR,
    "usms.sign_in": CONTROL,
    "usms.rebuild_statistics": ADMINISTRATOR,
    "usms.clear_statistics": ADMINISTRATOR,
    "usms.adopt_history": ADMINISTRATOR,
    "usms.add_to_energy": ADMINISTRATOR,
    "usms.remove_from_energy": ADMINISTRATOR,
}
BUTTONS: Final = {"read_now": CONTROL, "new_captcha": CONTROL, "import_history": CONTROL}
PATHS: Final = {
    f"{method.upper()} {path}": CONTROL if method == "post" else READ
    for path, operations in DOCUMENT["paths"].items()
    for method in sorted(operations.keys() & {"get", "post"})
}
DIAGNOSTICS: Final = {"diagnostics": ADMINISTRATOR}
TABLE: Final = (
    ACTIONS | {f"button `{key}`": who for key, who in BUTTONS.items()} | PATHS | DIAGNOSTICS
)


@pytest.fixture(autouse=True)
async def _owner(hass: HomeAssistant) -> None:
    """Have an owner, as the first user becomes one, whatever their groups."""
    await hass.auth.async_create_user("Owner")


@pytest.mark.parametrize("kind", KINDS)
async def test_who_may(
    hass: HomeAssistant, read: Harness, hass_client_no_auth: ClientSessionGenerator, kind: str
) -> None:
    assert await async_setup_component(hass, "diagnostics", {})
    user = await hass.auth.async_create_user(kind, group_ids=KINDS[kind])
    allowed = {name: await _acts(read, user, name) for name in ACTIONS}
    for key in BUTTONS:
        allowed[f"button `{key}`"] = await _presses(read, user, key)
    client = await hass_client_no_auth()
    token = await hass.auth.async_create_refresh_token(user, client_id="https://example.com/")
    headers = {"Authorization": f"Bearer {hass.auth.async_create_access_token(token)}"}
    diagnostics = f"GET /api/diagnostics/config_entry/{read.entry.entry_id}"
    addresses = {name: name.replace(" ", f" {ROOT}", 1) for name in PATHS}
    for name, asked in (addresses | {"diagnostics": diagnostics}).items():
        method, path = asked.split(" ")
        response = await client.request(method, filled(path, read), headers=headers)
        assert response.status in {200, 401, 503}, name
        allowed[name] = response.status != 401
    assert allowed == {name: kind in who for name, who in TABLE.items()}


def test_the_table_is_in_the_documents() -> None:
    lines = (REPOSITORY / "docs" / "reliability.md").read_text().splitlines()
    rows = [
        "| " + " | ".join([name, *("yes" if kind in who else "no" for kind in KINDS)]) + " |"
        for name, who in TABLE.items()
    ]
    assert [row for row in rows if row not in lines] == []


async def test_what_a_user_may_see_of_the_meters_counts(hass: HomeAssistant, read: Harness) -> None:
    """Not the group: a user may have been given one meter alone, or without control."""
    device = read.device("electricity").id
    user = MockUser(groups=[]).add_to_hass(hass)
    user.perm_lookup = PermissionLookup(er.async_get(hass), dr.async_get(hass))
    user.mock_policy({"entities": {"device_ids": {device: {"read": True}}}})
    assert await _called(read, user, "get_readings", device_id=device)
    assert not await _called(read, user, "get_readings", device_id=read.device("water").id)
    assert not await _called(read, user, "get_readings", config_entry_id=read.entry.entry_id)
    assert not await _called(read, user, "import_history", device_id=device)
    user.mock_policy({"entities": {"device_ids": {device: True}}})
    assert await _called(read, user, "import_history", device_id=device)
    assert not await _called(read, user, "sign_in", account=read.entry.entry_id)
    assert not await _called(read, user, "clear_statistics", device_id=device)


async def test_calls_without_a_user_are_trusted(hass: HomeAssistant, read: Harness) -> None:
    for name in ACTIONS:
        assert await _acts(read, None, name)


async def test_a_user_that_is_gone_may_nothing(hass: HomeAssistant, read: Harness) -> None:
    user = await hass.auth.async_create_user("Gone", group_ids=[GROUP_ID_ADMIN])
    await hass.auth.async_remove_user(user)
    for name in ACTIONS:
        assert not await _acts(read, user, name)


@pytest.mark.parametrize(
    "days",
    [{"from": "2014-12-31", "to": "2026-11-01"}, {"to": "2014-06-01"}, {"from": "0001-01-01"}],
)
async def test_nothing_is_asked_for_from_before_2015(
    hass: HomeAssistant, read: Harness, days: dict[str, str]
) -> None:
    data = {"config_entry_id": read.entry.entry_id, **days}
    with pytest.raises(ServiceValidationError) as refused:
        await hass.services.async_call(DOMAIN, "import_history", data, blocking=True)
    assert refused.value.translation_key == "range_too_early"
    data["from"] = "2015-01-01"
    data["to"] = "2015-01-02"
    await hass.services.async_call(DOMAIN, "import_history", data, blocking=True)


async def _acts(read: Harness, user: User | None, name: str) -> bool:
    action = name.removeprefix("usms.").split(",")[0]
    entry = read.entry.entry_id
    data: dict[str, Any] = {"account" if action == "sign_in" else "config_entry_id": entry}
    if "force" in name:
        data["force"] = True
    if action == "adopt_history":
        data["statistic_id"] = "sensor.none"
    return await _called(read, user, action, **data)


async def _called(read: Harness, user: User | None, action: str, **data: Any) -> bool:
    """Return whether an action was done, and not refused to that user."""
    try:
        await read.hass.services.async_call(
            DOMAIN,
            action,
            data,
            blocking=True,
            return_response=True,
            context=Context(user_id=user.id if user else None),
        )
    except Unauthorized:
        return False
    except ServiceValidationError as err:
        return err.translation_key in {"one_meter_needed", "no_energy_dashboard"}
    return True


async def _presses(read: Harness, user: User, key: str) -> bool:
    data = {"entity_id": read.entity_id(key)}
    context = Context(user_id=user.id)
    try:
        await read.hass.services.async_call("button", "press", data, blocking=True, context=context)
    except Unauthorized:
        return False
    except HomeAssistantError as err:
        return err.translation_key == "no_captcha_needed"
    return True
