"""Standard output and standard error, which may be closed, full, or no longer read."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from errno import EBADF
from typing import TextIO

from .text import encodable, visible


def emit(text: str) -> None:
    """Write to standard output, at once; raises OSError where that can't be."""
    if sys.stdout is None:
        raise OSError(EBADF, "Standard output is closed")
    try:
        sys.stdout.write(encodable(text, sys.stdout.encoding or "utf-8"))
        sys.stdout.flush()
    except OSError:
        _let_go(sys.stdout)
        raise


def say(sentence: str) -> None:
    """Say something that is no result, on standard error."""
    note(f"usms: {visible(sentence)}\n")


def note(text: str) -> None:
    """Write to standard error, where there is one; what can't be said there is not said."""
    if sys.stderr is None:
        return
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except OSError:
        _let_go(sys.stderr)


def why(err: OSError) -> str:
    """Return what went wrong with a file, and with which."""
    return f"{err.strerror or err}" + (f": {err.filename}" if err.filename else "")


def _let_go(stream: TextIO) -> None:
    """Have no more written to a stream that takes nothing; Python would try again at the exit."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
