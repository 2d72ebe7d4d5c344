"""What the wheel brings, and that the documents show it as it is."""

import json
import os
import re
import subprocess
import zipfile
from pathlib import Path

import pexpect
import pytest

from tests.portal import DEMO_PASSWORD
from tests.support import ROOT, transcript
from tests.support.portal_process import Portal, simulated_portal

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(300),
    pytest.mark.filterwarnings("ignore:.*forkpty:DeprecationWarning"),
]

EXAMPLES = (ROOT / "docs" / "client.md").read_text()
COMMANDS = transcript.PAGE.read_text()


def output(*command: object) -> str:
    return subprocess.run(
        list(map(str, command)), check=True, capture_output=True, text=True, cwd="/"
    ).stdout


def test_the_wheel_holds_the_client_and_asks_for_two_libraries(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as file:
        names = file.namelist()
        metadata = file.read(next(name for name in names if name.endswith("METADATA"))).decode()
    assert {"usms_client/py.typed", "usms_client/client.py", "usms_client/cli/run.py"} <= {*names}
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"usms_client"}
    asked = re.findall(r"^Requires-Dist: (\w+)(?!.*extra)", metadata, re.MULTILINE)
    assert asked == ["aiohttp", "beautifulsoup4"]
    extra = re.findall(r"^Requires-Dist: (\w+).*extra == ['\"]terminal", metadata, re.MULTILINE)
    assert extra == ["pillow", "rich"]


def test_it_works_on_the_oldest_python_without_home_assistant(alone: Path) -> None:
    assert output(alone / "python", "-V").startswith("Python 3.11.")
    check = (
        "import importlib.util as u, json, pkgutil, usms_client\n"
        "modules = pkgutil.walk_packages(usms_client.__path__, 'usms_client.')\n"
        "for module in modules:\n"
        "    if not module.name.endswith('__main__'): __import__(module.name)\n"
        "names = [name for name in usms_client.__all__ if not hasattr(usms_client, name)]\n"
        "print(json.dumps([u.find_spec('homeassistant'), u.find_spec('PIL'), names]))"
    )
    assert json.loads(output(alone / "python", "-c", check)) == [None, None, []]
    assert output(alone / "usms", "--help") == output(
        alone / "python", "-m", "usms_client", "--help"
    )
    assert re.fullmatch(r"usms \d+\.\d+\.\d+\n", output(alone / "usms", "--version"))


def test_a_type_checker_sees_the_types(alone: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from usms_client import Account, BlockingClient, Report, UsmsClient\n"
        "from datetime import date\n"
        "def read(client: BlockingClient, day: date) -> None:\n"
        "    reveal_type(client.account())\n"
        "    reveal_type(client.daily('1', day, last=day))\n"
        "    client.hourly(1, day)\n"
    )
    mypy = Path(os.sys.executable).with_name("mypy")
    done = subprocess.run(
        [mypy, "--strict", "--python-executable", alone / "python", "--no-incremental", script],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert 'Revealed type is "usms_client.models.Account"' in done.stdout
    assert 'Revealed type is "usms_client.models.Report"' in done.stdout
    assert 'Argument 1 has incompatible type "int"; expected "str"' in done.stdout
    assert "Found 1 error" in done.stdout, done.stdout


@pytest.mark.parametrize("number", [0, 1], ids=["async", "blocking"])
def test_the_examples_run_as_written(
    alone: Path, portal: Portal, tmp_path: Path, number: int
) -> None:
    examples = re.findall(r"^```python\n(.*?)^```", EXAMPLES, re.MULTILINE | re.DOTALL)
    assert len(examples) == 2
    script = tmp_path / "example.py"
    script.write_text(examples[number])
    env = transcript.environment(portal, alone, tmp_path) | {"USMS_PASSWORD": DEMO_PASSWORD}
    process = pexpect.spawn(
        str(alone / "python"), [str(script)], env=env, cwd=str(tmp_path), encoding="utf-8"
    )
    process.expect("What does captcha.png show\\? ")
    assert (tmp_path / "captcha.png").read_bytes().startswith(b"\x89PNG")
    process.sendline(portal.captcha)
    process.expect(pexpect.EOF, timeout=60)
    process.close()
    assert process.exitstatus == 0, process.before
    lines = process.before.splitlines()
    for meter, unit in (("10000001", "kWh"), ("2000000001", "m³")):
        mine = [line for line in lines if line.startswith(meter)]
        if number == 0:
            assert re.fullmatch(rf"{meter} \d+\.\d+ {unit} \d+\.\d+", mine[0])
        else:
            # A week, of which the portal may not have published the last day yet.
            assert len(mine) in {6, 7}
            assert all(re.fullmatch(rf"{meter} \S+ \S+ \d+\.\d+ {unit}", line) for line in mine)


def test_the_transcript_is_what_the_terminal_shows(
    alone: Path, socket_enabled: None, tmp_path: Path
) -> None:
    with simulated_portal(days=3) as portal:
        shown = transcript.record(portal, alone, tmp_path)
    written = COMMANDS[COMMANDS.index(transcript.BEGIN) : COMMANDS.index(transcript.END)]
    assert transcript.shape(shown) == transcript.shape(written)
