"""What `usms --help` and `usms meters` take, ours and the public client's; and our modules.

Each is in an environment of its own on the same Python, with its bytecode compiled, and they take
turns, so that all see the same machine.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median

from custom_components.usms.client import NO_PACING, BlockingClient
from tests.portal import DEMO_PASSWORD, DEMO_USERNAME
from tests.support import ROOT
from tests.support.environments import build_wheel, make_environment
from tests.support.portal_process import Portal, simulated_portal

from .peer import SCRIPT, peer_python
from .table import Goal, Row

LOADED = """
import importlib, pkgutil, sys
from time import process_time

def load():
    began = process_time()
    package = importlib.import_module("custom_components.usms")
    for name in ("config_flow", "sensor", "binary_sensor", "event", "button", "image", "services"):
        importlib.import_module(f"custom_components.usms.{name}")
    return 1000 * (process_time() - began)

load()  # all of Home Assistant and of the libraries that it needs
for name in [name for name in sys.modules if name.startswith("custom_components.usms")]:
    del sys.modules[name]
print(load())
"""

HOME = """
import asyncio, sys
import aiohttp

async def main():
    async with aiohttp.ClientSession(cookies={sys.argv[2]: sys.argv[3]}) as http:
        async with http.get(sys.argv[1] + "Home") as answer:
            await answer.text()

asyncio.run(main())
"""


@dataclass(frozen=True)
class Command:
    """What is run, and with what more in its environment."""

    words: list[str]
    environment: dict[str, str] = field(default_factory=dict)

    def took(self) -> float:
        """Return what it takes, in ms of the processor: what else runs here moves the clock."""
        before = _of_children()
        subprocess.run(
            self.words, check=True, capture_output=True, env=os.environ | self.environment
        )
        return 1000 * (_of_children() - before)


def _of_children() -> float:
    """Return the seconds of the processor of all commands that have ended."""
    used = getrusage(RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def loads() -> float:
    """Return what our modules take to load where Home Assistant's are loaded, in ms."""
    command = [sys.executable, "-c", LOADED]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    return float(done.stdout)


def in_turns(commands: dict[str, Command], turns: int) -> dict[str, float]:
    """Return the medians."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(turns + 1):
        for name, command in commands.items():
            one = command.took()
            if turn:  # the first compiles
                times[name].append(one)
    return {name: median(found) for name, found in times.items()}


def with_session(ours: Path, portal: Portal, state: Path) -> dict[str, Command]:
    """Return the commands that show the meters: ours and the limit have a session that lives."""
    with BlockingClient(base_url=portal.base_url, pacing=NO_PACING) as client:
        client.sign_in(DEMO_USERNAME, DEMO_PASSWORD, answer_captcha=lambda _: portal.captcha)
        session = client.export_session()
    kept = state / "usms" / "session.json"
    kept.parent.mkdir()
    kept.write_text(json.dumps({"username": DEMO_USERNAME, **session}))
    (cookie,) = session["cookies"]
    here = {"USMS_BASE_URL": portal.base_url, "XDG_STATE_HOME": str(state)}
    signs_in = [peer_python(), SCRIPT, "sign_in", portal.base_url, DEMO_USERNAME, DEMO_PASSWORD]
    asks = [str(ours / "python"), "-c", HOME, portal.base_url, cookie["name"], cookie["value"]]
    return {
        "ours": Command([str(ours / "usms"), "meters"], here),
        "limit": Command(asks),
        # It keeps no session: each of its commands signs in, which may end ours.
        "peer": Command(signs_in, {"TZ": "Asia/Brunei"}),
    }


def measure(turns: int) -> dict[str, dict[str, float]]:
    """Return the medians (blocks)."""
    with tempfile.TemporaryDirectory(prefix="usms-startup-") as folder:
        bench = Path(folder)
        ours = make_environment(bench / "ours", str(build_wheel(bench)))
        helps = {
            "ours": Command([str(ours / "usms"), "--help"]),
            "peer": Command([peer_python(), "-m", "usms", "--help"]),
            "limit": Command([str(ours / "python"), "-c", "import aiohttp"]),
        }
        found = {"help": in_turns(helps, turns)}
        with simulated_portal(days=10) as portal:
            commands = with_session(ours, portal, bench)
            peer = {"peer": commands.pop("peer")}
            found["meters"] = in_turns(commands, turns) | in_turns(peer, turns)
    return found | {"loads": {"ours": median(loads() for _ in range(turns))}}


async def startup(turns: int) -> AsyncIterator[Row]:
    """Yield a row for each command and one for the modules."""
    found = await asyncio.to_thread(measure, turns)
    goals = [Goal(0.25, "peer", "<")]
    yield Row("usms --help (limit: Python with aiohttp)", "ms CPU", **found["help"], goals=goals)
    goals = [Goal(1.3, "limit")]
    name = "usms meters, signed in (limit: Python with aiohttp, and the request)"
    yield Row(name, "ms CPU", **found["meters"], goals=goals)
    yield Row("import of the integration's modules", "ms CPU", **found["loads"], goals=[Goal(100)])
