"""The file of `--output`: whole or as it was before, and never a file of our own."""

from __future__ import annotations

import os
import sqlite3
import stat
import tempfile
from contextlib import closing, contextmanager, suppress
from errno import EISDIR
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..errors import UsmsError, WrongRequest
from .state import default_database, session_file, turns_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .options import Options

_DATABASE: Final = b"SQLite format 3\0"
_BESIDE: Final = ("-journal", "-wal", "-shm")
"""What SQLite keeps beside a database, by the end of its name."""
_COPY: Final = int.from_bytes(b"USMc")
"""The `application_id` of a copy, by which the next one may take its place."""


def check_files(options: Options) -> None:
    """Raise WrongRequest where the files that were named can't be meant."""
    database = options.database
    if database is not None and (str(database) == ":memory:" or _is_special(database)):
        raise WrongRequest("--database takes a file")
    if options.output is None:
        return
    if options.file is not None and _is_same(options.output, options.file):
        raise WrongRequest("--output names the file to import: name another")
    if _is_ours(options.output, database) or (
        _is_database(options.output) and not (options.sqlite and _is_copy(options.output))
    ):
        raise WrongRequest("--output names a readings store, a session or a database: name another")
    if options.sqlite and _is_special(options.output):
        raise WrongRequest("A copy of the store needs a file")


def write_file(target: Path, text: str) -> None:
    """Write text (UTF-8) to a file, which keeps what it had where that fails."""
    data = text.encode("utf-8", "replace")
    if _is_special(target):
        target.write_bytes(data)  # such as /dev/stdout
        return
    with _replaced(target) as beside, beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def copy_store(source: Path, target: Path) -> None:
    """Copy a store that others may be writing to, as it is at one moment.

    An earlier copy gives way, unless it has readings that the store has not.
    """
    try:
        with _replaced(target) as beside:
            with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(beside)) as new:
                old.backup(new)
                new.execute(f"PRAGMA application_id = {_COPY}")
            if target.exists() and _has_more(target, beside):
                raise WrongRequest("The file has readings that the store has not: name another")
    except sqlite3.Error as err:
        raise UsmsError(f"The store can't be copied: {err}") from err


@contextmanager
def _replaced(target: Path) -> Iterator[Path]:
    """Give a file beside the target, which takes its place at the end; where that fails, none."""
    target = _real(target)  # through links, so that they stay
    if target.is_dir():
        raise IsADirectoryError(EISDIR, os.strerror(EISDIR), str(target))
    try:
        number, name = tempfile.mkstemp(dir=target.parent, prefix=".usms-")
    except OSError as err:
        raise OSError(err.errno, err.strerror, str(target)) from None
    os.close(number)
    beside = Path(name)
    try:
        yield beside
        beside.chmod(_mode(target))
        beside.replace(target)
    finally:
        for file in (beside, *(beside.with_name(beside.name + end) for end in _BESIDE)):
            file.unlink(missing_ok=True)


def _mode(target: Path) -> int:
    """Return who may read a file: as before, for a new one as others that its user makes."""
    with suppress(FileNotFoundError):
        return stat.S_IMODE(target.stat().st_mode)
    mask = os.umask(0o077)
    os.umask(mask)
    return 0o666 & ~mask


def _is_special(path: Path) -> bool:
    """Whether there is something that is neither file nor folder, such as a terminal or a pipe."""
    return path.exists() and not (path.is_file() or path.is_dir())


def _is_ours(path: Path, database: Path | None) -> bool:
    """Whether a file is the session, the turns, a store in use, or what SQLite keeps beside one.

    It is by its name, for it may not be there yet, or by any other of its names.
    """
    stores = [store for store in (database, default_database()) if store is not None]
    ours = [
        session_file(),
        turns_file(),
        *stores,
        *(Path(f"{store}{end}") for store in stores for end in _BESIDE),
    ]
    for end in _BESIDE:
        if path.name.endswith(end) and _is_database(Path(str(path).removesuffix(end))):
            return True
    return any(_is_same(path, own) for own in ours)


def _is_same(path: Path, other: Path) -> bool:
    with suppress(OSError):
        if path.samefile(other):
            return True
    return _real(path) == _real(other)


def _is_database(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(_DATABASE)) == _DATABASE


def _is_copy(path: Path) -> bool:
    """Whether a database is a copy that `copy_store` made."""
    try:
        with closing(sqlite3.connect(_read_only(path), uri=True)) as db:
            (mark,) = db.execute("PRAGMA application_id").fetchone()
    except sqlite3.Error:
        return False
    return bool(mark == _COPY)


def _has_more(earlier: Path, copy: Path) -> bool:
    """Whether an earlier copy has readings of the portal that this one lacks."""
    readings = (
        "SELECT m.number, r.resolution, r.start FROM {0}.reading r"
        " JOIN {0}.meter m ON m.id = r.meter WHERE r.origin <> 'remainder'"
    )
    with closing(sqlite3.connect(_read_only(copy), uri=True)) as db:
        db.execute("ATTACH ? AS earlier", (_read_only(earlier),))
        more = f"{readings.format('earlier')} EXCEPT {readings.format('main')} LIMIT 1"
        return db.execute(more).fetchone() is not None


def _read_only(database: Path) -> str:
    return f"{_real(database).as_uri()}?mode=ro"


def _real(path: Path) -> Path:
    """Return where a path leads through links; one that leads in a circle stays."""
    return Path(os.path.realpath(path))  # Path.resolve may raise for a circle
