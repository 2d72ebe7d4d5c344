"""The document of the REST view: what it says is what is there."""

import re

import jsonschema_rs
from homeassistant.core import HomeAssistant

from custom_components.usms.rest.errors import ErrorCode
from custom_components.usms.rest.schemas import SCHEMAS
from custom_components.usms.rest.view import ReadView
from custom_components.usms.rest.views import VIEWS
from tests import support
from tests.integration.rest.api import DOCUMENT, Api


async def test_the_document_is_what_is_served(api: Api) -> None:
    response, served = await api.ask("/openapi.json")
    assert response.content_type == "application/json"
    assert served["openapi"] == "3.1.0"
    assert served["paths"].keys() == {view.path for view in VIEWS}
    assert served["paths"] == DOCUMENT["paths"]


def test_the_document_has_each_path_and_parameter_and_no_other(hass: HomeAssistant) -> None:
    for view in VIEWS:
        path = DOCUMENT["paths"][view.path]
        methods = path.keys() & {"get", "post", "put", "delete", "patch"}
        assert methods == {name for name in ("get", "post", "put") if hasattr(view, name)}
        (operation,) = (path[method] for method in methods)
        described = {p["name"] for p in operation.get("parameters", ()) if p["in"] == "query"}
        assert described == {parameter.name for parameter in view.parameters}
        names = {parameter["name"] for parameter in path.get("parameters", ())}
        assert names == set(re.findall(r"\{(\w+)\}", view.path))
        assert ("304" in operation["responses"]) == issubclass(view, ReadView)


def test_examples_are_what_they_are_examples_of() -> None:
    for name, schema in SCHEMAS.items():
        root = {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
        validator = jsonschema_rs.Draft202012Validator(root, validate_formats=True)
        for example in schema["examples"]:
            validator.validate(example)
    for view in VIEWS:
        for parameter in view.parameters:
            parameter.read(str(parameter.example))
            jsonschema_rs.validate(parameter.schema, parameter.example)


def test_the_page_about_it_tells_all_paths_and_errors() -> None:
    page = (support.ROOT / "docs" / "rest.md").read_text()
    paths = set(re.findall(r"^\| `(\w+) ([^`]+)` \|", page, re.MULTILINE))
    assert paths == {
        (method.upper(), path.lstrip("/"))
        for path, operations in DOCUMENT["paths"].items()
        for method in operations.keys() & {"get", "post"}
    }
    codes = re.findall(r"^\| `(\w+)` \| (\d+) \|", page, re.MULTILINE)
    assert codes == [(code.value, str(code.status.value)) for code in ErrorCode]
