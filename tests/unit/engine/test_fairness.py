"""How long a short execution is held up by long ones, counted in what these do meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from plait import task, workflow
from plait_core.engine import Engine
from plait_core.ir.ids import AttemptId, ExecutionId
from plait_core.ir.units import FunctionCall, Result, Unit
from plait_core.plugins import Plugins
from plait_core.ports.databases import Append
from plait_core.ports.executors import Capabilities, Ended, Lost, Report
from plait_core.ports.specs import ExecutorSpec
from plait_core.testing.arithmetic import literal_of
from plait_core.testing.clocks import NOON_NS
from plait_core.testing.memory import MemoryDatabase

N_LONG, N_TASKS = 20, 40
SPEC = ExecutorSpec(name="prompt", factory="", capabilities=Capabilities(actions=(FunctionCall,)))


@task
def add(x: int) -> int:
    return x + 1


@workflow
def short(x: int) -> int:
    return add(x=x)


@workflow
def long(x: int) -> int:
    for _ in range(N_TASKS):
        x = add(x=x)
    return x


class PromptExecutor:
    """Has every result in the loop's next turn, without running anything."""

    capabilities = SPEC.capabilities

    def __init__(self) -> None:
        self._reports: asyncio.Queue[Report] = asyncio.Queue()
        self.released: list[AttemptId] = []

    async def submit(self, unit: Unit) -> Report | None:
        report = Ended(attempt=unit.attempt, result=Result(outputs={"o0": literal_of(1)}))
        asyncio.get_running_loop().call_soon(self._reports.put_nowait, report)
        return None

    async def reports(self) -> AsyncIterator[Report]:
        while True:
            yield await self._reports.get()

    async def reconcile(self, attempts: Sequence[AttemptId]) -> Sequence[Report]:
        return [Lost(attempt=attempt, reason="it was never here") for attempt in attempts]

    async def cancel(self, attempts: Sequence[AttemptId], *, grace_s: float) -> None: ...

    async def logs(self, attempt: AttemptId, *, since: int = 0) -> AsyncIterator[bytes]:
        for data in list[bytes]():  # nothing is printed
            yield data

    async def release(self, attempts: Sequence[AttemptId]) -> None:
        self.released += attempts

    async def close(self) -> None: ...


class SlowStore(MemoryDatabase):
    """Each turn takes a few turns of the loop to be committed, as where a thread waits for the disk; notes whose they are."""

    def __init__(self) -> None:
        super().__init__()
        self.committed: list[ExecutionId] = []
        self._append = self.log.append
        self.log.append = self._append_slowly  # type: ignore[method-assign]  # of this one

    async def _append_slowly(self, batches: Sequence[Append]) -> Any:
        for _ in range(3):
            await asyncio.sleep(0)
        self.committed += [batch.execution for batch in batches]
        return await self._append(batches)


class CountingClock:
    """Time that passes by being asked for, so that a busy machine changes nothing."""

    def __init__(self) -> None:
        self._now_ns = NOON_NS

    def now_ns(self) -> int:
        self._now_ns += 50_000
        return self._now_ns

    async def sleep_until(self, at_ns: int) -> None:
        await asyncio.Event().wait()  # for times that never come here


def test_a_short_execution_does_not_wait_for_every_long_one() -> None:
    """While it runs from end to end, the long ones together commit fewer turns than there are of them."""

    async def run() -> int:
        database = SlowStore()
        executors = [(SPEC, PromptExecutor())]
        async with Engine(
            plugins=Plugins.load(), database=database, executors=executors, clock=CountingClock()
        ) as engine:
            crowd = [await engine.launch(long, {"x": literal_of(0)}) for _ in range(N_LONG)]
            while len(database.committed) < 5 * N_LONG:  # noqa: ASYNC110  # until all of them are busy
                await asyncio.sleep(0)
            before = len(database.committed)
            ending = await engine.run(short, {"x": literal_of(0)})
            meanwhile = len(database.committed) - before
            assert (await engine.state(crowd[-1])).is_terminal is False
            assert ending.error is None
        return meanwhile

    assert asyncio.run(run()) < N_LONG
