"""The OpenAPI document of the REST view, made from the views themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final

from custom_components.usms.client import Utility

from .errors import ErrorCode
from .parameters import Parameter
from .schemas import SCHEMAS, reference
from .view import CACHE_CONTROL, ROOT, UsmsView

type Node = dict[str, Any]

_ANY: Final = (ErrorCode.INVALID_PARAMETER, ErrorCode.NOT_READY, ErrorCode.RATE_LIMITED)
"""What every path may answer."""
_DESCRIPTION: Final = """\
Readings, balances, forecasts and tariffs of the USMS accounts that are set up in Home Assistant.

Reads never ask the portal: they answer from what Home Assistant has read already. All numbers are
JSON numbers; their units stand beside them. Times have an offset; days, months and times without
another offset are Brunei's (UTC+8). Money is BND.

Each user has a number of reads and of refreshes within any hour, which the account's options set.
Every answer has an `ETag`: ask with `If-None-Match` and get 304 without content while it holds.

While no account is set up, every path answers 404 as text.
"""
_NAMES: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "entry_id": (
        "The account's `entry_id`",
        {"type": "string", "examples": ["01HQZX4T9V7M3K8N2P5R6S1W0Y"]},
    ),
    "meter": ("The meter's number", {"type": "string", "examples": ["12345678"]}),
    "utility": ("What is measured", {"type": "string", "enum": [*Utility]}),
}
"""What the names in paths stand for."""


def _text_header(description: str) -> Node:
    return {"description": description, "schema": {"type": "string"}}


def _number_header(description: str) -> Node:
    return {"description": description, "schema": {"type": "integer", "minimum": 0}}


_HEADERS: Final[Mapping[str, Node]] = {
    "ETag": _text_header("Changes with what is answered"),
    "Cache-Control": _text_header(f"`{CACHE_CONTROL}`; `no-store` for errors"),
    "X-RateLimit-Limit": _number_header("Requests that a user has within any hour"),
    "X-RateLimit-Remaining": _number_header("Requests that are left now"),
    "X-RateLimit-Reset": _number_header(
        "When the oldest request that counts is an hour old: seconds since 1970"
    ),
    "Retry-After": _number_header("Seconds to wait"),
    "Link": _text_header('Where the list goes on: `<address>; rel="next"`; only where it does'),
}
_ALWAYS: Final = (
    "Cache-Control",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
)


def document(views: Iterable[type[UsmsView]], version: str) -> Node:
    """Return the document of these paths."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "USMS for Home Assistant",
            "version": version,
            "description": _DESCRIPTION,
        },
        "servers": [{"url": ROOT, "description": "This Home Assistant"}],
        "security": [{"token": []}],
        "paths": {view.path: _path(view) for view in views},
        "components": {
            "schemas": dict(SCHEMAS),
            "headers": dict(_HEADERS),
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An access token of Home Assistant, such as a long-lived one",
                }
            },
        },
    }


def _path(view: type[UsmsView]) -> Node:
    """Return a path with its only method."""
    reads = hasattr(view, "get")
    lines = (view.__doc__ or "").split("\n\n", 1)[0]
    operation: Node = {
        "operationId": _operation_id("get" if reads else "post", view.path),
        "summary": " ".join(lines.split()),
        "responses": _responses(view, reads=reads),
    }
    parameters = [_parameter(parameter) for parameter in view.parameters]
    if reads:
        parameters.append(
            {
                "name": "If-None-Match",
                "in": "header",
                "description": "The `ETag` of the answer one has",
                "schema": {"type": "string"},
            }
        )
    if parameters:
        operation["parameters"] = parameters
    path: Node = {"get" if reads else "post": operation}
    names = re.findall(r"\{(\w+)\}", view.path)
    if names:
        path["parameters"] = [
            {
                "name": name,
                "in": "path",
                "required": True,
                "description": _NAMES[name][0],
                "schema": dict(_NAMES[name][1]),
            }
            for name in names
        ]
    return path


def _operation_id(method: str, path: str) -> str:
    words = re.findall(r"[a-z]+", path.replace("{entry_id}", "").replace("{meter}", "one"))
    return "_".join([method, *words])


def _parameter(parameter: Parameter) -> Node:
    return {
        "name": parameter.name,
        "in": "query",
        "description": parameter.description,
        "schema": dict(parameter.schema),
        "example": parameter.example,
    }


def _responses(view: type[UsmsView], *, reads: bool) -> Node:
    """Return all answers of a view, by status."""
    schema = reference(view.content)
    example = SCHEMAS[view.content]["examples"][0]
    if view.many:
        schema, example = {"type": "array", "items": schema}, [example]
    headers = (
        "ETag",
        *_ALWAYS,
        *(("Link",) if "limit" in {p.name for p in view.parameters} else ()),
    )
    responses: Node = {
        "200": {
            "description": "Done",
            "headers": _headers(*headers),
            "content": {"application/json": {"schema": schema, "example": example}},
        },
        "401": {"description": "No valid token of a user who may", "content": _plain()},
    }
    if reads:
        responses["304"] = {
            "description": "The answer one has still holds",
            "headers": _headers("ETag", *_ALWAYS),
        }
    codes: dict[HTTPStatus, list[ErrorCode]] = {}
    for code in ErrorCode:
        if code in {*_ANY, *view.errors}:
            codes.setdefault(code.status, []).append(code)
    for status, group in codes.items():
        responses[str(status.value)] = _error(status, group)
    return dict(sorted(responses.items()))


def _error(status: HTTPStatus, codes: Iterable[ErrorCode]) -> Node:
    example = SCHEMAS["Error"]["examples"][0]
    response: Node = {
        "description": "; ".join(f"`{code}`: {code.meaning}" for code in codes),
        "content": {
            "application/json": {
                "schema": reference("Error"),
                "examples": {
                    code: {"value": {**example, "detail": code.meaning, "error_code": code}}
                    for code in codes
                },
            }
        },
    }
    if status is HTTPStatus.BAD_REQUEST:
        response["description"] += "; as text: Home Assistant itself refuses the address"
        response["content"] |= _plain()
    if status is HTTPStatus.TOO_MANY_REQUESTS:
        response["headers"] = _headers(*_ALWAYS, "Retry-After")
    return response


def _headers(*names: str) -> Node:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _plain() -> Node:
    return {"text/plain": {"schema": {"type": "string"}}}
