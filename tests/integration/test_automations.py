"""Triggers and the condition in automations: fired once, also over a restart."""

import json
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import pytest
from homeassistant.const import EVENT_HOMEASSISTANT_STARTED
from homeassistant.core import CoreState, ServiceCall
from homeassistant.helpers import condition, trigger
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.translation import async_get_translations
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import load_yaml_dict
from pytest_homeassistant_custom_component.common import async_mock_service

from custom_components.usms.const import DOMAIN
from custom_components.usms.history.loop import START_DELAY
from custom_components.usms.trigger import async_get_triggers
from tests.support import ROOT
from tests.support.harness import Harness

from .test_money import live_until_top_up

pytestmark = pytest.mark.knows_portal


class Automation:
    """An automation, and what its triggers told it."""

    def __init__(self, account: Harness) -> None:
        """Belong to an account."""
        self._account = account
        self._heard: list[ServiceCall] = async_mock_service(account.hass, "test", "heard")

    async def set_up(self, *triggers: dict[str, Any], **more: Any) -> None:
        """Have it react to triggers."""
        told = "{{ '{}' if trigger.event is defined else trigger | to_json }}"
        action = {"action": "test.heard", "data": {"trigger": told}}
        config = {"id": "one", "alias": "One", "triggers": list(triggers), "actions": [action]}
        assert await async_setup_component(
            self._account.hass, "automation", {"automation": config | more}
        )
        await self._account.hass.async_block_till_done()
        state = self._account.hass.states.get("automation.one")
        self.works = state is not None and state.state == "on"

    async def heard(self) -> list[dict[str, Any]]:
        """Return what the triggers told since the last time."""
        await self._account.hass.async_block_till_done()
        heard = [call.data["trigger"] for call in self._heard]
        heard = [json.loads(known) if isinstance(known, str) else known for known in heard]
        self._heard.clear()
        return heard


@pytest.fixture
async def automation(account: Harness) -> AsyncIterator[Automation]:
    yield Automation(account)
    hass = account.hass
    if hass.services.has_service("automation", "turn_off"):
        await hass.services.async_call(
            "automation", "turn_off", {"entity_id": "all"}, blocking=True
        )


def about(account: Harness, meter: str, **options: Any) -> dict[str, Any]:
    """Return the target and the options of a trigger about a meter."""
    device = account.device(account.meter(meter).number).id
    return {"target": {"device_id": device}, "options": options}


def set_low_credit(account: Harness, meter: str, by: str, threshold: float) -> None:
    """Have credit count as low below that, from the next count on."""
    number = account.meter(meter).number
    options = {"meters": {number: {"low_credit": {"by": by, "threshold": threshold}}}}
    account.hass.config_entries.async_update_entry(account.entry, options=options)


async def test_the_editor_knows_all_of_them(account: Harness) -> None:
    hass = account.hass
    assert await async_setup_component(hass, "automation", {})
    await hass.async_block_till_done()
    described = await trigger.async_get_all_descriptions(hass)
    ours = {key.removeprefix("usms."): told for key, told in described.items() if "usms." in key}
    assert ours.keys() == (await async_get_triggers(hass)).keys()
    assert all(told and told["target"] for told in ours.values())
    fields = {key: set(told.get("fields", {})) for key, told in ours.items()}
    triggers = await async_get_triggers(hass)
    assert fields == {key: set(map(str, found.fields)) for key, found in triggers.items()}
    conditions = await condition.async_get_all_descriptions(hass)
    assert conditions["usms.credit_is_low"]["target"]
    for language in ("en", "ms"):
        for kind, known in (("triggers", ours), ("conditions", {"credit_is_low": None})):
            texts = await async_get_translations(hass, language, kind, {DOMAIN})
            assert all(texts[f"component.usms.{kind}.{key}.name"] for key in known)


# --- credit ---


@pytest.mark.parametrize("by_entity", [False, True])
async def test_credit_became_low(
    account: Harness, automation: Automation, *, by_entity: bool
) -> None:
    account.portal.set_profile(session_minutes=None)
    await account.start_history()
    target = about(account, "water")
    if by_entity:
        number = account.meter("water").number
        entity = er.async_get(account.hass).async_get_entity_id(
            "sensor", DOMAIN, f"{number}_balance"
        )
        target = {"target": {"entity_id": entity}}
    await automation.set_up({"trigger": "usms.credit_became_low", **target})
    await account.forward(timedelta(minutes=10))
    assert await automation.heard() == []
    account.portal.set_profile(overdrawn=True)
    await account.forward(timedelta(minutes=10))
    (heard,) = await automation.heard()
    assert heard["meter"] == "Water 0001"
    assert heard["balance"] < 0
    assert heard["unit"] == "m³"
    assert heard["top_up_url"].startswith("http")
    await account.forward(timedelta(hours=2))
    await account.reload()
    await account.forward(timedelta(hours=2))
    assert await automation.heard() == []


async def test_another_meters_credit_is_another_matter(
    account: Harness, automation: Automation
) -> None:
    account.portal.set_profile(session_minutes=None)
    await account.start_history()
    await automation.set_up({"trigger": "usms.credit_became_low", **about(account, "electricity")})
    number = account.meter("water").number
    set_low_credit(account, "water", "balance", float(account.state("balance", number)) + 1)
    await account.reload()
    await account.forward(timedelta(minutes=10))
    assert account.state("low_credit", "water") == "on"
    assert await automation.heard() == []


async def test_credit_became_low_while_home_assistant_was_off(
    account: Harness, automation: Automation
) -> None:
    hass = account.hass
    account.portal.set_profile(session_minutes=None)
    await account.start_history()
    became_low = {"trigger": "usms.credit_became_low", **about(account, "water")}
    assert await hass.config_entries.async_unload(account.entry.entry_id)
    hass.set_state(CoreState.starting)
    account.portal.set_profile(overdrawn=True)
    await automation.set_up(became_low)
    await account.set_up()
    await account.forward(timedelta(minutes=10))
    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await hass.async_block_till_done()
    await account.forward(START_DELAY + timedelta(seconds=1))
    await account.forward(timedelta(seconds=6))
    assert [heard["meter"] for heard in await automation.heard()] == ["Water 0001"]


async def test_the_condition(account: Harness, automation: Automation) -> None:
    account.portal.set_profile(session_minutes=None)
    await account.start_history()
    await automation.set_up(
        {"trigger": "event", "event_type": "now"},
        conditions=[
            {"condition": "usms.credit_is_low", "target": about(account, "water")["target"]}
        ],
    )
    assert automation.works
    for low in (False, True):
        account.portal.set_profile(overdrawn=low)
        await account.forward(timedelta(minutes=10))
        account.hass.bus.async_fire("now")
        assert len(await automation.heard()) == low
    assert await account.hass.config_entries.async_unload(account.entry.entry_id)
    account.hass.bus.async_fire("now")
    assert await automation.heard() == []


# --- others ---


@pytest.mark.portal(opening_credit=2.75)
async def test_topped_up(account: Harness, automation: Automation) -> None:
    await account.start_history()
    await automation.set_up({"trigger": "usms.topped_up", **about(account, "electricity")})
    next_one = await live_until_top_up(account, "electricity")
    for _ in range(4):
        await account.forward(timedelta(hours=2))
    (heard,) = await automation.heard()
    assert heard["amount"] == float(next_one.amount)
    assert heard["balance"] is not None


async def test_sign_in_needed(account: Harness, automation: Automation) -> None:
    await account.start_history()
    await automation.set_up({"trigger": "usms.sign_in_needed", **about(account, "electricity")})
    account.portal.expire()
    await account.forward(timedelta(minutes=11))
    (heard,) = await automation.heard()
    assert (heard["account"], heard["name"]) == (account.entry.entry_id, "USMS account 1234")
    await account.forward(timedelta(hours=1))
    assert await automation.heard() == []


@pytest.mark.history(days=22)
async def test_days_tiers_and_a_forecast(account: Harness, automation: Automation) -> None:
    account.portal.set_profile(session_minutes=None)
    await account.start_history()
    await automation.set_up(
        {"trigger": "usms.unusual_consumption", **about(account, "electricity", times=1)},
        {"trigger": "usms.unusual_consumption", **about(account, "electricity", times=50)},
        {"trigger": "usms.forecast_above", **about(account, "electricity", amount=0.5)},
        {"trigger": "usms.forecast_above", **about(account, "electricity", amount=5000)},
        {"trigger": "usms.tier_near", **about(account, "electricity")},
        {"trigger": "usms.tier_reached", **about(account, "electricity")},
        {"trigger": "usms.tier_reached", **about(account, "electricity", tier=3)},
    )
    known = []
    for days in (3, *[1] * 9):  # past the end of the month
        await account.forward(timedelta(days=days))
        known += await automation.heard()
    unusual = [heard["day"] for heard in known if "day" in heard]
    assert unusual == sorted(set(unusual))
    assert unusual
    assert all(heard["consumption"] > heard["usual"] for heard in known if "day" in heard)
    (risen,) = [heard for heard in known if "forecast" in heard]
    assert (risen["before"], risen["idx"]) == (None, "2")
    assert risen["forecast"] > 0.5
    near, reached = [heard for heard in known if "tier" in heard]
    assert (near["idx"], near["tier"], near["rate"]) == ("4", 1, 0.01)
    assert 0 < near["days_left_in_tier"] <= 3  # rounded
    assert (reached["idx"], reached["tier"], reached["rate"]) == ("5", 2, 0.08)


@pytest.mark.parametrize(
    "wrong",
    [
        {"trigger": "usms.credit_became_low"},
        {"trigger": "usms.forecast_above", "target": {"device_id": "x"}},
        {"trigger": "usms.forecast_above", "target": {"device_id": "x"}, "options": {"amount": -1}},
        {"trigger": "usms.topped_up", "target": {"device_id": "x"}, "options": {"amount": 5}},
        {"trigger": "usms.topped_down", "target": {"device_id": "x"}},
    ],
)
async def test_what_cannot_be(
    account: Harness, automation: Automation, wrong: dict[str, Any]
) -> None:
    await automation.set_up(wrong)
    assert not automation.works


def _choices() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield what a person chooses a meter or an account in, and the entities that it goes by."""
    for file in ("triggers.yaml", "conditions.yaml"):
        described = load_yaml_dict(str(ROOT / "custom_components/usms" / file))
        yield from ((name, what["target"]["entity"]) for name, what in described.items())
    for blueprint in (ROOT / "blueprints/automation/usms").glob("*.yaml"):
        inputs = load_yaml_dict(str(blueprint))["blueprint"]["input"]
        if "meter" in inputs:
            yield blueprint.stem, inputs["meter"]["selector"]["device"]["entity"]


CHOICES = dict(_choices())


@pytest.mark.defaults
@pytest.mark.parametrize("choice", CHOICES)
async def test_any_entity_may_be_disabled_and_the_device_still_be_chosen(
    account: Harness, choice: str
) -> None:
    registry, entry_id = er.async_get(account.hass), account.entry.entry_id
    enabled = [
        entity
        for entity in er.async_entries_for_config_entry(registry, entry_id)
        if not entity.disabled
    ]
    expected = {account.device("electricity").id, account.device("water").id}
    if choice == "sign_in_needed":
        expected.add(account.device().id)
    for disabled in enabled:
        chosen = {
            entity.device_id
            for entity in enabled
            for wanted in CHOICES[choice]
            if entity is not disabled
            and entity.domain == wanted["domain"]
            and entity.original_device_class in wanted.get("device_class", [None])
        }
        assert chosen == expected, disabled.entity_id
