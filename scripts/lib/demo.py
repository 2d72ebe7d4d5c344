"""The demo: a simulated portal, a real Home Assistant, and the integration signed in to it.

Everything listens on the loopback, lives in one folder, and ends with this program.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import signal
import socket
import sys
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import aiohttp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ROOT: Final = Path(__file__).resolve().parents[2]
USERNAME: Final = "demo"
PASSWORD: Final = "demo-home-assistant"
PORTAL_USERNAME: Final = "01001234"
PORTAL_PASSWORD: Final = "demo-password"
DASHBOARD: Final = "usms-meters"

_CONFIGURATION: Final = """\
homeassistant:
  name: Demo
  unit_system: metric
  time_zone: Asia/Brunei
  currency: BND
  country: BN
  latitude: 4.9
  longitude: 114.9
frontend:
config:
recorder:
history:
logbook:
energy:
logger:
  default: warning
  logs:
    custom_components.usms: debug
"""


class DemoError(Exception):
    """The demo can't run, for a reason that a person can do something about."""


class HomeAssistant:
    """A running Home Assistant, over its own APIs."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        """Talk to the one at that address."""
        self._http = http
        self.url = url
        self.token = ""

    async def call(self, method: str, path: str, **options: Any) -> Any:
        """Call the REST API; return its JSON."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        async with self._http.request(
            method, self.url + path, headers=headers, **options
        ) as response:
            if response.status >= 400:
                raise DemoError(f"{path} answered {response.status}: {await response.text()}")
            return await response.json()

    async def command(self, command: str, **options: Any) -> Any:
        """Send a command over the websocket; return its result."""
        async with self._http.ws_connect(self.url + "/api/websocket") as socket_:
            await socket_.receive_json()
            await socket_.send_json({"type": "auth", "access_token": self.token})
            await socket_.receive_json()
            await socket_.send_json({"id": 1, "type": command, **options})
            answer = await socket_.receive_json()
        if not answer.get("success"):
            raise DemoError(f"{command} failed: {answer.get('error')}")
        return answer["result"]

    async def wait_until_up(self, process: asyncio.subprocess.Process) -> None:
        """Wait until it answers, and has started."""
        for _ in range(1200):
            if process.returncode is not None:
                raise DemoError("Home Assistant has stopped; see home-assistant.log")
            try:
                async with self._http.get(self.url + "/manifest.json") as response:
                    if response.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.25)
        raise DemoError("Home Assistant does not come up; see home-assistant.log")

    async def onboard(self) -> None:
        """Make the user and a token that lasts."""
        client = f"{self.url}/"
        user = {
            "client_id": client,
            "name": "Demo",
            "username": USERNAME,
            "password": PASSWORD,
            "language": "en",
        }
        made = await self.call("POST", "/api/onboarding/users", json=user)
        grant = {
            "client_id": client,
            "grant_type": "authorization_code",
            "code": made["auth_code"],
        }
        self.token = (await self.call("POST", "/auth/token", data=grant))["access_token"]
        self.token = await self.command(
            "auth/long_lived_access_token", client_name="demo", lifespan=3650
        )

    # --- the integration ---

    async def sign_in(self, portal_url: str) -> None:
        """Add the account, or sign in again, through the integration's own flow."""
        entries = await self.call(
            "GET", "/api/config/config_entries/entry", params={"domain": "usms"}
        )
        flows = "/api/config/config_entries/flow"
        if not entries:
            step = await self.call("POST", flows, json={"handler": "usms"})
            answer: dict[str, str] = {"username": PORTAL_USERNAME, "password": PORTAL_PASSWORD}
        else:
            step = await self._reauth(entries[0]["entry_id"])
            if step is None:
                return
            answer = {}
        for _ in range(10):
            step = await self.call("POST", f"{flows}/{step['flow_id']}", json=answer)
            if step["type"] != "form":
                break
            if step["step_id"] == "captcha":
                control = portal_url.replace("/SmartMeter/", "/_control/captcha")
                async with self._http.get(control) as response:
                    answer = {"captcha": (await response.json())["answer"]}
        done = step["type"] == "create_entry" or step.get("reason") == "reauth_successful"
        if not done:
            raise DemoError(f"the integration's flow ended with {step}")

    async def _reauth(self, entry: str) -> dict[str, Any] | None:
        """Return the flow that asks for a new sign-in, if there is one."""
        for _ in range(60):
            for flow in await self.command("config_entries/flow/progress"):
                if flow["handler"] == "usms" and flow["context"]["source"] == "reauth":
                    found: dict[str, Any] = flow
                    return found
            for known in await self.call("GET", "/api/config/config_entries/entry"):
                if known["entry_id"] == entry and known["state"] == "loaded":
                    sensors = await self.call("GET", "/api/states")
                    needed = [s for s in sensors if s["entity_id"].endswith("_sign_in_needed")]
                    if needed and needed[0]["state"] == "off":
                        return None
            await asyncio.sleep(0.5)
        return None

    async def meters(self) -> dict[str, tuple[str, dict[str, str]]]:
        """Return utility and entities by key, of each meter."""
        for _ in range(120):
            devices = await self.command("config/device_registry/list")
            numbers = {
                device["id"]: device["serial_number"]
                for device in devices
                if device["serial_number"] and device["manufacturer"] == "USMS"
            }
            if numbers:
                break
            await asyncio.sleep(0.25)
        found: dict[str, tuple[str, dict[str, str]]] = {}
        for entity in await self.command("config/entity_registry/list"):
            number = numbers.get(entity["device_id"])
            if entity["platform"] == "usms" and number:
                utility = "electricity" if len(number) == 8 else "water"
                key = entity["unique_id"].removeprefix(f"{number}_")
                found.setdefault(number, (utility, {}))[1][key] = entity["entity_id"]
        return found

    async def configure(self) -> None:
        """Set up the Energy dashboard and one for the meters."""
        meters = await self.meters()
        await self.command("energy/save_prefs", energy_sources=_energy_sources(meters))
        dashboards = await self.command("lovelace/dashboards/list")
        if not any(known["url_path"] == DASHBOARD for known in dashboards):
            await self.command(
                "lovelace/dashboards/create",
                url_path=DASHBOARD,
                title="USMS",
                icon="mdi:meter-electric",
                mode="storage",
                show_in_sidebar=True,
                require_admin=False,
            )
        ours = {"strategy": {"type": "custom:usms"}}
        await self.command("lovelace/config/save", url_path=DASHBOARD, config=ours)


def _energy_sources(meters: dict[str, tuple[str, dict[str, str]]]) -> list[dict[str, Any]]:
    sources: list[dict[str, Any]] = []
    for number, (utility, _) in meters.items():
        series = f"usms:{utility}_{number}"
        source: dict[str, Any] = {
            "stat_energy_from": f"{series}_consumption",
            "stat_cost": f"{series}_cost",
        }
        if utility == "electricity":
            sources.append({"type": "grid", "cost_adjustment_day": 0, **source})
        else:
            sources.append({"type": "water", **source})
    return sources


# --- processes ---


def prepare(config: Path, port: int, more: str = "") -> None:
    """Fill a folder for Home Assistant; what is there already stays.

    `more` is added to its configuration.
    """
    storage = config / ".storage"
    storage.mkdir(parents=True, exist_ok=True, mode=0o700)
    (config / "configuration.yaml").write_text(_CONFIGURATION + more)
    target = config / "custom_components" / "usms"
    target.parent.mkdir(exist_ok=True)
    if target.is_symlink():
        target.unlink()
    elif target.exists():
        shutil.rmtree(target)
    target.symlink_to(ROOT / "custom_components" / "usms")
    _seed_http(storage, port)
    if not (storage / "onboarding").exists():
        done = {"done": ["core_config", "analytics", "integration"]}
        seed = {"version": 4, "minor_version": 1, "key": "onboarding", "data": done}
        (storage / "onboarding").write_text(json.dumps(seed))


def _seed_http(storage: Path, port: int) -> None:
    """Have Home Assistant listen on the loopback, at that port."""
    file = storage / "http"
    if file.exists():
        known = json.loads(file.read_text())
        known["data"]["stable"] |= {"server_host": ["127.0.0.1"], "server_port": port}
        file.write_text(json.dumps(known))
        return
    stable = {
        "server_host": ["127.0.0.1"],
        "server_port": port,
        "cors_allowed_origins": [],
        "login_attempts_threshold": -1,
        "ip_ban_enabled": False,
        "ssl_profile": "modern",
        "use_x_frame_options": True,
        "created_at": "2026-01-01T00:00:00+00:00",
        "error": None,
        "error_message": None,
    }
    data = {"stable": stable, "pending": None, "yaml_migration_done": True}
    seed = {"version": 2, "minor_version": 2, "key": "http", "data": data}
    file.write_text(json.dumps(seed))


def _check_free(port: int, what: str) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as err:
            raise DemoError(f"port {port} for {what} is taken; choose another") from err


@asynccontextmanager
async def running(
    *command: str, log: Path, **environment: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a program, and end it in the end."""
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            cwd=ROOT,
            env=os.environ | environment,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), 30)
            except TimeoutError:
                process.kill()
                await process.wait()


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
            "portal_username": PORTAL_USERNAME,
            "portal_password": PORTAL_PASSWORD,
            "dashboard": f"/{DASHBOARD}",
            "config": str(config),
        }
        known_file.unlink(missing_ok=True)
        if not options.no_entry:
            await home.sign_in(portal_url)
            await home.configure()
        known_file.write_text(json.dumps(facts, indent=2) + "\n")
        print(
            f"\nHome Assistant:   {url}/{DASHBOARD}\n"
            f"User, password:   {USERNAME}, {PASSWORD}\n"
            f"Token:            {home.token}\n"
            f"Simulated portal: {portal_url} ({PORTAL_USERNAME}, {PORTAL_PASSWORD})\n"
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
    except (DemoError, aiohttp.ClientError) as err:
        print(f"scripts/demo: {err}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
