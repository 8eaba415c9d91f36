"""A page of a list takes few steps of the database, with 100 000 executions stored."""

from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from plait_core.engine import Engine
from plait_core.ir.events import ExecutionEnded
from plait_core.ir.executions import ExecutionMode
from plait_core.ir.ids import EntityId, EntityKind, ExecutionId
from plait_core.ir.phases import ExecutionPhase
from plait_core.plugins import Plugins, Settings
from plait_core.ports.databases import Append, Database, ExecutionRow
from tests.plugins.server import serving as making
from tests.plugins.server.console import samples
from tests.plugins.server.registered import EXECUTIONS, registered
from tests.plugins.server.serving import Serving

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

N_EXECUTIONS = 100_000
AT_ONCE = 2000
A_PAGE, A_WALK = 15_000, 5 * N_EXECUTIONS
"""The most instructions of SQLite's machine for a page that an index finds, and for one for which executions of the project are looked through."""
BEGAN_NS = 1_790_000_000_000_000_000
DEEP = f"{BEGAN_NS + N_EXECUTIONS // 2 * 10**9}/default/development/x"

PHASES = (*[ExecutionPhase.SUCCEEDED] * 97, *[ExecutionPhase.FAILED] * 2, ExecutionPhase.ABORTED)
TARGETS = [
    EntityId(kind=EntityKind.WORKFLOW, name=workflow.name, version=version)
    for workflow in (samples.sums, samples.choice)
    for version in ("v1", "v2")
]

LISTS: tuple[tuple[dict[str, object], int], ...] = (
    ({}, A_PAGE),
    ({"limit": 500}, A_PAGE),
    ({"token": DEEP}, A_PAGE),
    ({"sort": "created_at"}, A_PAGE),
    ({"sort": "name"}, A_PAGE),
    ({"sort": "-name", "token": DEEP}, A_PAGE),
    ({"phase": "FAILED"}, A_PAGE),
    ({"phase": ["FAILED", "ABORTED"], "token": DEEP}, A_PAGE),
    ({"phase": "RUNNING"}, A_PAGE),
    ({"target": samples.sums.name}, A_PAGE),
    ({"target": samples.sums.name, "phase": "FAILED"}, A_WALK),
    ({"target": "no.such"}, A_PAGE),
    ({"name_contains": "abc"}, A_WALK),
    ({"name_contains": "nothing has this"}, A_WALK),
    ({"include_archived": "true"}, A_PAGE),
)


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """Keep one loop for the store of this module."""
    return "asyncio"


@pytest.fixture(scope="module")
async def crowded(anyio_backend: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Serving]:
    """A server over a store with many executions, half of them of its project."""
    home = Path(tmp_path_factory.mktemp("crowded"))
    settings = Settings(
        home=str(home), store=f"sqlite:///{home}/plait.db", blobs=f"file://{home}/blobs", executors=("process",)
    )
    plugins = Plugins.load(settings)
    database = plugins.database(settings.store)
    await database.open()
    await fill(database)
    await database.close()
    async with making.serving(home, engine=Engine(plugins=plugins, pool="servers")) as made:
        await registered(made, samples.sums, samples.choice)
        await registered(made, samples.sums, samples.choice, version="v2")
        yield made


async def fill(database: Database) -> None:
    """Store what many executions leave."""
    random = Random(1)
    for first in range(0, N_EXECUTIONS, AT_ONCE):
        refused = await database.log.append([ended(n, random) for n in range(first, first + AT_ONCE)])
        assert not refused


def ended(n: int, random: Random) -> Append:
    """Make an execution that has ended."""
    at_ns = BEGAN_NS + n * 10**9
    phase = random.choice(PHASES)
    execution = ExecutionId(project="default" if n % 2 else f"p{n % 7}", name=f"f{random.getrandbits(76):019x}")
    row = ExecutionRow(
        id=execution,
        target=random.choice(TARGETS),
        phase=phase,
        mode=ExecutionMode.MANUAL,
        principal="ada",
        pool="servers",
        created_at_ns=at_ns,
        updated_at_ns=at_ns,
        ended_at_ns=at_ns,
    )
    return Append(
        execution=execution, owner="", first_seq=1, at_ns=at_ns, decisions=(ExecutionEnded(phase=phase),), row=row
    )


@pytest.mark.parametrize(("query", "most"), LISTS, ids=str)
async def test_page_takes_few_steps(crowded: Serving, query: Any, most: int) -> None:
    """However it is narrowed and sorted; how long that is belongs to the benchmarks."""
    assert await steps_of(crowded, query) <= most


async def steps_of(crowded: Serving, query: Any) -> int:
    """Return how many instructions of its machine SQLite carries out for a page, rounded up to tens."""
    n_steps = 0

    def count() -> int:
        nonlocal n_steps
        n_steps += 10
        return 0

    connection: Any = crowded.engine.database
    handle = connection._connection._link._handle
    handle.set_progress_handler(count, 10)
    try:
        answer = await crowded.viewer.get(EXECUTIONS, params=query)
    finally:
        handle.set_progress_handler(None, 0)
    assert answer.status_code == 200, answer.text
    return n_steps
