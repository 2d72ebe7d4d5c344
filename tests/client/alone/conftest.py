"""The client from its wheel, on the oldest Python that it runs on, with nothing else."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.environments import OLDEST_PYTHON, build_wheel, make_environment
from tests.support.portal_process import Portal, simulated_portal


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel."""
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def alone(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the commands of an environment with the wheel and what it asks for."""
    folder = tmp_path_factory.mktemp("alone")
    return make_environment(folder / "env", str(wheel), python=OLDEST_PYTHON)


@pytest.fixture
def portal(socket_enabled: None) -> Iterator[Portal]:
    """A portal in a process of its own, with a history that is read within a minute."""
    with simulated_portal(days=10) as portal:
        yield portal
