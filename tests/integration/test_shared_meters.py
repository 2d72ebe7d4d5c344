"""A meter in two accounts, and one that was exchanged for another."""

import logging
from datetime import timedelta

import pytest
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.usms.claims import async_claim_meters
from custom_components.usms.client import Account, Meter
from custom_components.usms.client.models import Utility
from custom_components.usms.client.store.models import StoredMeter
from custom_components.usms.const import DOMAIN
from custom_components.usms.history.exchange import exchanged
from tests.support.harness import Harness

pytestmark = pytest.mark.history(days=5)


def account_of(*numbers: str) -> Account:
    return Account(tuple(Meter(n, Utility.ELECTRICITY) for n in numbers), dt_util.utcnow())


def entries(hass: HomeAssistant) -> tuple[MockConfigEntry, MockConfigEntry]:
    """Return two accounts, the first of which was set up first."""
    made = []
    for n, name in enumerate(("first", "second")):
        entry = MockConfigEntry(
            domain=DOMAIN, title=name, entry_id=name, data={CONF_USERNAME: name, CONF_PASSWORD: "x"}
        )
        entry.add_to_hass(hass)
        object.__setattr__(entry, "created_at", dt_util.utcnow() + timedelta(minutes=n))
        made.append(entry)
    return made[0], made[1]


def kinds(hass: HomeAssistant) -> list[str]:
    return [
        str(i.translation_key) for (d, _), i in ir.async_get(hass).issues.items() if d == DOMAIN
    ]


@pytest.mark.parametrize("first_polls_first", [True, False])
async def test_the_account_that_was_set_up_first_has_the_meter(
    hass: HomeAssistant, first_polls_first: bool
) -> None:
    first, second = entries(hass)
    dropped: list[str] = []
    order = [(first, ("1", "2")), (second, ("2", "3"))]
    if not first_polls_first:
        order.reverse()
    own = {
        entry.title: [
            m.number for m in async_claim_meters(hass, entry, account_of(*n), dropped.append).meters
        ]
        for entry, n in order
    }
    assert own["first"] == ["1", "2"]
    if first_polls_first:
        assert (own["second"], dropped) == (["3"], [])
    else:  # and gives it up once the first has polled
        assert (own["second"], dropped) == (["2", "3"], ["2"])
    assert kinds(hass) == ["meter_shared"]
    # Removed, the first leaves it to the second, which takes it at its next poll.
    await hass.config_entries.async_remove(first.entry_id)
    again = async_claim_meters(hass, second, account_of("2", "3"), dropped.append)
    assert [meter.number for meter in again.meters] == ["2", "3"]
    assert kinds(hass) == []


async def test_an_exchanged_meter_keeps_its_history(
    hass: HomeAssistant, account: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    account.portal.set_profile(session_minutes=None)
    await account.start_history()
    old = account.meter()
    before = await account.statistics(old, "consumption")
    account.portal.set_profile(hidden_meters=[old.number], more_meters=1)
    for _ in range(3):
        await account.forward(timedelta(minutes=12))
    assert kinds(hass) == ["meter_exchanged"]
    assert await account.statistics(old, "consumption") == before
    new = next(m for m in account.meters if m.utility == "electricity" and m.number != old.number)
    assert await account.statistics(new, "consumption")
    # Once, and not at each start.
    await account.reload()
    await account.start_history()
    assert [r for r in caplog.records if r.levelno >= logging.ERROR and "usms" in r.name] == []


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ([("1", True), ("2", True)], []),
        ([("1", False), ("2", True), ("3", True)], [("1", "3")]),
        ([("1", False), ("2", True)], []),
        ([("1", False), ("2", True), ("3", True), ("4", True)], []),
        ([("1", True), ("2", True), ("3", True)], []),
        ([("1", False), ("2", False), ("3", True)], []),
    ],
)
def test_exchanged(after: list[tuple[str, bool]], expected: list[tuple[str, str]]) -> None:
    def meters(of: list[tuple[str, bool]]) -> list[StoredMeter]:
        return [StoredMeter(n, Utility.ELECTRICITY, present=present) for n, present in of]

    before = meters([("1", True), ("2", True)])
    assert list(exchanged(before, meters(after))) == expected
