"""`python -m tests.portal`: the simulated portal on its own."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from datetime import datetime

from . import BRUNEI, DEMO_PASSWORD, DEMO_USERNAME, SimulatedPortal


def main() -> int:
    """Run until stopped."""
    parser = argparse.ArgumentParser(prog="python -m tests.portal", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8099)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--days", type=int, default=400, help="how far back history reaches")
    parser.add_argument("--now", type=_moment, help="let the clock stand at this ISO time")
    options = parser.parse_args()
    try:
        asyncio.run(_serve(options))
    except OSError as err:
        print(f"The simulated portal can't listen on port {options.port}: {err}", file=sys.stderr)
        return 1
    return 0


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=BRUNEI)


async def _serve(options: argparse.Namespace) -> None:
    portal = SimulatedPortal(seed=options.seed, days=options.days, now=options.now)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await portal.start(port=options.port, host=options.host)
    print(f"Simulated portal: {portal.base_url} ({DEMO_USERNAME} / {DEMO_PASSWORD})", flush=True)
    await stop.wait()
    await portal.stop()


if __name__ == "__main__":
    sys.exit(main())
