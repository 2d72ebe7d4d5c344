"""Why the portal can't be read: a sentence for people, a word in diagnostics, a line in the log."""

import logging
from datetime import timedelta

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.translation import async_get_translations
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.usms.client import Cause
from custom_components.usms.connection.errors import CAUSE_KEYS
from custom_components.usms.const import DOMAIN
from tests.portal import DEMO_PASSWORD, DEMO_USERNAME, Fault, SimulatedPortal
from tests.support.certificates import certificate
from tests.support.harness import Harness
from tests.support.hostile import hostile_proxy

pytestmark = pytest.mark.history(days=4)

OURS = "custom_components.usms.connection.trouble"
FAULTS = {
    Cause.FIREWALL: Fault(path="home", kind="firewall"),
    Cause.FORBIDDEN: Fault(path="home", kind="status", status=403),
    Cause.TOO_MANY_REQUESTS: Fault(path="home", kind="status", status=429),
    Cause.MAINTENANCE: Fault(path="home", kind="maintenance"),
    Cause.EMPTY: Fault(path="home", kind="empty"),
    Cause.ELSEWHERE: Fault(path="home", kind="redirect_host"),
}


@pytest.mark.parametrize(
    ("cause", "expires"), [*((cause, False) for cause in FAULTS), (Cause.FIREWALL, True)]
)
async def test_a_poll_that_fails(
    account: Harness,
    hass_client: ClientSessionGenerator,
    caplog: pytest.LogCaptureFixture,
    cause: Cause,
    expires: bool,
) -> None:
    caplog.set_level(logging.WARNING)
    account.portal.set_profile(session_minutes=None)
    account.portal.faults = [FAULTS[cause]]
    for _ in range(3):
        await account.forward(timedelta(minutes=10))
    diagnostics = await get_diagnostics_for_config_entry(account.hass, hass_client, account.entry)
    assert diagnostics["trouble"] == cause
    coordinator = account.entry.runtime_data.coordinator
    assert coordinator.last_exception.translation_key == CAUSE_KEYS[cause]
    (line,) = [r for r in caplog.records if r.name == OURS]
    assert line.levelno == logging.WARNING
    assert cause in line.getMessage()
    account.portal.faults = []
    if expires:
        account.portal.expire()
    await account.forward(timedelta(minutes=10))
    assert account.connection.trouble.cause is None
    assert account.state("sign_in_needed") == ("on" if expires else "off")


async def test_retry_after_is_honoured(account: Harness) -> None:
    fault = Fault(path="home", kind="status", status=429, retry_after="1500", times=1)
    account.portal.faults = [fault]
    await account.forward(timedelta(minutes=10))
    account.portal.clear_requests()
    await account.forward(timedelta(minutes=10))
    assert account.portal.requests == []
    account.entry.runtime_data.coordinator.sign_in_needed = True
    with pytest.raises(HomeAssistantError) as error:  # a sign-in waits as well
        await account.call_sign_in()
    assert error.value.translation_key == "too_many_requests"
    assert account.portal.requests == []


@pytest.mark.parametrize("language", ["en", "ms"])
async def test_each_cause_has_its_own_sentence(hass: HomeAssistant, language: str) -> None:
    for category, ending in (("exceptions", ".message"), ("config", "")):
        texts = await async_get_translations(hass, language, category, [DOMAIN])
        place = f"component.{DOMAIN}.{category}." + ("" if ending else "error.")
        sentences = [texts[f"{place}{key}{ending}"] for key in CAUSE_KEYS.values()]
        assert len(set(sentences)) == len(CAUSE_KEYS) == len(Cause) - 2


async def test_a_certificate_in_the_flow(
    hass: HomeAssistant,
    portal: SimulatedPortal,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    context = certificate("a portal").server(tmp_path_factory.mktemp("tls"))
    async with hostile_proxy(portal.origin, context) as proxy:
        monkeypatch.setenv("USMS_BASE_URL", proxy.base_url)
        step = await hass.config_entries.flow.async_init(DOMAIN, context={"source": "user"})
        credentials = {"username": DEMO_USERNAME, "password": DEMO_PASSWORD}
        step = await hass.config_entries.flow.async_configure(step["flow_id"], credentials)
    assert step["errors"] == {"base": "certificate_self_signed"}
    assert proxy.asked == []
    (line,) = [r.getMessage() for r in caplog.records if r.name == OURS]
    assert "certificate_self_signed" in line
    assert DEMO_USERNAME not in line
    hass.config_entries.flow.async_abort(step["flow_id"])
    await hass.async_block_till_done()
