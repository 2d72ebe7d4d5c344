"""The simulated portal in a process of its own, for what is no test in an event loop."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.support import ROOT


@dataclass(frozen=True)
class Portal:
    """A portal that is running."""

    base_url: str

    def control(self, path: str, method: str = "GET") -> Any:
        """Ask its control API."""
        url = self.base_url.replace("/SmartMeter/", f"/_control/{path}")
        request = urllib.request.Request(url, method=method)
        with urllib.request.urlopen(request) as response:
            return json.load(response)

    @property
    def captcha(self) -> str:
        """What the captcha drawn last shows."""
        return str(self.control("captcha")["answer"])


@contextmanager
def simulated_portal(*, days: int) -> Iterator[Portal]:
    """Run a portal on a free port."""
    command = [sys.executable, "-m", "tests.portal", "--port", "0", "--days", str(days)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            said = process.stdout.readline()
            found = re.search(r"http://\S+", said)
            assert found, said
            yield Portal(found[0])
        finally:
            process.terminate()
