"""How often a user may ask over REST."""

from hypothesis import given
from hypothesis import strategies as st

from custom_components.usms.rest.rate_limit import WINDOW, RateLimit

# Whole seconds are exact as floats, so an hour is an hour.
pauses = st.lists(st.integers(0, 2000), max_size=60)


@given(limit=st.integers(1, 8), pauses=pauses)
def test_no_hour_has_more_than_the_limit_and_none_is_refused_without_need(
    limit: int, pauses: list[int]
) -> None:
    rate, now = RateLimit(), 1_700_000_000.0
    granted: list[float] = []
    for pause in pauses:
        now += pause
        within = sum(now - at < WINDOW for at in granted)
        allowance = rate.ask("user", limit, now)
        assert allowance.granted == (within < limit)
        granted += [now] if allowance.granted else []
        assert allowance.remaining == limit - min(within + allowance.granted, limit)
        assert now < allowance.reset <= now + WINDOW
        assert ("Retry-After" in allowance.headers) != allowance.granted


@given(limit=st.integers(1, 8), lower=st.integers(1, 8), pauses=pauses)
def test_who_waits_as_told_is_granted_and_not_a_second_sooner(
    limit: int, lower: int, pauses: list[int]
) -> None:
    """Even where the limit was lowered meanwhile."""
    rate, now = RateLimit(), 1_700_000_000.0
    for pause in pauses:
        now += pause
        rate.ask("user", limit, now)
    refused = rate.ask("user", min(lower, limit), now)
    if not refused.granted:
        assert not rate.ask("user", min(lower, limit), now + refused.wait - 1).granted
        assert rate.ask("user", min(lower, limit), now + refused.wait).granted


def test_users_do_not_share_and_a_clock_set_back_locks_nobody_out() -> None:
    rate = RateLimit()
    assert rate.ask("one", 1, 10_000.0).granted
    assert not rate.ask("one", 1, 10_001.0).granted
    assert rate.ask("other", 1, 10_001.0).granted
    assert rate.ask("one", 1, 5_000.0).granted
