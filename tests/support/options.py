"""The way through the options' flow."""

from typing import Any

import voluptuous as vol
from homeassistant.data_entry_flow import FlowResultType

from tests.support.harness import Harness

type Answer = str | dict[str, object]
"""What is chosen of a menu, or put into a form."""


async def go(account: Harness, *answers: Answer) -> Any:
    """Go through the options' flow to where answers lead."""
    flows = account.hass.config_entries.options
    result = await flows.async_init(account.entry.entry_id)
    for answer in answers:
        menu = isinstance(answer, str)
        assert result["type"] is (FlowResultType.MENU if menu else FlowResultType.FORM), result
        assert not result.get("errors"), result
        chosen = {"next_step_id": answer} if menu else answer
        result = await flows.async_configure(result["flow_id"], chosen)
    return result


async def choose(account: Harness, *answers: Answer) -> None:
    """Choose options."""
    result = await go(account, *answers)
    assert result["type"] is FlowResultType.CREATE_ENTRY, result
    await account.hass.async_block_till_done()


async def set_low_credit(account: Harness, number: str, by: str, threshold: float) -> None:
    """Choose when the credit of a meter counts as low."""
    await choose(
        account, "meters", {"meter": number}, "low_credit", {"by": by, "threshold": threshold}
    )


def suggested(result: Any) -> dict[str, Any]:
    """Return what a form shows before anything is put into it."""
    shown = {}
    for key in result["data_schema"].schema:
        value = (key.description or {}).get("suggested_value")
        if value is None and not isinstance(key.default, vol.Undefined):
            value = key.default()
        shown[str(key)] = value
    return shown


def tariffs_of(number: str) -> tuple[Answer, ...]:
    """Return what leads to a meter's tariffs."""
    return "meters", {"meter": number}, "tariffs"
