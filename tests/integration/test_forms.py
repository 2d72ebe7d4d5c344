"""Every form, as Home Assistant shows it: each field and error has a text, and each text one."""

import json
from typing import Any

from homeassistant.config_entries import SOURCE_USER
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from custom_components.usms.const import DOMAIN
from tests.portal import DEMO_PASSWORD, DEMO_USERNAME, SimulatedPortal
from tests.support import ROOT
from tests.support.harness import Harness

TEXTS = json.loads((ROOT / "custom_components/usms/translations/en.json").read_text())
CREDENTIALS = {CONF_USERNAME: DEMO_USERNAME, CONF_PASSWORD: DEMO_PASSWORD}


def check(step: Any, kind: str) -> str:
    """Compare a form with its texts; return which step it is."""
    assert step["type"] is FlowResultType.FORM
    texts = TEXTS[kind]["step"][step["step_id"]]
    fields = {str(field) for field in step["data_schema"].schema}
    # Reauthentication asks for the password only where the known one was refused.
    assert fields == texts.get("data", {}).keys() or step["step_id"] == "reauth_confirm"
    assert texts.get("data_description", {}).keys() <= texts.get("data", {}).keys()
    assert set((step["errors"] or {}).values()) <= TEXTS[kind]["error"].keys()
    return str(step["step_id"])


async def test_config_flow(hass: HomeAssistant, portal: SimulatedPortal) -> None:
    flows = hass.config_entries.flow
    step = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
    seen = {check(step, "config")}
    step = await flows.async_configure(step["flow_id"], CREDENTIALS | {CONF_PASSWORD: "wrong"})
    seen.add(check(step, "config"))
    step = await flows.async_configure(step["flow_id"], CREDENTIALS)
    seen.add(check(step, "config"))
    assert seen == {"user", "captcha"}


async def test_flows_of_an_account(hass: HomeAssistant, account: Harness) -> None:
    seen = {check(await account.entry.start_reconfigure_flow(hass), "config")}
    account.portal.account.password = "new"
    account.portal.expire()
    step = await account.entry.start_reauth_flow(hass)
    seen.add(check(step, "config"))
    step = await hass.config_entries.flow.async_configure(step["flow_id"], {})
    assert {str(field) for field in step["data_schema"].schema} == {"password"}
    seen.add(check(step, "config"))
    assert seen == {"reconfigure", "reauth_confirm"}


async def test_options(hass: HomeAssistant, account: Harness) -> None:
    flows = hass.config_entries.options
    texts = TEXTS["options"]["step"]
    seen = set()

    async def choose(option: str) -> Any:
        step = await flows.async_init(account.entry.entry_id)
        assert step["menu_options"] == list(texts["init"]["menu_options"])
        step = await flows.async_configure(step["flow_id"], {"next_step_id": option})
        seen.add(check(step, "options"))
        return step

    for option in texts["init"]["menu_options"]:
        await choose(option)
    for kind, utility in (
        ("own", "water"),
        ("commercial", "electricity"),
        ("residential", "water"),
    ):
        chosen = {"meter": account.meter(utility).number, "kind": kind}
        step = await choose("tariff")
        seen.add(check(await flows.async_configure(step["flow_id"], chosen), "options"))
    assert {"init", *seen} == texts.keys()
