"""A program that uses the REST view, and checks each answer against the view's document."""

import re
from typing import Any

import jsonschema_rs
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient
from homeassistant.core import HomeAssistant

from custom_components.usms.rest.openapi import document
from custom_components.usms.rest.view import ROOT
from custom_components.usms.rest.views import VIEWS
from tests.support.harness import Harness

DOCUMENT = document(VIEWS, "1.0.0")


class Api:
    """A program that uses the REST view, and checks each answer against the document."""

    def __init__(self, hass: HomeAssistant, client: TestClient[Any, Any], token: str) -> None:
        """Use that client as the user of that token."""
        self.client = client
        self._auth = hass.auth
        self._user = hass.auth.async_validate_access_token(token)

    @property
    def authorization(self) -> dict[str, str]:
        """A token that is fresh, wherever the clock stands."""
        assert self._user
        return {"Authorization": f"Bearer {self._auth.async_create_access_token(self._user)}"}

    async def ask(
        self, path: str, method: str = "GET", headers: dict[str, str] | None = None, **query: str
    ) -> tuple[ClientResponse, Any]:
        """Return an answer and its content."""
        headers = self.authorization | (headers or {})
        response = await self.client.request(method, ROOT + path, params=query, headers=headers)
        content = await response.json() if await response.read() else None
        check(method, path, response, content)
        return response, content

    async def get(self, path: str, **query: str) -> Any:
        """Return what is there."""
        response, content = await self.ask(path, **query)
        assert response.status == 200, content
        return content

    async def refused(self, path: str, method: str = "GET", **query: str) -> tuple[int, str]:
        """Return status and code of an answer that is an error."""
        response, content = await self.ask(path, method, **query)
        assert content.keys() == {"detail", "error_code", "timestamp"}
        assert content["detail"]
        assert response.headers["Cache-Control"] == "no-store"
        return response.status, content["error_code"]


def template_of(path: str) -> str:
    """Return the path of the document that this is."""
    for template in DOCUMENT["paths"]:
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
            return str(template)
    raise KeyError(path)


def check(method: str, path: str, response: ClientResponse, content: Any) -> None:
    """Check that an answer is one of those that the document has."""
    operation = DOCUMENT["paths"][template_of(path)][method.lower()]
    described = operation["responses"][str(response.status)]
    for name in described.get("headers", {}):
        assert name in response.headers or name == "Link"
    if content is None:
        assert "content" not in described
        return
    assert response.content_type == "application/json"
    schema = described["content"]["application/json"]["schema"]
    root = {**schema, "components": DOCUMENT["components"]}
    jsonschema_rs.Draft202012Validator(root, validate_formats=True).validate(content)


def filled(path: str, harness: Harness) -> str:
    """Return a path of the document with names that there are."""
    names = {
        "{entry_id}": harness.entry.entry_id,
        "{meter}": harness.meter().number,
        "{utility}": "electricity",
    }
    for name, value in names.items():
        path = path.replace(name, value)
    return path
