"""Signing in, as a person meets it."""

import asyncio
import base64
import gc
import io
from pathlib import Path
from typing import Any

import pytest
from homeassistant import config_entries
from homeassistant.components.energy.data import async_get_manager
from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, UnknownFlow
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.storage import STORAGE_DIR
from homeassistant.setup import async_setup_component
from PIL import Image
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.usms.connection.accounts import CONNECTIONS
from custom_components.usms.connection.captcha import captcha_picture
from custom_components.usms.connection.session_store import SessionStore
from custom_components.usms.const import (
    CONF_CAPTCHA,
    CONF_POLL_INTERVAL,
    CONF_SHORTEST_POLL_INTERVAL,
    DOMAIN,
)
from tests.portal import DEMO_PASSWORD, DEMO_USERNAME, Fault, Record, SimulatedPortal
from tests.support.harness import Harness

CREDENTIALS = {CONF_USERNAME: " 01-001 234 ", CONF_PASSWORD: DEMO_PASSWORD}


async def begin(hass: HomeAssistant) -> ConfigFlowResult:
    return await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": config_entries.SOURCE_USER}
    )


async def submit(
    hass: HomeAssistant, step: ConfigFlowResult, data: dict[str, Any]
) -> ConfigFlowResult:
    return await hass.config_entries.flow.async_configure(step["flow_id"], data)


def picture(step: ConfigFlowResult) -> Image.Image:
    """Return the captcha that a step shows."""
    assert step["step_id"] == "captcha"
    source = (step["description_placeholders"] or {})["captcha_image"]
    kind, data = source.split(",", 1)
    assert kind == "data:image/png;base64"
    return Image.open(io.BytesIO(base64.b64decode(data)))


async def answer(
    hass: HomeAssistant, step: ConfigFlowResult, portal: SimulatedPortal
) -> ConfigFlowResult:
    """Answer the captcha, and take what the last step of a set-up proposes."""
    step = await submit(hass, step, {CONF_CAPTCHA: portal.captcha_answer})
    return await submit(hass, step, {}) if step.get("step_id") == "found" else step


async def test_password_then_captcha(hass: HomeAssistant, portal: SimulatedPortal) -> None:
    step = await begin(hass)
    assert (step["type"], step["step_id"], step["errors"]) == (FlowResultType.FORM, "user", {})

    step = await submit(hass, step, CREDENTIALS)
    image = picture(step)
    assert image.size == (400, 160)
    assert image.getpixel((0, 0)) == 255  # on white
    assert min(image.tobytes()) < 60

    step = await answer(hass, step, portal)
    assert step["type"] is FlowResultType.CREATE_ENTRY
    assert step["title"] == "USMS account 1234"
    assert step["data"] == {CONF_USERNAME: DEMO_USERNAME, CONF_PASSWORD: DEMO_PASSWORD}
    await hass.async_block_till_done()
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert entry.state is ConfigEntryState.LOADED
    await hass.async_block_till_done()
    files = [path.name for path in Path(hass.config.path(STORAGE_DIR)).iterdir()]
    session, life = await SessionStore(hass, entry.entry_id).async_load()
    assert session["cookies"]
    assert life.signed_in_at
    assert not any(DEMO_USERNAME in name for name in files)
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert not any(DEMO_USERNAME in str(device.identifiers) for device in devices)


async def test_a_set_up_that_was_left_open_is_replaced(
    hass: HomeAssistant, portal: SimulatedPortal
) -> None:
    """Such as on a phone, whose app was closed to look up the password."""
    left = await submit(hass, await begin(hass), CREDENTIALS)
    assert left["step_id"] == "captcha"
    step = await submit(hass, await begin(hass), CREDENTIALS)
    assert step["step_id"] == "captcha"
    assert len(hass.config_entries.flow.async_progress()) == 1
    step = await answer(hass, step, portal)
    assert step["type"] is FlowResultType.CREATE_ENTRY


async def test_an_abandoned_set_up_leaves_no_connection(
    hass: HomeAssistant, portal: SimulatedPortal
) -> None:
    step = await submit(hass, await begin(hass), CREDENTIALS)
    assert list(hass.data[CONNECTIONS]) == [DEMO_USERNAME]
    hass.config_entries.flow.async_abort(step["flow_id"])
    assert hass.data[CONNECTIONS] == {}
    assert hass.config_entries.flow.async_progress() == []


async def test_a_user_name_typed_wrong_leaves_no_connection(
    hass: HomeAssistant, portal: SimulatedPortal
) -> None:
    step = await submit(hass, await begin(hass), CREDENTIALS | {CONF_USERNAME: "01001235"})
    assert step["errors"] == {"base": "invalid_auth"}
    step = await submit(hass, step, CREDENTIALS | {CONF_USERNAME: " - "})
    assert step["errors"] == {"base": "wrong_request"}
    step = await submit(hass, step, CREDENTIALS)
    assert list(hass.data[CONNECTIONS]) == [DEMO_USERNAME]
    hass.config_entries.flow.async_abort(step["flow_id"])
    assert hass.data[CONNECTIONS] == {}


class Watched(list[Record]):
    """The portal's requests; says when the first was answered."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = asyncio.Event()

    def append(self, record: Record) -> None:
        super().append(record)
        self.begun.set()


async def test_a_set_up_abandoned_while_it_signs_in(
    hass: HomeAssistant, portal: SimulatedPortal
) -> None:
    """As when its dialog is closed at once."""
    portal.requests = requests = Watched()
    step = await begin(hass)
    signing_in = asyncio.create_task(submit(hass, step, CREDENTIALS))
    await requests.begun.wait()
    hass.config_entries.flow.async_abort(step["flow_id"])
    with pytest.raises(UnknownFlow):
        await signing_in
    await hass.async_block_till_done()
    assert hass.data[CONNECTIONS] == {}


async def test_a_set_up_replaced_while_it_signs_in(
    hass: HomeAssistant, portal: SimulatedPortal
) -> None:
    """One request at a time, and one captcha: the portal's fixture looks after that."""
    portal.requests = requests = Watched()
    left, step = await begin(hass), await begin(hass)
    signing_in = asyncio.create_task(submit(hass, left, CREDENTIALS))
    await requests.begun.wait()
    step = await submit(hass, step, CREDENTIALS)
    with pytest.raises(UnknownFlow):
        await signing_in
    drawn = [record.path for record in portal.requests if record.path.endswith("DXB.axd")]
    assert len(drawn) == 1
    step = await answer(hass, step, portal)
    assert step["type"] is FlowResultType.CREATE_ENTRY


async def test_a_portal_without_captcha(hass: HomeAssistant, portal: SimulatedPortal) -> None:
    portal.set_profile(captcha=False)
    step = await submit(hass, await begin(hass), CREDENTIALS)
    assert step["step_id"] == "found"
    step = await submit(hass, step, {})
    assert step["type"] is FlowResultType.CREATE_ENTRY


async def test_a_wrong_and_an_empty_answer_bring_new_pictures(
    hass: HomeAssistant, portal: SimulatedPortal
) -> None:
    step = await submit(hass, await begin(hass), CREDENTIALS)
    first = picture(step).tobytes()

    step = await submit(hass, step, {CONF_CAPTCHA: "wrong"})
    assert step["errors"] == {"base": "captcha_refused"}
    second = picture(step).tobytes()

    step = await submit(hass, step, {})
    assert step["errors"] == {}
    third = picture(step).tobytes()
    assert len({first, second, third}) == 3

    step = await answer(hass, step, portal)
    assert step["type"] is FlowResultType.CREATE_ENTRY


async def test_wrong_credentials_are_told_and_mended(
    hass: HomeAssistant, portal: SimulatedPortal
) -> None:
    step = await submit(hass, await begin(hass), CREDENTIALS | {CONF_PASSWORD: "wrong"})
    assert (step["step_id"], step["errors"]) == ("user", {"base": "invalid_auth"})
    step = await submit(hass, step, CREDENTIALS | {CONF_USERNAME: " - "})
    assert step["errors"] == {"base": "wrong_request"}
    step = await submit(hass, step, CREDENTIALS)
    step = await answer(hass, step, portal)
    assert step["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("drop", "cannot_connect"),
        ("status", "portal_unavailable"),
        ("maintenance", "maintenance"),
        ("other_page", "page_not_understood"),
        ("redirect_host", "redirected_elsewhere"),
    ],
)
async def test_a_portal_in_trouble_is_told_and_survived(
    hass: HomeAssistant, portal: SimulatedPortal, fault: str, error: str
) -> None:
    portal.add_fault(Fault(path="reslogin", kind=fault))
    step = await submit(hass, await begin(hass), CREDENTIALS)
    assert (step["step_id"], step["errors"]) == ("user", {"base": error})

    portal.clear_faults()
    step = await submit(hass, step, CREDENTIALS)
    assert step["step_id"] == "captcha"
    portal.add_fault(Fault(path="reslogin", kind=fault))
    step = await submit(hass, step, {CONF_CAPTCHA: portal.captcha_answer})
    assert (step["step_id"], step["errors"]) == ("user", {"base": error})

    portal.clear_faults()
    step = await submit(hass, step, CREDENTIALS)
    portal.add_fault(Fault(path="reslogin", kind=fault))
    step = await submit(hass, step, {CONF_CAPTCHA: ""})
    assert (step["step_id"], step["errors"]) == ("user", {"base": error})

    portal.clear_faults()
    step = await submit(hass, step, CREDENTIALS)
    step = await answer(hass, step, portal)
    assert step["type"] is FlowResultType.CREATE_ENTRY


async def test_an_address_that_is_none_is_told(
    hass: HomeAssistant, portal: SimulatedPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("USMS_BASE_URL", "http://example.com/")
    step = await submit(hass, await begin(hass), CREDENTIALS)
    assert step["errors"] == {"base": "wrong_request"}


async def test_a_picture_that_is_none_is_told(
    hass: HomeAssistant, portal: SimulatedPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "tests.portal.captcha.draw", lambda _random: ("abcde", b"\x89PNG this is not")
    )
    step = await submit(hass, await begin(hass), CREDENTIALS)
    assert (step["step_id"], step["errors"]) == ("user", {"base": "page_not_understood"})


async def test_an_account_is_set_up_once(hass: HomeAssistant, account: Harness) -> None:
    step = await submit(hass, await begin(hass), CREDENTIALS)
    assert (step["type"], step["reason"]) == (FlowResultType.ABORT, "already_configured")


# --- the last step: what was found ---


async def found(hass: HomeAssistant, portal: SimulatedPortal) -> ConfigFlowResult:
    step = await submit(hass, await begin(hass), CREDENTIALS)
    step = await submit(hass, step, {CONF_CAPTCHA: portal.captcha_answer})
    assert (step["type"], step["step_id"]) == (FlowResultType.FORM, "found")
    return step


async def test_the_last_step_says_what_was_found(
    hass: HomeAssistant, portal: SimulatedPortal
) -> None:
    step = await found(hass, portal)
    shown = (step["description_placeholders"] or {})["meters"].splitlines()
    assert [line.split(":")[0] for line in shown] == [
        f"- **{m.utility.capitalize()} {m.number[-4:]}**" for m in portal.meters
    ]
    assert all("B$" in line and line.endswith((" kWh", " m³")) for line in shown)
    assert not any(meter.number in str(step["description_placeholders"]) for meter in portal.meters)
    schema = step["data_schema"]
    assert schema is not None
    assert "add_to_energy" not in schema.schema  # for the Energy dashboard is not loaded


async def test_the_energy_dashboard_is_offered_ticked(
    hass: HomeAssistant, portal: SimulatedPortal
) -> None:
    assert await async_setup_component(hass, "energy", {})
    step = await submit(hass, await found(hass, portal), {})
    assert step["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    manager = await async_get_manager(hass)
    assert manager.data is not None
    assert [source["type"] for source in manager.data["energy_sources"]] == ["grid", "water"]
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    await hass.config_entries.async_remove(entry.entry_id)
    assert manager.data["energy_sources"] == []


async def test_the_energy_dashboard_can_be_left_alone(
    hass: HomeAssistant, portal: SimulatedPortal
) -> None:
    assert await async_setup_component(hass, "energy", {})
    await submit(hass, await found(hass, portal), {"add_to_energy": False})
    await hass.async_block_till_done()
    assert (await async_get_manager(hass)).data is None


async def test_a_meter_can_be_named(hass: HomeAssistant, portal: SimulatedPortal) -> None:
    electricity = portal.meters[0]
    label = f"Electricity {electricity.number[-4:]}"
    await submit(hass, await found(hass, portal), {label: " Home "})
    await hass.async_block_till_done()
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    named = {device.serial_number: device.name_by_user for device in devices}
    assert named[electricity.number] == "Home"
    assert named[portal.meters[1].number] is None
    assert hass.states.get("sensor.home_balance")


async def test_titles_of_accounts_do_not_collide(
    hass: HomeAssistant, portal: SimulatedPortal
) -> None:
    title = f"USMS account {DEMO_USERNAME[-4:]}"
    MockConfigEntry(domain=DOMAIN, title=title, data={CONF_USERNAME: "02001234"}).add_to_hass(hass)
    step = await submit(hass, await found(hass, portal), {})
    assert step["title"] == f"{title} (2)"


async def test_an_account_that_cannot_be_read_is_added_all_the_same(
    hass: HomeAssistant, portal: SimulatedPortal
) -> None:
    step = await submit(hass, await begin(hass), CREDENTIALS)
    portal.add_fault(Fault(path="Home", kind="maintenance"))
    step = await submit(hass, step, {CONF_CAPTCHA: portal.captcha_answer})
    assert step["type"] is FlowResultType.CREATE_ENTRY


# --- again, and with a new password ---


async def test_a_dead_session_asks_for_the_captcha_alone(
    hass: HomeAssistant, account: Harness
) -> None:
    account.portal.expire()
    await account.entry.runtime_data.coordinator.async_refresh()
    (step,) = hass.config_entries.flow.async_progress()
    assert step["context"]["source"] == config_entries.SOURCE_REAUTH
    assert account.state("sign_in_needed") == "on"
    posts = [record for record in account.portal.requests if record.method == "POST"]
    assert posts == []  # nobody has signed in by himself

    shown = await submit(hass, step, {})
    assert shown["step_id"] == "captcha"
    done = await answer(hass, shown, account.portal)
    assert (done["type"], done["reason"]) == (FlowResultType.ABORT, "reauth_successful")
    await account.settle()
    assert account.state("sign_in_needed") == "off"
    assert account.entry.state is ConfigEntryState.LOADED


async def test_a_changed_password_is_asked_for(hass: HomeAssistant, account: Harness) -> None:
    account.portal.account.password = "new-password"
    account.portal.expire()
    await account.entry.runtime_data.coordinator.async_refresh()
    (step,) = hass.config_entries.flow.async_progress()
    shown = await submit(hass, step, {})
    assert (shown["step_id"], shown["errors"]) == ("reauth_confirm", {"base": "invalid_auth"})
    shown = await submit(hass, shown, {CONF_PASSWORD: "new-password"})
    done = await answer(hass, shown, account.portal)
    assert done["reason"] == "reauth_successful"
    assert account.entry.data[CONF_PASSWORD] == "new-password"


async def test_reconfiguring_keeps_a_new_password(hass: HomeAssistant, account: Harness) -> None:
    account.portal.account.password = "new-password"
    step = await account.entry.start_reconfigure_flow(hass)
    assert step["step_id"] == "reconfigure"
    shown = await submit(hass, step, {CONF_PASSWORD: "wrong"})
    assert (shown["step_id"], shown["errors"]) == ("reconfigure", {"base": "invalid_auth"})
    shown = await submit(hass, shown, {CONF_PASSWORD: "new-password"})
    done = await answer(hass, shown, account.portal)
    assert (done["type"], done["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    assert account.entry.data == {CONF_USERNAME: DEMO_USERNAME, CONF_PASSWORD: "new-password"}
    await hass.async_block_till_done()
    assert account.entry.state is ConfigEntryState.LOADED


async def test_a_new_password_of_an_account_that_is_not_loaded_loads_it(
    hass: HomeAssistant, account: Harness
) -> None:
    assert await hass.config_entries.async_unload(account.entry.entry_id)
    step = await account.entry.start_reconfigure_flow(hass)
    shown = await submit(hass, step, {CONF_PASSWORD: DEMO_PASSWORD})
    done = await answer(hass, shown, account.portal)
    assert done["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert account.entry.state is ConfigEntryState.LOADED


async def test_signing_in_again_at_an_address_that_cannot_be_the_portal(
    hass: HomeAssistant, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("USMS_BASE_URL", "http://portal.example/SmartMeter/")
    step = await entry.start_reauth_flow(hass)
    assert (step["step_id"], step["errors"]) == ("reauth_confirm", {"base": "wrong_request"})
    gc.collect()  # an HTTP session that is left open is an error now, not at some time later


async def test_the_session_is_kept_in_private_storage(
    hass: HomeAssistant, portal: SimulatedPortal
) -> None:
    step = await submit(hass, await begin(hass), CREDENTIALS)
    await answer(hass, step, portal)
    await hass.async_block_till_done()
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    stored, _life = await SessionStore(hass, entry.entry_id).async_load()
    assert stored["cookies"]
    assert not any(cookie["value"] in str(entry.data) for cookie in stored["cookies"])


async def test_the_options_change_the_poll_interval(hass: HomeAssistant, account: Harness) -> None:
    entry: MockConfigEntry = account.entry
    step = await hass.config_entries.options.async_init(entry.entry_id)
    assert step["menu_options"] == ["meters", "polling", "rest"]
    step = await hass.config_entries.options.async_configure(
        step["flow_id"], {"next_step_id": "polling"}
    )
    done = await hass.config_entries.options.async_configure(
        step["flow_id"], {CONF_POLL_INTERVAL: 30, CONF_SHORTEST_POLL_INTERVAL: 3}
    )
    assert done["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    interval = entry.runtime_data.coordinator.update_interval
    assert 27 * 60 <= interval.total_seconds() <= 30 * 60


async def test_the_shortest_interval_is_not_above_the_usual_one(
    hass: HomeAssistant, account: Harness
) -> None:
    flows = hass.config_entries.options
    step = await flows.async_init(account.entry.entry_id)
    step = await flows.async_configure(step["flow_id"], {"next_step_id": "polling"})
    step = await flows.async_configure(
        step["flow_id"], {CONF_POLL_INTERVAL: 3, CONF_SHORTEST_POLL_INTERVAL: 30}
    )
    assert step["errors"] == {CONF_SHORTEST_POLL_INTERVAL: "shortest_above_usual"}


def test_a_picture_is_put_on_white_and_enlarged() -> None:
    served = io.BytesIO()
    drawn = Image.new("RGBA", (10, 5), (0, 0, 0, 0))
    drawn.putpixel((5, 2), (0, 0, 0, 255))
    drawn.save(served, "PNG")
    shown = Image.open(io.BytesIO(captcha_picture(served.getvalue())))
    assert shown.size == (20, 10)
    assert shown.getpixel((0, 0)) == 255
    assert shown.getpixel((11, 5)) < 80
