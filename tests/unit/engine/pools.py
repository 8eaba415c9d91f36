"""A pool of engines on virtual time over one store in memory, and executions for it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, TypeVar

from plait_core.authoring.gates import sleep, wait_for_input
from plait_core.authoring.workflows import workflow
from plait_core.engine import Engine
from plait_core.ir import events as ev
from plait_core.ir.executions import Closure
from plait_core.ir.ids import ExecutionId
from plait_core.ir.literals import Literal, Primitive
from plait_core.ir.phases import ExecutionPhase
from plait_core.ir.types import SimpleType
from plait_core.ports.executors import Executor
from plait_core.testing.arithmetic import arithmetic_task
from plait_core.testing.memory import MemoryDatabase
from plait_core.testing.mishaps import CALM, Process, World
from plait_core.testing.simulated_executor import SPEC, SimulatedExecutor
from plait_core.testing.simulation import plugins

T = TypeVar("T")

SEVEN = Literal(value=Primitive(kind=SimpleType.INTEGER, value=7))


@workflow
def nap() -> None:
    napping: Any = sleep
    napping(timedelta(hours=1))


@workflow
def asking() -> int:
    return wait_for_input("number", timedelta(days=9), int)


BUSY_TASK = arithmetic_task("busy", "add", fails=1, hangs=1)
BUSY = Closure(main=BUSY_TASK.id, tasks=(BUSY_TASK,))
"""A task that does not end by itself, so that its execution is never left asleep."""

NUMBERS = {"a": SEVEN, "b": SEVEN}


class SharedDatabase(MemoryDatabase):
    """A store that engines share, as one on disk is."""

    is_durable = True


class Pool:
    """One store and one clock, and how to open engines on them."""

    def __init__(self) -> None:
        self.world = World(0, CALM)
        self.clock = self.world.clock
        self.database = self.world.database = SharedDatabase(self.clock)
        self.plugins = plugins()
        self._begun: list[asyncio.Task[Any]] = []

    @asynccontextmanager
    async def engine(
        self, *, adopts: bool = True, name: str = "tests", executor: Executor | None = None
    ) -> AsyncIterator[Engine]:
        async with Engine(
            plugins=self.plugins,
            database=self.database,
            blobs=lambda _: self.world.blobs,
            clock=self.clock,
            executors=[(SPEC, executor or SimulatedExecutor(Process(self.world)))],
            pool=name,
            adopts=adopts,
        ) as engine:
            yield engine

    def begin(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        """Have *work* done beside the test."""
        task = asyncio.get_running_loop().create_task(work)
        self._begun.append(task)
        return task

    async def end(self) -> None:
        """Stop what still runs."""
        for work in (*self.world.running.values(), *self._begun):
            work.cancel()

    async def phase(self, execution: ExecutionId) -> ExecutionPhase:
        row = await self.database.views.execution(execution)
        assert row is not None
        return row.phase

    async def owners(self, execution: ExecutionId) -> int:
        """Count how often the execution was taken over."""
        events = await self.database.log.read(execution)
        return sum(isinstance(event.decision, ev.LeaseTaken) for event in events)


def story(tell: Callable[[Pool], Awaitable[None]]) -> Callable[[], None]:
    """Run a test that is a coroutine, on a pool of its own."""

    async def told() -> None:
        pool = Pool()
        await tell(pool)
        await pool.end()

    def test() -> None:
        asyncio.run(told())

    test.__name__, test.__doc__ = tell.__name__, tell.__doc__
    return test
