"""How long the event loop is held at a time, and by whom."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from freezegun import api as freezegun_api


@dataclass
class Watch:
    """The longest turns of the event loop, with what ran in them.

    Each in milliseconds by the clock and of the processor: a turn also takes longer by the clock
    where other threads or other processes run in between.
    """

    turns: list[tuple[float, float, str]] = field(default_factory=list)

    @property
    def ours(self) -> list[tuple[float, float, str]]:
        """The turns of the integration and its client, longest first."""
        found = [turn for turn in self.turns if "custom_components" in turn[-1]]
        return sorted(found, reverse=True)


@contextmanager
def watching() -> Iterator[Watch]:
    """Time every turn of the event loop."""
    watch = Watch()
    run = asyncio.Handle._run

    def timed(self: asyncio.Handle) -> Any:
        began, worked = freezegun_api.real_perf_counter(), time.thread_time()
        try:
            return run(self)
        finally:
            milliseconds = 1000 * (freezegun_api.real_perf_counter() - began)
            if milliseconds > 1:
                busy = 1000 * (time.thread_time() - worked)
                watch.turns.append((milliseconds, busy, _who(self)))

    asyncio.Handle._run = timed  # type: ignore[method-assign]
    try:
        yield watch
    finally:
        asyncio.Handle._run = run  # type: ignore[method-assign]


def _who(handle: asyncio.Handle) -> str:
    """Return the source files of the task or callback that ran."""
    owner = getattr(handle._callback, "__self__", None)
    coroutine = owner.get_coro() if isinstance(owner, asyncio.Task) else None
    files = []
    while coroutine is not None:
        code = getattr(coroutine, "cr_code", None) or getattr(coroutine, "ag_code", None)
        if code is None:
            break
        files.append(f"{code.co_filename}:{code.co_name}")
        coroutine = getattr(coroutine, "cr_await", None) or getattr(coroutine, "ag_await", None)
    return " > ".join(files) or repr(handle._callback)
