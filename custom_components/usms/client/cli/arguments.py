"""What may be said on the command line."""

from __future__ import annotations

import argparse
import sys
from datetime import date
from typing import TYPE_CHECKING, Final, NoReturn

from .streams import emit
from .text import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from _typeshed import SupportsWrite

    from ..models import Utility
    from .options import Options

_ABOUT: Final = "Read USMS, Brunei's prepaid electricity and water smart meters."
_MORE: Final = """\
exit codes: 0 done, 1 failed, 2 wrong use, 3 sign-in needed
environment: USMS_USERNAME, USMS_PASSWORD, USMS_BASE_URL
short forms: usms --list, usms -m METER --unit|--credit|--consumption
"""
_RESOLUTIONS: Final = (("hourly", "hour"), ("daily", "day"), ("monthly", "month"))


class _Parser(argparse.ArgumentParser):
    """Tells what is wrong in one sentence, and its help on any terminal."""

    def error(self, message: str) -> NoReturn:
        """Say it and leave."""
        self.exit(2, f"usms: {visible(message)} (see {self.prog} --help)\n")

    def print_help(self, file: SupportsWrite[str] | None = None) -> None:
        """Write it to standard output; raises OSError where that can't be."""
        emit(self.format_help()) if file is None else super().print_help(file)


def parse(arguments: Sequence[str] | None) -> Options:
    """Return what was said; the short forms as the commands that they stand for."""
    parser = _parser(sys.argv[1:] if arguments is None else arguments)
    said = vars(parser.parse_args(arguments))
    if said["command"] is None:
        said["command"] = _long_form(parser, said)
    elif any(said[name] for name in ("list", "unit", "credit", "consumption")):
        parser.error("--list, --unit, --credit and --consumption go without a command")
    # Imported late: `--help` must not wait for it.
    from dataclasses import fields  # noqa: PLC0415

    from ..models import Resolution  # noqa: PLC0415
    from .options import Options  # noqa: PLC0415

    for name in ("resolution", "length"):
        if said.get(name):
            said[name] = Resolution(said[name])
    known = {field.name for field in fields(Options)}
    return Options(**{name: value for name, value in said.items() if name in known})


def _long_form(parser: _Parser, said: Mapping[str, object]) -> str:
    """Return the command that a short form stands for."""
    left = said["unit"] or said["credit"]
    if said["list"]:
        return "meters"
    if said["meter"] is None:
        parser.error("say what to do, such as usms meters")
    if said["consumption"] and left:
        parser.error("--consumption goes without --unit and --credit")
    if said["consumption"]:
        return "usage"
    return "left" if left else "status"


def _parser(words: Collection[str]) -> _Parser:
    """Make the parser of those words.

    Options of all commands may stand before the command or behind it.
    """
    parser = _Parser(
        prog="usms",
        description=_ABOUT,
        epilog=_MORE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    _add_account(parser)
    _add_output(parser)
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version")
    short = parser.add_argument_group("short forms")
    short.add_argument("-l", "--list", action="store_true", help="as usms meters")
    short.add_argument("-m", "--meter", metavar="METER", help="the meter that is meant")
    short.add_argument("--unit", action="store_true", help="its remaining units")
    short.add_argument("--credit", action="store_true", help="its balance")
    short.add_argument("--consumption", action="store_true", help="as usms usage METER")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, text, adders in _COMMANDS:
        command = commands.add_parser(
            name,
            help=text,
            description=text[0].upper() + text[1:] + ".",
            argument_default=argparse.SUPPRESS,
            allow_abbrev=False,
        )
        for add in adders if name in words else ():  # making all takes longer than Python's start
            add(command)
    return parser


def _add_account(parser: _Parser) -> None:
    parser.add_argument("-u", "--username", metavar="IC", help="IC number (or USMS_USERNAME)")
    parser.add_argument(
        "-p",
        "--password",
        help="seen by others on this machine: better asked for, or USMS_PASSWORD",
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="log to standard error")


def _add_output(parser: _Parser) -> None:
    forms = parser.add_mutually_exclusive_group()
    for form in ("json", "csv"):
        forms.add_argument(
            f"--{form}", dest="form", action="store_const", const=form, help=f"as {form.upper()}"
        )
    parser.add_argument(
        "--output", type=_output, metavar="FILE", help="write to a file (-: standard output)"
    )


def _add_database(parser: _Parser) -> None:
    parser.add_argument(
        "--database", type=_file, metavar="FILE", help="the readings store (else the usual one)"
    )


def _add_source(parser: _Parser) -> None:
    parser.add_argument(
        "--database",
        type=_file,
        metavar="FILE",
        help="take readings of this store, not the portal's",
    )


def _add_meter(parser: _Parser) -> None:
    text = "its number, or electricity or water; may be left out where there is no other"
    parser.add_argument("meter", nargs="?", metavar="METER", help=text)


def _add_meter_or_all(parser: _Parser) -> None:
    text = "its number, or electricity or water; all meters without one"
    parser.add_argument("meter", nargs="?", metavar="METER", help=text)


def _add_resolution(parser: _Parser) -> None:
    choice = parser.add_mutually_exclusive_group()
    for name, value in _RESOLUTIONS:
        choice.add_argument(
            f"--{name}", dest="resolution", action="store_const", const=value, help=f"by {value}"
        )


def _add_days(parser: _Parser) -> None:
    parser.add_argument(
        "--from", dest="first", type=_day, metavar="D", help="first day, such as 2026-11-01"
    )
    parser.add_argument("--to", dest="last", type=_day, metavar="D", help="last day, included")


def _add_cost(parser: _Parser) -> None:
    parser.add_argument("utility", type=_utility, metavar="UTILITY")
    parser.add_argument("amount", metavar="AMOUNT", help="kWh or m³")


def _add_tariff(parser: _Parser) -> None:
    parser.add_argument("--units", metavar="N", help="water: dwellings in the building (else 1)")
    parser.add_argument("--kva", metavar="N", help="electricity: commercial, of that capacity")
    parser.add_argument("--vacant", action="store_true", help="commercial: vacant premises")


def _add_plan(parser: _Parser) -> None:
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument(
        "--until", type=_day, metavar="D", help="to last to the end of that day (else next month)"
    )
    choice.add_argument("--amount", metavar="B$", help="how long that would last")


def _add_sync(parser: _Parser) -> None:
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing but errors")


def _add_export(parser: _Parser) -> None:
    parser.add_argument(
        "--sqlite", action="store_true", help="copy the whole store to the file of --output"
    )


def _add_import(parser: _Parser) -> None:
    parser.add_argument("file", type=_file, metavar="FILE", help="a CSV of usms export")
    choice = parser.add_mutually_exclusive_group()
    for name, value in _RESOLUTIONS[:2]:
        text = f"it has {value}s, where that can't be seen"
        choice.add_argument(
            f"--{name}", dest="length", action="store_const", const=value, help=text
        )


_COMMANDS: Final[tuple[tuple[str, str, tuple[Callable[[_Parser], None], ...]], ...]] = (
    ("login", "sign in and keep the session", (_add_account,)),
    ("meters", "list the meters with units and balance", (_add_account, _add_output)),
    (
        "status",
        "show what is left, for how long, and what the month will cost",
        (_add_meter_or_all, _add_account, _add_output, _add_source, _add_tariff),
    ),
    (
        "usage",
        "show consumption by day (31 days), hour (since yesterday) or month (12 months)",
        (_add_meter, _add_resolution, _add_days, _add_account, _add_output, _add_source),
    ),
    (
        "plan",
        "say how much to top up, or how long an amount would last",
        (_add_meter, _add_plan, _add_account, _add_output, _add_source, _add_tariff),
    ),
    ("topups", "list the top-ups", (_add_meter, _add_days, _add_account, _add_output)),
    (
        "cost",
        "price a month's consumption, without asking the portal",
        (_add_cost, _add_tariff, _add_output),
    ),
    (
        "sync",
        "read the history into the store; Ctrl-C stops it, and the next time it goes on",
        (_add_sync, _add_account, _add_output, _add_database),
    ),
    (
        "export",
        "write the store's readings as CSV or JSON, or copy the store",
        (_add_meter_or_all, _add_resolution, _add_days, _add_output, _add_database, _add_export),
    ),
    (
        "import",
        "take over what such a CSV has and the store has not",
        (_add_import, _add_output, _add_database),
    ),
)
"""Name, what it does, what it takes."""


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day such as 2026-11-30") from None


def _file(text: str) -> Path:
    from pathlib import Path  # noqa: PLC0415

    if not text or "\0" in text:
        raise argparse.ArgumentTypeError("that is no name of a file")
    return Path(text)


def _output(text: str) -> Path | None:
    return None if text == "-" else _file(text)


def _utility(text: str) -> Utility:
    from ..models import Utility  # noqa: PLC0415

    try:
        return Utility(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is neither electricity nor water") from None


class _Version(argparse.Action):
    """Looks the version up only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        """Print it and leave."""
        from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415

        try:
            known = version("usms-client")
        except PackageNotFoundError:
            known = "(not installed)"
        emit(f"usms {known}\n")
        parser.exit()
