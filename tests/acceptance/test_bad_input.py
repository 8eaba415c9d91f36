"""
Mistakes are told of in words that say what to do, by the right class and exit code, and harm nothing that was recorded.

What people are told is held by files in ``golden/bad_input``; ``pytest --update-golden`` writes them anew.
"""

import asyncio
import importlib
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from plait_core.errors import PlaitError
from plait_core.errors.engine import ExecutionFailed
from plait_core.ports.databases import ExecutionFilter, Page
from plait_sql.database import open_sqlite
from tests.acceptance.bad_inputs import CASES, HELLO, Case
from tests.acceptance.calling import Called, Desk

GOLDEN = Path(__file__).with_name("golden") / "bad_input"
RAISING = {name: case for name, case in CASES.items() if case.error}


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which an execution called `earlier` has succeeded."""
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


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-golden"))


def told(called: Called, desk: Desk) -> str:
    """
    What people see on standard error, and the exit code, with what differs from run to run taken out.

    Numbers of lines stay: they have to be right.
    """
    return f"{normal(called.err, desk)}(exit {called.code})\n"


def normal(text: str, desk: Desk) -> str:
    """
    Write FOLDER for the folder of the test, EXECUTION for an execution that nobody named, ADDRESS for one of memory.

    The marks with which Python underlines parts of a line are left out, because each of its releases draws others.
    """
    text = text.replace(str(desk.folder.resolve()), "FOLDER").replace(str(desk.folder), "FOLDER")
    text = re.sub(r"\bf[0-9a-f]{19}\b", "EXECUTION", text)
    text = re.sub(r"0x[0-9a-f]+", "ADDRESS", text)
    text = re.sub(r"^[ ~^]+\n", "", text, flags=re.MULTILINE)
    return f"{text.rstrip()}\n"


def assert_golden(name: str, text: str, *, update: bool) -> None:
    golden = GOLDEN / f"{name}.txt"
    if update:
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text)
    assert text == golden.read_text()


async def recorded_names(home: Path) -> list[str]:
    database = open_sqlite(f"sqlite:///{home}/plait.db")
    await database.open()
    try:
        rows, _ = await database.views.executions(ExecutionFilter(), Page())
        return [row.id.name for row in rows]
    finally:
        await database.close()


@pytest.mark.parametrize(("name", "case"), CASES.items(), ids=CASES)
def test_mistake_is_told_of(name: str, case: Case, desk: Desk, home: Path, update: bool) -> None:
    """On standard error, by the golden text; what was recorded before is still there."""
    desk.write("flow.py", case.code)
    for file, text in case.files.items():
        desk.write(file, text)

    called = desk.plait(*case.words, typed=case.typed, env=case.env)

    assert_golden(name, told(called, desk), update=update)
    assert called.code == case.exit_code
    assert "earlier" in asyncio.run(recorded_names(home))


@pytest.fixture
def own_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let `flow` be imported from the folder of the test, and be forgotten."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "flow", raising=False)
    yield
    sys.modules.pop("flow", None)


@pytest.mark.usefixtures("own_modules")
@pytest.mark.parametrize(("name", "case"), RAISING.items(), ids=RAISING)
def test_plain_call_raises_the_same(name: str, case: Case, desk: Desk) -> None:
    """Called in Python, the same mistake raises an error of its own class, in the same words."""
    desk.write("flow.py", case.code)

    with pytest.raises(Exception) as raised:
        importlib.import_module("flow").wf()

    assert type(raised.value).__name__ == case.error
    assert first_line(raised.value, desk) in (GOLDEN / f"{name}.txt").read_text()


def first_line(error: BaseException, desk: Desk) -> str:
    """What *error* says first: of a run that failed without an exception of its own, what failed."""
    if isinstance(error, ExecutionFailed):
        return normal(error.message, desk).splitlines()[0]
    return normal(error.problem if isinstance(error, PlaitError) else str(error), desk).splitlines()[0]
