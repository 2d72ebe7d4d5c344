"""What all paths of the REST view share: who may ask, how often, and how it is answered."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing, nullcontext
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, ClassVar, Final

from aiohttp import web
from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.components.http import KEY_HASS_USER, HomeAssistantView
from homeassistant.components.http.auth import SIGN_QUERY_PARAM
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONTENT_TYPE_JSON
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import Unauthorized
from homeassistant.helpers.json import json_bytes
from homeassistant.util import dt as dt_util

from custom_components.usms.client import BRUNEI, UsmsError
from custom_components.usms.const import (
    CONF_READ_LIMIT,
    CONF_REFRESH_LIMIT,
    DEFAULT_READ_LIMIT,
    DEFAULT_REFRESH_LIMIT,
    DOMAIN,
)
from custom_components.usms.data import UsmsConfigEntry

from .answers import Found
from .errors import ErrorCode, RestError, code_of
from .parameters import Parameter, values_of
from .rate_limit import Allowance, RateLimit

_LOGGER = logging.getLogger(__name__)

ROOT: Final = "/api/usms"
CACHE_CONTROL: Final = "private, no-cache"
"""Kept by the client alone, which asks each time whether it still holds."""
_COMPRESSED: Final = 1024
"""Bytes from which on an answer is compressed, where the client takes that."""
_COMPRESSED_ELSEWHERE: Final = 32768
"""Bytes from which on that is done off the event loop."""
_READERS: Final = 8
"""How many answers are read from stores at the same time."""
_KEPT: Final = 48
"""Parts of answers that are kept: up to some 8 MB."""
_IN_SETUP: Final = frozenset({ConfigEntryState.SETUP_IN_PROGRESS, ConfigEntryState.SETUP_RETRY})


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: `body`, or `pieces` of one that is too long to be held at once."""

    etag: str
    body: bytes = b""
    pieces: AsyncGenerator[bytes] | None = None
    following: str | None = None
    """The address at which a list goes on."""

    @classmethod
    def of(cls, data: object) -> Answer:
        """Return the answer that holds that data; its tag is that of what it says."""
        body = json_bytes(data)
        return cls(tag_of(body), body)


def tag_of(content: bytes) -> str:
    """Return a tag of what an answer says, or goes by."""
    return hashlib.blake2b(content, digest_size=12).hexdigest()


@dataclass(slots=True)
class Rest:
    """What the views share."""

    hass: HomeAssistant
    reads: RateLimit = field(default_factory=RateLimit)
    refreshes: RateLimit = field(default_factory=RateLimit)
    now: Callable[[], float] = lambda: dt_util.utcnow().timestamp()
    """The time, in seconds since 1970."""
    _readers: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_READERS))
    _kept: OrderedDict[tuple[str, int], Any] = field(default_factory=OrderedDict)
    """The parts of answers last asked for, encoded."""

    @property
    def entries(self) -> list[UsmsConfigEntry]:
        """The accounts that are set up."""
        return self.hass.config_entries.async_loaded_entries(DOMAIN)

    async def read[T](self, key: tuple[str, int], job: Callable[[], T]) -> T:
        """Read a part of an answer from a store, off the event loop; or take it as it was read.

        `key` is the answer's tag and the part's number. Not all at once, or the loop would wait.
        """
        async with self._readers if key not in self._kept else nullcontext():
            part: T | None = self._kept.get(key)
            if part is None:
                part = await self.hass.async_add_executor_job(job)
                self._kept[key] = part
        self._kept.move_to_end(key)
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return part

    def meters(self, entry: UsmsConfigEntry) -> list[Found]:
        """Return the meters of an account."""
        return [Found(entry, meter) for meter in entry.runtime_data.meters()]

    def meter(self, number: str) -> Found:
        """Return a meter of any account that is set up."""
        for entry in self.entries:
            for found in self.meters(entry):
                if found.number == number:
                    return found
        raise RestError(ErrorCode.METER_NOT_FOUND)

    def grant_read(self, user: str) -> Allowance:
        """Grant a user a read, or not."""
        return self.reads.ask(user, self._limit(CONF_READ_LIMIT, DEFAULT_READ_LIMIT), self.now())

    def grant_refresh(self, user: str) -> Allowance:
        """Grant a user a request that asks the portal, or not."""
        most = self._limit(CONF_REFRESH_LIMIT, DEFAULT_REFRESH_LIMIT)
        return self.refreshes.ask(user, most, self.now())

    def _limit(self, option: str, usual: int) -> int:
        """Return how many requests a user has within the hour; the most where accounts differ."""
        return max(1, *(int(entry.options.get(option, usual)) for entry in self.entries))

    def absent(self) -> web.Response:
        """Answer while no account is set up: as if nothing was there, unless one will be soon."""
        entries = self.hass.config_entries.async_entries(DOMAIN)
        if any(entry.state in _IN_SETUP for entry in entries):
            return _refusal(RestError(ErrorCode.NOT_READY), {})
        raise web.HTTPNotFound


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for."""

    raw: web.Request
    values: Mapping[str, Any]
    """Of the parameters of the query that are given."""

    def has(self, tag: str) -> bool:
        """Return whether the caller has the answer with that tag already."""
        return any(known.value == tag for known in self.raw.if_none_match or ())


class UsmsView(HomeAssistantView):
    """A path under `/api/usms/`.

    While no account is set up, there is none: Home Assistant can't remove a path, so it answers as
    it would without.
    """

    requires_auth = True
    path: ClassVar[str]
    """Under the root, with names in braces."""
    content: ClassVar[str]
    """The shape of what it answers, by its name among `schemas.SCHEMAS`."""
    many: ClassVar[bool] = False
    """Whether it answers a list of them."""
    parameters: ClassVar[tuple[Parameter, ...]] = ()
    errors: ClassVar[tuple[ErrorCode, ...]] = ()
    """That it may answer besides those that any may."""
    policy: ClassVar[str] = POLICY_READ

    def __init__(self, rest: Rest) -> None:
        """Serve the accounts of that Home Assistant."""
        self.rest = rest
        self.url = ROOT + self.path
        self.name = f"api:usms{self.path.replace('/', ':')}"

    async def answer(self, request: Request, **names: str) -> Answer:
        """Answer a request that is granted; `names` are those of the path. Raises RestError."""
        raise NotImplementedError

    async def _serve(
        self, request: web.Request, names: Mapping[str, str], grant: Callable[[str], Allowance]
    ) -> web.StreamResponse:
        """Answer a request, or with an error."""
        if not self.rest.entries:
            return self.rest.absent()
        user = request[KEY_HASS_USER]
        if not user.permissions.access_all_entities(self.policy):
            raise Unauthorized(user_id=user.id, permission=self.policy)
        allowance = grant(user.id)
        headers = {"Cache-Control": CACHE_CONTROL, **allowance.headers}
        if not allowance.granted:
            return _refusal(RestError(ErrorCode.RATE_LIMITED), headers)
        try:
            query = {name: request.query.getall(name) for name in request.query}
            query.pop(SIGN_QUERY_PARAM, None)  # a signed path; Home Assistant has checked it
            asked = Request(request, values_of(self.parameters, query))
            answer = await self.answer(asked, **names)
        except RestError as err:
            return _refusal(err, headers)
        except UsmsError as err:
            return _refusal(RestError(code_of(err)), headers)
        return await _sent(request, answer, headers)


class ReadView(UsmsView):
    """A path that is read; the portal is asked nothing for it."""

    async def get(self, request: web.Request, **names: str) -> web.StreamResponse:
        """Answer."""
        return await self._serve(request, names, self.rest.grant_read)


async def _sent(
    request: web.Request, answer: Answer, headers: dict[str, str]
) -> web.StreamResponse:
    """Send an answer, unless who asks has it."""
    headers |= {"ETag": f'W/"{answer.etag}"', "Vary": "Accept-Encoding"}
    known = {tag.value for tag in request.if_none_match or ()}
    if request.method == "GET" and known & {answer.etag, "*"}:
        return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
    if answer.following:
        headers["Link"] = f'<{answer.following}>; rel="next"'
    if answer.pieces is None:
        return _whole(answer.body, HTTPStatus.OK, headers)
    return await _in_pieces(request, answer.pieces, headers)


def _refusal(error: RestError, headers: Mapping[str, str]) -> web.Response:
    """Return an error as an answer."""
    data = {
        "detail": error.detail,
        "error_code": error.code,
        "timestamp": dt_util.utcnow().astimezone(BRUNEI).isoformat(timespec="seconds"),
    }
    return _whole(json_bytes(data), error.code.status, {**headers, "Cache-Control": "no-store"})


def _whole(body: bytes, status: HTTPStatus, headers: Mapping[str, str]) -> web.Response:
    response = web.Response(
        body=body,
        status=status,
        headers=headers,
        content_type=CONTENT_TYPE_JSON,
        zlib_executor_size=_COMPRESSED_ELSEWHERE,
    )
    if len(body) > _COMPRESSED:
        response.enable_compression()
    return response


async def _in_pieces(
    request: web.Request, pieces: AsyncGenerator[bytes], headers: Mapping[str, str]
) -> web.StreamResponse:
    """Send pieces as they come; an error on the way breaks the answer off, visibly.

    A client that leaves before the end is none.
    """
    response = web.StreamResponse(headers=headers)
    response.content_type = CONTENT_TYPE_JSON
    response.enable_compression()
    async with aclosing(pieces):
        try:
            await response.prepare(request)
            async for piece in pieces:
                await response.write(piece)
            await response.write_eof()
        except ConnectionError:
            _LOGGER.debug("A client left before its answer's end")
    return response
