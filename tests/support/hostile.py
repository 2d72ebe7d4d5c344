"""What may stand between us and the portal: a proxy that ends TLS, and changes what passes."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp


@dataclass
class Passing:
    """An answer on its way, as it will be written."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


@dataclass
class HostileProxy:
    """Forwards to the portal at `target`; `change` sees and changes every answer."""

    target: str
    change: Callable[[Passing], None] = field(default=lambda _answer: None)
    asked: list[dict[str, str]] = field(default_factory=list)
    """The headers of each request, with `method` and `path`."""
    origin: str = ""

    @property
    def base_url(self) -> str:
        """The address for a client."""
        return f"{self.origin}/SmartMeter/"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request, and close."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.rstrip().split("\r\n")
            method, path, _ = first.split(" ")
            headers = dict(line.split(": ", 1) for line in lines)
            self.asked.append({**headers, "method": method, "path": path})
            body = await reader.readexactly(int(headers.get("Content-Length", 0)))
            answer = await self._forward(method, path, headers, body)
            self.change(answer)
            written = [f"HTTP/1.1 {answer.status} Whatever"]
            written += [f"{name}: {value}" for name, value in answer.headers]
            writer.write("\r\n".join([*written, "", ""]).encode() + answer.body)
            await writer.drain()
        except asyncio.IncompleteReadError, ConnectionError:
            pass  # whoever asked has left
        finally:
            writer.close()

    async def _forward(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> Passing:
        kept = {k: v for k, v in headers.items() if k in {"Cookie", "Content-Type", "User-Agent"}}
        async with (
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http,
            http.request(
                method, self.target + path, headers=kept, data=body, allow_redirects=False
            ) as answer,
        ):
            body = await answer.read()
            passed = [
                (name, value)
                for name, value in answer.headers.items()
                if name in {"Content-Type", "Location", "Set-Cookie", "Date"}
            ]
            passed += [("Content-Length", str(len(body))), ("Connection", "close")]
            return Passing(answer.status, passed, body)


@asynccontextmanager
async def hostile_proxy(
    target: str, ssl_context: ssl.SSLContext | None = None
) -> AsyncIterator[HostileProxy]:
    """Run one on a free port of the loopback, over TLS with a context."""
    proxy = HostileProxy(target)
    server = await asyncio.start_server(
        proxy.serve, "127.0.0.1", 0, ssl=ssl_context, limit=1024 * 1024
    )
    port = server.sockets[0].getsockname()[1]
    proxy.origin = f"{'https' if ssl_context else 'http'}://127.0.0.1:{port}"
    try:
        yield proxy
    finally:
        server.close()
        await server.wait_closed()
