"""The dashboard in the browser: a script, which brings a dashboard strategy and its cards.

One script is on each page of Home Assistant and is small; it imports the other, which draws the
cards, when the first of them is shown. Both are served as they stand here, and packed beside them
(`scripts/dashboard`) for browsers that take them so. Home Assistant's own dashboards are left
alone: a person adds this one.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from aiohttp import web
from homeassistant.components import frontend
from homeassistant.components.http import HomeAssistantView
from homeassistant.components.http.static import CACHE_HEADERS
from homeassistant.core import HomeAssistant

from .account import async_setup_account

FOLDER: Final = Path(__file__).parent
SCRIPT: Final = "usms-dashboard.js"
SCRIPTS: Final = (SCRIPT, "usms-cards.js")


def version(folder: Path) -> str:
    """Return another word for every change of a script (blocks)."""
    scripts = b"".join((folder / name).read_bytes() for name in SCRIPTS)
    return hashlib.sha256(scripts).hexdigest()[:12]


class ScriptsView(HomeAssistantView):
    """The scripts, in a folder named by their version: so a script imports the other's like.

    A page that is still open after an update finds them under its old version too; that
    address is not theirs to keep.
    """

    url = "/usms/{wanted}/{script}"
    name = "usms:dashboard"
    requires_auth = False

    def __init__(self, version: str) -> None:
        """Serve what has that version."""
        self.address = f"/usms/{version}/{SCRIPT}"
        self._version = version

    async def get(self, _request: web.Request, wanted: str, script: str) -> web.FileResponse:
        """Send a script; browsers keep it for long."""
        if script not in SCRIPTS:
            raise web.HTTPNotFound
        headers = CACHE_HEADERS if wanted == self._version else {"Cache-Control": "no-cache"}
        return web.FileResponse(FOLDER / script, headers=headers)


async def async_setup_dashboard(hass: HomeAssistant) -> None:
    """Serve the scripts, and have pages load the first; only where there is a frontend."""
    if frontend.DATA_EXTRA_MODULE_URL not in hass.data:
        return
    view = ScriptsView(await hass.async_add_executor_job(version, FOLDER))
    hass.http.register_view(view)
    async_setup_account(hass)
    frontend.add_extra_js_url(hass, view.address)
