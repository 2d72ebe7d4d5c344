# ruff: noqa: RUF001
"""The table of the benchmarks: goals that hold or not, ratios, and both ways to print it."""

import json
import re

import pytest

from benchmarks.table import Goal, Row, as_json, as_table


@pytest.mark.parametrize(
    ("goal", "held", "words"),
    [
        (Goal(10), True, "≤ 10"),
        (Goal(9.5), False, "≤ 9.5"),
        (Goal(0.5, "peer"), True, "≤ 0.5 × peer"),
        (Goal(0.5, "peer", "<"), False, "< 0.5 × peer"),
        (Goal(3, "limit"), False, "≤ 3 × limit"),
        (Goal(5, "limit", "="), True, "= 5 × limit"),
        (Goal(1, "limit", "≥"), True, "≥ limit"),
    ],
)
def test_goals(goal: Goal, held: bool, words: str) -> None:
    row = Row("reading", "s", 10, 20, 2, [goal])
    assert (row.held, row.goal) == (held, words)


def test_a_goal_that_is_missed_counts_more_than_one_that_is_not_known() -> None:
    unknown, missed, kept = Goal(1, "peer"), Goal(9), Goal(11)
    assert Row("reading", "s", 10, goals=[unknown, missed]).held is False
    assert Row("reading", "s", 10, goals=[unknown, kept]).held is None
    assert Row("reading", "s", 10).held is None
    assert Row("reading", "s", None, goals=[kept]).held is None


@pytest.mark.parametrize(
    ("peer", "limit", "ratio"), [(20, 2, 0.5), (None, 2, 5), (None, None, None), (0, None, None)]
)
def test_the_ratio_is_to_the_peer_else_to_the_limit(
    peer: float | None, limit: float | None, ratio: float | None
) -> None:
    assert Row("reading", "s", 10, peer, limit).ratio == ratio


def test_both_ways_to_print() -> None:
    rows = [Row("reading", "s", 1.2345, 2, goals=[Goal(1, "peer")]), Row("size", "", None)]
    lines = [re.sub(" +", " ", line) for line in as_table(rows).splitlines()]
    assert lines[0] == "| figure | unit | ours | peer | limit | ratio | goal | held |"
    assert set(lines[1]) == set("|- ")
    assert lines[2] == "| reading | s | 1.23 | 2 | — | 0.617 | ≤ peer | yes |"
    assert lines[3] == "| size | — | — | — | — | — | — | — |"
    assert json.loads(as_json(rows))[0] == {
        "figure": "reading",
        "unit": "s",
        "ours": 1.2345,
        "peer": 2,
        "limit": None,
        "ratio": 0.61725,
        "goal": "≤ peer",
        "held": True,
    }
