"""Measure pages of 5 MB, and write the section on fuzzing from that and from the fuzzer's log."""

import itertools
import multiprocessing
import re
import resource
import sys
import time
from contextlib import suppress
from pathlib import Path

from custom_components.usms import client
from scripts.lib import sections
from tests.support.large_pages import large_pages
from tests.support.page_targets import page_targets

SIZES = ((5_000_000, None), (1_490_000, None), (1_490_000, 49_000))
"""Characters, and at most so many tags: the client refuses at once what is larger than the others,
which are the most expensive therefore."""
MOST_SECONDS = 15.0
MOST_MEGABYTES = 400.0

_TEXT = """\
## Fuzz

Written by `scripts/fuzz`. The functions that read pages are fed by
[atheris](https://github.com/google/atheris), which mutates pages of the simulated portal towards
code not reached before; all but the documented error counts as a crash.

| | |
|---|---|
| seconds | {seconds} |
| pages read | {runs:,} |
| a second | {rate} |
| edges of the code reached | {edges:,} |
| pages kept because they reached more | {kept:,} |
| crashes, time-outs (20 s), out of memory (1 GB) | {crashes} |

Then each function reads {shapes} kinds of pages, each of one thing that parsers trip over: of 5 MB,
and as large as the client reads at all (1.5 million characters, 50,000 tags; real pages have a
tenth). What took most time (s, of the processor) and most memory (MB, beyond the page itself):

| page | slowest | s | largest | MB |
|---|---|---|---|---|
{rows}
"""


def main(log: Path, crashes: Path) -> None:
    """Write the section; exit with an error where a bound did not hold."""
    text = log.read_text(errors="replace")
    last = re.findall(r"#(\d+)\s+\w+\s+cov: (\d+) ft: (\d+) corp: (\d+)", text)[-1]
    done = re.findall(r"Done (\d+) runs in (\d+) second", text)
    runs, seconds = done[-1] if done else (last[0], "0")  # a crash ended it
    found = len(list(crashes.glob("*")))
    measured = {name: _measure_page(name) for name in page_targets(client)}
    rows = []
    for name, results in measured.items():
        slow = max(results, key=lambda shape: results[shape][0])
        large = max(results, key=lambda shape: results[shape][1])
        rows.append(
            f"| {name} | {slow} | {results[slow][0]:.1f} | {large} | {results[large][1]:.0f} |"
        )
    sections.replace(
        sections.RELIABILITY,
        "fuzz",
        _TEXT.format(
            seconds=seconds,
            runs=int(runs),
            rate=round(int(runs) / max(int(seconds), 1)),
            edges=int(last[1]),
            kept=int(last[3]),
            crashes=found,
            shapes=len(large_pages(10)),
            rows="\n".join(rows),
        ),
    )
    worst = [max(column) for column in zip(*_all(measured), strict=True)]
    if found or worst[0] > MOST_SECONDS or worst[1] > MOST_MEGABYTES:
        raise SystemExit(f"{found} crashes, {worst[0]:.1f} s and {worst[1]:.0f} MB at most")


def _all(measured: dict[str, dict[str, tuple[float, float]]]) -> list[tuple[float, float]]:
    return [result for results in measured.values() for result in results.values()]


def _measure_page(name: str) -> dict[str, tuple[float, float]]:
    """Return seconds and megabytes by what the page is made of, each in a process of its own."""
    context = multiprocessing.get_context("fork")
    results: dict[str, tuple[float, float]] = {}
    for shape, size in itertools.product(large_pages(10), SIZES):
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=_measure, args=(name, shape, size, sender))
        process.start()
        if not receiver.poll(10 * MOST_SECONDS):
            process.kill()
            raise SystemExit(f"{name}: {shape} takes longer than {10 * MOST_SECONDS} s")
        seconds, megabytes = receiver.recv()
        process.join()
        print(f"{name}: {shape}: {seconds:.1f} s, {megabytes:.0f} MB", flush=True)
        known = results.get(shape, (0.0, 0.0))
        results[shape] = (max(seconds, known[0]), max(megabytes, known[1]))
    return results


def _measure(name: str, shape: str, size: tuple[int, int | None], sender: object) -> None:
    html = large_pages(*size)[shape]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    with suppress(client.PageNotUnderstood):
        page_targets(client)[name](html)
    seconds = time.process_time() - began
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    sender.send((seconds, grown))  # type: ignore[attr-defined]


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
