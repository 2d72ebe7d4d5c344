"""What stands in the recorder of days, in order, whichever came first."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from custom_components.usms.history.written import Written, WrittenDays

FIRST = date(2026, 1, 1)
ROW = Written(Decimal(1), None, 1)


@given(st.lists(st.integers(0, 60), max_size=40), st.integers(0, 60), st.integers(0, 60))
def test_they_are_found_as_by_looking_at_all(added: list[int], since: int, until: int) -> None:
    known, days = WrittenDays(), {FIRST + timedelta(days=n) for n in added}
    for number in added:
        known[FIRST + timedelta(days=number)] = ROW
    first, last = FIRST + timedelta(days=since), FIRST + timedelta(days=until)
    assert known.days == sorted(known) == sorted(days)
    assert known.between(first, last) == sorted(day for day in days if first <= day < last)
    assert known.before(first) == max((day for day in days if day < first), default=None)
    assert known.of([first]) == ({first: ROW} if first in days else {})
