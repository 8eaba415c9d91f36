"""
Mistakes are told of in words that say what to do, by the right class and exit code, and harm nothing that was recorded.

What people are told is held by files in ``golden/bad_input``; ``pytest --update-golden`` writes them anew.
"""

import asyncio
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from plait_core.errors import PlaitError
from plait_core.errors.engine import ExecutionFailed
from plait_core.ports.databases import ExecutionFilter, Page
from plait_sql.database import open_sqlite
from tests.acceptance.bad_inputs import CASES, Case
from tests.acceptance.calling import Desk
from tests.acceptance.golden_texts import GOLDEN, assert_golden, normal, told

RAISING = {name: case for name, case in CASES.items() if case.error}


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


async def recorded_names(home: Path) -> list[str]:
    """The names of executions; read here rather than by a command, because there are so many mistakes."""
    database = open_sqlite(f"sqlite:///{home}/plait.db")
    await database.open()
    try:
        rows, _ = await database.views.executions(ExecutionFilter(), Page())
        return [row.id.name for row in rows]
    finally:
        await database.close()


@pytest.fixture
def own_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let ``flow`` be imported from the folder of the test, and be forgotten."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "flow", raising=False)
    yield
    sys.modules.pop("flow", None)


@pytest.mark.usefixtures("own_modules")
@pytest.mark.parametrize(("name", "case"), RAISING.items(), ids=RAISING)
def test_plain_call_raises_the_same(name: str, case: Case, desk: Desk) -> None:
    """Called in Python, the same mistake raises an error of its own class, in the same words."""
    desk.write("flow.py", case.code)

    with pytest.raises(Exception) as raised:  # the class is compared below
        importlib.import_module("flow").wf()

    assert type(raised.value).__name__ == case.error
    assert first_line(raised.value, desk) in (GOLDEN / f"{name}.txt").read_text()


def first_line(error: BaseException, desk: Desk) -> str:
    """What *error* says first: of a run that failed without an exception of its own, what failed."""
    if isinstance(error, ExecutionFailed):
        return normal(error.message, desk).splitlines()[0]
    return normal(error.problem if isinstance(error, PlaitError) else str(error), desk).splitlines()[0]
