"""Tables, bars and pictures, and how the command starts and ends."""

import io
import os
import subprocess
import sys
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from custom_components.usms.client import BRUNEI, errors
from custom_components.usms.client.cli import output, picture, progress, run
from custom_components.usms.client.cli.arguments import parse
from custom_components.usms.client.cli.output import Column, Result
from tests.portal import captcha

COLUMNS = (Column("start", "Day", output.day), Column("consumption", "Consumption (kWh)"))
amounts = st.decimals(0, 99999, places=3)


def table(values: list[Decimal]) -> Result:
    rows = [
        {"start": datetime(2026, 11, 1 + n, tzinfo=BRUNEI), "consumption": value}
        for n, value in enumerate(values)
    ]
    return Result(("start", "consumption"), rows, COLUMNS, bar="consumption")


@given(values=st.lists(amounts, max_size=28), width=st.integers(0, 200))
def test_tables_are_aligned_and_fit(values: list[Decimal], width: int) -> None:
    head, *lines = output.as_table(table(values), width).splitlines()
    assert head == "Day".ljust(10 if values else 3) + "  Consumption (kWh)"
    for line, value in zip(lines, values, strict=True):
        text = line[: len(head)]
        assert text == f"2026-11-{lines.index(line) + 1:02}" + str(value).rjust(len(head) - 10)
        bar = line[len(head) :].strip()
        if width >= len(head) + 2 + 8:
            assert len(line) <= width
            longest = min(40, width - len(head) - 2)
            share = float(value / (max(values) or 1))
            eighths = 8 * bar.count("█") + sum("▏▎▍▌▋▊▉".index(c) + 1 for c in bar.strip("█"))
            assert abs(eighths - 8 * longest * share) <= 0.5
        else:
            assert bar == ""


def test_a_terminal_without_blocks_gets_plain_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    stdout = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr("sys.stdout", stdout)
    text = output.as_table(table([Decimal("1.000"), Decimal("2.000")]), 39)
    assert text.splitlines()[1:] == [
        "2026-11-01              1.000  ####",
        "2026-11-02              2.000  ########",
    ]
    columns = (Column("consumption", "m³"),)
    rows = [{"consumption": Decimal(1)}]
    output.write(Result(("consumption",), rows, columns), parse(["meters"]))
    stdout.flush()
    assert stdout.buffer.getvalue() == b"m3\n 1\n"


@given(pixels=st.binary(min_size=6 * 4, max_size=6 * 4), columns=st.integers(4, 30))
def test_half_blocks_are_the_picture(pixels: bytes, columns: int) -> None:
    """On white, cut to what is drawn, two pixels a character."""
    image = Image.new("RGBA", (6, 4))
    image.putalpha(Image.frombytes("L", (6, 4), pixels))
    file = io.BytesIO()
    image.save(file, "PNG")
    drawn = picture.half_blocks(file.getvalue(), columns)
    assert drawn
    for line in drawn.splitlines():
        assert line.count("▀") == columns
        assert line.endswith("\x1b[0m")


def test_a_captcha_in_the_terminal_is_dark_where_it_is_drawn() -> None:
    _, image = captcha.draw(Random(1))
    drawn = picture.half_blocks(image, 80)
    assert drawn
    lines = drawn.splitlines()
    assert 12 <= len(lines) <= 20
    assert all(line.count("▀") == 80 for line in lines)
    assert "38;5;232" in drawn  # black strokes
    assert all(line.startswith("\x1b[38;5;255;48;5;255m") for line in lines)  # on white


def test_a_picture_that_cannot_be_decoded_is_left_to_the_browser() -> None:
    file = io.BytesIO()
    Image.new("RGBA", (200, 80)).save(file, "PNG")
    data = file.getvalue()
    place = data.index(b"IDAT")
    for spoilt in (data[: place + 4] + bytes(len(data) - place - 4), data[:60], b"GIF89a", b""):
        assert picture.half_blocks(spoilt, 80) is None


@pytest.mark.parametrize("size", [(1, 100_000), (100_000, 1), (1, 1), (1001, 1000)])
def test_odd_sizes_stay_within_the_terminal(size: tuple[int, int]) -> None:
    file = io.BytesIO()
    Image.new("L", size, 0).save(file, "PNG")
    drawn = picture.half_blocks(file.getvalue(), 80)
    if size == (1001, 1000):
        assert drawn is None
    else:
        assert drawn
        assert 1 <= len(drawn.splitlines()) <= 80


def test_without_pillow_there_are_no_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    assert picture.half_blocks(b"", 80) is None


def test_progress_is_a_bar_where_rich_is_and_lines_elsewhere(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run_through() -> str:
        with progress.progress() as tell:
            for n in range(200):
                tell(n + 1, 200, f"report {n + 1}")
        return capsys.readouterr().err

    lines = run_through().splitlines()
    assert len(lines) == 21
    assert lines[-1] == "200 of 200: report 200"
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    assert "200/200" in run_through()
    monkeypatch.setitem(sys.modules, "rich.console", None)
    assert run_through().splitlines() == lines


def every(kind: type[errors.UsmsError]) -> list[type[errors.UsmsError]]:
    return [kind, *(found for sub in kind.__subclasses__() for found in every(sub))]


def test_every_error_has_an_exit_code() -> None:
    def code(kind: type[errors.UsmsError]) -> int:
        return next(code for parent, code, _ in run._EXITS if issubclass(kind, parent))

    codes = {kind.__name__: code(kind) for kind in every(errors.UsmsError)}
    assert {name for name, code in codes.items() if code == 3} == {
        *("SessionExpired", "CaptchaRequired", "CaptchaRefused", "CaptchaExpired")
    }
    assert {name for name, code in codes.items() if code == 2} == {
        *("WrongRequest", "ReportNotOffered", "UnknownMeter", "WrongTariff")
    }
    assert set(codes.values()) == {1, 2, 3}


# --- the command as a process ---


def test_help_waits_for_nothing_heavy(alone: dict[str, str]) -> None:
    script = """
import sys
from usms_client.cli import main
try:
    main(["--help"])
except SystemExit as stop:
    heavy = {"aiohttp", "asyncio", "bs4", "homeassistant", "sqlite3", "decimal", "pathlib"}
    heavy &= sys.modules.keys()
    sys.exit(str(heavy) if heavy else stop.code)
"""
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, env=alone, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for name in ("login", "meters", "status", "usage", "topups", "cost", "sync", "export"):
        assert f"\n    {name} " in done.stdout
    assert not (Path(alone["XDG_STATE_HOME"]) / "usms").exists()


def test_a_reader_that_goes_away_is_no_trouble(alone: dict[str, str]) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "usms_client", "cost", "water", "60"],
        env=alone,
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (1, "")
