"""A week with portals that keep sessions for different times: how often a person is asked."""

from datetime import datetime, timedelta

import pytest

from custom_components.usms.const import CONF_POLL_INTERVAL
from tests.portal import BRUNEI
from tests.support.harness import Harness, sign_in_outside

pytestmark = [pytest.mark.history(days=4), pytest.mark.long, pytest.mark.timeout(1800)]

DAYS = 7
EVENING = 20


@pytest.mark.parametrize(
    ("lives", "polls", "evenings", "least"),
    [
        pytest.param(5, 10, False, 1, id="idle for 5 minutes"),
        pytest.param(20, 10, False, 0, id="idle for 20 minutes"),
        pytest.param(20, 30, False, 1, id="idle for 20 minutes, polled every 30"),
        pytest.param(60, 10, False, 0, id="idle for 60 minutes"),
        pytest.param(None, 10, True, DAYS, id="another sign-in every evening"),
    ],
)
async def test_a_person_is_asked_as_rarely_as_the_portal_allows(
    harness: Harness,
    request: pytest.FixtureRequest,
    lives: int | None,
    polls: int,
    evenings: bool,
    least: int,
) -> None:
    account = harness
    account.hass.config_entries.async_update_entry(
        account.entry, options={CONF_POLL_INTERVAL: polls}
    )
    account.portal.set_profile(session_minutes=lives)
    await account.set_up()
    await account.start_history()
    coordinator = account.entry.runtime_data.coordinator
    asked: list[datetime] = []
    endings: list[str | None] = []
    requests, end = 0, account.now + timedelta(days=DAYS)
    evening = account.now.replace(hour=EVENING, minute=0)
    account.portal.clear_requests()
    while account.now < end:
        if evenings and account.now >= evening:
            await sign_in_outside(account.portal)
            evening += timedelta(days=1)
        if account.state("sign_in_needed") == "on":
            asked.append(account.now)
            endings.append(account.connection.life.ended_by)
            await account.forward(timedelta(minutes=7))
            assert (await account.sign_in())["signed_in"]
        assert coordinator.update_interval is not None
        await account.forward(coordinator.update_interval + timedelta(seconds=1))
    requests = len(account.portal.requests)
    print(
        f"\n{request.node.callspec.id}: asked {len(asked)} times in {DAYS} days, "
        f"{least} is the least; ended by {set(endings) or '-'}; polls at most every "
        f"{coordinator.poll_interval.total_seconds() / 60:.1f} minutes; "
        f"{requests / DAYS:.0f} requests a day"
    )
    assert len(asked) == least
    assert set(endings) <= ({"another_sign_in"} if evenings else {"idle"})
    first_day = datetime.combine(end.date() - timedelta(days=DAYS), end.timetz(), BRUNEI)
    assert all(evenings or moment < first_day + timedelta(days=1) for moment in asked)
