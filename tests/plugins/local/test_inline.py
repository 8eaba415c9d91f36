"""What is particular to the inline executor: when it answers, and what it leaves as it was."""

import asyncio
import os
from pathlib import Path
from typing import Any

from plait_core.ir.phases import AttemptPhase
from plait_core.ports.executors import Cancelled, Ended, Executor, Progress, Report
from plait_core.ports.specs import ExecutorContext
from plait_core.testing import worker_samples
from plait_core.testing.executors import ExecutorConformance
from plait_local.inline import InlineExecutor
from tests.plugins.local import samples


class Inline(ExecutorConformance):
    """The stage of the suite, without its tests."""

    def make_executor(self, context: ExecutorContext) -> Executor:
        return InlineExecutor(context)


def play(folder: Path, story: Any) -> Any:
    async def run() -> Any:
        async with Inline().stage(folder) as stage:
            return await story(stage)

    return asyncio.run(run())


def test_sync_function_ends_within_submit(tmp_path: Path) -> None:
    """The report is the answer, with the exception object for whoever called; the stream stays silent."""

    async def story(stage: Any) -> tuple[Report | None, list[Report]]:
        return await stage.executor.submit(stage.unit(worker_samples.fail, {"message": "no"})), stage.reports

    report, reports = play(tmp_path, story)

    assert isinstance(report, Ended)
    assert isinstance(report.exception, ValueError)
    assert reports == []


def test_async_function_goes_on_beside_others(tmp_path: Path) -> None:
    """A function that waits does not keep the next from running."""

    async def story(stage: Any) -> Any:
        waiting = stage.unit(worker_samples.wait_for_ever)
        at_once = await stage.executor.submit(waiting)
        result = await stage.result(stage.unit(worker_samples.add, {"a": 1, "b": 2}, n=1))
        return at_once, result.error, await stage.executor.reconcile([waiting.attempt]), waiting.attempt

    at_once, error, standing, attempt = play(tmp_path, story)

    assert (at_once, error) == (None, None)
    assert standing == [Progress(attempt=attempt, phase=AttemptPhase.RUNNING)]


def test_attempt_cancelled_before_its_first_step_is_reported(tmp_path: Path) -> None:
    """Between submit and the first step nothing has run; the end is told all the same."""

    async def story(stage: Any) -> Any:
        unit = stage.unit(worker_samples.wait_for_ever)
        await stage.executor.submit(unit)
        await stage.executor.cancel([unit.attempt], grace_s=0)
        return await stage.end_of(unit.attempt)

    assert isinstance(play(tmp_path, story), Cancelled)


def test_environment_is_set_for_the_body_only(tmp_path: Path) -> None:
    """A sync task sees the variables it asked for, and the process has its own again afterwards."""

    async def story(stage: Any) -> Any:
        return await stage.result(stage.unit(samples.read_variable, {"name": "COLOUR"}, env={"COLOUR": "red"}))

    result = play(tmp_path, story)

    assert result.outputs["o0"].value.value == "red"
    assert "COLOUR" not in os.environ
