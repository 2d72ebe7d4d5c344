"""The public client `usms` that we are compared with, and lxml, in an environment of their own."""

import asyncio
import json
import os
import subprocess
from pathlib import Path
from typing import Any

from tests.support.environments import make_environment

PACKAGES = ("usms==1.3.1", "lxml==6.1.3", "aiohttp==3.14.5")
FOLDER = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "usms" / "bench"
SCRIPT = str(Path(__file__).with_name("peer_client.py"))


def peer_python() -> str:
    """Return its interpreter; the environment is made when it is asked for first."""
    made = FOLDER / ".made-from"
    wanted = "\n".join(PACKAGES)
    if not made.exists() or made.read_text() != wanted:
        make_environment(FOLDER, *PACKAGES)
        made.write_text(wanted)
    return str(FOLDER / "bin" / "python")


async def peer(*arguments: str) -> Any:  # noqa: ANN401
    """Have it do something; return what it printed. Raises RuntimeError with what it said."""
    process = await asyncio.create_subprocess_exec(
        peer_python(),
        SCRIPT,
        *arguments,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"TZ": "Asia/Brunei"},
    )
    output, errors = await process.communicate()
    if process.returncode:
        raise RuntimeError(errors.decode()[-2000:])
    return json.loads(output)
