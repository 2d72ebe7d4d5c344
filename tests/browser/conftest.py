"""A real Home Assistant with a simulated portal, and a real browser."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Locator, Page, async_playwright, expect

from custom_components.usms.client import NO_PACING, Account, UsmsClient
from tests.support import ROOT
from tests.support.home_assistant import free_port

expect.set_options(timeout=30_000)

SCREENSHOTS = os.environ.get("USMS_SCREENSHOTS")
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def browser_path() -> str | None:
    """Return a browser on this machine; None leaves it to Playwright's own."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if (path := shutil.which(name))), None)


def _need(path: str) -> None:
    """Skip without a browser; fail where all checks have to run."""
    if not Path(path).exists():
        why = "no browser: scripts/setup --browser installs one"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    """Let tests talk to the loopback."""


@pytest.fixture
def demo_options() -> list[str]:
    """What the demo is started with; tests override it."""
    return []


@pytest.fixture
def demo(tmp_path: Path, socket_enabled: None, demo_options: list[str]) -> Iterator[dict[str, Any]]:
    """The demo as a person starts it."""
    command = [str(ROOT / "scripts" / "demo"), *demo_options]
    command += ["--config", str(tmp_path / "demo")]
    command += ["--port", str(free_port()), "--portal-port", str(free_port())]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            assert process.stdout is not None
            for line in process.stdout:
                if line.startswith("Ctrl-C"):
                    break
            else:
                pytest.fail("scripts/demo has ended by itself")
            yield json.loads((tmp_path / "demo" / "demo.json").read_text())
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.communicate(timeout=60)


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    """A page of a browser that is new to all of it."""
    async with async_playwright() as playwright:
        path = browser_path()
        if path is None:
            _need(playwright.chromium.executable_path)
        browser = await playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        context = await browser.new_context(
            viewport={"width": 1280, "height": 900},
            locale="en-GB",
            timezone_id="Asia/Brunei",
            reduced_motion="reduce",  # what still moves takes no clicks
        )
        context.set_default_timeout(30_000)
        yield await context.new_page()
        await browser.close()


async def control(demo: dict[str, Any], path: str, body: Any = None) -> Any:
    """Ask the simulated portal's control API, or tell it."""
    url = demo["portal_url"].replace("/SmartMeter/", f"/_control/{path}")
    return await call(url, body)


async def call(url: str, body: Any = None, **headers: str) -> Any:
    """Fetch JSON, or post it."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json", **headers})

    def fetch() -> Any:
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.load(response)

    return await asyncio.to_thread(fetch)


async def visit(page: Page, url: str) -> None:
    """Open an address; a dialog that closes may still go back in the history, and stop that."""
    try:
        await page.goto(url)
    except PlaywrightError:
        await page.goto(url)


async def drawn(picture: Locator, width: int = 400) -> str:
    """Return a picture's address once the browser has drawn it."""
    await expect(picture).to_be_visible()
    await expect(picture).to_have_js_property("naturalWidth", width)
    return await picture.get_attribute("src") or ""


async def soon(what: str, holds: Callable[[], Awaitable[bool]], within: float = 20) -> None:
    """Wait until something is so: pages are laid out frame by frame, on some machines slowly."""
    with suppress(TimeoutError):
        async with asyncio.timeout(within):
            while not await holds():  # noqa: ASYNC110 (asking the page takes its time)
                await asyncio.sleep(0.05)
            return
    pytest.fail(f"not so after {within} s: {what}")


async def screenshot(page: Page, name: str) -> bytes:
    """Take a picture of the page; keep it for the documentation where that is wanted."""
    path = str(Path(SCREENSHOTS) / f"{name}.png") if SCREENSHOTS else None
    return await page.screenshot(path=path, animations="disabled")  # not in the middle of one


async def read_portal(demo: dict[str, Any]) -> Account:
    """Read the account page by a client of our own."""

    async def answer(_image: bytes) -> str:
        return str((await control(demo, "captcha"))["answer"])

    async with UsmsClient(base_url=demo["portal_url"], pacing=NO_PACING) as client:
        await client.sign_in(
            demo["portal_username"], demo["portal_password"], answer_captcha=answer
        )
        return await client.account()
