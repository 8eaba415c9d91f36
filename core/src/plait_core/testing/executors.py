"""
The conformance suite of executors, to be subclassed in pytest.

    class TestProcess(ExecutorConformance):
        def make_executor(self, context: ExecutorContext) -> Executor:
            return ProcessExecutor(context)

Units are function calls of ``plait_core.testing.worker_samples``; what an executor's capabilities leave out is not asked of it. Each test gets an
executor with a folder and a blob store that workers elsewhere can reach.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest

from plait_core.authoring.secret_values import asking
from plait_core.authoring.tasks import PythonFunctionTask
from plait_core.authoring.typesystem import process_types
from plait_core.errors import UserError
from plait_core.ir.executions import Fault
from plait_core.ir.ids import AttemptId, ExecutionId, NodeId
from plait_core.ir.literals import LiteralMap
from plait_core.ir.tasks import Container
from plait_core.ir.units import ContainerRun, FunctionCall, Result, Unit
from plait_core.plugins import process_plugins
from plait_core.ports.executors import Cancelled, Ended, Executor, Lost, Performed, Progress, Report, terminal_reports
from plait_core.ports.specs import ExecutorContext
from plait_core.testing import worker_samples as samples
from plait_core.testing.clocks import HostClock
from plait_core.types import ConversionContext
from plait_core.worker import WorkerServices, perform

PATIENCE_S = 120.0
"""How long a test waits for a report before it fails."""

_Task = PythonFunctionTask[..., Any]


@attrs.define(eq=False)
class Stage:
    """What a test has: an executor, and everything it has reported so far."""

    executor: Executor
    context: ExecutorContext
    folder: Path
    reports: list[Report] = attrs.field(factory=list)
    news: asyncio.Event = attrs.field(factory=asyncio.Event)

    def unit(self, entity: _Task, inputs: dict[str, Any] | None = None, *, n: int = 0, **changes: Any) -> Unit:
        """Make attempt *n* of a task."""
        prefix = f"file://{self.folder}/{entity.name}/{n}"
        unit = Unit(
            attempt=AttemptId(execution=ExecutionId(name="suite"), node=NodeId("n0"), task=entity.id, n=n),
            template=entity.template,
            action=FunctionCall(entity=entity.id, location=entity.location),
            inputs=self.literals(entity, inputs or {}),
            output_prefix=f"{prefix}/out",
            raw_prefix=f"{prefix}/raw",
        )
        return attrs.evolve(unit, **changes)

    def literals(self, entity: _Task, values: dict[str, Any]) -> LiteralMap:
        """Convert inputs as an engine would."""
        declared = entity.python_interface.inputs
        conversion = ConversionContext(raw_prefix=f"file://{self.folder}/inputs", blobs=self.context.blobs)
        return {
            name: process_types().converter(declared[name].type).to_literal(value, conversion)
            for name, value in values.items()
        }

    async def ended(self, unit: Unit) -> Report:
        """Submit *unit* and wait for its end."""
        at_once = await self.executor.submit(unit)
        return at_once or await self.end_of(unit.attempt)

    async def end_of(self, attempt: AttemptId) -> Report:
        """Wait for the terminal report of *attempt*."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for report in terminal_reports(self.reports):
                    if report.attempt == attempt:
                        return report
                self.news.clear()
                await self.news.wait()

    async def result(self, unit: Unit) -> Result:
        """Submit *unit* and return its result."""
        report = await self.ended(unit)
        assert isinstance(report, Ended), report
        return report.result

    async def listen(self) -> None:
        """Collect reports until the executor closes."""
        async for report in self.executor.reports():
            self.reports.append(report)
            self.news.set()


def _story(test: Callable[[Any, Stage], Coroutine[Any, Any, None]]) -> Callable[["ExecutorConformance", Path], None]:
    """Run a coroutine over a new executor, as a test that pytest can call."""

    def run(self: "ExecutorConformance", tmp_path: Path) -> None:
        async def play() -> None:
            async with self.stage(tmp_path) as stage:
                await test(self, stage)

        asyncio.run(play())

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


class ExecutorConformance:
    """Proves an ``Executor``."""

    def make_executor(self, context: ExecutorContext) -> Executor:
        """Make the executor under test."""
        raise NotImplementedError

    def settings(self) -> Any:
        """Return the settings of the plugin that it belongs to."""
        return None

    @asynccontextmanager
    async def stage(self, folder: Path) -> AsyncIterator[Stage]:
        """Make an executor, listen to it, and close it."""
        context = _context(folder, self.settings())
        stage = Stage(self.make_executor(context), context, folder)
        listening = asyncio.create_task(stage.listen())
        try:
            yield stage
        finally:
            async with asyncio.timeout(PATIENCE_S):
                await stage.executor.close()
                await listening

    # ── results ──────────────────────────────────────────────────────────────

    @_story
    async def test_unit_ends_with_its_outputs(self, stage: Stage) -> None:
        """A result has outputs and nothing else, with the times of its beginning and end."""
        result = await stage.result(stage.unit(samples.add, {"a": 1, "b": 2}))

        assert _plain(result) == Result(outputs={"o0": stage.literals(samples.add, {"a": 3})["a"]})
        assert 0 < result.started_at_ns <= result.ended_at_ns

    @_story
    async def test_failing_unit_ends_with_its_error(self, stage: Stage) -> None:
        """The error has the code, the words and the stack of what the task raised."""
        error = (await stage.result(stage.unit(samples.fail, {"message": "no such row"}))).error

        assert error is not None
        assert (error.code, error.message, error.fault) == ("USER:RuntimeError", "ValueError: no such row", Fault.USER)
        assert "in fail" in error.traceback

    @pytest.mark.parametrize(
        ("entity", "inputs"),
        [
            (samples.describe, {"numbers": [3, 1, 2], "label": "größe"}),
            (samples.repeat, {"text": "x", "times": 200_000}),
        ],
        ids=["containers", "large"],
    )
    def test_result_equals_that_of_running_it_here(self, tmp_path: Path, entity: _Task, inputs: dict[str, Any]) -> None:
        """However a unit is carried, what comes back is what this process would have made of it."""

        async def play() -> None:
            async with self.stage(tmp_path) as stage:
                unit = stage.unit(entity, inputs)
                here = await stage.context.perform(unit)

                there = await stage.result(unit)

                assert await _value(stage, there) == await _value(stage, here.result)

        asyncio.run(play())

    @_story
    async def test_attempts_of_one_node_are_apart(self, stage: Stage) -> None:
        """Each attempt runs by itself and knows its number."""
        path = {"path": str(stage.folder / "notes")}

        results = [await stage.result(stage.unit(samples.note, path, n=n)) for n in range(2)]

        expected = [{"o0": stage.literals(samples.add, {"a": n})["a"]} for n in range(2)]
        assert [result.outputs for result in results] == expected

    @_story
    async def test_action_outside_of_the_capabilities_is_refused(self, stage: Stage) -> None:
        """A unit that can never run here is a user error at once, not an attempt that is stuck."""
        if ContainerRun in stage.executor.capabilities.actions:
            pytest.skip("it runs containers")
        unit = stage.unit(samples.add, action=ContainerRun(target=Container(image="busybox")))

        with pytest.raises(UserError):
            await stage.executor.submit(unit)

    # ── once ─────────────────────────────────────────────────────────────────

    @_story
    async def test_second_submit_changes_nothing(self, stage: Stage) -> None:
        """An attempt runs once, however often it is submitted, before and after its end."""
        path = stage.folder / "notes"
        unit = stage.unit(samples.note, {"path": str(path)})

        await stage.executor.submit(unit)
        await stage.ended(unit)
        again = await stage.executor.submit(unit)

        assert path.read_text() == "ran\n"
        assert again is None or isinstance(again, Ended)

    # ── standing ─────────────────────────────────────────────────────────────

    @_story
    async def test_unknown_attempt_is_lost(self, stage: Stage) -> None:
        """What an executor does not know, it says is lost, so that the engine need not wait for it."""
        attempt = stage.unit(samples.add).attempt

        (report,) = await stage.executor.reconcile([attempt])

        assert isinstance(report, Lost)
        assert report.attempt == attempt

    @_story
    async def test_reconcile_answers_for_each_attempt_in_order(self, stage: Stage) -> None:
        """One report per attempt asked for: ended with its result, running, or lost."""
        done, waiting = stage.unit(samples.add, {"a": 1, "b": 2}), stage.unit(samples.wait_for_ever, n=1)
        unknown = stage.unit(samples.add, n=9).attempt
        result = await stage.result(done)
        await stage.executor.submit(waiting)

        ended, running, lost = await stage.executor.reconcile([done.attempt, waiting.attempt, unknown])

        assert isinstance(ended, Ended)
        assert ended.result == result
        assert isinstance(running, Progress)
        assert [report.attempt for report in (ended, running, lost)] == [done.attempt, waiting.attempt, unknown]
        await self._stopped(stage, waiting.attempt)

    @_story
    async def test_released_attempt_is_forgotten(self, stage: Stage) -> None:
        """After release nothing is held any more."""
        unit = stage.unit(samples.add, {"a": 1, "b": 2})
        await stage.ended(unit)

        await stage.executor.release([unit.attempt])

        (report,) = await stage.executor.reconcile([unit.attempt])
        assert isinstance(report, Lost)

    # ── stopping ─────────────────────────────────────────────────────────────

    @_story
    async def test_cancelled_attempt_is_reported(self, stage: Stage) -> None:
        """An attempt that runs is stopped, and that is told."""
        if not stage.executor.capabilities.can_cancel:
            pytest.skip("it cannot cancel")
        unit = stage.unit(samples.wait_for_ever)
        await stage.executor.submit(unit)

        await stage.executor.cancel([unit.attempt], grace_s=5.0)

        assert await stage.end_of(unit.attempt) == Cancelled(attempt=unit.attempt)
        assert await stage.executor.reconcile([unit.attempt]) == [Cancelled(attempt=unit.attempt)]

    @_story
    async def test_cancelling_what_has_ended_changes_nothing(self, stage: Stage) -> None:
        """A result that exists stays the result; an unknown attempt is no error."""
        unit = stage.unit(samples.add, {"a": 1, "b": 2})
        result = await stage.result(unit)

        await stage.executor.cancel([unit.attempt, stage.unit(samples.add, n=9).attempt], grace_s=0.0)

        (report,) = await stage.executor.reconcile([unit.attempt])
        assert isinstance(report, Ended)
        assert report.result == result

    @_story
    async def test_attempt_that_outruns_its_timeout_is_stopped(self, stage: Stage) -> None:
        """The limit of the unit holds, and the error says so."""
        if not stage.executor.capabilities.can_time_out:
            pytest.skip("it cannot stop what it runs")

        error = (await stage.result(stage.unit(samples.wait_for_ever, timeout_ns=10**8))).error

        assert error is not None
        assert (error.code, error.fault, error.is_recoverable) == ("TimeoutExpired", Fault.USER, True)

    @_story
    async def test_attempt_that_dies_is_told_of(self, stage: Stage) -> None:
        """A worker that ends without a word is lost or failed, never silently gone; the engine lives on."""
        if not stage.executor.capabilities.is_isolated:
            pytest.skip("the engine would die with it")

        report = await stage.ended(stage.unit(samples.die))

        assert isinstance(report, Lost) or (isinstance(report, Ended) and report.result.error is not None)

    # ── logs ─────────────────────────────────────────────────────────────────

    @_story
    async def test_logs_are_read_from_any_offset(self, stage: Stage) -> None:
        """What an attempt prints is its log, byte for byte; executors that leave output alone have none."""
        unit = stage.unit(samples.say, {"text": "größe 42"})
        await stage.ended(unit)

        log = await _log(stage, unit.attempt)

        assert log in {b"", "größe 42\n".encode()}
        assert await _log(stage, unit.attempt, since=3) == log[3:]

    async def _stopped(self, stage: Stage, attempt: AttemptId) -> None:
        await stage.executor.cancel([attempt], grace_s=5.0)
        await stage.end_of(attempt)


def _context(folder: Path, settings: Any) -> ExecutorContext:
    plugins = process_plugins()
    ask = asking(plugins.secret_providers)
    services = WorkerServices(plugins=plugins, types=process_types(), blobs=plugins.blob_store, secrets=ask)

    async def perform_here(unit: Unit) -> Performed:
        return await perform(unit, services)

    return ExecutorContext(
        perform=perform_here,
        blobs=plugins.blob_store,
        clock=HostClock(),
        settings=settings,
        directory=str(folder / "executor"),
        secrets=ask,
    )


def _plain(result: Result) -> Result:
    """Leave out where and when."""
    return attrs.evolve(result, started_at_ns=0, ended_at_ns=0, worker="")


async def _value(stage: Stage, result: Result) -> LiteralMap:
    from plait_core.types.offloading import fetch

    return {name: await fetch(literal, stage.context.blobs) for name, literal in (result.outputs or {}).items()}


async def _log(stage: Stage, attempt: AttemptId, *, since: int = 0) -> bytes:
    return b"".join([chunk async for chunk in stage.executor.logs(attempt, since=since)])
