"""The pace of requests: the portal's own answers set it."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.usms.client import (
    NO_PACING,
    Pacing,
    PortalUnavailable,
    SessionExpired,
    Turns,
    UsmsClient,
)
from custom_components.usms.client.portal.pace import Pace
from tests.portal import Fault, SimulatedPortal

from .conftest import PASSWORD, USERNAME

PLAIN = Pacing(jitter=0)


def waits(pacing: Pacing, *answers: tuple[float, bool]) -> list[float]:
    """Return the wait after each answer: how long it took in seconds, and whether it failed."""
    pace, clock, found = Pace(pacing), 100.0, []
    for took, failed in answers:
        pace.begin()
        pace.note(began=clock, ended=clock + took, failed=failed)
        clock += took
        found.append(pace.wait(clock))
        clock += found[-1]
    return found


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        pytest.param([(0.05, False)], [0.3], id="a fast portal is left alone for a moment"),
        pytest.param([(2, False), (0.5, False)], [2, 0.5], id="as long as the answer took"),
        pytest.param([(45, False)], [10], id="but not for ever"),
        pytest.param([(0.5, True)] * 6, [1, 2, 4, 8, 10, 10], id="errors double it"),
        pytest.param(
            [(0.5, True), (0.5, True), (0.5, False), (0.5, False)], [1, 2, 1, 0.5], id="and back"
        ),
    ],
)
def test_the_wait(answers: list[tuple[float, bool]], expected: list[float]) -> None:
    assert waits(PLAIN, *answers) == pytest.approx(expected)


def test_redirects_count_as_parts_of_a_request() -> None:
    pace = Pace(PLAIN)
    pace.begin()
    pace.note(began=0, ended=2, failed=False)
    pace.note(began=2, ended=5, failed=False)
    assert pace.wait(5) == pytest.approx(5)
    assert pace.wait(8) == pytest.approx(2)
    assert pace.wait(60) == 0


def test_the_first_request_and_none_at_all_wait_for_nothing() -> None:
    assert Pace(Pacing()).wait(0) == 0
    assert waits(NO_PACING, (3, True), (3, False)) == [0, 0]


@given(st.lists(st.tuples(st.floats(0, 10), st.booleans()), min_size=1, max_size=40))
def test_the_portal_is_busy_for_half_of_the_time_at_most(answers: list[tuple[float, bool]]) -> None:
    found = waits(Pacing(), *answers)
    busy = sum(took for took, _ in answers)
    assert sum(found) >= busy - 1e-6
    assert all(0.3 <= wait <= 10 for wait in found)


async def test_two_clients_of_an_account_keep_one_pace(portal: SimulatedPortal) -> None:
    portal.set_profile(latency=0.05)
    turns = Turns(Pacing(least=0, most=10, jitter=0))
    async with (
        UsmsClient(base_url=portal.base_url, turns=turns) as reads,
        UsmsClient(base_url=portal.base_url, turns=turns) as signs_in,
    ):
        for client in (reads, signs_in, reads):
            with pytest.raises(SessionExpired):
                await client.account()
    # A request and its redirect, and as long again.
    whole = [request.at for request in portal.requests if request.path.endswith("Home")]
    assert min(later - earlier for earlier, later in pairwise(whole)) >= 0.2


async def test_a_slow_portal_is_asked_slowly(portal: SimulatedPortal) -> None:
    async def answer(_image: bytes) -> str:
        return portal.captcha_answer

    portal.set_profile(latency=0.05)
    pacing = Pacing(least=0, most=10, jitter=0)
    async with UsmsClient(base_url=portal.base_url, pacing=pacing) as client:
        await client.sign_in(USERNAME, PASSWORD, answer_captcha=answer)
        portal.clear_requests()
        for _ in range(3):
            await client.account()
        portal.add_fault(Fault(path="home", kind="status", times=1))
        with pytest.raises(PortalUnavailable):
            await client.account()
        await client.account()
    asked = [later.at - earlier.at for earlier, later in pairwise(portal.requests)]
    # The answer, and as long again; twice as long after the error.
    assert all(gap >= wanted for gap, wanted in zip(asked, [0.1, 0.1, 0.1, 0.15], strict=True))
