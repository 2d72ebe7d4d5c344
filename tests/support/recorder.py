"""The recorder in tests: it does what it does elsewhere, in less time."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest
from homeassistant.components.recorder import statistics


@contextmanager
def rows_imported_together() -> Iterator[None]:
    """Look up the rows of a series once in an import, and insert them together.

    Home Assistant asks for each row whether it has it, and writes the one before it for that: a
    third of the time of tests that read histories. The rows are the same.
    """
    asked, imported = statistics._statistics_exists, statistics._import_statistics_with_session

    def exists(session: Any, table: Any, metadata_id: int, start: datetime) -> int | None:
        stamp = start.timestamp()
        first, known = session.info.get((table, metadata_id), (stamp, None))
        if known is None:
            rows = session.query(table.start_ts, table.id).filter(
                (table.metadata_id == metadata_id) & (table.start_ts >= stamp)
            )
            known = dict(rows.tuples())
            session.info[table, metadata_id] = (stamp, known)
        if stamp not in known and stamp >= first:
            known[stamp] = 0  # about to be inserted
            return None
        return known.get(stamp) or asked(session, table, metadata_id, start)

    def imported_anew(instance: Any, session: Any, *data: Any) -> bool:
        session.info.clear()  # the recorder has one session for all imports
        return imported(instance, session, *data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(statistics, "_statistics_exists", exists)
        patch.setattr(statistics, "_import_statistics_with_session", imported_anew)
        yield
