"""What the tests of this folder share."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.durability.stories import Story
from tests.postgres import PACKAGE, Cluster, postgres_binaries, postgres_cluster


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    """A story on SQLite."""
    story = Story(home=tmp_path, store=f"sqlite:///{tmp_path}/plait.db")
    yield story
    story.end()


@pytest.fixture
def postgres_story(tmp_path: Path, cluster: Cluster) -> Iterator[Story]:
    """A story on PostgreSQL, whose server may be harmed."""
    story = Story(home=tmp_path, store=cluster.url("plait"))
    yield story
    story.end()


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL of the test's own."""
    if postgres_binaries() is None:
        pytest.skip(f"needs a PostgreSQL: install the package {PACKAGE}")
    with postgres_cluster() as cluster:
        yield cluster


@pytest.fixture
def stride(request: pytest.FixtureRequest) -> Callable[[int], range]:
    """Say which of n transitions to try: all of them with ``--every-transition``, else a few."""
    step = 1 if request.config.getoption("--every-transition") else 6
    return lambda n: range(1, n + 1, step)
