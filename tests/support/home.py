"""A household's Home Assistant: started, stopped and killed, with a simulated portal beside it."""

import asyncio
import re
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp

from tests.portal import SimulatedPortal
from tests.support import ROOT
from tests.support.home_assistant import HomeAssistant, free_port, prepare, running

HASS = ROOT / ".venv" / "envs" / "hass" / "bin" / "python"


class Home:
    """A Home Assistant that may be killed and started again."""

    def __init__(
        self, config: Path, portal: SimulatedPortal, more: str = "", *, base_url: str | None = None
    ) -> None:
        """Keep all of it in that folder; `base_url` where the portal is not asked itself."""
        self.config = config
        self.portal = portal
        self._base_url = base_url or portal.base_url
        self._more = more
        self._port = free_port()
        self._stack = AsyncExitStack()
        self.process: asyncio.subprocess.Process | None = None
        self._http: aiohttp.ClientSession | None = None
        self._token = ""
        self.api: HomeAssistant

    async def start(self) -> None:
        """Start it, and wait until it is up and running."""
        prepare(self.config, self._port, self._more)
        (self.config / "automations.yaml").touch()
        self._stack = AsyncExitStack()
        self._http = http = await self._stack.enter_async_context(aiohttp.ClientSession())
        self.process = await self._stack.enter_async_context(
            running(
                str(HASS),
                "-m",
                "homeassistant",
                "--config",
                str(self.config),
                log=self.config / "output.log",
                USMS_BASE_URL=self._base_url,
            )
        )
        self.api = HomeAssistant(http, f"http://127.0.0.1:{self._port}")
        await self.api.wait_until_up(self.process)
        if not self._token:
            await self.api.onboard()
            self._token = self.api.token
        self.api.token = self._token
        await self.until(self._has_started)

    async def stop(self) -> None:
        """Stop it as a person would."""
        await self._stack.aclose()

    async def kill(self) -> None:
        """Kill it as a power cut would."""
        assert self.process is not None
        self.process.kill()
        await self.process.wait()
        await self._stack.aclose()

    async def _has_started(self) -> bool:
        return (await self.api.call("GET", "/api/config"))["state"] == "RUNNING"

    @staticmethod
    async def until(condition: Any, seconds: float = 120) -> None:
        """Wait until that holds."""
        async with asyncio.timeout(seconds):
            while not await condition():  # noqa: ASYNC110 - what is waited for is another process
                await asyncio.sleep(0.1)

    async def add_account(self) -> None:
        """Sign in through the integration's flow, and wait until Home Assistant has kept that."""
        await self.api.sign_in(self.portal.base_url)
        await self.until(self._has_kept_the_account)

    async def _has_kept_the_account(self) -> bool:
        file = self.config / ".storage" / "core.config_entries"
        return file.exists() and '"usms"' in await asyncio.to_thread(file.read_text)

    async def state(self, ending: str) -> dict[str, Any]:
        """Return the state of the entity whose id ends so."""
        states = await self.api.call("GET", "/api/states")
        return next((s for s in states if s["entity_id"].endswith(ending)), {"state": "missing"})

    async def act(self, action: str, **data: Any) -> dict[str, Any]:
        """Perform an action and return its response."""
        path = f"/api/services/{action.replace('.', '/')}?return_response"
        done = await self.api.call("POST", path, json=data)
        response: dict[str, Any] = done["service_response"]
        return response

    async def fetch(self, path: str) -> bytes:
        """Return what a person who is signed in gets there."""
        assert self._http is not None
        headers = {"Authorization": f"Bearer {self._token}"}
        async with self._http.get(f"{self.api.url}{path}", headers=headers) as response:
            assert response.status == 200
            return await response.read()

    async def entry_id(self) -> str:
        """Return the account's config entry."""
        entries = await self.api.call(
            "GET", "/api/config/config_entries/entry", params={"domain": "usms"}
        )
        return str(entries[0]["entry_id"])

    async def statistics(self, statistic_id: str) -> dict[datetime, float]:
        """Return a series by start."""
        found = await self.api.command(
            "recorder/statistics_during_period",
            start_time="2020-01-01T00:00:00+00:00",
            statistic_ids=[statistic_id],
            period="hour",
            types=["state"],
        )
        return {
            datetime.fromtimestamp(row["start"] / 1000, UTC): row["state"]
            for row in found.get(statistic_id, [])
        }

    def trouble(self) -> list[str]:
        """Return the integration's errors in its log; that a sign-in is needed is none."""
        records = re.split(r"^(?=\d{4}-\d\d-\d\d )", self.log(), flags=re.MULTILINE)
        # A folder of that name on the way to the interpreter is not ours.
        ours = re.compile(r"(?<!/)usms|custom_components/usms")
        bad = [record for record in records if " ERROR " in record and ours.search(record)]
        return [record for record in bad if "Authentication failed" not in record]

    def log(self) -> str:
        """Return its log."""
        return (self.config / "home-assistant.log").read_text()
