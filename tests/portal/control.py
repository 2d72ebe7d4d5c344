"""The control API, JSON under `/_control/`: what a test in another process looks at and changes."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from aiohttp import web

from .faults import Fault
from .truth import BRUNEI

if TYPE_CHECKING:
    from .server import SimulatedPortal


def add_control(app: web.Application, portal: SimulatedPortal) -> None:
    """Add the control API's routes."""
    control = _Control(portal)
    app.add_routes(
        [
            web.get("/_control/truth", control.truth),
            web.get("/_control/captcha", control.captcha),
            web.get("/_control/requests", control.requests),
            web.delete("/_control/requests", control.clear_requests),
            web.get("/_control/faults", control.faults),
            web.post("/_control/faults", control.add_faults),
            web.delete("/_control/faults", control.clear_faults),
            web.post("/_control/expire", control.expire),
            web.get("/_control/clock", control.clock),
            web.post("/_control/clock", control.set_clock),
            web.get("/_control/profile", control.profile),
            web.post("/_control/profile", control.set_profile),
        ]
    )


def _refused(message: object) -> web.Response:
    return web.json_response({"error": str(message)}, status=400)


async def _body(request: web.Request) -> Any:
    try:
        return await request.json()
    except json.JSONDecodeError as err:
        raise ValueError("the body is not JSON") from err


class _Control:
    def __init__(self, portal: SimulatedPortal) -> None:
        self._portal = portal

    async def truth(self, request: web.Request) -> web.Response:
        query = request.query
        try:
            rows = self._portal.truth(
                query.get("meter", ""),
                query.get("resolution", ""),
                final=query.get("final") == "1",
            )
        except KeyError:
            return _refused("unknown meter")
        except ValueError as err:
            return _refused(err)
        return web.json_response(
            [{"start": start.isoformat(), "value": str(value)} for start, value in rows]
        )

    async def captcha(self, _request: web.Request) -> web.Response:
        return web.json_response({"answer": self._portal.captcha_answer})

    async def requests(self, _request: web.Request) -> web.Response:
        return web.json_response([asdict(record) for record in self._portal.requests])

    async def clear_requests(self, _request: web.Request) -> web.Response:
        self._portal.clear_requests()
        return web.json_response({})

    async def faults(self, _request: web.Request) -> web.Response:
        return web.json_response([asdict(fault) for fault in self._portal.faults])

    async def add_faults(self, request: web.Request) -> web.Response:
        try:
            wanted = await _body(request)
            faults = [
                Fault(**fault) for fault in (wanted if isinstance(wanted, list) else [wanted])
            ]
        except (TypeError, ValueError) as err:
            return _refused(err)
        for fault in faults:
            self._portal.add_fault(fault)
        return await self.faults(request)

    async def clear_faults(self, _request: web.Request) -> web.Response:
        self._portal.clear_faults()
        return web.json_response([])

    async def expire(self, _request: web.Request) -> web.Response:
        self._portal.expire()
        return web.json_response({})

    async def clock(self, _request: web.Request) -> web.Response:
        return web.json_response({"now": self._portal.now().isoformat()})

    async def set_clock(self, request: web.Request) -> web.Response:
        try:
            wanted = await _body(request)
            now = datetime.fromisoformat(wanted["now"])
        except (KeyError, TypeError, ValueError) as err:
            return _refused(f"now must be an ISO time ({err})")
        if now.tzinfo is None:
            now = now.replace(tzinfo=BRUNEI)
        self._portal.set_now(now, ticking=bool(wanted.get("ticking")))
        return await self.clock(request)

    async def profile(self, _request: web.Request) -> web.Response:
        return web.json_response(self._portal.profile.as_json())

    async def set_profile(self, request: web.Request) -> web.Response:
        try:
            wanted = await _body(request)
            self._portal.set_profile(**wanted)
        except (TypeError, ValueError) as err:
            return _refused(err)
        return await self.profile(request)
