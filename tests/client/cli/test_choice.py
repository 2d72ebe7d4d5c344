"""Which meter is meant."""

import pytest

from custom_components.usms.client import UnknownMeter, Utility, WrongRequest
from custom_components.usms.client.cli.arguments import parse
from custom_components.usms.client.cli.choice import number_meant
from custom_components.usms.client.cli.options import Options
from custom_components.usms.client.models import Resolution

E, W = Utility.ELECTRICITY, Utility.WATER
HOME = {"1": E, "2": W}
FARM = {"1": E, "2": W, "3": E, "4": None}


@pytest.mark.parametrize(
    ("meters", "said", "only", "meant"),
    [
        (HOME, "2", None, "2"),
        (HOME, "2", E, "2"),
        (HOME, "electricity", None, "1"),
        (HOME, "water", None, "2"),
        (HOME, "water", E, "2"),
        (HOME, None, E, "1"),
        (HOME, None, W, "2"),
        ({"1": None}, None, None, "1"),
        (FARM, None, W, "2"),
        (FARM, "4", None, "4"),
        (HOME, None, None, "There are 2 meters: say electricity, water or the number of one"),
        (FARM, "electricity", None, "There are 2 electricity meters: say the number of one"),
        (FARM, None, E, "There are 2 electricity meters: say the number of one"),
        (HOME, "3", None, "unknown"),
        (HOME, "", None, "unknown"),
        (HOME, "", E, "unknown"),
        (HOME, "gas", E, "unknown"),
        ({}, "water", None, "There is no water meter"),
        ({}, None, None, "There is no meter"),
    ],
)
def test_which_meter_is_meant(
    meters: dict[str, Utility | None], said: str | None, only: Utility | None, meant: str
) -> None:
    if meant in meters:
        assert number_meant(meters, said, only, unknown="unknown") == meant
    else:
        with pytest.raises(WrongRequest) as raised:
            number_meant(meters, said, only, unknown="unknown")
        assert str(raised.value) == meant
        assert isinstance(raised.value, UnknownMeter) == (not meant.startswith("There are"))


def test_what_was_said_has_types() -> None:
    """And what was not said its default, wherever an option stands."""
    said = parse(["--csv", "usage", "--hourly", "--from", "2026-11-01"])
    assert isinstance(said.resolution, Resolution)
    assert said == Options(
        command="usage", form="csv", resolution=Resolution.HOUR, first=said.first
    )
    assert str(said.first) == "2026-11-01"
    assert parse(["meters"]) == Options(command="meters")
    assert parse(["--list"]) == Options(command="meters")
    assert parse(["-m", "1"]) == Options(command="status", meter="1")
    assert parse(["cost", "water", "7", "--json"]) == Options(
        command="cost", utility=Utility.WATER, amount="7", form="json"
    )
    assert isinstance(parse(["cost", "water", "7"]).utility, Utility)
