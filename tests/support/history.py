"""How far back a simulated portal's history reaches: what a test's marker says."""

import pytest


def days_of_history(request: pytest.FixtureRequest, otherwise: int) -> int:
    """Return the days of `@pytest.mark.history(days=…)`, the nearest one's to the test."""
    marker = request.node.get_closest_marker("history")
    return marker.kwargs["days"] if marker else otherwise
