"""Environments of their own, for what must not see this project's."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.support import ROOT

OLDEST_PYTHON = "3.11"
"""The oldest Python that the client runs on."""


def uv(*arguments: str) -> None:
    """Run uv; raises CalledProcessError, with what it said on standard error."""
    command = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
    subprocess.run([command, *arguments], check=True)


def make_environment(folder: Path, *packages: str, python: str = sys.executable) -> Path:
    """Make an environment with these packages; return the folder of its commands."""
    uv("venv", "-q", "--clear", "-p", python, str(folder))
    uv("pip", "install", "-q", "-p", str(folder), *packages)
    return folder / "bin"


def build_wheel(folder: Path) -> Path:
    """Build the client's wheel there, from a copy: the tree stays as it is."""
    source = folder / "source"
    client = Path("custom_components/usms/client")
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / client, source / client, ignore=ignore)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    uv("build", "-q", "--wheel", "-o", str(folder), str(source))
    (wheel,) = folder.glob("*.whl")
    return wheel
