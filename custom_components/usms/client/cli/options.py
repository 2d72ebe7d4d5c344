"""What was said on the command line, and what a command works with besides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ..models import Resolution, Utility

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime
    from pathlib import Path

    from ..portal.pace import Pacing

Form = Literal["json", "csv"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What was said; what a command does not know has its default."""

    command: str
    username: str | None = None
    password: str | None = None
    verbose: bool = False
    form: Form | None = None
    """What programs get; None for people."""
    output: Path | None = None
    """None for standard output."""
    database: Path | None = None
    """None for the usual store, or where the portal is asked for none."""
    meter: str | None = None
    """A number or a utility; None for all of them, or the only one."""
    resolution: Resolution = Resolution.DAY
    until: date | None = None
    """To whose end `plan` is to last."""
    first: date | None = None
    last: date | None = None
    utility: Utility = Utility.ELECTRICITY
    """Whose prices `cost` takes."""
    amount: str = ""
    """kWh or m³, of `plan` BND, as it was said; so are the terms of the tariff that follow."""
    units: str | None = None
    kva: str | None = None
    vacant: bool = False
    unit: bool = False
    credit: bool = False
    quiet: bool = False
    sqlite: bool = False
    file: Path | None = None
    """What `import` reads."""
    length: Resolution | None = None
    """How long each reading of that file lasts; None where the file shows it."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a command works with, whatever was said."""

    clock: Callable[[], datetime]
    """Tells the time."""
    pacing: Pacing
    """Spaces the requests."""
