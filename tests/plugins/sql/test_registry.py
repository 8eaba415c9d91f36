"""What the registry remembers of closures that were asked for."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import attrs

from plait_core.ir.executions import Closure
from plait_core.testing._samples import NOON_NS, PLAN, closure
from plait_sql.database import SqlDatabase, open_sqlite
from plait_sql.registry import CLOSURES_KEPT, SqlRegistry


def on_a_database(tmp_path: Path, act: Callable[[SqlDatabase], Awaitable[None]]) -> None:
    async def run() -> None:
        database = open_sqlite(f"sqlite:///{tmp_path}/plait.db")
        await database.open()
        try:
            await act(database)
        finally:
            await database.close()

    asyncio.run(run())


def test_a_whole_closure_is_put_together_once(tmp_path: Path) -> None:
    """It is the same object each time, so that it is digested and compiled once, too; of many, the latest are remembered."""

    async def act(database: SqlDatabase) -> None:
        registry = database.registry
        plans = [attrs.evolve(PLAN, version=f"v{number}") for number in range(CLOSURES_KEPT + 1)]
        for plan in plans:
            await registry.register(closure(plan.version), at_ns=NOON_NS)
        first = await registry.closure(plans[0])
        again = await registry.closure(plans[0])
        for plan in plans[1:]:
            await registry.closure(plan)

        assert first is again
        assert len(registry._lately) == CLOSURES_KEPT
        assert await registry.closure(plans[0]) is not first
        assert await registry.closure(plans[0]) == first

    on_a_database(tmp_path, act)


def test_one_that_lacks_something_is_looked_for_again(tmp_path: Path) -> None:
    """What it refers to may be registered later, by another process, too."""

    async def act(database: SqlDatabase) -> None:
        registry, whole = database.registry, closure()
        await registry.register(attrs.evolve(whole, tasks=()), at_ns=NOON_NS)
        before = await registry.closure(PLAN)
        await SqlRegistry(database._connection).register(whole, at_ns=NOON_NS)

        assert isinstance(before, Closure)
        assert (before.tasks, await registry.closure(PLAN)) == ((), whole)

    on_a_database(tmp_path, act)


def test_the_newest_version_is_looked_for_each_time(tmp_path: Path) -> None:
    """An id without a version means another one as soon as there is."""

    async def act(database: SqlDatabase) -> None:
        registry, newest = database.registry, attrs.evolve(PLAN, version="")
        await registry.register(closure("v1"), at_ns=NOON_NS)
        first = await registry.closure(newest)
        await registry.register(closure("v2"), at_ns=NOON_NS)

        assert (first, await registry.closure(newest)) == (closure("v1"), closure("v2"))

    on_a_database(tmp_path, act)
