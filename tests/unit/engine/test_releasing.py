"""When an executor may forget an attempt: not before its result is in the store."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from plait import task, workflow
from plait_core.engine import Engine
from plait_core.ir.ids import AttemptId
from plait_core.plugins import Plugins
from plait_core.ports.executors import Report
from plait_core.testing.arithmetic import literal_of
from tests.unit.engine.test_fairness import SPEC, PromptExecutor, SlowStore


@task
def add(x: int) -> int:
    return x + 1


@workflow
def many(x: int) -> list[int]:
    return [add(x=x) for _ in range(12)]


class KeenExecutor(PromptExecutor):
    """Has one result in each turn of the loop, and looks into the store whenever it may forget something."""

    def __init__(self, database: SlowStore) -> None:
        super().__init__()
        self.too_early: list[AttemptId] = []
        self._database = database

    async def reports(self) -> AsyncIterator[Report]:
        async for report in super().reports():
            await asyncio.sleep(0)
            yield report

    async def release(self, attempts: Sequence[AttemptId]) -> None:
        await super().release(attempts)
        for attempt in attempts:
            row = await self._database.views.attempt(attempt.execution, attempt.node, attempt.n)
            if row is None or row.ended_at_ns is None:
                self.too_early.append(attempt)


def test_what_ends_during_a_commit_is_kept_until_the_next() -> None:
    """Otherwise, an engine that took over after this one was killed would run it again."""

    async def run() -> tuple[int, list[AttemptId]]:
        database = SlowStore()
        executor = KeenExecutor(database)
        async with Engine(plugins=Plugins.load(), database=database, executors=[(SPEC, executor)]) as engine:
            await engine.run(many, {"x": literal_of(0)})
        return len(executor.released), executor.too_early

    assert asyncio.run(run()) == (12, [])
