"""How far a long command has come, on standard error."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from .streams import note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import Progress

_STEPS: Final = 20
"""How many lines there are at most where there is no bar."""


@contextmanager
def progress(*, quiet: bool = False) -> Iterator[Callable[[int, int, str], None]]:
    """Give what takes how much is done, of how much, and what was done last.

    A bar on a terminal where rich is installed, else a line now and then.
    """
    if quiet:
        yield lambda _done, _total, _what: None
        return
    bar = _rich_bar() if sys.stderr is not None and sys.stderr.isatty() else None
    if bar is None:
        yield _lines()
        return
    with bar:
        task = bar.add_task("", total=None)
        yield lambda done, total, what: bar.update(
            task, completed=done, total=total, description=what, refresh=True
        )


def _rich_bar() -> Progress | None:
    try:
        from rich.console import Console  # noqa: PLC0415 (an extra)
        from rich.progress import (  # noqa: PLC0415
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )
    except ImportError:
        return None
    return Progress(
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
        console=Console(stderr=True),
        auto_refresh=False,  # no thread of its own: reports come often enough
    )


def _lines() -> Callable[[int, int, str], None]:
    shown = -1

    def tell(done: int, total: int, what: str) -> None:
        nonlocal shown
        step = _STEPS * done // total if total else 0
        if step != shown:
            shown = step
            note(f"{done} of {total}: {what}\n")

    return tell
