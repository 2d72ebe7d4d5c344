"""Ending by a signal as everything else ends: what lies about is put away first."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_NAMES: Final = ("SIGTERM", "SIGHUP")  # Windows has no hangups


class _EndedBy(BaseException):
    """A signal has come."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextmanager
def ends_by_signals() -> Iterator[None]:
    """Have signals end what is done inside by way of its `finally`; then they end the process.

    One that is ignored, as under nohup, stays ignored. In the main thread alone.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
    ours = [number for number in numbers if signal.getsignal(number) is signal.SIG_DFL]

    def end(number: int, _frame: FrameType | None) -> None:
        for other in ours:
            signal.signal(other, signal.SIG_IGN)  # one is enough
        raise _EndedBy(number)

    for number in ours:
        signal.signal(number, end)
    try:
        yield
    except _EndedBy as ended:
        signal.signal(ended.number, signal.SIG_DFL)
        os.kill(os.getpid(), ended.number)
        raise
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)
