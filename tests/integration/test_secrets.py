"""Planted secrets are nowhere but where the README says."""

import json
import logging
import sqlite3
import traceback
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_USER
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.recorder import get_instance
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.usms.const import CONF_CAPTCHA, DOMAIN
from custom_components.usms.diagnostics import async_get_config_entry_diagnostics
from custom_components.usms.history.recorder import async_recorded
from tests.portal import DEMO_PASSWORD, DEMO_USERNAME, Fault, SimulatedPortal
from tests.support.harness import Harness

pytestmark = [pytest.mark.history(days=3), pytest.mark.knows_portal]

# What the recorder itself says of the statistics that it writes holds their ids, what the web
# server says of a request its path; test tools tell of all they do.
_NOT_OURS = (
    "homeassistant.components.recorder",
    "aiohttp.access",
    "homeassistant.components.http",
    "homeassistant.helpers.http",
    "pytest_homeassistant_custom_component",
    "sqlalchemy",
)


@pytest.fixture
def recorder_config() -> dict[str, Any]:
    """Record all that Home Assistant records by itself."""
    return {}


def found(secrets: dict[str, str], text: str) -> list[str]:
    """Return the names of the secrets that stand in a text, and never the text itself."""
    return [name for name, secret in secrets.items() if secret in text]


def secrets_of(account: Harness, **more: str) -> dict[str, str]:
    """Return all that is an account's own, by its name."""
    cookies = account.connection.client.export_session()["cookies"]
    return {
        "IC number": DEMO_USERNAME,
        "password": DEMO_PASSWORD,
        "name": "DEMO HOLDER",
        "address": "EXAMPLE STREET",
        "kampong": "EXAMPLE KAMPONG",
        **{f"cookie {cookie['name']}": cookie["value"] for cookie in cookies},
        **{f"meter {meter.utility}": meter.number for meter in account.portal.meters},
        **more,
    }


async def test_no_secret_leaves(
    hass: HomeAssistant,
    account: Harness,
    caplog: pytest.LogCaptureFixture,
    hass_client: ClientSessionGenerator,
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "homeassistant")
    logging.getLogger("sqlalchemy").setLevel(logging.WARNING)
    portal = account.portal
    portal.set_profile(session_minutes=None)
    secrets = secrets_of(account)
    await account.start_history()
    texts: dict[str, str] = {}

    # A page that changed, then errors of a sign-in, then a sign-in with its captcha.
    portal.add_fault(Fault(path="home", kind="caption_renamed"))
    await account.forward(timedelta(minutes=12))
    texts["poll error"] = "".join(
        traceback.format_exception(account.entry.runtime_data.coordinator.last_exception)
    )
    diagnostics = await async_get_config_entry_diagnostics(hass, account.entry)
    texts["diagnostics"] = json.dumps(diagnostics, default=str)
    assert diagnostics["pages_not_understood"][0]["sample"]
    issues = [issue for key, issue in ir.async_get(hass).issues.items() if key[0] == "usms"]
    assert issues
    texts["repair issues"] = repr(issues)
    portal.clear_faults()

    portal.expire()
    await account.forward(timedelta(minutes=12))
    for kind in ("drop", "other_page", "redirect_host"):
        portal.add_fault(Fault(path="reslogin", kind=kind))
        with pytest.raises(HomeAssistantError) as failed:
            await account.sign_in()
        texts[f"sign-in error ({kind})"] = "".join(traceback.format_exception(failed.value))
        portal.clear_faults()
    await account.call_sign_in()
    captcha = portal.captcha_answer
    await account.sign_in()
    secrets = secrets | {f"new {k}": v for k, v in secrets_of(account, captcha=captcha).items()}

    # REST answers name meters, and nothing else of an account's.
    http = await hass_client()
    number = account.meter().number
    for path in ("accounts", "meters", f"meters/{number}", f"meters/{number}/forecast", "tariffs"):
        answer = await http.get(f"/api/usms/{path}")
        assert answer.status == 200
        texts[f"REST {path}"] = (
            (await answer.text()).replace(number, "").replace(account.meter("water").number, "")
        )

    texts["log"] = "\n".join(
        f"{record.name} {record.getMessage()} {record.exc_text or ''}"
        for record in caplog.records
        if not record.name.startswith(_NOT_OURS)
    )
    assert "UsageHistory" in texts["log"]
    leaks = {where: names for where, text in texts.items() if (names := found(secrets, text))}
    assert leaks == {}


async def test_the_user_name_stays_in_its_entry(
    hass: HomeAssistant,
    portal: SimulatedPortal,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    hass_client: ClientSessionGenerator,
) -> None:
    """From the first form to a session that has ended, in what Home Assistant makes of it too."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "homeassistant")
    logging.getLogger("sqlalchemy").setLevel(logging.WARNING)
    assert await async_setup_component(hass, "diagnostics", {})
    flows = hass.config_entries.flow
    step = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
    typed = {CONF_USERNAME: f" {DEMO_USERNAME}", CONF_PASSWORD: "wrong"}
    step = await flows.async_configure(step["flow_id"], typed)
    typed[CONF_PASSWORD] = DEMO_PASSWORD
    step = await flows.async_configure(step["flow_id"], typed)
    step = await flows.async_configure(step["flow_id"], {CONF_CAPTCHA: portal.captcha_answer})
    await flows.async_configure(step["flow_id"], {})
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    account = Harness(hass, portal, entry, freezer)
    portal.set_profile(session_minutes=None)
    await account.start_history()
    portal.add_fault(Fault(path="home", kind="caption_renamed"))
    await account.forward(timedelta(minutes=12))
    portal.clear_faults()
    portal.expire()
    await account.forward(timedelta(minutes=12))
    assert flows.async_progress_by_handler(DOMAIN)

    http = await hass_client()
    answer = await http.get(f"/api/diagnostics/config_entry/{entry.entry_id}")
    assert answer.status == 200
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    texts = {
        "diagnostics": await answer.text() + str(answer.headers),
        "issues": repr(dict(ir.async_get(hass).issues)),
        "devices": repr(devices),
        "entities": repr(entities),
        "states": repr(hass.states.async_all()),
        "flows": repr(flows.async_progress_by_handler(DOMAIN)),
        "files": repr([str(path) for path in Path(hass.config.config_dir).rglob("*")]),
        "log": "\n".join(f"{r.name} {r.getMessage()} {r.exc_text or ''}" for r in caplog.records),
    }
    assert "config_entry_reauth" in texts["issues"]
    assert "page_not_understood" in texts["issues"]
    assert "DEBUG" in {record.levelname for record in caplog.records}
    secrets = {"IC number": DEMO_USERNAME, "password": DEMO_PASSWORD}
    leaks = {where: names for where, text in texts.items() if (names := found(secrets, text))}
    assert leaks == {}
    meters = {f"meter {meter.utility}": meter.number for meter in portal.meters}
    assert found(meters, texts["issues"] + texts["files"]) == []
    assert DEMO_USERNAME in repr(entry.as_dict())  # where it belongs


async def test_what_the_recorder_holds(hass: HomeAssistant, account: Harness) -> None:
    """Of all that is an account's own, the numbers of meters alone, in the statistics' ids."""
    await account.start_history()
    await async_recorded(hass)

    def dump() -> dict[str, str]:
        with get_instance(hass).engine.connect() as connection:
            raw = connection.connection.dbapi_connection
            assert isinstance(raw, sqlite3.Connection)
            tables = [
                name
                for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            ]
            return {name: repr(raw.execute(f"SELECT * FROM {name}").fetchall()) for name in tables}

    tables = await get_instance(hass).async_add_executor_job(dump)
    secrets = secrets_of(account)
    leaks = {table: names for table, text in tables.items() if (names := found(secrets, text))}
    meters = {f"meter {meter.utility}" for meter in account.portal.meters}
    assert set(leaks) == {"statistics_meta"}
    assert set(leaks["statistics_meta"]) == meters


async def test_what_the_files_hold(hass: HomeAssistant, account: Harness) -> None:
    """The readings know meters; the session knows its cookies; nothing else knows anything."""
    await account.start_history()
    await account.connection.async_save()
    secrets = secrets_of(account)
    for file in Path(hass.config.path(".storage")).glob("usms.*"):
        names = set(found(secrets, file.read_bytes().decode("latin-1")))
        if file.name.endswith(".session"):
            assert all(name.startswith("cookie") for name in names)
        else:
            assert all(name.startswith("meter") for name in names)
