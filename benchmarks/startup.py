"""How long `--help` takes: our command and that of the public client `usms` 1.3.1, side by side.

Each is in an environment of its own on the same Python, with its bytecode compiled, and they take
turns, so that both see the same machine.
"""

import subprocess
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

from tests.support.environments import build_wheel, make_environment

PUBLIC = "usms==1.3.1"
TURNS = 20


def main() -> None:
    """Print the median and the range of each, in milliseconds."""
    with tempfile.TemporaryDirectory(prefix="usms-startup-") as folder:
        ours = make_environment(Path(folder) / "ours", str(build_wheel(Path(folder))))
        public = make_environment(Path(folder) / "public", PUBLIC)
        commands = {
            "bare Python": [str(ours / "python"), "-c", "pass"],
            "usms --help": [str(ours / "usms"), "--help"],
            "python -m usms_client --help": [str(ours / "python"), "-m", "usms_client", "--help"],
            f"python -m usms --help ({PUBLIC})": [str(public / "python"), "-m", "usms", "--help"],
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        for turn in range(TURNS + 1):
            for name, command in commands.items():
                began = perf_counter()
                subprocess.run(command, check=True, capture_output=True)
                if turn:  # the first compiles
                    times[name].append(1000 * (perf_counter() - began))
    for name, found in times.items():
        print(f"{name}: {median(found):.0f} ms ({min(found):.0f} to {max(found):.0f})")


main()
