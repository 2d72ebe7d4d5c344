"""What nobody knows of the real portal, as switches: it must be able to behave either way."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args, get_origin, get_type_hints


@dataclass
class Profile:
    """The variants of the portal; the defaults are what was seen last."""

    captcha: bool = True
    """The second step of October 2026."""
    captcha_picture: Literal["address", "data", "second_step", "blob", "elsewhere"] = "address"
    """Where the picture is: at an address; in the page itself; only in the second step; at an
    address of another scheme; at another host."""
    captcha_case_matters: bool = False
    captcha_label: str = ""
    """What the error label says after a wrong answer; nothing was seen."""
    wrong_password: Literal["same", "dictionary"] = "same"
    """How a wrong password of a user that exists is told: as for an unknown one, or as in 2024."""
    locked_after: int = 0
    """After so many wrong passwords the account is locked; 0: never."""
    session_minutes: float | None = 20
    """How long a session lives; None: for ever."""
    session_sliding: bool = True
    """Whether a request prolongs it."""
    session_rotates: bool = False
    """Every answer to somebody signed in gives the session another key."""
    ticket_minutes: float | None = None
    """Beside the session there is a ticket that lives so long, and every answer renews it."""
    deletes_cookies: bool = False
    """A session that has ended has its cookies deleted."""
    pool_cookie: str = ""
    """What a load balancer sets, such as `pool=!aB3/x+Zk==`, and compares as text."""
    more_cookies: tuple[str, ...] = ()
    """Others that come with every answer."""
    second_login: Literal["ends_first", "both_live"] = "ends_first"
    expired_as: Literal[
        "redirect_session_expire", "body_text", "redirect_login", "login_form", "mixed"
    ] = "redirect_session_expire"
    """How a page answers nobody; mixed: in the four ways in turn."""
    hidden_dialog: bool = False
    """Every page carries a dialog that says that the session has expired, and does not show it."""
    banner: str = ""
    """What stands on top of every page."""
    cards: Literal["before_2026_10", "since_2026_10"] = "since_2026_10"
    balance_caption: Literal["Remaining Balance", "Remaining Credit"] = "Remaining Balance"
    commas: bool = True
    """Thousands commas in numbers."""
    negative: Literal["-$5.00", "$-5.00", "($5.00)"] = "-$5.00"
    overdrawn: bool = False
    """The meters' balances are below zero."""
    updating: bool = False
    """The cards show `-` instead of values."""
    last_updated: Literal["date", "time"] = "date"
    """For electricity: the bare date, or with the time as until September 2026."""
    water_units: Literal["flat", "tiers"] = "flat"
    """How Remaining Unit follows from the balance of water."""
    more_meters: int = 0
    """So many meters beside the two."""
    cards_a_page: int = 0
    """Show so many cards, and a pager for the rest; 0: all of them."""
    hidden_meters: tuple[str, ...] = ()
    """Numbers of meters that the account has no more."""
    new_meters: tuple[str, ...] = ()
    """Numbers of meters whose cards show `-`, as those of meters just installed."""
    hourly_offered: bool = True
    summary_offered: bool = True
    """Whether electricity has the report Summary; water has it."""
    report_sequence: Literal["open", "strict_stale", "strict_empty", "strict_error"] = "open"
    """Whether a report page that has answered serves another search: it does; it gives the former
    answer again; it says that there is nothing; it fails."""
    type_switch: Literal["posts_back", "searches"] = "posts_back"
    """Whether a search with another type only switches the type, or searches at once."""
    old_pages: Literal["tolerated", "refused"] = "tolerated"
    """What becomes of a form that is not of the session's latest report page."""
    other_meter: Literal["latest", "refused", "address"] = "latest"
    """What a form of a meter does once the session has opened another: it answers for the other
    one, it fails, or it answers for the one in its address."""
    missing_hours: Literal["absent", "zero", "zero_all_day"] = "absent"
    """An hour without a value is left out; it is 0 up to the latest that has one; it is 0 up to
    midnight."""
    label_beside_grid: bool = False
    """"Not found" is said beside a filled grid."""
    chart: bool = True
    """Whether the report has a chart, whose alternative text tells the day."""
    corrections: bool = True
    """Hours are corrected some days after they were first published."""
    late_corrections: bool = False
    """It takes them up to four weeks instead of three days."""
    holes: bool = True
    """Hours that are never published."""
    lag: bool = True
    """Hours are published late."""
    history_days: int = 0
    """The portal has reports of so many days only, and has forgotten what was before; 0: of all."""
    customer_type: str = "Residential"
    """What the Top Up page calls the customer; only `Residential` was seen."""
    debt: float = 0
    """BND owing, by the Top Up page; a tenth of it is paid back a month."""
    price_percent: int = 100
    """What is charged, of the operator's prices; holds from the day after it is set."""
    credit_delay_minutes: int = 0
    """How long after a top-up the balance rises."""
    water_draws_on_electricity: bool = False
    """Nobody tops water up; after 48 hours below zero it draws on the balance of electricity."""
    opening_credit: float = 20
    """BND on electricity's balance when its meter was installed; later it can't be changed."""
    topup_pager: bool = True
    """The top-ups come ten a page."""
    latency: float = 0
    """How long each answer takes, in seconds."""

    def change(self, changes: dict[str, Any]) -> None:
        """Set switches; raises ValueError for a name or a value that is none."""
        hints = get_type_hints(type(self))
        for name, value in changes.items():
            if name not in hints:
                known = ", ".join(field.name for field in fields(self))
                raise ValueError(f"unknown switch {name!r}; known are {known}")
            if hints[name] == tuple[str, ...] and isinstance(value, (list, tuple)):
                changes[name] = tuple(map(str, value))
            elif not _fits(value, hints[name]):
                raise ValueError(f"{name} can't be {value!r}")
        for name, value in changes.items():
            setattr(self, name, value)

    def as_json(self) -> dict[str, Any]:
        """Return the switches as JSON-able data."""
        return asdict(self)


def _fits(value: object, hint: Any) -> bool:
    if get_origin(hint) is Literal:
        return value in get_args(hint)
    if get_origin(hint) is tuple:
        return False
    kinds = get_args(hint) or (hint,)
    if isinstance(value, bool):
        return bool in kinds
    return any(
        value is None
        if kind is type(None)
        else isinstance(value, (int, float) if kind is float else kind)
        for kind in kinds
    )
