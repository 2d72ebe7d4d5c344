"""What the command line keeps: the session and the store, in the user's state folder."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ..errors import UsmsError, WrongRequest
from .choice import number_meant

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..models import Utility
    from ..store import ReadingsStore
    from .options import Options


_MOST: Final = 1_000_000
"""Bytes of a session; a real one has a few hundred."""


def state_folder() -> Path:
    """Return the folder, which is for the user alone; makes it where it is not there."""
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    return folder


def _folder() -> Path:
    base = os.environ.get("XDG_STATE_HOME") or (
        os.environ.get("LOCALAPPDATA") if os.name == "nt" else None
    )
    try:
        return (Path(base) if base else Path.home() / ".local" / "state") / "usms"
    except RuntimeError:
        raise UsmsError("There is no home folder; set XDG_STATE_HOME to a folder") from None


def default_database() -> Path:
    """Return where the store is, unless `--database` says so."""
    return _folder() / "readings.db"


def session_file() -> Path:
    """Return where the session is kept."""
    return _folder() / "session.json"


def turns_file() -> Path:
    """Return where the commands that run at once take turns at the portal."""
    return _folder() / "turns.db"


def open_store(path: Path | None) -> ReadingsStore:
    """Open a store that is there, the usual one for None; raises WrongRequest where none is."""
    path = path or default_database()
    if not path.is_file():
        raise WrongRequest(f"There is no readings store at {path}; usms sync fills one")
    from ..store import ReadingsStore  # noqa: PLC0415 - others do not wait for it

    return ReadingsStore(path)


@contextmanager
def given_store(options: Options) -> Iterator[ReadingsStore | None]:
    """Give the store that `--database` names, opened once: each opening checks all of it."""
    if options.database is None:
        yield None
        return
    with closing(open_store(options.database)) as store:
        yield store


def stored_meters(store: ReadingsStore) -> dict[str, Utility | None]:
    """Return what each meter of the store measures."""
    return {meter.number: meter.utility for meter in store.meters()}


def stored_meter(
    meters: Mapping[str, Utility | None], said: str | None, only: Utility | None = None
) -> str:
    """Return the number of the stored meter that is meant, as `number_meant`."""
    unknown = "The store has no such meter; usms sync reads those of the account"
    return number_meant(meters, said, only, unknown=unknown)


def kept_session() -> dict[str, Any] | None:
    """Return the session that `keep_session` wrote; None where there is none to be read."""
    state_folder()
    try:
        if not session_file().is_file():
            return None  # a pipe would keep us waiting
        with session_file().open("rb") as file:
            session = json.loads(file.read(_MOST).decode())
        if not isinstance(session, dict):
            return None
        # A cookie that can't be sent is left out by itself; a tab in one is no reason to ask again.
        others = {name: value for name, value in session.items() if name != "cookies"}
        return session if _is_plain(others) else None
    except (OSError, ValueError, RecursionError):
        return None


def _is_plain(value: object) -> bool:
    """Whether all text in it can be sent: no control characters, no lone surrogates."""
    if isinstance(value, dict):
        return all(_is_plain(part) for pair in value.items() for part in pair)
    if isinstance(value, list):
        return all(map(_is_plain, value))
    return not isinstance(value, str) or value.isprintable()


def keep_session(session: Mapping[str, Any]) -> None:
    """Write the session, to be read by the user alone; at any moment the file is whole."""
    folder = state_folder()
    number, name = tempfile.mkstemp(dir=folder, prefix="session-")  # mode 0600
    try:
        with os.fdopen(number, "w", encoding="utf-8") as file:
            json.dump(session, file)
        Path(name).replace(session_file())
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
