"""What hassfest, HACS and pip expect of the tree, as far as it can be checked offline."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from custom_components.usms import client, sensor_types
from custom_components.usms.client import Utility, store, sync
from custom_components.usms.client import errors as errors_module
from custom_components.usms.connection import errors
from custom_components.usms.issues import store as store_issues
from custom_components.usms.spending_sensors import spending_sensors
from tests.support import ROOT

INTEGRATION = ROOT / "custom_components" / "usms"


def load(path: Path) -> Any:
    return json.loads(path.read_text())


def flat(tree: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """Return texts by their path."""
    texts: dict[str, str] = {}
    for key, value in tree.items():
        if isinstance(value, dict):
            texts |= flat(value, f"{prefix}{key}.")
        else:
            texts[prefix + key] = value
    return texts


MANIFEST = load(INTEGRATION / "manifest.json")
ENGLISH = load(INTEGRATION / "translations" / "en.json")


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
    errors = {name for name, kind in vars(errors_module).items() if isinstance(kind, type)}
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


@pytest.mark.parametrize("language", ["ms"])
def test_translations_are_complete(language: str) -> None:
    english = flat(ENGLISH)
    other = flat(load(INTEGRATION / "translations" / f"{language}.json"))
    assert other.keys() == english.keys()
    for key, text in english.items():
        placeholders = sorted(re.findall(r"\{\w+\}", text))
        assert sorted(re.findall(r"\{\w+\}", other[key])) == placeholders, key
        assert other[key].strip()


def test_no_strings_json_beside_the_translations() -> None:
    assert not (INTEGRATION / "strings.json").exists()


def test_every_name_that_the_code_translates_is_there() -> None:
    issues = "\n".join(path.read_text() for path in (INTEGRATION / "issues").glob("*.py"))
    code = "\n".join(path.read_text() for path in INTEGRATION.rglob("*.py"))
    exceptions = set(re.findall(r'translation_domain=DOMAIN,\s*translation_key="(\w+)"', code))
    exceptions |= set(re.findall(r'_refused\("(\w+)"', code))
    exceptions |= {*errors.KEYS.values(), errors.UNKNOWN, *store_issues.TEXTS.values()}
    assert exceptions <= ENGLISH["exceptions"].keys()
    assert ENGLISH["exceptions"].keys() <= exceptions, "texts that nothing shows"
    raised = set(store_issues.TEXTS.values()) - {"store"}
    raised |= set(re.findall(r'^_?[A-Z_]+: Final = "(\w+)"$', issues, re.MULTILINE)) - {"store"}
    assert raised | {"tariff_needed_water"} == ENGLISH["issues"].keys()
    flow = (INTEGRATION / "config_flow.py").read_text()
    # A person is there to answer: no sign-in of a flow has to wait.
    shown = {*errors.KEYS.values(), errors.UNKNOWN} - {"sign_in_waits"}
    shown |= set(re.findall(r'error = "(\w+)"', flow))
    assert shown == ENGLISH["config"]["error"].keys()
    steps = set(re.findall(r"async def async_step_(\w+)", flow)) - {"reauth", "init"}
    assert steps == ENGLISH["config"]["step"].keys()
    options = (INTEGRATION / "options_flow.py").read_text()
    steps = set(re.findall(r"async def async_step_(\w+)", options))
    assert steps == ENGLISH["options"]["step"].keys()
    forms = options + (INTEGRATION / "tariff_forms.py").read_text()
    fields = set(re.findall(r'^CONF_\w+: Final = "(\w+)"', forms, re.MULTILINE))
    assert fields <= {path.split(".")[-1] for path in flat(ENGLISH["options"]["step"])}


@pytest.mark.parametrize("platform", sorted(ENGLISH["entity"]))
def test_every_entity_has_a_name_and_an_icon(platform: str) -> None:
    code = (INTEGRATION / f"{platform}.py").read_text()
    keys = set(re.findall(r'translation_key="(\w+)"', code))
    if platform == "sensor":
        described = (
            sensor_types.LAST_POLL,
            sensor_types.HISTORY_PROGRESS,
            *sensor_types.card_sensors(Utility.WATER),
            *sensor_types.consumption_sensors(Utility.WATER),
            *spending_sensors(Utility.WATER),
        )
        keys = {str(sensor.translation_key) for sensor in described}
        assert all(sensor.key == sensor.translation_key for sensor in described)
    assert keys == ENGLISH["entity"][platform].keys()
    icons = load(INTEGRATION / "icons.json")["entity"][platform]
    assert keys == icons.keys()
    assert all(re.fullmatch(r"mdi:[a-z0-9-]+", icon["default"]) for icon in icons.values())


def test_services_are_described_and_translated() -> None:
    described = yaml.safe_load((INTEGRATION / "services.yaml").read_text()) or {}
    assert described.keys() == ENGLISH.get("services", {}).keys()
    icons = load(INTEGRATION / "icons.json").get("services", {})
    assert described.keys() == icons.keys()
    for name, service in described.items():
        texts = ENGLISH["services"][name]
        assert texts["name"]
        assert texts["description"]
        assert (service or {}).get("fields", {}).keys() == texts.get("fields", {}).keys()


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
