"""Answers that hold until something changes."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from custom_components.usms.client import Reading
from tests.integration.rest.api import Api
from tests.support.harness import Harness


async def test_an_answer_holds_until_it_changes(read: Harness, api: Api) -> None:
    number = read.meter().number
    asked: dict[str, tuple[str, Any]] = {}

    async def ask(path: str, **query: str) -> None:
        response, content = await api.ask(path, **query)
        assert response.headers["Cache-Control"] == "private, no-cache"
        asked[path] = response.headers["ETag"], content
        for _ in range(2):
            response, nothing = await api.ask(path, headers={"If-None-Match": tag(path)}, **query)
            assert (response.status, nothing) == (304, None)
            assert response.headers["ETag"] == tag(path)
        assert (await api.get(path, **query)) == content

    def tag(path: str) -> str:
        return asked[path][0]

    async def assert_changed(path: str, **query: str) -> None:
        response, content = await api.ask(path, headers={"If-None-Match": tag(path)}, **query)
        assert response.status == 200, path
        assert response.headers["ETag"] != tag(path)
        assert content != asked[path][1]

    card = ("/accounts", "/meters", f"/meters/{number}/unit", f"/meters/{number}/credit")
    counted = (f"/meters/{number}", f"/meters/{number}/forecast")
    consumption = f"/meters/{number}/consumption"
    for path in (*card, *counted, consumption, "/tariffs"):
        await ask(path)

    # Another question is not answered by the tag of this one.
    response, _ = await api.ask(consumption, headers={"If-None-Match": tag(consumption)}, limit="2")
    assert response.status == 200

    read.portal.set_profile(session_minutes=None)
    read.tick(timedelta(hours=3))
    await api.ask(f"/accounts/{read.entry.entry_id}/refresh", "POST")
    for path in card:
        await assert_changed(path)

    day = (read.now - timedelta(days=3)).replace(hour=0, minute=0)
    await read.hass.async_add_executor_job(
        lambda: read.store.save_days(
            number, day.date(), day.date(), [Reading(day, Decimal("1.5"))], read.now
        )
    )
    await assert_changed(consumption)
    await ask(consumption)
    await read.reload()
    for path in counted:
        await assert_changed(path)
    response, _ = await api.ask("/tariffs", headers={"If-None-Match": tag("/tariffs")})
    assert response.status == 304
    # A store that is opened anew, or is another, begins to count anew.
    response, _ = await api.ask(consumption, headers={"If-None-Match": tag(consumption)})
    assert response.status == 200
    read.store.close()
    assert await api.refused(consumption) == (503, "NOT_READY")
