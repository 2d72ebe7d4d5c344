"""Who may import whom, no circles, and modules that stay small and in their place."""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1] / "custom_components" / "usms"
PACKAGE = "custom_components.usms"
MOST_LINES = 320

# What each room of the client may import of the others. On top, and free to import them all, are
# the ways in.
CLIENT = {
    "models": set(),
    "errors": {"models"},
    "brunei": set(),
    "back_off": set(),
    "consumption": {"models", "brunei"},
    "portal": {"models", "errors", "brunei"},
    "store": {"models", "errors", "brunei"},
    "billing": {"models", "errors", "brunei", "consumption"},
    "sync": {"models", "errors", "brunei", "back_off", "portal", "store"},
    "review": {"models", "brunei", "consumption", "store", "billing"},
    "summary": {"models", "brunei", "consumption", "store", "billing", "review"},
    "client": {"models", "errors", "brunei", "portal"},
}
"""`client` is the module with UsmsClient."""
ON_TOP = {"__init__", "__main__", "api", "blocking", "cli"}
LIBRARIES = {"aiohttp", "bs4", "yarl"}
OPTIONAL_LIBRARIES = {"PIL", "rich", "_typeshed"}
"""Of the command line alone: pictures and tables in a terminal."""

# The rooms of the integration, and what stands beside them.
ASKED_FOR_BY_HOME_ASSISTANT = {
    *("__init__", "config_flow", "diagnostics", "repairs", "system_health", "backup"),
    *("sensor", "binary_sensor", "event", "button", "image", "trigger", "condition"),
}
INTEGRATION = ASKED_FOR_BY_HOME_ASSISTANT | {
    *("client", "connection", "history", "issues", "rest", "dashboard"),
    *("data", "coordinator", "figures", "payments", "prices", "services", "privacy", "const"),
    *("claims", "permissions", "action_target", "planning", "energy_dashboard", "found"),
    *("entity", "sensor_types", "spending_sensors", "low_credit", "options_flow", "meter_options"),
    *("tariff_forms", "tariff_options", "polling"),
    *("news", "meter_target", "cards", "steady"),
}

# What rests on data.py, and does not look behind it.
ON_DATA = (
    *("sensor", "binary_sensor", "event", "button", "image", "entity"),
    *("sensor_types", "spending_sensors", "diagnostics", "services", "rest"),
    "dashboard",
)
BEHIND_DATA = {"coordinator", "figures", "payments", "history", "connection", "issues"}
MAY_STILL = {
    # What is no account's: errors of the recorder, the store and the way to the portal, as people
    # see them, and the sign-in that a button and an action begin.
    *("history.recorder", "history.store_file", "issues.store"),
    *("connection.connection", "connection.errors", "connection.sign_in"),
}


@cache
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
def imported(name: str) -> frozenset[str]:
    """Return all that a module imports, wherever in it and for types alone, by full names."""
    path = modules()[name]
    here = f"{PACKAGE}.{name}".strip(".").split(".")
    package = here if path.name == "__init__.py" else here[:-1]
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            found |= {f"{module}.{alias.name}" for alias in node.names}
    return frozenset(found)


@cache
def imports_of(name: str) -> frozenset[str]:
    """Return the modules of the package that a module imports."""
    return frozenset(
        target for full in imported(name) for target in _module_of(full) if target != name
    )


def _module_of(full: str) -> Iterator[str]:
    """Yield the module of the package that a full name stands for, or stands in."""
    if full == PACKAGE or full.startswith(f"{PACKAGE}."):
        inner = full[len(PACKAGE) :].strip(".")
        yield inner if inner in modules() else inner.rpartition(".")[0]


def parts_of(room: str) -> list[str]:
    """Return the modules of a room, itself included."""
    return [name for name in modules() if name == room or name.startswith(f"{room}.")]


def room_of(module: str) -> str:
    """Return the room of a module of the client."""
    return module.removeprefix("client").strip(".").split(".")[0] or "__init__"


@pytest.mark.parametrize("room", CLIENT)
def test_the_rooms_of_the_client(room: str) -> None:
    names = parts_of(f"client.{room}")
    assert names
    for name in names:
        used = {room_of(target) for target in imports_of(name)} - {room}
        assert used <= CLIENT[room], name


def test_the_client_stands_alone() -> None:
    for name in parts_of("client"):
        assert all(target in parts_of("client") for target in imports_of(name)), name
        known = sys.stdlib_module_names | LIBRARIES | {"custom_components"}
        if room_of(name) == "cli":
            known |= OPTIONAL_LIBRARIES
        assert {full.split(".")[0] for full in imported(name)} <= known, name


@pytest.mark.parametrize("name", ON_DATA)
def test_what_rests_on_data(name: str) -> None:
    assert parts_of(name)
    for module in parts_of(name):
        behind = {target for target in imports_of(module) if target.split(".")[0] in BEHIND_DATA}
        assert behind <= MAY_STILL, module


def test_everything_is_in_its_place() -> None:
    assert {room_of(name) for name in parts_of("client")} == CLIENT.keys() | ON_TOP
    assert {name.split(".")[0] or "__init__" for name in modules()} <= INTEGRATION


def test_there_are_no_circles() -> None:
    """Neither while importing nor for types alone, nor in functions."""
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


def test_tests_need_no_scripts() -> None:
    """What both need stands in tests/support."""
    for path in Path(__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            module = node.module if isinstance(node, ast.ImportFrom) else None
            assert (module or "").split(".")[0] != "scripts", path
