"""What holds for every test: records and names of its own, and generated examples that are the same each time."""

from collections.abc import Iterator

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


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep a test from reading or writing the records and settings of whoever runs it."""
    monkeypatch.setenv("PLAIT_HOME", str(tmp_path_factory.mktemp("plait-home")))


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
