"""The command line: thin shims over the client.

Exit codes: 0 done, 1 failed, 2 wrong use, 3 sign-in needed.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import sys
import tempfile
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .client import UsmsClient
    from .models import Meter

DONE, FAILED, WRONG_USE, SIGN_IN_NEEDED = 0, 1, 2, 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        return asyncio.run(_run(options))
    except KeyboardInterrupt:
        return FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="usms", description="Read USMS, Brunei's prepaid electricity and water smart meters."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    login = commands.add_parser("login", help="sign in and keep the session")
    login.add_argument("-u", "--username", help="IC number (or USMS_USERNAME)")
    login.add_argument(
        "-p", "--password", help="seen by others on this machine: prefer being asked"
    )
    meters = commands.add_parser("meters", help="list the meters with units and balance")
    meters.add_argument("--json", action="store_true", help="print JSON")
    return parser


async def _run(options: argparse.Namespace) -> int:
    # Imported late: `--help` must not wait for aiohttp.
    from .client import UsmsClient  # noqa: PLC0415
    from .errors import CaptchaRefused, SessionExpired, UsmsError, WrongRequest  # noqa: PLC0415

    try:
        async with UsmsClient() as client:
            if options.command == "login":
                await _login(client, *_credentials(options))
            else:
                await _meters(client, as_json=options.json)
    except SessionExpired:
        return _fail("Nobody is signed in. Run: usms login", SIGN_IN_NEEDED)
    except CaptchaRefused:
        return _fail("That was not what the picture shows. Run: usms login", SIGN_IN_NEEDED)
    except WrongRequest as err:
        return _fail(str(err), WRONG_USE)
    except UsmsError as err:
        return _fail(str(err), FAILED)
    return DONE


def _credentials(options: argparse.Namespace) -> tuple[str, str]:
    username = options.username or os.environ.get("USMS_USERNAME") or input("IC number: ")
    password = options.password or os.environ.get("USMS_PASSWORD") or getpass("Password: ")
    return username, password


async def _login(client: UsmsClient, username: str, password: str) -> None:
    await client.sign_in(username, password, answer_captcha=_ask_captcha)
    path = _session_file()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(client.export_session(), file)
    print("Signed in.")


async def _ask_captcha(image: bytes) -> str:
    return await asyncio.to_thread(_show_captcha, image)


def _show_captcha(image: bytes) -> str:
    with tempfile.NamedTemporaryFile(prefix="usms-captcha-", suffix=".png", delete=False) as file:
        file.write(image)
    try:
        return input(f"What does {file.name} show (empty for another picture)? ")
    finally:
        Path(file.name).unlink(missing_ok=True)


async def _meters(client: UsmsClient, *, as_json: bool) -> None:
    with contextlib.suppress(FileNotFoundError):  # the portal then says what is missing
        client.restore_session(json.loads(_session_file().read_text()))
    account = await client.account()
    rows = [_meter_row(meter) for meter in account.meters]
    if as_json:
        print(json.dumps(rows, indent=2))
        return
    for row in rows:
        print("  ".join("-" if value is None else str(value) for value in row.values()))


def _meter_row(meter: Meter) -> dict[str, Any]:
    def number(value: object) -> str | None:
        return None if value is None else str(value)

    return {
        "meter": meter.number,
        "utility": meter.utility,
        "status": meter.status,
        "remaining_units": number(meter.remaining_units),
        "unit": meter.unit,
        "balance": number(meter.balance),
        "last_updated": meter.last_updated.isoformat() if meter.last_updated else None,
    }


def _session_file() -> Path:
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "usms" / "session.json"


def _fail(message: str, code: int) -> int:
    print(f"usms: {message}", file=sys.stderr)
    return code
