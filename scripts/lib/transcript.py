"""Write the transcript of the command line into its page."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.support.environments import OLDEST_PYTHON, build_wheel, make_environment
from tests.support.portal_process import simulated_portal
from tests.support.transcript import BEGIN, END, PAGE, record

_DAYS = 50


def main() -> None:
    """Record, and put it between the page's marks."""
    with (
        tempfile.TemporaryDirectory(prefix="usms-transcript-") as folder,
        simulated_portal(days=_DAYS) as portal,
    ):
        wheel = build_wheel(Path(folder))
        binaries = make_environment(Path(folder) / "env", str(wheel), python=OLDEST_PYTHON)
        home = Path(folder) / "home"
        home.mkdir()
        text = record(portal, binaries, home)
    before, rest = PAGE.read_text().split(BEGIN)
    _, after = rest.split(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n```console\n{text}```\n\n{END}{after}")


if __name__ == "__main__":
    main()
