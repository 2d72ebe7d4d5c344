"""How long `usms --help` takes, ours and the public client's, and how long our modules load.

Each is in an environment of its own on the same Python, with its bytecode compiled, and they take
turns, so that all see the same machine.
"""

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from statistics import median
from time import perf_counter

from tests.support import ROOT
from tests.support.environments import build_wheel, make_environment

from .peer import peer_python
from .table import Goal, Row

LOADED = """
import importlib, pkgutil, sys
from time import perf_counter

def load():
    began = perf_counter()
    package = importlib.import_module("custom_components.usms")
    for name in ("config_flow", "sensor", "binary_sensor", "event", "button", "image", "services"):
        importlib.import_module(f"custom_components.usms.{name}")
    return 1000 * (perf_counter() - began)

load()  # all of Home Assistant and of the libraries that it needs
for name in [name for name in sys.modules if name.startswith("custom_components.usms")]:
    del sys.modules[name]
print(load())
"""


def took(command: list[str]) -> float:
    """Return how long a command takes, in ms."""
    began = perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return 1000 * (perf_counter() - began)


def loads() -> float:
    """Return how long our modules take to load where Home Assistant's are loaded, in ms."""
    command = [sys.executable, "-c", LOADED]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    return float(done.stdout)


def measure(turns: int) -> dict[str, float]:
    """Return the medians (blocks)."""
    public = peer_python()
    with tempfile.TemporaryDirectory(prefix="usms-startup-") as folder:
        bench = Path(folder)
        ours = make_environment(bench / "ours", str(build_wheel(bench)))
        commands = {
            "ours": [str(ours / "usms"), "--help"],
            "peer": [public, "-m", "usms", "--help"],
            "limit": [str(ours / "python"), "-c", "import aiohttp"],
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        for turn in range(turns + 1):
            for name, command in commands.items():
                one = took(command)
                if turn:  # the first compiles
                    times[name].append(one)
    return {name: median(found) for name, found in times.items()} | {
        "loads": median(loads() for _ in range(turns))
    }


async def startup(turns: int) -> AsyncIterator[Row]:
    """Yield a row for the command and one for the modules."""
    found = await asyncio.to_thread(measure, turns)
    yield Row(
        "usms --help (limit: Python with aiohttp)",
        "ms",
        found["ours"],
        found["peer"],
        found["limit"],
        [Goal(0.25, "peer", "<")],
    )
    yield Row("import of the integration's modules", "ms", found["loads"], goals=[Goal(100)])
