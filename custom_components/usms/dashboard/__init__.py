"""The dashboard in the browser: one script, which brings a dashboard strategy and its cards.

The script is served as it stands here, and packed beside it (`scripts/dashboard`) for browsers
that take it so. Home Assistant's own dashboards are left alone: a person adds this one.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from homeassistant.components import frontend
from homeassistant.components.http import StaticPathConfig
from homeassistant.core import HomeAssistant

SCRIPT: Final = Path(__file__).parent / "usms-dashboard.js"
URL: Final = "/usms/dashboard.js"


def address() -> str:
    """Return where pages load the script from; another for every change of it (blocks).

    The change is in the query: a page that is still open finds the script after an update too.
    """
    return f"{URL}?v={hashlib.sha256(SCRIPT.read_bytes()).hexdigest()[:12]}"


async def async_setup_dashboard(hass: HomeAssistant) -> None:
    """Serve the script, and have pages load it; once, and only where there is a frontend."""
    if frontend.DATA_EXTRA_MODULE_URL not in hass.data:
        return
    script = StaticPathConfig(URL, str(SCRIPT), cache_headers=True)
    await hass.http.async_register_static_paths([script])
    frontend.add_extra_js_url(hass, await hass.async_add_executor_job(address))
