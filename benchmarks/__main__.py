"""All figures in one table: what is ours, the public client's, the least that is possible.

    scripts/bench [--quick] [--turns N] [--latency MS] [--json] [FIGURES ...]

What is measured in time is measured in turns, and the median is shown.
"""

import argparse
import asyncio
import os
import signal
import sys
import traceback
from collections.abc import AsyncIterator, Callable, Iterator

from .day import day
from .derive import derive
from .memory import memory
from .pages import cpu
from .portal import first_import, requests, time
from .rest import rest
from .startup import startup
from .store import growth
from .table import Case, Row, as_json, as_table

GROWN = (Case(1), Case(2), Case(10), Case(1, meters=20))
type Group = Callable[[argparse.Namespace], Iterator[AsyncIterator[Row]]]


def _times(options: argparse.Namespace) -> Iterator[AsyncIterator[Row]]:
    for milliseconds in options.latency or ([50] if options.quick else [50, 300, 2000]):
        yield time(milliseconds, options.turns or (1 if options.quick else 3))
    if not options.quick:
        yield first_import()


def _derived(options: argparse.Namespace) -> Iterator[AsyncIterator[Row]]:
    cases = [Case(2)] if options.quick else [Case(2), Case(10), Case(1, meters=20)]
    yield derive(cases, options.turns or (1 if options.quick else 3))


GROUPS: dict[str, Group] = {
    "requests": lambda _: iter([requests()]),
    "time": _times,
    "cpu": lambda options: iter([cpu(options.turns or (2 if options.quick else 5))]),
    "startup": lambda options: iter([startup(options.turns or (3 if options.quick else 20))]),
    "growth": lambda options: iter([growth(GROWN[:2] if options.quick else GROWN)]),
    "statistics": _derived,
    "day": lambda _: iter([day()]),
    "memory": lambda _: iter([memory()]),
    "rest": lambda options: iter([rest(5 if options.quick else 20)]),
}


async def measure(groups: list[str], options: argparse.Namespace, rows: list[Row]) -> None:
    """Add the rows of these groups; each is named on standard error once it is there.

    What can't be measured has a row that says so, and the others go on.
    """
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    for group in groups:
        for part in GROUPS[group](options):
            try:
                async for row in part:
                    print(f"{row.figure}: {row.ours:.3g} {row.unit}", file=sys.stderr, flush=True)
                    rows.append(row)
            except Exception:  # noqa: BLE001 - whatever it is, the rest is worth its time
                traceback.print_exc()
                rows.append(Row(f"{group}: could not be measured", "", None))


def _number(text: str) -> int:
    if not text.isdigit() or not int(text):
        raise argparse.ArgumentTypeError(f"not a number from 1 on: {text}")
    return int(text)


def main() -> int:
    """Read the options, and print what was measured, also where that was broken off."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__.splitlines()[0])
    parser.add_argument("figures", nargs="*", help=f"of {', '.join(GROUPS)}; all by default")
    parser.add_argument("--quick", action="store_true", help="fewer turns, years and latencies")
    parser.add_argument("--turns", type=_number, help="how often each is measured in time")
    parser.add_argument("--latency", type=_number, action="append", help="ms an answer; repeatable")
    parser.add_argument("--json", action="store_true", help="a list for programs")
    options = parser.parse_args()
    if unknown := set(options.figures) - set(GROUPS):
        parser.error(f"no such figures: {', '.join(sorted(unknown))}")
    # Without what is compiled, each start would compile all anew, the public client's too.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    rows: list[Row] = []
    stopped = False
    try:
        asyncio.run(measure(options.figures or list(GROUPS), options, rows))
    except KeyboardInterrupt, asyncio.CancelledError:
        stopped = True
    print(as_json(rows) if options.json else as_table(rows))
    return 1 if stopped or any(row.ours is None for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
