"""Somebody at a terminal: a captcha misread, read, usage, a sync stopped and gone on with."""

import re
import signal
import stat
from collections.abc import Mapping
from pathlib import Path

import pexpect
import pytest

from tests.portal import DEMO_PASSWORD
from tests.support import transcript
from tests.support.environments import OLDEST_PYTHON, make_environment
from tests.support.portal_process import Portal

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(300),
    pytest.mark.filterwarnings("ignore:.*forkpty:DeprecationWarning"),
]

PROMPT = r"What does the picture show \(empty: another one\)\? "


@pytest.fixture(scope="module")
def binaries(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the commands of an environment with the wheel and its extra."""
    folder = tmp_path_factory.mktemp("terminal")
    return make_environment(folder / "env", f"{wheel}[terminal]", python=OLDEST_PYTHON)


class Terminal:
    """A user with nothing in the environment."""

    def __init__(self, env: Mapping[str, str], binaries: Path) -> None:
        self._env = dict(env)
        self._usms = str(binaries / "usms")

    def type(self, *arguments: str) -> pexpect.spawn:
        return pexpect.spawn(
            self._usms,
            list(arguments),
            env=self._env,
            encoding="utf-8",
            timeout=60,
            dimensions=(45, 100),
            # As in a terminal of one's own, also where tests run in the background.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def run(self, *arguments: str) -> str:
        process = self.type(*arguments)
        shown = end(process)
        assert process.exitstatus == 0, shown
        return shown


def end(process: pexpect.spawn) -> str:
    process.expect(pexpect.EOF, timeout=180)
    process.close()
    return process.before


@pytest.fixture
def terminal(binaries: Path, portal: Portal, tmp_path: Path) -> Terminal:
    return Terminal(transcript.environment(portal, binaries, tmp_path), binaries)


def test_a_session_at_the_terminal(terminal: Terminal, portal: Portal, tmp_path: Path) -> None:
    process = terminal.type("meters")
    assert "Run: usms login" in end(process)
    assert process.exitstatus == 3

    process = terminal.type("login")
    process.expect("IC number: ")
    process.sendline("01-001234")
    process.expect("Password: ")
    process.sendline(DEMO_PASSWORD)
    process.expect(PROMPT)
    assert DEMO_PASSWORD not in process.before
    drawn = [line for line in process.before.splitlines() if "▀" in line]
    assert len(drawn) >= 12
    assert {line.count("▀") for line in drawn} == {100}
    first = portal.captcha
    process.sendline("wrong")
    process.expect("That was not what the picture shows")
    process.expect(PROMPT)
    assert portal.captcha != first
    process.sendline(portal.captcha)
    process.expect("Signed in.")
    end(process)
    assert process.exitstatus == 0
    state = tmp_path / ".local" / "state" / "usms"
    assert stat.S_IMODE((state / "session.json").stat().st_mode) == 0o600

    table = terminal.run("usage", "10000001")
    assert "Consumption (kWh)" in table
    assert "█" in table
    assert "Total: " in table

    total = read_in_two_goes(terminal, portal)
    hours = terminal.run("export", "10000001", "--hourly")
    truth = portal.control("truth?meter=10000001&resolution=hour")
    known = dict(re.findall(r"^10000001,(\S+?),([\d.]+),kWh,false\r$", hours, re.MULTILINE))
    published = {row["start"]: row["value"] for row in truth}
    # The newest hour may have been published only since.
    assert known.items() <= published.items()
    assert len(published) - len(known) <= 1
    assert total > 10


def read_in_two_goes(terminal: Terminal, portal: Portal) -> int:
    """Stop a sync by Ctrl-C and have another one finish; return how many reports both read."""
    process = terminal.type("sync")
    for done in range(6, 9):
        process.expect(rf"{done}/\d+")  # the bar
    process.sendintr()
    assert "Stopped; the next usms sync goes on from here." in end(process)
    assert process.exitstatus == 1
    assert process.signalstatus is None
    portal.control("requests", "DELETE")
    shown = terminal.run("sync")
    (rest,) = map(int, re.findall(r"Reports read +(\d+)", shown))
    first_of_bar = re.search(r"(\d+)/\d+", shown)
    assert first_of_bar
    assert int(first_of_bar[1]) >= 8  # it went on, and did not begin again
    asked = [r for r in portal.control("requests") if "report" in r["path"].lower()]
    assert len(asked) < 3 * rest + 3
    again = terminal.run("sync")
    assert re.search(r"Reports read +0", again)
    return rest + 8


def test_ctrl_c_at_a_question(terminal: Terminal, tmp_path: Path) -> None:
    process = terminal.type("login", "-u", "01001234")
    process.expect("Password: ")
    process.sendintr()
    assert "Stopped." in end(process)
    assert process.exitstatus == 1
    process = terminal.type("login", "-u", "01001234", "-p", DEMO_PASSWORD)
    process.expect("seen by others on this machine")
    process.expect(PROMPT)
    process.kill(signal.SIGINT)
    assert "Stopped." in end(process)
    assert process.exitstatus == 1
    assert not (tmp_path / ".local" / "state" / "usms" / "session.json").exists()
