"""Which meter is meant: by its number, by what it measures, or because there is no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import UnknownMeter, WrongRequest
from ..models import Utility

if TYPE_CHECKING:
    from collections.abc import Mapping


def number_meant(
    meters: Mapping[str, Utility | None],
    said: str | None,
    only: Utility | None = None,
    *,
    unknown: str,
) -> str:
    """Return the number of the meter that is meant among those.

    `said` is a number, a utility or nothing; `only` is the utility that the rest of the question
    leaves. Raises UnknownMeter with the sentence `unknown` for a number that is not there, or
    where there is no meter of the utility, and WrongRequest where there are several.
    """
    if said is not None and said in meters:
        return said
    utility = {known.value: known for known in Utility}.get(said or "", only)
    if said is not None and said != utility:
        raise UnknownMeter(unknown)
    found = [number for number, measured in meters.items() if utility in {None, measured}]
    if not found:
        raise UnknownMeter(f"There is no {utility or ''} meter".replace("  ", " "))
    if len(found) > 1:
        raise WrongRequest(
            f"There are {len(found)} meters: say electricity, water or the number of one"
            if utility is None
            else f"There are {len(found)} {utility} meters: say the number of one"
        )
    return found[0]
