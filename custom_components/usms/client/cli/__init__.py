"""The command line: thin shims over client, store, sync, tariff and forecast.

Exit codes: 0 done, 1 failed, 2 wrong use, 3 sign-in needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .arguments import parse
from .streams import say, why

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from ..portal.pace import Pacing


def main(
    arguments: Sequence[str] | None = None,
    *,
    clock: Callable[[], datetime] | None = None,
    pacing: Pacing | None = None,
) -> int:
    """Run a command (`sys.argv` without one); return its exit code.

    `clock` tells the time and `pacing` spaces the requests, where not as usual. Wrong arguments
    and `--help` raise SystemExit, as argparse does.
    """
    try:
        options = parse(arguments)
    except BrokenPipeError:
        return 1
    except OSError as err:  # standard output takes no help
        say(why(err))
        return 1
    # Imported late: `--help` must not wait for aiohttp.
    from ..brunei import utcnow  # noqa: PLC0415
    from ..portal.pace import Pacing  # noqa: PLC0415
    from .options import Context  # noqa: PLC0415
    from .run import run  # noqa: PLC0415

    return run(options, Context(clock or utcnow, pacing or Pacing()))
