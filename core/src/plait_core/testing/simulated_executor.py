"""
An executor for simulations: slow, forgetful, at times full, and given to repeating itself.

What it runs belongs to the world and outlives engines; units and results cross as bytes. Evaluates the tasks
of ``arithmetic``; offloads every list it makes, and fetches what it is given.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence

import attrs

from plait_core.errors.running import Saturated
from plait_core.ir.codec import dumps, loads
from plait_core.ir.ids import AttemptId
from plait_core.ir.literals import LiteralMap
from plait_core.ir.phases import AttemptPhase
from plait_core.ir.units import CommandLine, Result, Unit
from plait_core.ports.executors import Cancelled, Capabilities, Ended, Lost, Progress, Report
from plait_core.ports.specs import ExecutorSpec
from plait_core.testing.arithmetic import INTEGERS, hangs, perform
from plait_core.testing.memory import MemoryBlobStore
from plait_core.testing.mishaps import Process
from plait_core.types.offloading import fetch, offload

CAPABILITIES = Capabilities(actions=(CommandLine,))
SPEC = ExecutorSpec(
    name="simulated",
    factory="plait_core.testing.simulated_executor:SimulatedExecutor",
    capabilities=CAPABILITIES,
)


class SimulatedExecutor:
    """``Executor`` of one process over a world that others see too."""

    def __init__(self, process: Process) -> None:
        """Attach to the world of *process*."""
        self._process = process
        self._world = process.world
        self._reports: asyncio.Queue[Report] = asyncio.Queue()
        self._world.listeners.append(self._reports)

    @property
    def capabilities(self) -> Capabilities:
        """Everything."""
        return CAPABILITIES

    async def submit(self, unit: Unit) -> Report | None:
        """Start the unit unless it was started before."""
        world, attempt = self._world, unit.attempt
        await self._process.step()
        if world.happens(world.odds.saturated):
            raise Saturated(executor="simulated", limit=0, delay_s=world.rng.choice((0.5, 5.0)))
        report = None
        if attempt not in world.running and attempt not in world.results:
            self._check_twins(attempt)
            if world.happens(world.odds.at_once) and not hangs(unit.template, attempt.n):
                await self._perform(loads(Unit, dumps(unit)))
                report = self._standing(attempt)
            else:
                world.running[attempt] = asyncio.get_running_loop().create_task(self._work(dumps(unit)))
        await self._process.step()
        return report

    def _check_twins(self, attempt: AttemptId) -> None:
        """Of one node or element, only one attempt may run: but what a process submits that has lost the execution."""
        world = self._world
        if not self._process.owns(attempt.execution):
            world.owned.discard(attempt)
            return
        world.owned.add(attempt)
        twins = [other for other in world.running if attrs.evolve(other, n=attempt.n) == attempt]
        world.breaches += [f"{attempt} starts while {twin} runs" for twin in twins if twin in world.owned]

    async def _work(self, encoded: bytes) -> None:
        world, unit = self._world, loads(Unit, encoded)
        attempt = unit.attempt
        await world.wait(20)
        if world.happens(world.odds.lost_attempt):
            del world.running[attempt]
            self._tell(Lost(attempt=attempt, reason="the node is gone"))
            return
        if hangs(unit.template, attempt.n):
            await asyncio.Event().wait()
        await self._perform(unit)
        del world.running[attempt]
        self._tell(self._standing(attempt))

    async def _perform(self, unit: Unit) -> None:
        world, attempt = self._world, unit.attempt
        inputs = {name: await fetch(value, self._blobs) for name, value in unit.inputs.items()}
        result = perform(unit.template, inputs, attempt.n)
        if result.outputs is not None:
            result = attrs.evolve(result, outputs=await self._stored(unit, result.outputs))
        world.runs[attempt] += 1
        world.results[attempt] = dumps(result)

    async def _stored(self, unit: Unit, outputs: LiteralMap) -> LiteralMap:
        """Store lists as large values are."""
        return {
            name: await offload(value, INTEGERS, unit.output_prefix, self._blobs, limit=16)
            for name, value in outputs.items()
        }

    def _blobs(self, _uri: str) -> MemoryBlobStore:
        return self._world.blobs

    def _tell(self, report: Report) -> None:
        world = self._world
        if world.happens(world.odds.lost_report):
            return
        for _ in range(2 if world.happens(world.odds.repeated_report) else 1):
            for listener in world.listeners:
                listener.put_nowait(report)

    def _standing(self, attempt: AttemptId) -> Report:
        world = self._world
        if attempt in world.running:
            return Progress(attempt=attempt, phase=AttemptPhase.RUNNING)
        if attempt not in world.results:
            return Lost(attempt=attempt, reason="not known here")
        result = world.results[attempt]
        return Cancelled(attempt=attempt) if result is None else Ended(attempt=attempt, result=loads(Result, result))

    async def reports(self) -> AsyncIterator[Report]:
        """Yield reports for ever."""
        while True:
            report = await self._reports.get()
            await self._process.step()
            yield report

    async def reconcile(self, attempts: Sequence[AttemptId]) -> Sequence[Report]:
        """Say where attempts stand."""
        await self._process.step()
        return [self._standing(attempt) for attempt in attempts]

    async def cancel(self, attempts: Sequence[AttemptId], *, grace_s: float) -> None:
        """Stop attempts; those that ended first keep their result."""
        world = self._world
        await self._process.step()
        for attempt in attempts:
            task = world.running.pop(attempt, None)
            if task is not None:
                task.cancel()
                world.results[attempt] = None
            self._tell(self._standing(attempt))

    async def logs(self, attempt: AttemptId, *, since: int = 0) -> AsyncIterator[bytes]:
        """Yield what was printed: nothing."""
        for line in tuple[bytes, ...]():
            yield line

    async def release(self, attempts: Sequence[AttemptId]) -> None:
        """Keep everything, so that the laws can be checked."""
        await self._process.step()

    async def close(self) -> None:
        """Stop listening."""
        self._world.listeners.remove(self._reports)
