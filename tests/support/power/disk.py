"""A disk whose power is cut: what may be on it after any of the operations that were recorded.

The operations are those of a real process on real files (`recorder.c`). Until a file is synced its
writes may be lost, each sector by itself; until the folder is synced, so may a file's coming and
going.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.support import ROOT

SECTOR = 512

type Files = dict[str, bytes]


@dataclass(frozen=True)
class Operation:
    """One thing done to a file; `S` syncs, `W` writes, `T` truncates, `U` unlinks."""

    kind: str
    name: str
    """The file's name; empty for the folder itself."""
    offset: int
    data: bytes


def compiled(folder: Path) -> Path:
    """Compile the recorder; raises OSError where there is no compiler."""
    library = folder / "recorder.so"
    source = Path(__file__).with_name("recorder.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
    return library


def record(library: Path, script: str, folder: Path, log: Path) -> list[Operation]:
    """Run a script with `folder` as its argument; return what it did there, in order."""
    environment = os.environ | {
        "LD_PRELOAD": str(library),
        "POWER_FOLDER": str(folder),
        "POWER_LOG": str(log),
    }
    command = [sys.executable, "-c", script, str(folder)]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    return list(_parsed(log.read_bytes(), folder))


def _parsed(log: bytes, folder: Path) -> Iterator[Operation]:
    place = 0
    while place < len(log):
        end = log.index(b"\n", place)
        kind, path, offset, length = log[place:end].decode().split(" ")
        size = int(length) if kind == "W" else 0
        name = "" if Path(path) == folder else Path(path).name
        yield Operation(kind, name, int(offset), log[end + 1 : end + 1 + size])
        place = end + 1 + size


def _write(content: bytes, offset: int, data: bytes) -> bytes:
    content = content.ljust(offset, b"\0")
    return content[:offset] + data + content[offset + len(data) :]


@dataclass
class Disk:
    """What is on the disk for sure, and what else was asked of it since."""

    files: Files = field(default_factory=dict)
    """The content of every file that has or had a name, by what was synced."""
    named: frozenset[str] = frozenset()
    """Which files the folder has for sure."""
    pending: list[Operation] = field(default_factory=list)

    def apply(self, operation: Operation) -> None:
        """Take an operation in."""
        if operation.kind != "S":
            self.pending.append(operation)
            return
        if operation.name:
            mine = [o for o in self.pending if o.name == operation.name and o.kind != "U"]
            content = self.files.get(operation.name, b"")
            for done in mine:
                content = _changed(content, done)
            self.files[operation.name] = content
            self.pending = [o for o in self.pending if o not in mine]
        else:
            names = set(self.named) | {name for name in self.files if name not in self._gone()}
            self.named = frozenset(names - self._gone())
            for name in self._gone():
                self.files.pop(name, None)
            self.pending = [o for o in self.pending if o.kind != "U"]

    def _gone(self) -> set[str]:
        return {o.name for o in self.pending if o.kind == "U"}

    def killed(self) -> Files:
        """Return the files after the process was killed: all that was asked for was done."""
        files = dict(self.files)
        for operation in self.pending:
            if operation.kind == "U":
                files.pop(operation.name, None)
            else:
                files[operation.name] = _changed(files.get(operation.name, b""), operation)
        return files

    def power_cut(self, chance: Random | None) -> Files:
        """Return the files after the power was cut: what was synced, and by chance some more."""
        files = dict(self.files)
        for operation in self.pending:
            name = operation.name
            if operation.kind == "U":
                if chance and chance.random() < 0.5:
                    files.pop(name, None)
            elif chance and operation.kind == "T":
                if chance.random() < 0.5:
                    files[name] = _changed(files.get(name, b""), operation)
            elif chance:
                for at in range(0, len(operation.data), SECTOR):
                    if chance.random() < 0.5:
                        sector = operation.data[at : at + SECTOR]
                        files[name] = _write(files.get(name, b""), operation.offset + at, sector)
        return {
            name: content
            for name, content in files.items()
            if name in self.named or (chance and chance.random() < 0.5)
        }


def _changed(content: bytes, operation: Operation) -> bytes:
    if operation.kind == "T":
        return content[: operation.offset].ljust(operation.offset, b"\0")
    return _write(content, operation.offset, operation.data)


def crashes(
    operations: Sequence[Operation], chances: int = 3
) -> Iterator[tuple[int, str, Files, int]]:
    """Yield after each operation what the disk may hold: which, how, files, how many acks.

    An ack is a write to the file `ack`, which tells that a transaction has returned.
    """
    disk, acknowledged = Disk(), 0
    for n, operation in enumerate(operations):
        if operation.name == "ack":
            acknowledged += 1
            continue
        disk.apply(operation)
        yield n, "killed", disk.killed(), acknowledged
        yield n, "nothing unsynced", disk.power_cut(None), acknowledged
        for seed in range(chances):
            yield n, f"chance {seed}", disk.power_cut(Random(f"{n}/{seed}")), acknowledged
