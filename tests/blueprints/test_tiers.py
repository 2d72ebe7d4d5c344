"""A tier that comes, or has come, and tells what a unit costs."""

from typing import Any

from tests.blueprints.conftest import KWH, Home


class Tiers:
    """A meter that goes through its tiers at 20 kWh a day."""

    def __init__(self, home: Home) -> None:
        """Begin in the first tier."""
        self._home = home
        self.inputs: dict[str, Any] = {
            "units_left": self.left("100"),
            "tier": self.tier("1"),
            "average": home.sensor("average_per_day", "20", **KWH),
        }

    def left(self, units: str) -> str:
        return self._home.sensor("units_left_in_tier", units, **KWH)

    def tier(self, number: str) -> str:
        return self._home.sensor("tier", number)


async def test_a_tier_that_comes_and_is_there(home: Home) -> None:
    tiers = Tiers(home)
    await home.use("tier_change", **tiers.inputs)
    for units in ("80", "60"):
        tiers.left(units)
    assert await home.messages() == []
    tiers.left("59")
    near = "House: 59.0 kWh left in tier 1, about 3.0 days."
    assert await home.messages() == [("A dearer tier is near", near)]
    tiers.left("30")
    assert await home.messages() == []
    tiers.left("1400")
    tiers.tier("2")
    assert await home.messages() == [("A new tier", "House: now in tier 2.")]
    # The month turns.
    tiers.left("600")
    tiers.tier("1")
    assert await home.messages() == []


async def test_a_tier_by_units_alone(home: Home) -> None:
    tiers = Tiers(home)
    await home.use("tier_change", **tiers.inputs, days=0, units=90)
    tiers.left("91")
    assert await home.messages() == []
    tiers.left("89.5")
    assert len(await home.messages()) == 1


async def test_a_tier_is_near_because_more_is_used(home: Home) -> None:
    tiers = Tiers(home)
    await home.use("tier_change", **tiers.inputs)
    home.sensor("average_per_day", "40", **KWH)
    assert len(await home.messages()) == 1


async def test_tiers_are_quiet_after_an_outage_and_in_the_last(home: Home) -> None:
    tiers = Tiers(home)
    await home.use("tier_change", **tiers.inputs)
    tiers.left("50")
    assert len(await home.messages()) == 1
    for units, number in (("unavailable", "unavailable"), ("40", "1"), ("unknown", "4")):
        tiers.left(units)
        tiers.tier(number)
        await home.hass.async_block_till_done()
        if number == "1":
            assert await home.messages() == []
    assert await home.messages() == [("A new tier", "House: now in tier 4.")]
