"""What holds for every test: records, variables and names of its own, and generated examples that are the same each time."""

import os
from collections.abc import Iterator
from unittest.mock import patch

import hypothesis
import pytest

from tests.postgres import PACKAGE, Cluster, postgres_binaries, postgres_cluster

# Without a deadline, because a busy machine is no fault of the code; without a database of earlier
# failures, because a test that fails shall fail for everyone.
hypothesis.settings.register_profile("plait", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("plait")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a run of the simulations be longer, or begin where one failed, and golden files be written anew."""
    parser.addoption("--seeds", type=int, default=300, help="how many simulations to play")
    parser.addoption("--first-seed", type=int, default=0, help="the seed of the first one")
    parser.addoption("--every-transition", action="store_true", help="kill processes at all transitions, not at some")
    parser.addoption("--update-golden", action="store_true", help="write what tests see into their golden files")


def pytest_configure() -> None:
    """Keep the settings of whoever runs the tests out of them."""
    for name in [name for name in os.environ if name.startswith("PLAIT_")]:
        del os.environ[name]


@pytest.fixture(autouse=True)
def _own_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Give a test records of its own, and leave no variable that it sets to the next one."""
    with patch.dict(os.environ, PLAIT_HOME=str(tmp_path_factory.mktemp("plait-home"))):
        yield


@pytest.fixture(autouse=True)
def _own_launch_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the names of launch plans, which are unique per process, from clashing between tests."""
    monkeypatch.setattr("plait_core.authoring.launch_plans._plans", {})


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A PostgreSQL of this test process, which makes databases by name."""
    if postgres_binaries() is None:
        pytest.skip(f"needs a PostgreSQL: install the package {PACKAGE}")
    with postgres_cluster() as cluster:
        yield cluster
