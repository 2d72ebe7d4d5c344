"""What `--output` and `--database` may name, and that a file is whole or as it was."""

import os
import resource
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.client.conftest import NOW

from .conftest import Shell, small_store

COST = ("cost", "water", "60", "--csv", "--output")
DAY = NOW.replace(hour=0, minute=0)
REFUSED = "usms: --output names a readings store, a session or a database: name another\n"


def whole(path: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as db:
        return db.execute("SELECT * FROM reading").fetchall()


@pytest.fixture
def store(usms: Shell) -> Path:
    """The usual store, with a session beside it."""
    usms.state.mkdir()
    (usms.state / "session.json").write_text("{}")
    return small_store(usms.state / "readings.db")


def same(store: Path) -> Path:
    return store


def linked(store: Path) -> Path:
    (link := store.parents[1] / "link").symlink_to(store)
    return link


def hard_linked(store: Path) -> Path:
    (link := store.parents[1] / "link").hardlink_to(store)
    return link


def through_a_linked_folder(store: Path) -> Path:
    (link := store.parents[1] / "folder").symlink_to(store.parent)
    return link / ".." / "usms" / store.name


def journal(store: Path) -> Path:
    return store.with_name("readings.db-journal")


def journal_of_another(store: Path) -> Path:
    return small_store(store.parents[1] / "other.db").with_name("other.db-wal")


def another(store: Path) -> Path:
    return small_store(store.parents[1] / "other.db")


def some_database(store: Path) -> Path:
    path = store.parents[1] / "photos.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE reading (id)")
    return path


def session(store: Path) -> Path:
    return store.with_name("session.json")


def session_that_is_not_there_yet(store: Path) -> Path:
    store.with_name("session.json").unlink()
    return store.with_name("session.json")


OURS = (
    *(same, linked, hard_linked, through_a_linked_folder, journal, journal_of_another, another),
    *(some_database, session, session_that_is_not_there_yet),
)
HOW = {"cost": COST, "export": ("export", "--output"), "copy": ("export", "--sqlite", "--output")}


@pytest.mark.parametrize("place", OURS)
@pytest.mark.parametrize("how", HOW)
async def test_what_is_ours_is_never_written_over(
    usms: Shell, store: Path, place: Callable[[Path], Path], how: str
) -> None:
    path = place(store)
    before = {file: file.read_bytes() for file in usms.state.parent.rglob("*") if file.is_file()}
    said = await usms(*HOW[how], str(path))
    assert (said.code, said.out, said.err) == (2, "", REFUSED)
    after = {file: file.read_bytes() for file in usms.state.parent.rglob("*") if file.is_file()}
    assert after == before


@pytest.mark.parametrize("there", [True, False])
async def test_the_store_of_the_command_is_none_either(
    signed_in: Shell, tmp_path: Path, there: bool
) -> None:
    path = tmp_path / "x.db"
    if there:
        small_store(path)
    signed_in.portal.clear_requests()
    for command in ("sync", "export"):
        said = await signed_in(command, "--database", str(path), "--output", str(path), "--csv")
        assert (said.code, said.err) == (2, REFUSED)
    assert signed_in.portal.requests == []
    assert path.exists() == there


async def test_a_copy_replaces_an_earlier_copy(usms: Shell, store: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    export = ("export", "--sqlite", "--output", str(copy))
    assert (await usms(*export)).code == 0
    first = whole(copy)
    small_store(store, days=3, value=2)
    said = await usms(*export)
    assert (said.code, said.out, said.err) == (0, "", "")
    assert whole(copy) == whole(store) != first
    assert (await usms(*COST, str(copy))).err == REFUSED


async def test_a_copy_that_has_more_stays(usms: Shell, store: Path, tmp_path: Path) -> None:
    """It was filled on its own since, or is of another account."""
    copy = tmp_path / "copy.db"
    export = ("export", "--sqlite", "--output", str(copy))
    assert (await usms(*export)).code == 0
    small_store(copy, "20000001")
    before = copy.read_bytes()
    said = await usms(*export)
    assert said.code == 2
    assert said.err == "usms: The file has readings that the store has not: name another\n"
    assert copy.read_bytes() == before
    assert {file.name for file in tmp_path.iterdir()} == {"copy.db", "usms"}


@pytest.mark.parametrize("option", ["--sqlite", "--csv"])
def test_an_earlier_export_survives_a_full_disk(
    alone: dict[str, str], tmp_path: Path, option: str
) -> None:
    store = small_store(tmp_path / "store.db", days=20)
    file = tmp_path / "out"
    command = [sys.executable, "-m", "usms_client", "export", option, "--output", str(file)]

    def run(most: int) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, "--database", str(store)],
            env={**alone, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)),
        )

    assert run(resource.RLIM_INFINITY).returncode == 0
    before, there = file.read_bytes(), {*tmp_path.iterdir()}
    small_store(store, days=25, value=3)
    done = run(500)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("usms: ")
    assert done.stderr.count("\n") == 1
    assert file.read_bytes() == before
    assert {*tmp_path.iterdir()} == there
    assert run(resource.RLIM_INFINITY).returncode == 0
    assert file.read_bytes() != before


async def test_a_file_keeps_its_rights_and_its_links(usms: Shell, tmp_path: Path) -> None:
    old = os.umask(0o022)
    try:
        new, closed, link = tmp_path / "new", tmp_path / "closed", tmp_path / "link"
        closed.write_text("")
        closed.chmod(0o640)
        link.symlink_to(closed)
        for file in (new, link):
            assert (await usms(*COST, str(file))).code == 0
    finally:
        os.umask(old)
    assert stat.S_IMODE(new.stat().st_mode) == 0o644
    assert stat.S_IMODE(closed.stat().st_mode) == 0o640
    assert link.is_symlink()
    assert new.read_text() == closed.read_text() == link.read_text()


async def test_a_dash_is_standard_output(usms: Shell, store: Path, tmp_path: Path) -> None:
    assert (await usms(*COST, "-")).out == (await usms(*COST[:-1])).out
    assert (await usms("export", "--sqlite", "--output", "-")).code == 2
    assert not Path("-").exists()


async def test_devices_and_folders(usms: Shell, store: Path, tmp_path: Path) -> None:
    assert (await usms(*COST, "/dev/null")).code == 0
    assert Path("/dev/null").is_char_device()
    said = await usms(*COST, "/dev/full")
    assert (said.code, said.err) == (1, "usms: No space left on device\n")
    said = await usms(*COST, str(tmp_path))
    assert (said.code, said.err) == (1, f"usms: Is a directory: {tmp_path}\n")
    said = await usms("export", "--sqlite", "--output", "/dev/null")
    assert (said.code, said.err) == (2, "usms: A copy of the store needs a file\n")
    circle = tmp_path / "circle"
    circle.symlink_to(circle)
    assert (await usms(*COST, str(circle))).code in {0, 1}
    assert (await usms(*COST, str(tmp_path / ("x" * 300)))).code == 1


@pytest.mark.parametrize("name", [":memory:", "/dev/null", "", "a\0b"])
async def test_a_store_is_a_file(signed_in: Shell, name: str) -> None:
    for command in ("sync", "export", "usage"):
        said = await signed_in(command, "--database", name)
        assert (said.code, said.out) == (2, "")
        assert said.err.startswith("usms: ")
        assert said.err.count("\n") == 1
    assert signed_in.portal.requests == []
    assert not Path(":memory:").exists()
