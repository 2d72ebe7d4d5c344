"""What hassfest, HACS and pip expect of the tree, as far as it can be checked offline."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import yaml

from custom_components.usms import client
from custom_components.usms.client import errors as errors_module
from custom_components.usms.client import store, sync
from tests.support import ROOT

INTEGRATION = ROOT / "custom_components" / "usms"


def load(path: Path) -> Any:
    return json.loads(path.read_text())


MANIFEST = load(INTEGRATION / "manifest.json")


def test_manifest() -> None:
    keys = list(MANIFEST)
    assert keys == ["domain", "name", *sorted(keys[2:])]
    assert MANIFEST["domain"] == INTEGRATION.name
    assert MANIFEST["dependencies"] == ["http", "recorder"]
    assert MANIFEST["iot_class"] == "cloud_polling"
    assert MANIFEST["integration_type"] == "service"
    assert MANIFEST["config_flow"] is True
    assert re.fullmatch(r"\d+\.\d+\.\d+", MANIFEST["version"])
    assert [re.split("[<>=!]", name)[0] for name in MANIFEST["requirements"]] == ["beautifulsoup4"]
    for key in ("documentation", "issue_tracker"):
        assert MANIFEST[key].startswith("https://")


def test_versions_agree() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == MANIFEST["version"]
    assert set(MANIFEST["requirements"]) <= set(project["dependencies"])


def test_the_package_of_the_client() -> None:
    setup = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    (name, folder), *rest = setup["package-dir"].items()
    assert not rest
    base = (ROOT / folder).parent
    found = [path.parent.relative_to(base) for path in (ROOT / folder).rglob("__init__.py")]
    named = [".".join([name, *package.parts[1:]]) for package in found]
    assert sorted(named) == setup["packages"]


def test_the_names_that_others_rely_on() -> None:
    names = {"UsmsClient", "BlockingClient", "NO_PACING", "residential", "TariffSchedule"}
    errors = {
        name
        for name, kind in vars(errors_module).items()
        if isinstance(kind, type) and issubclass(kind, Exception)
    }
    assert names | errors | {"forecast"} <= set(client.__all__)
    assert all(callable(getattr(client, name)) for name in (names - {"NO_PACING"}) | {"forecast"})
    assert (store.ReadingsStore.__name__, sync.Sync.__name__) == ("ReadingsStore", "Sync")


def test_hacs() -> None:
    hacs = load(ROOT / "hacs.json")
    assert hacs["name"] == MANIFEST["name"]
    assert hacs["country"] == ["BN"]
    assert set(hacs) <= {
        "name",
        "content_in_root",
        "country",
        "filename",
        "hacs",
        "hide_default_branch",
        "homeassistant",
        "persistent_directory",
        "zip_release",
    }
    oldest = (ROOT / "requirements_test_oldest.txt").read_text()
    release = ".".join(hacs["homeassistant"].split(".")[:2])
    assert re.search(rf"brings {re.escape(release)}\.", oldest)
    assert (ROOT / "README.md").exists()
    assert (ROOT / "info.md").exists()


def test_brand_images() -> None:
    brand = INTEGRATION / "brand"
    sizes = {"icon.png": 256, "icon@2x.png": 512, "dark_icon.png": 256, "dark_icon@2x.png": 512}
    for name, size in sizes.items():
        head = (brand / name).read_bytes()[:24]
        assert head[:8] == b"\x89PNG\r\n\x1a\n"
        assert (int.from_bytes(head[16:20]), int.from_bytes(head[20:24])) == (size, size)
    for name in ("logo.png", "logo@2x.png", "dark_logo.png", "dark_logo@2x.png"):
        assert (brand / name).exists()


def test_quality_scale_names_rules_and_states() -> None:
    rules = yaml.safe_load((INTEGRATION / "quality_scale.yaml").read_text())["rules"]
    for rule, state in rules.items():
        status = state if isinstance(state, str) else state["status"]
        assert status in {"done", "todo", "exempt"}, rule
        if status == "exempt":
            assert state["comment"]


def test_every_part_of_the_client_is_packaged() -> None:
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    (folder,) = setuptools["package-dir"].values()
    parts = [
        path.parent.relative_to(ROOT / folder) for path in (ROOT / folder).rglob("__init__.py")
    ]
    names = {".".join(("usms_client", *part.parts)) for part in parts}
    assert names == set(setuptools["packages"])


def test_the_client_imports_nothing_of_home_assistant() -> None:
    for path in (INTEGRATION / "client").rglob("*.py"):
        assert "homeassistant" not in path.read_text(), path.name
