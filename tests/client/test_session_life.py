"""What is learned of how long sessions live."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.usms.client import BRUNEI, Ending, SessionLife

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=BRUNEI)
TEN, TWO = timedelta(minutes=10), timedelta(minutes=2)
PAUSES = st.lists(st.floats(0.1, 3000), max_size=30)


def lived(*pauses: float, life: SessionLife | None = None) -> tuple[SessionLife, datetime]:
    """Return a life whose session was answered after each of these pauses, in minutes."""
    life, now = life or SessionLife(), NOW
    life.sign_in(now, captcha_asked=True)
    for pause in pauses:
        now += timedelta(minutes=pause)
        life.record_answer(now)
    return life, now


@pytest.mark.parametrize(
    ("survived", "deadly", "ending"),
    [
        ((3, 10), 10.5, Ending.IDLE),
        ((3, 10), 10, Ending.ANOTHER_SIGN_IN),
        ((3, 10), 0.1, Ending.ANOTHER_SIGN_IN),
        ((), 1, Ending.IDLE),
    ],
)
def test_why_a_session_ended(survived: tuple[float, ...], deadly: float, ending: Ending) -> None:
    life, now = lived(*survived)
    assert life.end(now + timedelta(minutes=deadly)) is ending
    assert (life.ended_by, life.lasted) == (ending, timedelta(minutes=sum(survived)))
    assert life.signed_in_at is None
    assert life.end(now + timedelta(minutes=deadly + 1)) is None  # it ends once


def test_trouble_of_the_portal_is_told_apart() -> None:
    life, now = lived(10)
    life.troubled = True
    assert life.end(now + timedelta(hours=2)) is Ending.PORTAL
    assert life.interval(TEN, TWO) == TEN  # nothing is learned from it


def test_after_a_crash_nothing_is_learned_from_a_pause_of_unknown_length() -> None:
    life, now = lived(10)
    life.seen_at = None
    assert life.end(now + timedelta(hours=9)) is Ending.IDLE
    assert life.fatal is None


@pytest.mark.parametrize(
    ("survived", "deadly", "interval"),
    [
        ((1,), 10, 2.5),  # a quarter of what was deadly
        ((8,), 10, 6.4),  # well below what was survived
        ((1,), 4, 2),  # the bound
        ((9,), 60, 10),  # no shorter than wanted
    ],
)
def test_the_interval_after_an_idle_end(
    survived: tuple[float, ...], deadly: float, interval: float
) -> None:
    life, now = lived(*survived)
    life.end(now + timedelta(minutes=deadly))
    assert life.interval(TEN, TWO) == timedelta(minutes=interval)


def test_what_was_survived_later_mends_what_was_learned_wrongly() -> None:
    life, now = lived(5)
    life.end(now + timedelta(minutes=6))
    life, _ = lived(7, life=life)
    assert life.interval(TEN, TWO) == TEN


def test_what_was_survived_wrongly_heals() -> None:
    """A page that was no sign of life made a pause look survived that kills every session."""
    life, _ = lived(720)
    ended = []
    for _ in range(3):
        life, now = lived(*[1] * 3, life=life)
        ended.append(life.end(now + timedelta(minutes=10)))
    assert ended == [Ending.ANOTHER_SIGN_IN, Ending.IDLE, Ending.IDLE]
    assert life.interval(TEN, TWO) < TEN


def test_another_sign_in_every_evening_teaches_nothing() -> None:
    life = SessionLife()
    for _ in range(9):
        life, now = lived(*[10] * 20, life=life)
        assert life.end(now + timedelta(minutes=9)) is Ending.ANOTHER_SIGN_IN
    assert life.interval(TEN, TWO) == TEN


def test_a_deadly_pause_is_believed_for_a_month() -> None:
    life, now = lived(1)
    life.end(now + timedelta(minutes=6))
    learned = life.interval(TEN, TWO)
    assert learned < TEN
    for days, interval in ((29, learned), (31, TEN)):
        later = NOW + timedelta(days=days)
        life.sign_in(later, captcha_asked=True)
        life.record_answer(later + timedelta(minutes=1))
        assert life.interval(TEN, TWO) == interval


@given(PAUSES, st.floats(0.1, 3000))
def test_the_interval_keeps_its_bounds_and_is_below_what_was_deadly(
    pauses: list[float], deadly: float
) -> None:
    life, now = lived(*pauses)
    ending = life.end(now + timedelta(minutes=deadly))
    interval = life.interval(TEN, TWO)
    assert TWO <= interval <= TEN
    if ending is Ending.IDLE and interval > TWO:
        assert interval < timedelta(minutes=deadly)


@given(PAUSES, st.booleans())
def test_it_survives_a_restart(pauses: list[float], ended: bool) -> None:
    life, now = lived(*pauses)
    if ended:
        life.end(now + timedelta(hours=1))
    assert SessionLife.restore(json.loads(json.dumps(life.export()))) == life


@pytest.mark.parametrize(
    "stored",
    [
        {},
        None,
        [],
        {"survived": "x"},
        {"survived": float("inf")},
        {"ended_by": "?"},
        {"seen_at": 3},
        {"seen_at": "2026-11-20T08:00:00"},
        {"doubts": []},
    ],
)
def test_what_is_damaged_is_forgotten(stored: Any) -> None:
    assert SessionLife.restore(stored) == SessionLife()
