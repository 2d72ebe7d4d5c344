"""The demo: a simulated portal, a real Home Assistant, and the integration signed in to it.

Everything listens on the loopback, lives in one folder, and ends with this program.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import socket
import sys
from contextlib import AsyncExitStack
from datetime import date
from pathlib import Path
from typing import Final

import aiohttp

from tests.portal import DEMO_PASSWORD, DEMO_USERNAME
from tests.support import ROOT
from tests.support.home_assistant import (
    PASSWORD,
    USERNAME,
    HomeAssistant,
    HomeAssistantFailed,
    prepare,
    running,
)

DASHBOARD: Final = "usms-meters"


class DemoError(Exception):
    """The demo can't run, for a reason that a person can do something about."""


async def configure(home: HomeAssistant) -> None:
    """Set up a dashboard for the meters; the account's flow has filled the Energy dashboard."""
    dashboards = await home.command("lovelace/dashboards/list")
    if not any(known["url_path"] == DASHBOARD for known in dashboards):
        await home.command(
            "lovelace/dashboards/create",
            url_path=DASHBOARD,
            title="USMS",
            icon="mdi:meter-electric",
            mode="storage",
            show_in_sidebar=True,
            require_admin=False,
        )
    ours = {"strategy": {"type": "custom:usms"}}
    await home.command("lovelace/config/save", url_path=DASHBOARD, config=ours)


def _check_free(port: int, what: str) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as err:
            raise DemoError(f"port {port} for {what} is taken; choose another") from err


def _days(config: Path, days: int) -> int:
    """Return how far back the portal has to begin, for its first day to stay the same."""
    file = config / "demo-began"
    today = date.today()  # noqa: DTZ011 (the host's day is near enough)
    if not file.exists():
        file.write_text(today.isoformat())
    return days + (today - date.fromisoformat(file.read_text().strip())).days


async def run(options: argparse.Namespace, stop: asyncio.Event) -> None:
    """Start all, say where it is, and wait."""
    config: Path = options.config.resolve()
    _check_free(options.port, "Home Assistant")
    _check_free(options.portal_port, "the simulated portal")
    known_file = config / "demo.json"
    prepare(config, options.port)
    known = json.loads(known_file.read_text()) if known_file.exists() else {}
    url, origin = f"http://127.0.0.1:{options.port}", f"http://127.0.0.1:{options.portal_port}"
    portal_url = f"{origin}/SmartMeter/"
    days = _days(config, options.days)
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession())
        portal = [sys.executable, "-m", "tests.portal", "--port", str(options.portal_port)]
        await stack.enter_async_context(
            running(*portal, "--days", str(days), log=config / "portal.log")
        )
        hass = [sys.executable, "-m", "homeassistant", "--config", str(config)]
        process = await stack.enter_async_context(
            running(*hass, log=config / "output.log", USMS_BASE_URL=portal_url)
        )
        home = HomeAssistant(http, url)
        await home.wait_until_up(process)
        if known.get("token"):
            home.token = known["token"]
        else:
            await home.onboard()
        facts = {
            "url": url,
            "username": USERNAME,
            "password": PASSWORD,
            "token": home.token,
            "portal_url": portal_url,
            "portal_username": DEMO_USERNAME,
            "portal_password": DEMO_PASSWORD,
            "dashboard": f"/{DASHBOARD}",
            "config": str(config),
        }
        known_file.unlink(missing_ok=True)
        if not options.no_entry:
            await home.sign_in(portal_url)
            await configure(home)
        known_file.write_text(json.dumps(facts, indent=2) + "\n")
        print(
            f"\nHome Assistant:   {url}/{DASHBOARD}\n"
            f"User, password:   {USERNAME}, {PASSWORD}\n"
            f"Token:            {home.token}\n"
            f"Simulated portal: {portal_url} ({DEMO_USERNAME}, {DEMO_PASSWORD})\n"
            f"All of it in:     {config}\n\nCtrl-C stops it.",
            flush=True,
        )
        ended = asyncio.create_task(process.wait())
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait({ended, stopped}, return_when=asyncio.FIRST_COMPLETED)
        ended.cancel()
        stopped.cancel()
        if not stop.is_set():
            raise DemoError("Home Assistant has stopped by itself; see home-assistant.log")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=8123, help="of Home Assistant")
    parser.add_argument("--portal-port", type=int, default=8099, help="of the simulated portal")
    parser.add_argument("--config", type=Path, default=ROOT / ".demo", help="where it all lives")
    parser.add_argument("--days", type=int, default=400, help="how far back history reaches")
    parser.add_argument(
        "--no-entry", action="store_true", help="leave the integration to be set up by hand"
    )
    return parser.parse_args()


async def _main(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(run(options, stop))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, lambda: (stop.set(), running.cancel()))
    try:
        await running
    except asyncio.CancelledError:
        if not stop.is_set():
            raise


def main() -> int:
    """Run until stopped."""
    try:
        asyncio.run(_main(_options()))
    except (DemoError, HomeAssistantFailed, aiohttp.ClientError) as err:
        print(f"scripts/demo: {err}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
