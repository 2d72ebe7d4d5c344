"""The dashboard's script: its own tests under Node, and what is served of it."""

import gzip
import os
import shutil
import subprocess

import pytest

from tests.support import ROOT

SCRIPT = ROOT / "custom_components" / "usms" / "dashboard" / "usms-dashboard.js"
NODE = shutil.which("node")


def test_the_script_under_node() -> None:
    if NODE is None:
        if os.environ.get("CI"):
            pytest.fail("the dashboard's tests need Node 20 or newer")
        pytest.skip("no Node: the dashboard's script is not tested")
    tests = sorted(map(str, (ROOT / "tests" / "dashboard").glob("*.test.mjs")))
    assert tests
    done = subprocess.run([NODE, "--test", *tests], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_what_is_served_packed_is_the_script() -> None:
    packed = SCRIPT.with_name(f"{SCRIPT.name}.gz").read_bytes()
    assert gzip.decompress(packed) == SCRIPT.read_bytes(), "scripts/dashboard packs it anew"
    assert len(packed) < 25_000


def test_the_script_asks_no_other_host() -> None:
    code = SCRIPT.read_text()
    assert code.count("https://") == 1, "but for the documentation"
    assert "import(" not in code
    assert "\nimport " not in code
