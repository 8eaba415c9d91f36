"""What may be deleted from a store: what ended long ago, and templates that nothing else runs."""

from pathlib import Path

import pytest

from plait import task, workflow
from plait.control.upkeep import delete, find_rubbish
from plait_core.engine import Engine
from plait_core.ir.phases import ExecutionPhase
from plait_core.plugins import Plugins, Settings
from plait_core.ports.databases import NEVER_NS, ExecutionFilter, Page
from plait_core.testing.memory import MemoryDatabase

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """Engines run on asyncio."""
    return "asyncio"


@task
def double(a: int) -> int:
    return 2 * a


@workflow
def once(a: int = 1) -> int:
    return double(a=a)


@workflow
def twice(a: int = 1) -> int:
    return double(a=double(a=a))


async def test_old_executions_go_and_what_others_use_stays(tmp_path: Path) -> None:
    """Another project is left alone, with the templates that it shares; what has come back into use is not deleted."""
    settings = Settings(home=str(tmp_path), store="memory://", blobs=f"file://{tmp_path}/blobs")
    async with Engine(plugins=Plugins.load(settings), database=MemoryDatabase()) as engine:
        for entity, name, project in ((once, "one", "lab"), (twice, "two", "lab"), (once, "three", "farm")):
            ending = await engine.run(entity, {}, name=name, project=project)
            assert ending.phase is ExecutionPhase.SUCCEEDED
        database = engine.database

        nothing = await find_rubbish(database, "lab", "development", ended_before_ns=0)
        found = await find_rubbish(database, "lab", "development", ended_before_ns=NEVER_NS)
        await delete(database, found, put_before_ns=0)
        kept_closures = await database.upkeep.closures()
        await delete(database, found, put_before_ns=NEVER_NS)

        rows, _ = await database.views.executions(ExecutionFilter(), Page())
        assert (nothing.executions, nothing.closures) == ([], [])
        assert {row.id.name for row in found.executions} == {"one", "two"}
        assert len(found.closures) == 1
        assert len(kept_closures) == 2
        assert [row.id.name for row in rows] == ["three"]
        assert [closure.digest for closure in await database.upkeep.closures()] == [
            closure.digest for closure in kept_closures if closure not in found.closures
        ]
