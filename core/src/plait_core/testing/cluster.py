"""
A simulated cluster: an executor that shares neither memory nor files with its engine.

Units go out and results come back as the bytes of their documents. What a real cluster does to its users is drawn from a seed: it
is slow, it starts few pods at once, it repeats and delays its reports, and pods die. Draws belong to attempts, so a run does
not depend on the order in which things happen to be asked. A ``Cluster`` outlives the engines that connect to it.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from random import Random

import attrs

from plait_core.errors.running import ActionNotSupported, Saturated
from plait_core.ir.codec import dumps, loads
from plait_core.ir.executions import Fault, TaskError
from plait_core.ir.ids import AttemptId
from plait_core.ir.phases import AttemptPhase
from plait_core.ir.units import FunctionCall, Result, Unit
from plait_core.ports.clock import Clock
from plait_core.ports.executors import Cancelled, Capabilities, Ended, Lost, Perform, Progress, Report
from plait_core.ports.specs import ExecutorContext, ExecutorSpec

CLUSTER = Capabilities(actions=(FunctionCall,), secret_deliveries=("memory", "platform"), is_isolated=False)
INTERRUPTED = "Interrupted"


@attrs.frozen(kw_only=True)
class Weather:
    """
    How a cluster behaves. Chances are in ``[0, 1]``; delays are drawn evenly from ``[0, longest]``.

    Attributes:
        quota: Pods at once.
        longest_start_s: Delay before a pod runs.
        longest_report_s: Delay of each report, so that reports overtake each other.
        resend_s: How long after it a report that got lost is sent again.
        duplicates: Chance that a report comes twice.
        losses: Chance that a report gets lost.
        crashes: Chance that a pod dies before it leaves a result; half of these are seen as an error, the rest as lost.
    """

    quota: int = 1000
    longest_start_s: float = 0.0
    longest_report_s: float = 0.0
    resend_s: float = 10.0
    duplicates: float = 0.0
    losses: float = 0.0
    crashes: float = 0.0


CALM = Weather()
STORMY = Weather(quota=3, longest_start_s=2.0, longest_report_s=3.0, duplicates=0.3, losses=0.2, crashes=0.15)


@attrs.define(eq=False)
class Pod:
    """One attempt in the cluster; ``report`` is set once it has ended."""

    attempt: AttemptId
    unit: bytes
    chance: Random
    result: bytes | None = None
    report: Report | None = None
    work: asyncio.Task[None] | None = None


class Cluster:
    """The pods, whoever watches them."""

    def __init__(self, perform: Perform, *, clock: Clock, seed: int = 0, weather: Weather = CALM) -> None:
        """Run pods with *perform*, which stands for the machine each of them has to itself."""
        self.weather = weather
        self.pods: dict[AttemptId, Pod] = {}
        self.watchers: list[asyncio.Queue[Report | None]] = []
        self._perform = perform
        self._clock = clock
        self._seed = seed
        self._sendings: set[asyncio.Task[None]] = set()

    @property
    def n_running(self) -> int:
        """How many pods count against the quota."""
        return sum(pod.report is None for pod in self.pods.values())

    def create(self, attempt: AttemptId, unit: bytes) -> None:
        """Create the attempt's pod, once."""
        if attempt not in self.pods:
            pod = self.pods[attempt] = Pod(attempt, unit, Random(f"{self._seed}:{attempt}"))  # noqa: S311  # chance, not secrecy
            pod.work = asyncio.create_task(self._live(pod))

    def stop(self, attempt: AttemptId) -> None:
        """Stop the attempt's pod, if it still runs."""
        pod = self.pods.get(attempt)
        if pod is not None and pod.report is None:
            assert pod.work is not None
            pod.work.cancel()
            self._end(pod, Cancelled(attempt=attempt))

    async def close(self) -> None:
        """Stop everything."""
        ending = [*self._sendings, *(pod.work for pod in self.pods.values() if pod.work is not None)]
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)

    async def _live(self, pod: Pod) -> None:
        await self._pass(pod.chance.uniform(0, self.weather.longest_start_s))
        self._send(pod, Progress(attempt=pod.attempt, phase=AttemptPhase.RUNNING))
        if pod.chance.random() < self.weather.crashes:
            self._end(pod, self._crash(pod))
            return
        performed = await self._perform(loads(Unit, pod.unit))
        pod.result = dumps(performed.result)
        self._end(pod, Ended(attempt=pod.attempt, result=loads(Result, pod.result)))

    def _crash(self, pod: Pod) -> Report:
        if pod.chance.random() < 0.5:
            return Lost(attempt=pod.attempt, reason="the pod was deleted")
        error = TaskError(code=INTERRUPTED, message="the node of the pod was drained", fault=Fault.SYSTEM)
        return Ended(attempt=pod.attempt, result=Result(error=error))

    def _end(self, pod: Pod, report: Report) -> None:
        pod.report = report
        self._send(pod, report)

    def _send(self, pod: Pod, report: Report) -> None:
        """Send *report* at least once, some time from now."""
        weather, chance = self.weather, pod.chance
        for _ in range(2 if chance.random() < weather.duplicates else 1):
            delay_s = chance.uniform(0, weather.longest_report_s)
            is_lost = chance.random() < weather.losses
            sending = asyncio.create_task(self._deliver(report, delay_s + (weather.resend_s if is_lost else 0)))
            self._sendings.add(sending)
            sending.add_done_callback(self._sendings.discard)

    async def _deliver(self, report: Report, delay_s: float) -> None:
        await self._pass(delay_s)
        for watcher in self.watchers:
            watcher.put_nowait(report)

    async def _pass(self, seconds: float) -> None:
        await self._clock.sleep_until(self._clock.now_ns() + round(seconds * 1e9))


class ClusterExecutor:
    """``Executor`` over a ``Cluster``: all that an engine and a cluster exchange passes here as bytes."""

    def __init__(self, cluster: Cluster) -> None:
        """Watch *cluster* until closed."""
        self._cluster = cluster
        self._reports: asyncio.Queue[Report | None] = asyncio.Queue()
        cluster.watchers.append(self._reports)

    @property
    def capabilities(self) -> Capabilities:
        return CLUSTER

    async def submit(self, unit: Unit) -> Report | None:
        if not isinstance(unit.action, FunctionCall):
            raise ActionNotSupported(executor="cluster", action=type(unit.action).__name__)
        cluster = self._cluster
        if unit.attempt not in cluster.pods and cluster.n_running >= cluster.weather.quota:
            raise Saturated(executor="cluster", limit=cluster.weather.quota, delay_s=1.0)
        cluster.create(unit.attempt, dumps(unit))
        return None

    async def reports(self) -> AsyncIterator[Report]:
        while (report := await self._reports.get()) is not None:
            yield report

    async def reconcile(self, attempts: Sequence[AttemptId]) -> Sequence[Report]:
        return [self._standing(attempt) for attempt in attempts]

    async def cancel(self, attempts: Sequence[AttemptId], *, grace_s: float) -> None:
        for attempt in attempts:
            self._cluster.stop(attempt)

    async def logs(self, attempt: AttemptId, *, since: int = 0) -> AsyncIterator[bytes]:
        """Yield nothing: pods print to the process that simulates them."""
        nothing: tuple[bytes, ...] = ()
        for chunk in nothing:
            yield chunk

    async def release(self, attempts: Sequence[AttemptId]) -> None:
        for attempt in attempts:
            self._cluster.pods.pop(attempt, None)

    async def close(self) -> None:
        """Stop watching; pods go on."""
        if self._reports in self._cluster.watchers:
            self._cluster.watchers.remove(self._reports)
            self._reports.put_nowait(None)

    def _standing(self, attempt: AttemptId) -> Report:
        pod = self._cluster.pods.get(attempt)
        if pod is None:
            return Lost(attempt=attempt, reason="there is no pod for it")
        return pod.report or Progress(attempt=attempt, phase=AttemptPhase.RUNNING)


def calm_cluster(context: ExecutorContext) -> ClusterExecutor:
    """Make an executor over a cluster of its own; the factory of ``CLUSTER_SPEC``."""
    return ClusterExecutor(Cluster(context.perform, clock=context.clock))


CLUSTER_SPEC = ExecutorSpec(name="cluster", factory="plait_core.testing.cluster:calm_cluster", capabilities=CLUSTER)
