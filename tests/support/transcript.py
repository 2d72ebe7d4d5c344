"""Commands as somebody types them at a terminal, and what the terminal then shows."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pexpect

from tests.portal import BRUNEI, DEMO_PASSWORD, DEMO_USERNAME
from tests.support.environments import ROOT
from tests.support.portal_process import Portal

PAGE = ROOT / "docs" / "command-line.md"
BEGIN, END = "<!-- scripts/transcript writes this -->", "<!-- until here -->"
COLUMNS = 72
_MOST_LINES = 18


def commands() -> list[str]:
    """Return the commands of the transcript."""
    today = datetime.now(UTC).astimezone(BRUNEI).date()
    week = today - timedelta(days=7)
    return [
        "usms login",
        "usms meters",
        "usms status 10000001",
        f"usms usage 10000001 --from {week}",
        f"usms usage 10000001 --from {today - timedelta(days=2)} --csv",
        "usms -m 10000001 --credit",
        "usms topups 2000000001",
        "usms cost electricity 750",
        "usms sync",
        "usms export 10000001 --monthly",
    ]


def shape(text: str) -> list[str]:
    """Return the commands and the first line that each shows, but for digits and spaces."""
    heads = re.findall(r"^\$ .*\n.*", text, re.MULTILINE)
    return [re.sub(r"\s+", " ", re.sub(r"\d+", "0", head)) for head in heads]


def environment(portal: Portal, binaries: Path, home: Path) -> dict[str, str]:
    """Return the environment of a user who has nothing yet."""
    return {
        "HOME": str(home),
        "PATH": f"{binaries}:{os.defpath}",
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "USMS_BASE_URL": portal.base_url,
    }


def record(portal: Portal, binaries: Path, home: Path) -> str:
    """Type the commands; return what the terminal shows. Raises where one does not end well."""
    who = {"USMS_USERNAME": DEMO_USERNAME, "USMS_PASSWORD": DEMO_PASSWORD}
    env = environment(portal, binaries, home) | who
    return "\n".join(_typed(command, portal, env) for command in commands())


def _typed(command: str, portal: Portal, env: Mapping[str, str]) -> str:
    name, *arguments = command.split()
    terminal = pexpect.spawn(
        f"{env['PATH'].split(':')[0]}/{name}",
        arguments,
        env=dict(env),
        encoding="utf-8",
        timeout=300,
        dimensions=(40, COLUMNS),
    )
    shown = ""
    while terminal.expect([r"another one\)\? ", pexpect.EOF]) == 0:
        shown += terminal.before + terminal.match[0]
        terminal.sendline(portal.captcha)
    shown += terminal.before
    terminal.close()
    if terminal.exitstatus != 0:
        raise RuntimeError(f"{command} ended with {terminal.exitstatus}: {shown}")
    lines = shown.replace("\r\n", "\n").replace(env["HOME"], "~").splitlines()
    if len(lines) > _MOST_LINES:
        lines = [*lines[:3], "...", *lines[-4:]]
    return "\n".join([f"$ {command}", *lines, ""])
