"""Runs one command; tells what went wrong in a sentence and an exit code."""

from __future__ import annotations

import logging
from importlib import import_module
from typing import TYPE_CHECKING, Final

from ..errors import CaptchaRefused, CaptchaRequired, SessionExpired, UsmsError, WrongRequest
from .files import check_files
from .output import write
from .signals import ends_by_signals
from .streams import say, why

if TYPE_CHECKING:
    from collections.abc import Callable

    from .options import Context, Options
    from .output import Result

DONE, FAILED, WRONG_USE, SIGN_IN_NEEDED = 0, 1, 2, 3

_COMMANDS: Final = {
    "login": "signing_in.login",
    "meters": "meters.meters",
    "status": "cards.status",
    "usage": "usage.usage",
    "left": "meters.left",
    "plan": "planning.plan",
    "topups": "money.topups",
    "cost": "money.cost",
    "sync": "history.sync",
    "export": "history.export",
    "import": "importing.import_file",
}
"""Where each command is: loaded when it is asked for, so that none waits for what others need."""

_EXITS: Final[tuple[tuple[type[UsmsError], int, str], ...]] = (
    (SessionExpired, SIGN_IN_NEEDED, "Not signed in. Run: usms login"),
    (CaptchaRefused, SIGN_IN_NEEDED, "That was not what the picture shows. Run: usms login"),
    (
        CaptchaRequired,
        SIGN_IN_NEEDED,
        "The portal asks for its captcha, which is for people. Run in a terminal: usms login",
    ),
    (WrongRequest, WRONG_USE, ""),
    (UsmsError, FAILED, ""),
)
"""What each error means to a caller: exit code, and the sentence where its own does not do."""


def run(options: Options, context: Context) -> int:
    """Run the command that the options name; return its exit code."""
    if options.verbose:
        logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
        logging.getLogger(__package__.rpartition(".")[0]).setLevel(logging.DEBUG)
    if options.password:
        say(
            "A password on the command line is seen by others on this machine;"
            " let usms ask for it, or set USMS_PASSWORD."
        )
    with ends_by_signals():
        return _ended(options, context)


def _command(name: str) -> Callable[[Options, Context], Result | None]:
    module, function = _COMMANDS[name].split(".")
    command: Callable[[Options, Context], Result | None] = getattr(
        import_module(f".{module}", __package__), function
    )
    return command


def _ended(options: Options, context: Context) -> int:
    """Run the command; say why where it fails."""
    try:
        check_files(options)
        result = _command(options.command)(options, context)
        if result:
            write(result, options)
    except UsmsError as err:
        code, sentence = next(
            (code, sentence) for kind, code, sentence in _EXITS if isinstance(err, kind)
        )
        say(sentence or str(err))
        return code
    except BrokenPipeError:
        return FAILED  # the reader has read enough
    except OSError as err:
        say(why(err))
        return FAILED
    except ArithmeticError:
        say("A number is too large to count with, or is none.")
        return FAILED
    except KeyboardInterrupt:
        goes_on = options.command == "sync"
        say("Stopped; the next usms sync goes on from here." if goes_on else "Stopped.")
        return FAILED
    return DONE
