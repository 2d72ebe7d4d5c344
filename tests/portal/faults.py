"""A portal in trouble: what any path can be made to answer."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from aiohttp import web

KINDS: Final = frozenset(
    {
        "status",
        "hang",
        "drip",
        "cut",
        "drop",
        "empty",
        "other_page",
        "maintenance",
        "redirect_host",
        "huge",
    }
)
_OTHER = "<!DOCTYPE html><html><head><title>IIS Windows Server</title></head><body></body></html>"
_MAINTENANCE = (
    "<!DOCTYPE html><html><head><title>Maintenance</title></head><body><h1>System Maintenance</h1>"
    "<p>The system is temporarily not available. Please try again later.</p></body></html>"
)


@dataclass
class Fault:
    """What goes wrong, where and how often."""

    path: str
    """Path under the base, such as `home` or `report/usagehistory`; `*` for every one."""
    kind: str
    status: int = 503
    """For `status`."""
    times: int | None = None
    """How often; None: until cleared."""
    after: int = 0
    """So many requests of that path go well before."""
    method: str | None = None
    location: str = "http://203.0.113.7/elsewhere"
    """For `redirect_host`."""

    def __post_init__(self) -> None:
        """Refuse what is none."""
        if self.kind not in KINDS:
            raise ValueError(f"unknown fault {self.kind!r}; known are {', '.join(sorted(KINDS))}")
        for name in ("status", "after", "times"):
            value = getattr(self, name)
            if not (isinstance(value, int) or (name == "times" and value is None)):
                raise ValueError(f"{name} must be a number, not {value!r}")
        self.path = str(self.path).lower().strip("/").removeprefix("smartmeter/")
        self.method = self.method.upper() if self.method else None

    def strikes(self, path: str, method: str) -> bool:
        """Tell whether a request is struck, and count it."""
        if self.path not in {"*", path} or self.method not in {None, method}:
            return False
        if self.after > 0:
            self.after -= 1
            return False
        if self.times is not None:
            if self.times <= 0:
                return False
            self.times -= 1
        return True


async def strike(fault: Fault, request: web.Request) -> web.StreamResponse:
    """Answer a request as the fault wants."""
    if fault.kind == "status":
        return web.Response(status=fault.status, text="Server Error", content_type="text/html")
    if fault.kind == "redirect_host":
        return web.Response(status=302, headers={"Location": fault.location})
    bodies = {"empty": "", "other_page": _OTHER, "maintenance": _MAINTENANCE}
    if fault.kind in bodies:
        return web.Response(text=bodies[fault.kind], content_type="text/html")
    if fault.kind == "huge":
        return web.Response(body=b"<p>" * 4_000_000, content_type="text/html")
    if fault.kind == "hang":
        await asyncio.sleep(3600)
    if fault.kind == "drip":
        return await _drip(request)
    if fault.kind == "cut":
        response = web.StreamResponse(headers={"Content-Type": "text/html"})
        response.content_length = 50_000
        await response.prepare(request)
        await response.write(b"<!DOCTYPE html><html><head>")
    if request.transport is not None:
        request.transport.abort()
    raise ConnectionResetError


async def _drip(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/html"})
    await response.prepare(request)
    for _ in range(3600):
        await response.write(b" ")
        await asyncio.sleep(0.1)
    return response
