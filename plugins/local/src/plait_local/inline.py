"""
The inline executor: attempts run in the engine's own process.

A sync function runs inside ``submit``, so a debugger and a stack trace see the engine's caller; its report is what ``submit``
returns. Whatever may wait becomes an asyncio task and is reported through the stream. An attempt that crashes the process
takes the engine with it.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager

from plait_core.errors.running import ActionNotSupported
from plait_core.ir.ids import AttemptId
from plait_core.ir.phases import AttemptPhase
from plait_core.ir.tasks import FUNCTION_TASK
from plait_core.ir.units import FunctionCall, Unit
from plait_core.ports.executors import Cancelled, Capabilities, Ended, Lost, Performed, Progress, Report
from plait_core.ports.specs import ExecutorContext
from plait_local.capabilities import INLINE


class InlineExecutor:
    """``Executor`` over ``ExecutorContext.perform``."""

    def __init__(self, context: ExecutorContext) -> None:
        """Run units with *context.perform*."""
        self._context = context
        self._running: dict[AttemptId, asyncio.Task[Performed]] = {}
        self._ended: dict[AttemptId, Report] = {}
        self._reports: asyncio.Queue[Report | None] = asyncio.Queue()

    @property
    def capabilities(self) -> Capabilities:
        return INLINE

    async def submit(self, unit: Unit) -> Report | None:
        attempt = unit.attempt
        if attempt in self._running or attempt in self._ended:
            return self._ended.get(attempt)
        if not isinstance(unit.action, FunctionCall):
            raise ActionNotSupported(executor="inline", action=type(unit.action).__name__)
        if _may_wait(unit):
            task = self._running[attempt] = asyncio.create_task(self._perform_apart(unit), name=str(attempt))
            task.add_done_callback(lambda task: self._finish(attempt, task))
            return None
        performed = await (self._perform_with_env(unit) if unit.env else self._context.perform(unit))
        report = self._ended[attempt] = _ended(attempt, performed)
        return report

    async def reports(self) -> AsyncIterator[Report]:
        while (report := await self._reports.get()) is not None:
            yield report

    async def reconcile(self, attempts: Sequence[AttemptId]) -> Sequence[Report]:
        return [self._standing(attempt) for attempt in attempts]

    async def cancel(self, attempts: Sequence[AttemptId], *, grace_s: float) -> None:
        for attempt in attempts:
            if attempt in self._running:
                self._running[attempt].cancel()

    async def logs(self, attempt: AttemptId, *, since: int = 0) -> AsyncIterator[bytes]:
        """Yield nothing: what inline attempts print is the engine's own output."""
        nothing: tuple[bytes, ...] = ()
        for chunk in nothing:
            yield chunk

    async def release(self, attempts: Sequence[AttemptId]) -> None:
        for attempt in attempts:
            self._ended.pop(attempt, None)

    async def close(self) -> None:
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        self._reports.put_nowait(None)

    async def _perform_apart(self, unit: Unit) -> Performed:
        return await self._context.perform(unit)

    async def _perform_with_env(self, unit: Unit) -> Performed:
        with _environment(unit.env):
            return await self._context.perform(unit)

    def _finish(self, attempt: AttemptId, task: asyncio.Task[Performed]) -> None:
        """Report a task that is done. One cancelled before its first step is reported like any other."""
        report = Cancelled(attempt=attempt) if task.cancelled() else _ended(attempt, task.result())
        del self._running[attempt]
        self._ended[attempt] = report
        self._reports.put_nowait(report)

    def _standing(self, attempt: AttemptId) -> Report:
        if attempt in self._running:
            return Progress(attempt=attempt, phase=AttemptPhase.RUNNING)
        return self._ended.get(attempt) or Lost(attempt=attempt, reason="the process that ran it is gone")


def _may_wait(unit: Unit) -> bool:
    """Whether the unit's body may give the loop back; a function that is not async never does."""
    metadata = unit.template.metadata
    return unit.template.type != FUNCTION_TASK or metadata.is_async or metadata.is_eager


def _ended(attempt: AttemptId, performed: Performed) -> Ended:
    return Ended(attempt=attempt, result=performed.result, exception=performed.exception)


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for a while; only for a body that nothing else can run beside."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
