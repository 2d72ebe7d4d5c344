"""Meters that were exchanged: one is gone, and another of its kind has come. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..client.store.models import StoredMeter


def exchanged(
    before: Sequence[StoredMeter], after: Sequence[StoredMeter]
) -> Iterator[tuple[str, str]]:
    """Yield the numbers of meters that went and of those that came in their place."""
    known = {meter.number: meter for meter in before}
    gone = [
        meter
        for meter in after
        if not meter.present and (old := known.get(meter.number)) and old.present
    ]
    new = [meter for meter in after if meter.present and meter.number not in known]
    for old in gone:
        same = [meter for meter in new if meter.utility is old.utility]
        if len(same) == 1 and sum(meter.utility is old.utility for meter in gone) == 1:
            yield old.number, same[0].number
