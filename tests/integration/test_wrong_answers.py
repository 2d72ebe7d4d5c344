"""Five wrong answers in ten minutes, whichever way they come."""

from datetime import timedelta
from typing import Any

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError

from custom_components.usms.const import DOMAIN
from tests.portal import DEMO_PASSWORD, DEMO_USERNAME, SimulatedPortal
from tests.support.harness import Harness

pytestmark = pytest.mark.history(days=4)


def answers(portal: SimulatedPortal) -> int:
    """Return how many answers, right or wrong, the portal got since requests were forgotten.

    A sign-in posts once before.
    """
    posts = [r for r in portal.requests if r.method == "POST" and r.path.endswith("ResLogin")]
    return len(posts)


async def by_flow(hass: HomeAssistant, flow_id: str, answer: str) -> dict[str, Any]:
    return dict(await hass.config_entries.flow.async_configure(flow_id, {"captcha": answer}))


async def test_by_flow_and_action_together(hass: HomeAssistant, account: Harness) -> None:
    portal = account.portal
    portal.expire()
    await account.forward(timedelta(minutes=10))
    (flow,) = hass.config_entries.flow.async_progress()
    await hass.config_entries.flow.async_configure(flow["flow_id"], {})
    portal.clear_requests()
    for _ in range(3):
        step = await by_flow(hass, flow["flow_id"], "wrong")
        assert step["errors"] == {"base": "captcha_refused"}
    for _ in range(2):
        assert (await account.call_sign_in(captcha="wrong"))["reason"] == "captcha_refused"
    # The button draws another picture, and another picture is no other account.
    await hass.services.async_call(
        "button", "press", {"entity_id": account.entity_id("new_captcha")}, blocking=True
    )
    assert answers(portal) == 5
    right = portal.captcha_answer
    step = await by_flow(hass, flow["flow_id"], right)
    assert step["errors"] in ({"base": "captcha_expired"}, {"base": "too_many_answers"})
    step = await by_flow(hass, flow["flow_id"], right)
    assert step["errors"] == {"base": "too_many_answers"}
    assert step["description_placeholders"]["minutes"] == "10"
    with pytest.raises(HomeAssistantError) as error:
        await account.call_sign_in(captcha=right)
    assert error.value.translation_key == "too_many_answers"
    assert error.value.translation_placeholders == {"minutes": "10"}
    assert answers(portal) == 5

    account.tick(timedelta(minutes=10, seconds=1))
    assert (await account.call_sign_in(captcha=right))["signed_in"]
    await account.settle()


async def test_a_new_set_up_does_not_begin_anew(
    hass: HomeAssistant, portal: SimulatedPortal
) -> None:
    """A flow that is closed takes its connection with it, and not how often it was wrong."""
    credentials = {"username": DEMO_USERNAME, "password": DEMO_PASSWORD}
    refused = []
    for _ in range(3):
        step = await hass.config_entries.flow.async_init(DOMAIN, context={"source": "user"})
        step = await hass.config_entries.flow.async_configure(step["flow_id"], credentials)
        for _ in range(2):
            shown = await by_flow(hass, step["flow_id"], "wrong")
            refused.append(shown["errors"]["base"])
        hass.config_entries.flow.async_abort(step["flow_id"])
        await hass.async_block_till_done()
    assert refused == ["captcha_refused"] * 5 + ["too_many_answers"]
