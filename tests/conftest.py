"""What holds for all tests."""

import pytest
from hypothesis import settings

# A slow moment of the machine is no failure. The rest is as it is, and in CI as it is in CI.
settings.register_profile("usms", settings(), deadline=None)
settings.load_profile("usms")


@pytest.fixture(autouse=True)
def enable_event_loop_debug() -> None:
    """Leave the event loop's debug mode off, which is slow: `--asyncio-debug` has it on."""
