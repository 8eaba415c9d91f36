"""
The simulated cluster passes the suite for executors, and the suite catches executors that are broken.
"""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import attrs
import pytest

from plait_core.ir.codec import dumps
from plait_core.ir.ids import AttemptId
from plait_core.ir.units import Unit
from plait_core.ports.executors import Cancelled, Ended, Executor, Lost, Progress, Report
from plait_core.ports.specs import ExecutorContext
from plait_core.testing import executors
from plait_core.testing.cluster import Cluster, ClusterExecutor, Weather
from plait_core.testing.executors import ExecutorConformance as Suite


class TestCluster(Suite):
    def make_executor(self, context: ExecutorContext) -> Executor:
        return ClusterExecutor(Cluster(context.perform, clock=context.clock))


class TestClusterInBadWeather(Suite):
    def make_executor(self, context: ExecutorContext) -> Executor:
        weather = Weather(longest_start_s=0.01, longest_report_s=0.02, resend_s=0.01, duplicates=0.5, losses=0.5)
        return ClusterExecutor(Cluster(context.perform, clock=context.clock, seed=1, weather=weather))


class RunsEverySubmit(ClusterExecutor):
    async def submit(self, unit: Unit) -> Report | None:
        self._cluster.pods.pop(unit.attempt, None)
        return await super().submit(unit)


class TakesAnyAction(ClusterExecutor):
    async def submit(self, unit: Unit) -> Report | None:
        return None


class KeepsQuiet(ClusterExecutor):
    async def reports(self) -> AsyncIterator[Report]:
        async for report in super().reports():
            if isinstance(report, Progress):
                yield report


class NeverStops(ClusterExecutor):
    async def cancel(self, attempts: Sequence[AttemptId], *, grace_s: float) -> None:
        pass


class CallsFinishedCancelled(ClusterExecutor):
    async def cancel(self, attempts: Sequence[AttemptId], *, grace_s: float) -> None:
        for attempt in attempts:
            if attempt in self._cluster.pods:
                self._cluster.pods[attempt].report = Cancelled(attempt=attempt)


class ForgetsTheUnknown(ClusterExecutor):
    async def reconcile(self, attempts: Sequence[AttemptId]) -> Sequence[Report]:
        return [report for report in await super().reconcile(attempts) if not isinstance(report, Lost)]


class AnswersInItsOwnOrder(ClusterExecutor):
    async def reconcile(self, attempts: Sequence[AttemptId]) -> Sequence[Report]:
        return list(reversed(await super().reconcile(attempts)))


class HoldsWhatWasReleased(ClusterExecutor):
    async def release(self, attempts: Sequence[AttemptId]) -> None:
        pass


class LosesTheError(ClusterExecutor):
    async def reports(self) -> AsyncIterator[Report]:
        async for report in super().reports():
            if isinstance(report, Ended) and report.result.error is not None:
                error = attrs.evolve(report.result.error, traceback="", message="failed")
                yield attrs.evolve(report, result=attrs.evolve(report.result, error=error))
            else:
                yield report


class NumbersAttemptsFromZero(ClusterExecutor):
    async def submit(self, unit: Unit) -> Report | None:
        self._cluster.create(unit.attempt, dumps(attrs.evolve(unit, attempt=attrs.evolve(unit.attempt, n=0))))
        return None


class HasNoTime(ClusterExecutor):
    async def submit(self, unit: Unit) -> Report | None:
        return await super().submit(attrs.evolve(unit, timeout_ns=None))


class LeavesOutTimes(ClusterExecutor):
    async def reports(self) -> AsyncIterator[Report]:
        async for report in super().reports():
            if isinstance(report, Ended):
                yield attrs.evolve(report, result=attrs.evolve(report.result, started_at_ns=0))
            else:
                yield report


class CutsLogs(ClusterExecutor):
    async def logs(self, attempt: AttemptId, *, since: int = 0) -> AsyncIterator[bytes]:
        yield b"gr"


@pytest.mark.parametrize(
    ("broken", "caught_by"),
    [
        (RunsEverySubmit, Suite.test_second_submit_changes_nothing),
        (TakesAnyAction, Suite.test_action_outside_of_the_capabilities_is_refused),
        (KeepsQuiet, Suite.test_unit_ends_with_its_outputs),
        (LeavesOutTimes, Suite.test_unit_ends_with_its_outputs),
        (NeverStops, Suite.test_cancelled_attempt_is_reported),
        (CallsFinishedCancelled, Suite.test_cancelling_what_has_ended_changes_nothing),
        (ForgetsTheUnknown, Suite.test_unknown_attempt_is_lost),
        (AnswersInItsOwnOrder, Suite.test_reconcile_answers_for_each_attempt_in_order),
        (HoldsWhatWasReleased, Suite.test_released_attempt_is_forgotten),
        (LosesTheError, Suite.test_failing_unit_ends_with_its_error),
        (NumbersAttemptsFromZero, Suite.test_attempts_of_one_node_are_apart),
        (HasNoTime, Suite.test_attempt_that_outruns_its_timeout_is_stopped),
        (CutsLogs, Suite.test_logs_are_read_from_any_offset),
    ],
)
def test_broken_executor_is_caught(
    broken: type[ClusterExecutor], caught_by: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each story of the suite fails for an executor that breaks what it tells."""

    class OfBroken(Suite):
        def make_executor(self, context: ExecutorContext) -> Executor:
            return broken(Cluster(context.perform, clock=context.clock))

    monkeypatch.setattr(executors, "PATIENCE_S", 0.3)
    with pytest.raises((AssertionError, TimeoutError, ValueError, pytest.fail.Exception)):
        getattr(OfBroken(), caught_by.__name__)(tmp_path)
