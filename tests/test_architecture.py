"""Who may import whom, that there are no circles, and that modules stay small."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1] / "custom_components" / "usms"
PACKAGE = "custom_components.usms"
MOST_LINES = 320

# What each room of the client may import of the others.
CLIENT = {
    "models": set(),
    "errors": {"models"},
    "brunei": set(),
    "back_off": set(),
    "consumption": {"models", "brunei"},
    "portal": {"models", "errors", "brunei"},
    "store": {"models", "errors", "brunei"},
    "billing": {"models", "errors", "brunei"},
    "sync": {"models", "errors", "brunei", "portal", "store", "client"},
    "review": {"models", "brunei", "consumption", "store", "billing"},
    "summary": {"models", "brunei", "consumption", "store", "billing", "review"},
    "client": {"models", "errors", "brunei", "portal"},
}
"""`client` is the module with UsmsClient, which the room `sync` reads through."""

# What rests on data.py, and does not look behind it.
ON_DATA = (
    *("sensor", "binary_sensor", "event", "button", "image", "entity"),
    *("sensor_types", "spending_sensors", "diagnostics", "services", "rest"),
)
BEHIND_DATA = ("coordinator", "figures", "payments", "history")
MAY_STILL = {"history.recorder", "history.store_file"}
"""What is no account's: errors of the recorder and of the store, as people see them."""


def modules() -> dict[str, Path]:
    """Return all modules by name, below the package."""
    found = {}
    for path in ROOT.rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if parts[-1] == "__init__":
            parts = parts[:-1]
        found[".".join(parts)] = path
    return found


@cache
def imports_of(name: str) -> frozenset[str]:
    """Return the modules of the package that a module imports, wherever in it."""
    known = modules()
    path = known[name]
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    return frozenset(
        target
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom)
        for target in _targets(node, [part for part in package if part])
        if target in known and target != name
    )


def _targets(node: ast.ImportFrom, package: list[str]) -> Iterator[str]:
    if node.level:
        base = package[: len(package) - node.level + 1]
        module = ".".join([*base, *(node.module or "").split(".")]).strip(".")
    elif node.module and (node.module == PACKAGE or node.module.startswith(f"{PACKAGE}.")):
        module = node.module[len(PACKAGE) :].strip(".")
    else:
        return
    known = modules()
    for alias in node.names:
        inner = f"{module}.{alias.name}".strip(".")
        yield inner if inner in known else module


def room_of(module: str) -> str:
    """Return the room of a module of the client."""
    return module.removeprefix("client.").split(".")[0]


@pytest.mark.parametrize("room", CLIENT)
def test_the_rooms_of_the_client(room: str) -> None:
    for name in modules():
        if name.startswith("client.") and room_of(name) == room:
            used = {room_of(target) for target in imports_of(name)} - {room}
            assert used <= CLIENT[room], name


def test_the_client_stands_alone() -> None:
    for name in modules():
        if name == "client" or name.startswith("client."):
            assert all(target.split(".")[0] == "client" for target in imports_of(name)), name


@pytest.mark.parametrize("name", ON_DATA)
def test_what_rests_on_data(name: str) -> None:
    for module in modules():
        if module == name or module.startswith(f"{name}."):
            behind = {
                target for target in imports_of(module) if target.split(".")[0] in BEHIND_DATA
            }
            assert behind <= MAY_STILL, module


def test_there_are_no_circles() -> None:
    """Neither while importing nor for types alone."""
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " -> ".join([*path[path.index(name) :], name])
        if name not in done:
            for target in sorted(imports_of(name)):
                visit(target, (*path, name))
            done.add(name)

    for name in modules():
        visit(name, ())


@pytest.mark.parametrize("name", sorted(modules()))
def test_modules_are_small(name: str) -> None:
    assert len(modules()[name].read_text().splitlines()) <= MOST_LINES
