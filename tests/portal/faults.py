"""A portal in trouble: what any path can be made to answer."""

from __future__ import annotations

import asyncio
import gzip
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from aiohttp import web

from .drift import DRIFTS

if TYPE_CHECKING:
    from collections.abc import Mapping

ANSWERS: Final = frozenset(
    {
        "status",
        "hang",
        "drip",
        "cut",
        "drop",
        "empty",
        "other_page",
        "maintenance",
        "firewall",
        "redirect_nowhere",
        "redirect_host",
        "redirect_http",
        "huge",
        "gzip_bomb",
    }
)
"""Another answer takes the place of the portal's own."""
TROUBLES: Final = frozenset(
    {"cookie_dropped", "state_refused", "session_stolen", "captcha_asked", "meter_opened"}
)
"""The portal answers, but no longer knows whom, or what was opened: another program with the same
session has opened another meter."""
CHANGES: Final = frozenset({"wrong_charset", *DRIFTS})
"""The portal's own page, changed on its way."""
KINDS: Final = ANSWERS | TROUBLES | CHANGES
_OTHER = "<!DOCTYPE html><html><head><title>IIS Windows Server</title></head><body></body></html>"
_MAINTENANCE = (
    "<!DOCTYPE html><html><head><title>Maintenance</title></head><body><h1>System Maintenance</h1>"
    "<p>The system is temporarily not available. Please try again later.</p></body></html>"
)
_FIREWALL = (
    "<html><head><title>Request Rejected</title></head><body>The requested URL was rejected. "
    "Please consult with your administrator.<br><br>Your support ID is: 4711471147114711471"
    "<br><br><a href='javascript:history.back();'>[Go Back]</a></body></html>"
)


@dataclass
class Fault:
    """What goes wrong, where and how often."""

    path: str
    """Path under the base, such as `home`, or what stands before it, as `report`; `*` for all."""
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
    retry_after: str | None = None
    """For `status`: the header `Retry-After`."""
    report: str | None = None
    """Strike only posts that ask for that report type (the value of `cboType_VI`)."""

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

    def strikes(self, path: str, method: str, posted: Mapping[str, str]) -> bool:
        """Tell whether a request is struck, and count it."""
        if not self._is_at(path) or self.method not in {None, method}:
            return False
        if self.report not in {None, posted.get("cboType_VI")}:
            return False
        if self.after > 0:
            self.after -= 1
            return False
        if self.times is not None:
            if self.times <= 0:
                return False
            self.times -= 1
        return True

    def _is_at(self, path: str) -> bool:
        return self.path in {"*", path} or path.startswith(f"{self.path}/")


async def strike(fault: Fault, request: web.Request) -> web.StreamResponse:
    """Answer a request as the fault wants."""
    if fault.kind == "status":
        headers = {"Retry-After": fault.retry_after} if fault.retry_after else None
        return web.Response(
            status=fault.status, text="Server Error", content_type="text/html", headers=headers
        )
    if fault.kind == "redirect_nowhere":
        return web.Response(status=302)
    if fault.kind in {"redirect_host", "redirect_http"}:
        plain = request.url.with_scheme("http").with_port(80 if request.scheme == "http" else None)
        location = fault.location if fault.kind == "redirect_host" else str(plain)
        return web.Response(status=302, headers={"Location": location})
    bodies = {"empty": "", "other_page": _OTHER, "maintenance": _MAINTENANCE, "firewall": _FIREWALL}
    if fault.kind in bodies:
        return web.Response(text=bodies[fault.kind], content_type="text/html")
    if fault.kind in {"huge", "gzip_bomb", "drip"}:
        return await {"huge": _huge, "gzip_bomb": _bomb, "drip": _drip}[fault.kind](request)
    if fault.kind == "hang":
        await asyncio.sleep(3600)
    if fault.kind == "cut":
        response = web.StreamResponse(headers={"Content-Type": "text/html"})
        response.content_length = 50_000
        await response.prepare(request)
        await response.write(b"<!DOCTYPE html><html><head>")
    if request.transport is not None:
        request.transport.abort()
    raise ConnectionResetError


def change(fault: Fault, response: web.Response) -> web.Response:
    """Return the portal's own answer as the fault changes it; what is no page stays."""
    if response.content_type != "text/html" or not isinstance(response.body, bytes):
        return response
    html = response.body.decode()
    if fault.kind == "wrong_charset":
        response.body = html.encode("latin-1", errors="replace")
    else:
        response.body = DRIFTS[fault.kind](html).encode()
    return response


async def _bomb(_request: web.Request) -> web.StreamResponse:
    headers = {"Content-Type": "text/html", "Content-Encoding": "gzip"}
    return web.Response(body=_packed(), headers=headers)


@cache
def _packed() -> bytes:
    """Return 200 kB that unpack to 200 MB."""
    return gzip.compress(b"<!DOCTYPE html>" + bytes(200 * 1024 * 1024), 6)


async def _huge(request: web.Request) -> web.StreamResponse:
    """Send 100 MB, as far as anybody reads."""
    response = web.StreamResponse(headers={"Content-Type": "text/html"})
    await response.prepare(request)
    for _ in range(100):
        await response.write(b"<p>." * (256 * 1024))
    return response


async def _drip(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/html"})
    await response.prepare(request)
    for _ in range(3600):
        await response.write(b" ")
        await asyncio.sleep(0.1)
    return response
