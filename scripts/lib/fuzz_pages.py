"""Fuzz the page functions by coverage, with atheris; arguments are those of libFuzzer.

Runs in an environment of its own, on the newest Python that atheris has a wheel for.
"""

from __future__ import annotations

import importlib.util
import sys
from contextlib import suppress
from pathlib import Path

import atheris

ROOT = Path(__file__).resolve().parents[2]
CLIENT = ROOT / "custom_components" / "usms" / "client"


def load_client() -> object:
    """Return the client as the package `usms_client`: without Home Assistant around it."""
    spec = importlib.util.spec_from_file_location(
        "usms_client", CLIENT / "__init__.py", submodule_search_locations=[str(CLIENT)]
    )
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["usms_client"] = module
    spec.loader.exec_module(module)
    return module


with atheris.instrument_imports(include=["usms_client", "bs4", "html.parser", "_markupbase"]):
    client = load_client()

sys.path.insert(0, str(ROOT))
from tests.support.page_targets import page_targets  # noqa: E402 (found by the line above)

TARGETS = list(page_targets(client).values())


def once(data: bytes) -> None:
    """Read one page; any error but the documented one is a crash."""
    if not data:
        return
    target = TARGETS[data[0] % len(TARGETS)]
    with suppress(client.PageNotUnderstood):  # type: ignore[attr-defined]
        target(data[1:].decode("utf-8", errors="replace"))


atheris.Setup(sys.argv, once)
atheris.Fuzz()
