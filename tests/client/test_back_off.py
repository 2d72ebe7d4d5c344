"""Retry delays."""

from datetime import timedelta

from custom_components.usms.client.back_off import BackOff


def test_delays_double_up_to_the_limit_and_begin_again() -> None:
    back_off = BackOff(timedelta(minutes=5), timedelta(minutes=30))
    assert [back_off.next() // timedelta(minutes=1) for _ in range(5)] == [5, 10, 20, 30, 30]
    back_off.reset()
    assert back_off.next() == timedelta(minutes=5)
