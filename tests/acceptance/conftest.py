"""What acceptance tests share."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.bad_inputs import HELLO
from tests.acceptance.calling import Desk
from tests.acceptance.remote_serving import Served, served


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """An empty folder to call ``plait`` in."""
    return Desk(tmp_path)


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which an execution called ``earlier`` has succeeded."""
    folder = tmp_path_factory.mktemp("earlier")
    desk = Desk(folder)
    desk.write("flow.py", HELLO)
    called = desk.plait("run", "flow.py", "wf", "--name", "earlier", env={"PLAIT_HOME": str(folder / "home")})
    assert called.code == 0, called.err
    return folder / "home"


@pytest.fixture
def home(recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that home, for one test to do harm to."""
    home = tmp_path / "home"
    shutil.copytree(recorded, home)
    monkeypatch.setenv("PLAIT_HOME", str(home))
    return home


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server for all tests of clients; they share its entities and executions."""
    with served(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are to be written."""
    return bool(request.config.getoption("--update-golden"))
