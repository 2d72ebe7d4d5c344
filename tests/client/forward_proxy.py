"""A proxy for plain http, as an office has one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web

VARIABLES = (
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "REQUEST_METHOD"),
    *("http_proxy", "https_proxy", "no_proxy", "all_proxy"),
)
"""What names a proxy in the environment."""


@dataclass
class Proxy:
    """Forwards what it is asked, and notes it."""

    port: int = 0
    asked: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    async def forward(self, request: web.Request) -> web.Response:
        self.asked.append(str(request.url))
        self.headers.append(dict(request.headers))
        headers = {k: v for k, v in request.headers.items() if not k.startswith("Proxy-")}
        jar = aiohttp.DummyCookieJar()
        async with (
            aiohttp.ClientSession(auto_decompress=False, cookie_jar=jar) as http,
            http.request(
                request.method,
                request.url,
                headers=headers,
                data=await request.read(),
                allow_redirects=False,
            ) as answer,
        ):
            kept = [
                (name, value)
                for name, value in answer.headers.items()
                if name in {"Content-Type", "Content-Encoding", "Location", "Set-Cookie"}
            ]
            return web.Response(status=answer.status, body=await answer.read(), headers=kept)


@asynccontextmanager
async def running() -> AsyncIterator[Proxy]:
    """Run one on a free port of the loopback."""
    proxy = Proxy()
    runner = web.ServerRunner(web.Server(proxy.forward))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    proxy.port = runner.addresses[0][1]
    try:
        yield proxy
    finally:
        await runner.cleanup()
