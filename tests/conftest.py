"""What holds for all tests."""

import pytest


@pytest.fixture(autouse=True)
def enable_event_loop_debug() -> None:
    """Leave the event loop's debug mode off, which is slow: `--asyncio-debug` has it on."""
