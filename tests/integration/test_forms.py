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
from tests.support.options import choose, go, tariffs_of

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


async def test_options(account: Harness) -> None:
    texts = TEXTS["options"]["step"]
    seen = set()
    meters = [account.meter(utility).number for utility in ("electricity", "water")]
    added = [(*tariffs_of(meter), {"entry": "add"}) for meter in meters]
    dated = (*tariffs_of(meters[0]), {"entry": "2026-11-10"})
    await choose(account, *added[0], {"kind": "residential", "since": "2026-11-10"})
    for way in (
        (),
        ("polling",),
        ("rest",),
        ("meters",),
        ("meters", {"meter": meters[0]}),
        ("meters", {"meter": meters[0]}, "low_credit"),
        tariffs_of(meters[0]),
        (*tariffs_of(meters[0]), {"entry": "first"}),
        dated,
        (*dated, "delete"),
        added[0],
        (*added[0], {"kind": "commercial", "since": "2026-11-01"}),
        (*added[1], {"kind": "own", "since": "2026-11-01"}),
        (*added[1], {"kind": "residential", "since": "2026-11-01"}),
    ):
        step = await go(account, *way)
        if step["type"] is FlowResultType.MENU:
            assert step["menu_options"] == list(texts[step["step_id"]]["menu_options"])
            seen.add(step["step_id"])
        else:
            seen.add(check(step, "options"))
    assert seen == texts.keys()
