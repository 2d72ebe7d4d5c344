"""What all blueprints say of themselves."""

import re

import pytest
import yaml

from tests.support import ROOT

BLUEPRINTS = ROOT / "blueprints"
NAMES = sorted(path.stem for path in (BLUEPRINTS / "automation" / "usms").glob("*.yaml"))


def content(name: str) -> str:
    return (BLUEPRINTS / "automation" / "usms" / f"{name}.yaml").read_text()


@pytest.mark.parametrize("name", NAMES)
def test_each_says_what_it_is_and_where_it_is_from(name: str) -> None:
    text = content(name)
    yaml_loader = type("Loader", (yaml.SafeLoader,), {})
    yaml_loader.add_constructor("!input", lambda _loader, node: node.value)
    data = yaml.load(text, yaml_loader)
    about = data["blueprint"]
    assert about["name"].startswith("USMS: ")
    assert about["source_url"].endswith(f"/blueprints/automation/usms/{name}.yaml")
    for key, field in about["input"].items():
        assert field["name"], key
        assert field["selector"], key
        # Nothing is asked for that is not used.
        assert f"!input {key}\n" in text, key
    # What to set up, and a phone: nothing else is asked for.
    assert set(about["input"]) in ({"meter", "phone"}, {"account", "phone"})
    assert set(re.findall(r"!input (\w+)", text)) == set(about["input"])


@pytest.mark.parametrize("name", NAMES)
def test_the_page_imports_each(name: str) -> None:
    page = (BLUEPRINTS.parent / "docs" / "automations.md").read_text()
    assert f"blueprints%2Fautomation%2Fusms%2F{name}.yaml" in page
    assert f"(../blueprints/automation/usms/{name}.yaml)" in page
