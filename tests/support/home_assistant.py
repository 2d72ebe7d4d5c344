"""A real Home Assistant in a process of its own: its folder, its process, and its own APIs."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp

from tests.portal import DEMO_PASSWORD, DEMO_USERNAME
from tests.support import ROOT

USERNAME: Final = "demo"
PASSWORD: Final = "demo-home-assistant"

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
system_health:
blueprint:
automation: !include automations.yaml
script: !include scripts.yaml
logger:
  default: warning
  logs:
    custom_components.usms: debug
"""


class HomeAssistantFailed(Exception):
    """It did not do what it was asked, for a reason that a person can do something about."""


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
                raise HomeAssistantFailed(
                    f"{path} answered {response.status}: {await response.text()}"
                )
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
            raise HomeAssistantFailed(f"{command} failed: {answer.get('error')}")
        return answer["result"]

    async def wait_until_up(self, process: asyncio.subprocess.Process) -> None:
        """Wait until it answers, and has started."""
        for _ in range(1200):
            if process.returncode is not None:
                raise HomeAssistantFailed("Home Assistant has stopped; see home-assistant.log")
            try:
                async with self._http.get(self.url + "/manifest.json") as response:
                    if response.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.25)
        raise HomeAssistantFailed("Home Assistant does not come up; see home-assistant.log")

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
            answer: dict[str, str] = {"username": DEMO_USERNAME, "password": DEMO_PASSWORD}
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
            elif step["step_id"] == "found":
                answer = {}
        done = step["type"] == "create_entry" or step.get("reason") == "reauth_successful"
        if not done:
            raise HomeAssistantFailed(f"the integration's flow ended with {step}")

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


def prepare(config: Path, port: int, more: str = "") -> None:
    """Fill a folder for Home Assistant; what is there already stays.

    `more` is added to its configuration.
    """
    storage = config / ".storage"
    storage.mkdir(parents=True, exist_ok=True, mode=0o700)
    (config / "configuration.yaml").write_text(_CONFIGURATION + more)
    # What a person makes in the automation and script editors is written to these.
    for name in ("automations.yaml", "scripts.yaml"):
        (config / name).touch()
    # Copied: Home Assistant does not look for blueprints behind links.
    shutil.copytree(ROOT / "blueprints", config / "blueprints", dirs_exist_ok=True)
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


def free_port() -> int:
    """Return a port of the loopback that is not in use."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
