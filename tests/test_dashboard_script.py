"""The dashboard's scripts: their own tests under Node, and what is served of them."""

import gzip
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support import ROOT

FOLDER = ROOT / "custom_components" / "usms" / "dashboard"
SCRIPTS = sorted(FOLDER.glob("*.js"))
NODE = shutil.which("node")


def test_the_scripts_under_node() -> None:
    if NODE is None:
        if os.environ.get("CI"):
            pytest.fail("the dashboard's tests need Node 20 or newer")
        pytest.skip("no Node: the dashboard's scripts are not tested")
    tests = sorted(map(str, (ROOT / "tests" / "dashboard").glob("*.test.mjs")))
    assert tests
    done = subprocess.run([NODE, "--test", *tests], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_what_is_served_packed_is_the_script(script: Path) -> None:
    packed = script.with_name(f"{script.name}.gz").read_bytes()
    assert gzip.decompress(packed) == script.read_bytes(), "scripts/dashboard packs it anew"


def test_what_is_on_each_page_is_small() -> None:
    script = FOLDER / "usms-dashboard.js"
    assert len(script.read_bytes()) < 15_000
    assert "\nimport " not in script.read_text(), "it would bring the other along"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_the_scripts_ask_no_other_host(script: Path) -> None:
    code = script.read_text()
    documentation = 'documentationURL = "https://'
    assert code.count("https://") == code.count(documentation)
    for line in code.splitlines():
        if re.search(r"\bimport\b", line):
            assert re.search(r"[\"`]\./usms-\w+\.js", line), line
