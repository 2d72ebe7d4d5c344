"""What a person can type and a file can hold: never a traceback, always a sentence and a code."""

import asyncio
import contextlib
import json
import os
import pty
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from custom_components.usms.client import BRUNEI
from custom_components.usms.client.cli import main
from custom_components.usms.client.cli.state import kept_session
from tests.client.conftest import NOW, PASSWORD, USERNAME
from tests.portal import SimulatedPortal, pages

from .conftest import ELECTRICITY, Said, Shell, small_store

ORIGIN = '{"origin": "ORIGIN", "cookies": %s}'


def assert_plain(said: Said, code: int) -> None:
    assert said.code == code, said.err
    assert said.err.startswith("usms: ")
    assert said.err.count("\n") == 1
    assert "Traceback" not in said.err


@pytest.mark.parametrize(
    "amount",
    ["1e400", "1e-400", "9" * 40, "1e99999999999999999999", "750." + "0" * 30 + "1", "sNaN"],
)
@pytest.mark.parametrize("form", [(), ("--json",), ("--csv",)])
async def test_amounts_beyond_counting(usms: Shell, amount: str, form: tuple[str, ...]) -> None:
    assert_plain(await usms("cost", "electricity", amount, *form), 2)


@pytest.mark.parametrize(
    ("amount", "shown"),
    [("1e3", "1000"), ("-0", "0"), ("1e9", "1000000000"), ("0.000001", "0.000001")],
)
async def test_amounts_are_written_out(usms: Shell, amount: str, shown: str) -> None:
    assert (await usms("cost", "water", amount, "--csv")).csv[0]["consumption"] == shown


@pytest.mark.parametrize("day", ["0001-01-01", "0001-01-05", "0001-12-31", "2014-12-31"])
@pytest.mark.parametrize("option", ["--from", "--to"])
@pytest.mark.parametrize(
    "command",
    [
        ("usage", ELECTRICITY),
        ("usage", ELECTRICITY, "--hourly"),
        ("usage", ELECTRICITY, "--monthly"),
        ("topups", ELECTRICITY),
        ("export",),
    ],
)
async def test_days_before_the_portal(
    usms: Shell, command: tuple[str, ...], option: str, day: str
) -> None:
    usms.state.mkdir()
    small_store(usms.state / "readings.db")
    said = await usms(*command, option, day)
    assert_plain(said, 2)
    assert said.err == "usms: The portal has nothing before 2015\n"
    assert_plain(await usms(*command, option, "9999-12-31"), 2)


@pytest.mark.parametrize("year", [1, 1970, 2015, 9999])
async def test_a_clock_that_is_far_off(signed_in: Shell, year: int) -> None:
    """As on a board without a battery, before the network is there."""
    small_store(signed_in.state / "readings.db")

    def run(*arguments: str) -> int:
        at = NOW.replace(year=year, month=1, day=2).astimezone(BRUNEI)
        return main(arguments, clock=lambda: at)

    store = ("--database", str(signed_in.state / "readings.db"))
    for resolution in ("--hourly", "--daily", "--monthly"):
        assert await asyncio.to_thread(run, "usage", ELECTRICITY, resolution, *store) in {0, 2}
    assert await asyncio.to_thread(run, "export") in {0, 2}


@pytest.mark.parametrize(
    "text",
    [
        b"\xff\xfe{}",
        b"\x00",
        b"[" * 200_000,
        b'{"a":' * 20_000,
        b'{"a": ' + b"1" * 5000 + b"}",
        b'{"a":' * 900 + b"1" + b"}" * 900,
        b'"' + b"x" * 2_000_000 + b'"',
        (ORIGIN % "7").encode(),
        (ORIGIN % '["a"]').encode(),
        (ORIGIN % '"text"').encode(),
        (ORIGIN % '{"a@b c": "x"}').encode(),
        (ORIGIN % '{"a": "\\udc80"}').encode(),
        (ORIGIN % '{"a": "x\\u0000\\r\\nSet-Cookie: b=c"}').encode(),
        (ORIGIN % '{"a": {"b": 1}}').encode(),
        (ORIGIN % '{"a": 7}').encode(),
        (ORIGIN % '{"a": null}').encode(),
        b'{"origin": 7, "username": []}',
    ],
)
async def test_a_session_that_is_none(usms: Shell, text: bytes) -> None:
    usms.state.mkdir()
    origin = usms.portal.base_url.removesuffix("/SmartMeter/")
    file = usms.state / "session.json"
    file.write_bytes(text.replace(b"ORIGIN", origin.encode()))
    said = await usms("meters")
    assert_plain(said, 3)
    assert said.err == "usms: Not signed in. Run: usms login\n"
    await usms.sign_in()
    assert (await usms("meters")).code == 0


@pytest.mark.parametrize("text", ["\\udc80", "a\\r\\nb", "\\u0000"])
@pytest.mark.parametrize("place", ['{"a": {"b": ["%s"]}}', '{"%s": 1}'])
async def test_a_session_whose_text_cannot_be_sent(usms: Shell, place: str, text: str) -> None:
    usms.state.mkdir()
    (usms.state / "session.json").write_text(place % text)
    assert kept_session() is None
    (usms.state / "session.json").write_text(place % "plain")
    assert kept_session() == json.loads(place % "plain")


@pytest.mark.parametrize(
    "value", ["a\tb", "caf\u00e9\u00a0", "soft\u00adhyphen", "nul\0", "\ud800"]
)
async def test_an_odd_cookie_costs_no_session(signed_in: Shell, value: str) -> None:
    file = signed_in.state / "session.json"
    session = json.loads(file.read_text())
    session["cookies"].append({**session["cookies"][0], "name": "odd", "value": value})
    file.write_text(json.dumps(session))
    assert (await signed_in("meters")).code == 0


async def test_a_session_that_is_no_file(usms: Shell) -> None:
    file = usms.state / "session.json"
    file.mkdir(parents=True)
    assert_plain(await usms("meters"), 3)
    said = await usms("login", answer=lambda: usms.portal.captcha_answer)
    assert said.code == 1
    assert "usms: Is a directory: " in said.err
    file.rmdir()
    os.mkfifo(file)
    assert_plain(await usms("meters"), 3)


NO_TEXT = "usms: What was entered is no text in UTF-8\n"


@pytest.mark.parametrize("name", ["USMS_USERNAME", "USMS_PASSWORD"])
async def test_names_and_passwords_that_are_no_text(
    usms: Shell, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "x\udcff")
    said = await usms("login", answer=lambda: usms.portal.captcha_answer)
    assert_plain(said, 2)
    assert said.err == NO_TEXT
    option = "-u" if name == "USMS_USERNAME" else "-p"
    said = await usms("meters", option, "x\udcff", answer=lambda: usms.portal.captcha_answer)
    assert said.code == 2
    assert said.err.endswith(NO_TEXT)
    assert usms.portal.requests == []


@pytest.mark.parametrize("undecodable", [True, False])
async def test_answers_that_are_no_text(usms: Shell, undecodable: bool) -> None:
    def answer() -> str:
        if undecodable:
            raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")
        return "\udcff"

    said = await usms("login", answer=answer)
    assert said.code == 2
    assert said.err.endswith(NO_TEXT)
    assert [file.name for file in usms.state.iterdir()] == ["turns.db"]


@pytest.mark.parametrize("answer", ["\0", "x" * 100_000, "Ü€😀", "'\"<>&="])
async def test_odd_answers_are_only_wrong(usms: Shell, answer: str) -> None:
    said = await usms("login", answer=lambda: answer)
    assert said.code == 3
    assert "Traceback" not in said.err


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("http://[", 2),
        ("http://127.0.0.1:99999/", 2),
        ("http://\udcff/", 2),
        ("https://", 2),
        ("nonsense", 2),
        ("\x1b[31m", 2),
    ],
)
async def test_odd_addresses(
    usms: Shell, monkeypatch: pytest.MonkeyPatch, address: str, code: int
) -> None:
    monkeypatch.setenv("USMS_BASE_URL", address)
    said = await usms("login", answer=lambda: "")
    assert_plain(said, code)
    assert "\x1b" not in said.err


async def test_what_is_said_of_odd_names_is_plain(usms: Shell) -> None:
    for arguments in (
        ("usage", "1", "--database", "\x1b[31m\nnowhere"),
        ("export", "--database", "\udcff"),
        ("\x1b[31m\udcff",),
        ("cost", "\x1b[31m\n", "1"),
        ("cost", "water", "\udcff"),
        ("usage", "1", "--from", "\x1b[31m\udcff"),
    ):
        said = await usms(*arguments)
        assert_plain(said, 2)
        assert "\x1b" not in said.err


@pytest.mark.parametrize("value", ["1e400", "-1e400", "NaN", "Infinity", "", "x", "9" * 500])
async def test_a_store_of_odd_values(signed_in: Shell, value: str) -> None:
    path = small_store(signed_in.state / "readings.db", days=19)
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE reading SET value = ?", (value,))
        db.commit()
    store = ("--database", str(path))
    for command in (
        ("usage", ELECTRICITY, *store),
        ("usage", ELECTRICITY, "--monthly", *store, "--json"),
        ("export", "--csv"),
        ("export", "--monthly"),
        ("status", ELECTRICITY, *store),
    ):
        said = await signed_in(*command)
        assert said.code in {0, 1}
        if said.code == 1:
            assert said.out == ""
            assert said.err.splitlines()[-1].startswith("usms: ")


@pytest.mark.parametrize(
    "number",
    ["9" * 60, "9" * 400, "9" * 5000 + ".123", "0." + "0" * 400 + "1"],
    ids=["60", "400", "5000", "small"],
)
async def test_cards_of_odd_values(
    signed_in: Shell, monkeypatch: pytest.MonkeyPatch, number: str
) -> None:
    monkeypatch.setattr(pages, "balance", lambda *_: f"${number}")
    monkeypatch.setattr(pages, "units", lambda *_: f"{number} kWh")
    for command in (("meters",), ("meters", "--json"), ("status", ELECTRICITY, "--csv")):
        said = await signed_in(*command)
        assert said.code in {0, 1}
        if said.code == 1:
            assert_plain(said, 1)
        elif "--json" in command:
            assert "Infinity" not in said.out


# --- the command as a process ---


def run(
    alone: dict[str, str], *arguments: str, before: Callable[[], None] | None = None, **env: str
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "usms_client", *arguments],
        env=alone | env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        preexec_fn=before,
    )


ASCII = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C"}


def test_a_terminal_of_ascii(alone: dict[str, str]) -> None:
    done = run(alone, "cost", "water", "60", "--csv", **ASCII)
    assert done.stdout.splitlines()[1] == b"water,60,m3,8.40,BND,residential_water"
    done = run(alone, "cost", "--help", **ASCII)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"kWh or m3" in done.stdout


@pytest.mark.parametrize("arguments", [("cost", "water", "60"), ("--help",), ("--version",)])
def test_an_output_that_takes_nothing(alone: dict[str, str], arguments: tuple[str, ...]) -> None:
    done = run(alone, *arguments, before=lambda: os.close(1))
    assert (done.returncode, done.stderr) == (1, b"usms: Standard output is closed\n")
    command = [sys.executable, "-m", "usms_client", *arguments]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, env=alone, stdout=full, stderr=subprocess.PIPE, check=False)
        assert (done.returncode, done.stderr) == (1, b"usms: No space left on device\n")
        done = subprocess.run(command, env=alone, stdout=full, stderr=full, check=False)
        assert done.returncode == 1


def test_an_error_that_cannot_be_told_has_its_code(alone: dict[str, str]) -> None:
    assert run(alone, "meters", before=lambda: os.close(2)).returncode == 3
    assert run(alone, "cost", "water", "x", before=lambda: os.close(2)).returncode == 2
    done = run(alone, "login", before=lambda: (os.close(0), os.close(2)))
    assert (done.returncode, done.stdout) == (2, b"")
    with Path("/dev/full").open("wb") as full:
        command = [sys.executable, "-m", "usms_client", "meters"]
        assert subprocess.run(command, env=alone, stderr=full, check=False).returncode == 3


def test_folders_that_cannot_be(alone: dict[str, str]) -> None:
    for place in ("/proc", "/dev/null"):
        done = run(alone, "meters", XDG_STATE_HOME=place)
        assert done.returncode == 1
        assert done.stderr.endswith(f": {place}/usms\n".encode())


# --- signals ---


@contextlib.contextmanager
def terminal() -> Iterator[int]:
    ours, its = pty.openpty()
    try:
        yield its
    finally:
        os.close(ours)
        os.close(its)


@pytest.mark.parametrize("ignored", [True, False], ids=["nohup", "usual"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_leaves_no_picture_behind(
    alone: dict[str, str],
    portal: SimulatedPortal,
    tmp_path: Path,
    number: signal.Signals,
    ignored: bool,
) -> None:
    """And ends the process as it would without us."""
    env = alone | {
        "USMS_BASE_URL": portal.base_url,
        "USMS_USERNAME": USERNAME,
        "USMS_PASSWORD": PASSWORD,
        "DISPLAY": "",
        "WAYLAND_DISPLAY": "",
    }
    picture = tmp_path / "usms" / "captcha.html"
    hangups = signal.SIG_IGN if ignored else signal.SIG_DFL
    with terminal() as keyboard:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "usms_client", "login"),
            env=env,
            stdin=keyboard,
            stderr=asyncio.subprocess.PIPE,
            preexec_fn=lambda: signal.signal(signal.SIGHUP, hangups),
        )
        assert process.stderr
        assert b"The picture is in" in await process.stderr.readline()
        await process.stderr.readuntil(b": ")  # it asks
        assert picture.exists()
        process.send_signal(number)
        if ignored and number is signal.SIGHUP:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(process.wait(), 0.5)
            assert picture.exists()
            number = signal.SIGTERM
            process.send_signal(number)
        assert await asyncio.wait_for(process.wait(), 20) == -number
        rest = await process.stderr.read()
    assert b"Traceback" not in rest
    assert [file.name for file in picture.parent.iterdir()] == ["turns.db"]
