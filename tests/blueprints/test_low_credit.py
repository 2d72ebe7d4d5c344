"""Credit that runs low is told once, with the way to top it up."""

from datetime import timedelta

from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import (
    async_mock_service,
)

from tests.blueprints.conftest import PORTAL, Credit, Home


async def test_low_credit_is_told_once_with_the_link(home: Home) -> None:
    credit = Credit(home)
    await home.use("low_credit", **credit.inputs)
    credit.low("on")
    told = [("Credit runs low", f"House: B$4.20 left. Top up: {PORTAL}")]
    assert await home.messages() == told
    credit.low("on")
    assert await home.messages() == []
    credit.low("off")
    assert await home.messages() == []
    credit.low("on")
    assert await home.messages() == told


async def test_low_credit_tells_when_it_runs_out(home: Home) -> None:
    credit = Credit(home)
    runs_out = home.sensor("runs_out", "2026-11-22T06:15:00+00:00", device_class="timestamp")
    await home.use("low_credit", **credit.inputs, runs_out=runs_out)
    credit.low("on")
    ((_, message),) = await home.messages()
    assert message == f"House: B$4.20 left. Runs out about 22/11/2026 14:15. Top up: {PORTAL}"
    home.sensor("runs_out", "unknown")
    credit.low("off")
    credit.low("on")
    ((_, message),) = await home.messages()
    assert message == f"House: B$4.20 left. Top up: {PORTAL}"


async def test_low_credit_is_not_told_again_after_an_outage(home: Home) -> None:
    credit = Credit(home)
    await home.use("low_credit", **credit.inputs)
    credit.low("on")
    assert len(await home.messages()) == 1
    for state in ("unavailable", "on"):
        credit.low(state)
    assert await home.messages() == []
    await home.forward(timedelta(hours=25))
    for state in ("unavailable", "on"):
        credit.low(state)
    assert len(await home.messages()) == 1


async def test_low_credit_that_came_during_an_outage_is_told(home: Home) -> None:
    credit = Credit(home)
    await home.use("low_credit", **credit.inputs)
    for state in ("unavailable", "on"):
        credit.low(state)
    assert len(await home.messages()) == 1


async def test_texts_in_malay(home: Home) -> None:
    credit = Credit(home)
    await home.use(
        "low_credit",
        **credit.inputs,
        title="Kredit hampir habis",
        message="{{ meter }}: baki {{ balance }}. Tambah nilai: {{ url }}",
    )
    credit.low("on")
    assert await home.messages() == [
        ("Kredit hampir habis", f"House: baki B$4.20. Tambah nilai: {PORTAL}")
    ]


async def test_the_default_is_a_notification_in_home_assistant(home: Home) -> None:
    credit = Credit(home)
    shown = async_mock_service(home.hass, "persistent_notification", "create")
    use = {"path": "usms/low_credit.yaml", "input": credit.inputs}
    config = {"automation": {"alias": "One", "use_blueprint": use}}
    assert await async_setup_component(home.hass, "automation", config)
    credit.low("on")
    await home.hass.async_block_till_done()
    (call,) = shown
    assert call.data["title"] == "Credit runs low"
    assert PORTAL in call.data["message"]


async def test_low_credit_without_a_balance_says_so_in_words(home: Home) -> None:
    credit = Credit(home)
    await home.use("low_credit", **credit.inputs)
    home.hass.states.async_set(credit.inputs["balance"], "unavailable")
    credit.low("on")
    ((_, message),) = await home.messages()
    assert message.startswith("House: credit is low. Top up: ")
    assert "?" not in message.partition(" Top up")[0]
