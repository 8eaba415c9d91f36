"""
The process executor: attempts run in warm worker processes, one at a time in each, and outlive the engine that started them.

Before an attempt is given to a worker, a trace of that is on disk, and its result is there before it is told; so an engine that
starts again learns what became of every attempt, and none is run twice. What is in the line of an engine that dies was not begun.
"""

import asyncio
import signal
from collections import deque
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import attrs

from plait_core.authoring.secret_values import covers
from plait_core.errors import PlaitError
from plait_core.errors.running import ActionNotSupported, RequestTooLarge, Saturated, SecretNotRequested
from plait_core.ir.codec import loads
from plait_core.ir.executions import TaskError
from plait_core.ir.ids import AttemptId
from plait_core.ir.phases import AttemptPhase
from plait_core.ir.tasks import SecretRequest
from plait_core.ir.units import FunctionCall, Result, Unit
from plait_core.ports.executors import Cancelled, Capabilities, Ended, Lost, Progress, Report
from plait_core.ports.secrets import SecretAnswer
from plait_core.ports.specs import ExecutorContext
from plait_core.worker.handing import UnitWriter
from plait_core.worker.limits import memory_limit, requested_bytes
from plait_core.worker.lines import Question, answer
from plait_core.worker.logs import LogWriter, read_log
from plait_local.capabilities import PROCESS
from plait_local.crashes import crash_error, distrust_error, frozen_error, not_started_error, timeout_error
from plait_local.crew import Crew
from plait_local.launching import Key, send_signal
from plait_local.settings import LocalSettings, in_bytes
from plait_local.traces import Trace, Traces, WorkerFolder, key_of
from plait_local.users import Users
from plait_local.vitals import end_marked, is_stopped
from plait_local.waiting import Waiting
from plait_local.warm import WarmWorker

MOST_WAITING = 64
"""How many attempts of one execution may wait per worker, so that no worker waits for the engine."""

RETRY_WHEN_FULL_S = 0.05
LOOK_S = 0.05
"""How often a log that is read live, and a worker that is not our child, are looked at."""

SEE_OUT_S = 5.0
"""How long an orphan that has a result may take to end."""

TELL_AFTER_S = 0.05
"""How long an attempt must run before that is worth telling."""


@attrs.define(eq=False)
class Job:
    """
    An attempt that this executor has.

    ``folder`` is its worker's, once it has one; ``n_calls`` counts the children that it waits for; ``verdict`` says why its worker
    is killed; ``report`` is set when it has ended.
    """

    attempt: AttemptId
    key: str
    unit: Unit | None = None
    log: LogWriter | None = None
    folder: WorkerFolder | None = None
    worker: WarmWorker | None = None
    output_prefix: str = ""
    timeout_ns: int | None = None
    started_at_ns: int = 0
    n_bytes: int = 0
    n_calls: int = 0
    verdict: TaskError | None = None
    is_distrusted: bool = False
    is_cancelling: bool = False
    watch: "asyncio.Task[None] | None" = None
    report: Report | None = None


class ProcessExecutor:
    """``Executor`` over warm workers (``python -m plait_core.worker.serving``)."""

    def __init__(self, context: ExecutorContext) -> None:
        self._context = context
        self._settings: LocalSettings = context.settings or LocalSettings()
        self._memory = in_bytes(self._settings.memory)
        self._log_limit = in_bytes(self._settings.log_limit)
        self._users = Users.named_by(self._settings, str(context.host["blobs"]) if context.host else "")
        self._traces = Traces(Path(context.directory))
        self._crew = Crew(self, context, self._settings, self._traces)
        self._jobs: dict[AttemptId, Job] = {}
        self._given: dict[WarmWorker, Job] = {}
        self._waiting: Waiting[Job] = Waiting()
        self._untold: deque[tuple[float, Job]] = deque()
        self._writer = UnitWriter()
        self._n_running = 0
        self._n_bytes = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._reports: asyncio.Queue[Report | None] = asyncio.Queue()

    @property
    def capabilities(self) -> Capabilities:
        return PROCESS

    async def submit(self, unit: Unit) -> Report | None:
        if not isinstance(unit.action, FunctionCall):
            raise ActionNotSupported(executor="process", action=type(unit.action).__name__)
        key = key_of(unit.attempt)
        if unit.attempt in self._jobs or self._traces.has(key):
            standing = self._standing(unit.attempt)
            return None if isinstance(standing, Progress) else standing
        n_bytes = requested_bytes(unit)
        if self._memory and n_bytes > self._memory:
            raise RequestTooLarge(executor="process", asked_bytes=n_bytes, limit_bytes=self._memory)
        most = MOST_WAITING * self._settings.concurrency
        if self._waiting.n_of(unit.attempt.execution) >= most:
            raise Saturated(executor="process", limit=most, delay_s=RETRY_WHEN_FULL_S)
        job = Job(
            unit.attempt, key, unit, output_prefix=unit.output_prefix, timeout_ns=unit.timeout_ns, n_bytes=n_bytes
        )
        self._jobs[unit.attempt] = job
        self._waiting.add(unit.attempt.execution, job)
        self._assign()
        return None

    async def reports(self) -> AsyncIterator[Report]:
        while (report := await self._reports.get()) is not None:
            yield report

    async def reconcile(self, attempts: Sequence[AttemptId]) -> Sequence[Report]:
        return [self._standing(attempt) for attempt in attempts]

    async def cancel(self, attempts: Sequence[AttemptId], *, grace_s: float) -> None:
        for attempt in attempts:
            job = self._jobs.get(attempt)
            if job is None or job.report is not None or job.is_cancelling:
                continue
            job.is_cancelling = True
            if self._waiting.remove(attempt.execution, job):
                self._tell(job, Cancelled(attempt=attempt))
            else:
                self.spawn(self._stop(job, grace_s))

    async def logs(self, attempt: AttemptId, *, since: int = 0) -> AsyncIterator[bytes]:
        while True:
            is_over = isinstance(self._standing(attempt), Ended | Cancelled | Lost)
            job = self._jobs.get(attempt) or self._found(attempt, key_of(attempt))
            if job is None:
                return
            if job.worker is not None and job.report is None:
                job.worker.outputs.drain()
            async for chunk in read_log(self._context.blobs, job.output_prefix, since=since):
                since += len(chunk.data)
                yield chunk.data
            for chunk in job.log.waiting() if job.log is not None else ():
                if chunk.offset > since:
                    break  # what comes before is being stored
                data = chunk.data[since - chunk.offset :]
                since += len(data)
                yield data
            if is_over:
                return
            await asyncio.sleep(LOOK_S)

    async def release(self, attempts: Sequence[AttemptId]) -> None:
        for attempt in attempts:
            job = self._jobs.pop(attempt, None) or self._found(attempt, key_of(attempt))
            if job is None or job.folder is None:
                continue
            self._traces.forget(job.key)
            if job.worker is None or job.worker.is_gone:
                job.folder.remove_if_done()

    async def close(self) -> None:
        await self._crew.leave()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._reports.put_nowait(None)

    # ── starting ─────────────────────────────────────────────────────────────

    def _assign(self) -> None:
        """Give attempts that wait to workers, as far as there is room."""
        while self._waiting and self._n_running < self._settings.concurrency:
            job = self._waiting.first
            if self._n_running and self._memory and self._n_bytes + job.n_bytes > self._memory:
                return
            self._waiting.take()
            self._n_running += 1
            self._n_bytes += job.n_bytes
            assert job.unit is not None
            try:
                self._begin(job, job.unit)
            except FileExistsError:
                self._follow_another(job)
            except OSError as error:
                self._end(job, self._failed(job, not_started_error(str(error), at_ns=self._context.clock.now_ns())))

    def _begin(self, job: Job, unit: Unit) -> None:
        assert isinstance(unit.action, FunctionCall)
        user = self._users.of(unit.attempt.execution.project)
        if user is not None:
            for prefix in (unit.output_prefix, unit.raw_prefix, unit.checkpoint_prefix):
                self._users.make_home(prefix)
        key = Key(bundle=unit.action.bundle, env=frozenset(unit.env.items()), user=user)
        worker = self._crew.worker_for(key)
        job.started_at_ns = self._context.clock.now_ns()
        trace = Trace(output_prefix=unit.output_prefix, timeout_ns=unit.timeout_ns, started_at_ns=job.started_at_ns)
        try:
            self._traces.begin(job.key, trace, worker.folder)
        except FileNotFoundError:  # somebody has deleted its folder
            worker.retire()
            raise
        job.worker, job.folder = worker, worker.folder
        self._given[worker] = job
        job.log = LogWriter(unit.output_prefix, limit_bytes=self._log_limit)
        worker.give(job.key, unit, job.log, self._writer)
        self._tell_later(job)
        self._watch_time_of(job)

    # ── what workers tell ────────────────────────────────────────────────────

    def ended(self, worker: WarmWorker, number: int, document: bytes, *, is_fit: bool) -> None:
        """Take a result; that of another attempt than the worker has is a lie."""
        job = self._given.get(worker)
        if job is None or number != worker.number:
            self.lied(worker, f"what it called the result of its attempt {number}")
            return
        try:
            report: Report = Ended(attempt=job.attempt, result=loads(Result, document))
        except PlaitError as error:
            self.lied(worker, f"a document that is no result ({error.problem})")
            return
        del self._given[worker]
        worker.outputs.drain()
        if worker.outputs.is_silent:
            worker.outputs.log = None
            self._settle(worker, job, report, is_fit=is_fit)
        else:
            self.spawn(self._settle_with_log(worker, job, report, is_fit=is_fit))

    def lied(self, worker: WarmWorker, reason: str) -> None:
        """Kill a worker that sent what none sends. Nothing that it wrote counts, before or after."""
        job = self._given.get(worker)
        if job is not None and not job.is_distrusted:
            job.is_distrusted = True
            job.verdict = distrust_error(reason, at_ns=self._context.clock.now_ns())
        worker.stop(signal.SIGKILL)

    def gone(self, worker: WarmWorker, returncode: int) -> None:
        """Take word that a worker has ended, with or without its attempt."""
        self._crew.forget(worker)
        job = self._given.pop(worker, None)
        if job is not None:
            self._end_with_worker(job, returncode)
        worker.folder.remove_if_done()

    async def answer(self, worker: WarmWorker, question: Question) -> dict[str, Any]:
        """
        Answer what an attempt asks.

        It is told the secrets that its task requests, whatever it asks for; these are kept out of its log, and of those of later attempts.
        """
        job = self._given.get(worker)
        ask = self._context.secrets

        async def ask_and_hide(asked: SecretRequest) -> SecretAnswer:
            assert ask is not None
            assert job is not None
            assert job.unit is not None
            if not any(covers(request, asked.group, asked.key) for request in job.unit.secrets):
                raise SecretNotRequested(task=job.unit.template.id.name, group=asked.group, key=asked.key)
            found = await ask(asked)
            if found.value is not None:
                worker.secrets.add(found.value)
                if job.log is not None:
                    job.log.hide(found.value)
            return found

        with self._aside(job) if job is not None and question.is_call else nullcontext():
            return await answer(
                question,
                attempt=job.attempt if job is not None else None,
                secrets=ask_and_hide if ask is not None and job is not None else None,
                channel=self._context.channel,
            )

    @contextmanager
    def _aside(self, job: Job) -> Iterator[None]:
        """Let others have the place of an attempt that waits for a child; otherwise there might be none left for the child."""
        job.n_calls += 1
        if job.n_calls == 1 and job.report is None:
            self._n_running -= 1
            self._assign()
        try:
            yield
        finally:
            job.n_calls -= 1
            if job.n_calls == 0 and job.report is None:
                self._n_running += 1

    def verdict_on(self, worker: WarmWorker, verdict: TaskError) -> None:
        """Say why a worker is about to be killed."""
        if (job := self._given.get(worker)) is not None:
            job.verdict = verdict

    def memory_limit_of(self, worker: WarmWorker) -> int:
        """Return how much memory the attempt of a worker may take; 0 for no limit."""
        job = self._given.get(worker)
        return memory_limit(job.unit) if job is not None and job.unit is not None else 0

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run *work* until it is done or the executor closes."""
        self._tasks.add(self._task(work))

    # ── ending ───────────────────────────────────────────────────────────────

    async def _settle_with_log(self, worker: WarmWorker, job: Job, report: Report, *, is_fit: bool) -> None:
        await worker.outputs.finish()
        self._settle(worker, job, report, is_fit=is_fit)

    def _settle(self, worker: WarmWorker, job: Job, report: Report, *, is_fit: bool) -> None:
        worker.free(is_fit=is_fit)
        self._end(job, report)

    def _end_with_worker(self, job: Job, returncode: int | None) -> None:
        """Say how an attempt ended whose worker is gone: a result that was written counts, whatever happened besides."""
        if job.worker is None and job.folder is not None and job.folder.pid() is None:
            self.spawn(_clear_after(job.folder))
        now_ns = self._context.clock.now_ns()
        if job.is_distrusted and job.folder is not None:
            job.folder.disown()
        result = job.folder.result(job.key) if job.folder is not None else None
        if result is not None:
            self._end(job, Ended(attempt=job.attempt, result=result))
        elif job.is_cancelling:
            self._end(job, Cancelled(attempt=job.attempt))
        elif job.verdict is not None:
            self._end(job, self._failed(job, job.verdict))
        elif returncode is not None:
            tail = job.log.tail if job.log is not None else ""
            self._end(job, self._failed(job, crash_error(returncode, tail, at_ns=now_ns)))
        else:
            self._end(job, Lost(attempt=job.attempt, reason="its process ended while no engine was watching"))

    def _failed(self, job: Job, error: TaskError) -> Ended:
        result = Result(error=error, started_at_ns=job.started_at_ns, ended_at_ns=error.at_ns)
        return Ended(attempt=job.attempt, result=result)

    def _end(self, job: Job, report: Report) -> None:
        if job.n_calls == 0:
            self._n_running -= 1
        self._n_bytes -= job.n_bytes
        self._tell(job, report)
        self._assign()

    def _tell(self, job: Job, report: Report) -> None:
        job.report = report
        if job.watch is not None:
            job.watch.cancel()
        self._reports.put_nowait(report)

    def _task(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.get_running_loop().create_task(work)
        task.add_done_callback(self._tasks.discard)
        return task

    def _tell_later(self, job: Job) -> None:
        """Tell that *job* runs, if it still does after a while; one timer serves all of them."""
        loop = asyncio.get_running_loop()
        if not self._untold:
            loop.call_later(TELL_AFTER_S, self._tell_of_running)
        self._untold.append((loop.time() + TELL_AFTER_S, job))

    def _tell_of_running(self) -> None:
        loop = asyncio.get_running_loop()
        while self._untold and self._untold[0][0] <= loop.time():
            _, job = self._untold.popleft()
            if job.report is None:
                self._reports.put_nowait(Progress(attempt=job.attempt, phase=AttemptPhase.RUNNING))
        if self._untold:
            loop.call_at(self._untold[0][0], self._tell_of_running)

    # ── stopping ─────────────────────────────────────────────────────────────

    def _watch_time_of(self, job: Job) -> None:
        if job.timeout_ns is not None:
            job.watch = self._task(self._watch_time(job, job.timeout_ns))
            self._tasks.add(job.watch)

    async def _watch_time(self, job: Job, limit_ns: int) -> None:
        await self._context.clock.sleep_until(job.started_at_ns + limit_ns)
        if job.report is None and job.verdict is None:
            job.verdict = timeout_error(limit_ns, at_ns=self._context.clock.now_ns())
            await self._stop(job, self._settings.timeout_grace_s)

    async def _stop(self, job: Job, grace_s: float) -> None:
        """Ask the worker's whole group to end, and end it if it does not."""
        if job.report is None:
            self._signal(job, signal.SIGTERM)
        deadline = asyncio.get_running_loop().time() + grace_s
        while job.report is None:
            if asyncio.get_running_loop().time() >= deadline:
                self._signal(job, signal.SIGKILL)
                return
            await asyncio.sleep(LOOK_S)

    def _signal(self, job: Job, number: signal.Signals) -> None:
        if job.worker is not None:
            job.worker.stop(number)
        elif job.folder is not None and (pid := job.folder.pid()) is not None:
            send_signal(pid, number)

    # ── standing ─────────────────────────────────────────────────────────────

    def _standing(self, attempt: AttemptId) -> Report:
        job = self._jobs.get(attempt) or self._found(attempt, key_of(attempt))
        if job is None:
            return Lost(attempt=attempt, reason="no worker was given it")
        if job.report is not None:
            return job.report
        if job.folder is None:
            return Progress(attempt=attempt, phase=AttemptPhase.QUEUED)
        if attempt in self._jobs:
            return Progress(attempt=attempt, phase=AttemptPhase.RUNNING)
        lives = job.folder.pid() is not None  # asked first: a worker writes its result before it ends
        if (result := job.folder.result(job.key)) is not None:
            return Ended(attempt=attempt, result=result)
        if not lives:
            self.spawn(_clear_after(job.folder))
            return Lost(attempt=attempt, reason="its worker is gone, and left no result")
        self._adopt(job)
        return Progress(attempt=attempt, phase=AttemptPhase.RUNNING)

    def _found(self, attempt: AttemptId, key: str) -> Job | None:
        """Return what an earlier engine left of an attempt."""
        found = self._traces.find(key)
        if found is None:
            return None
        folder, trace = found
        return Job(
            attempt,
            key,
            folder=folder,
            output_prefix=trace.output_prefix,
            timeout_ns=trace.timeout_ns,
            started_at_ns=trace.started_at_ns,
        )

    def _follow_another(self, job: Job) -> None:
        """Leave an attempt to the worker that another engine gave it just now."""
        self._n_running -= 1
        self._n_bytes -= job.n_bytes
        del self._jobs[job.attempt]
        standing = self._standing(job.attempt)
        if not isinstance(standing, Progress):
            self._reports.put_nowait(standing)

    def _adopt(self, job: Job) -> None:
        """Follow an attempt whose worker another engine started."""
        self._jobs[job.attempt] = job
        self._n_running += 1
        self._watch_time_of(job)
        self.spawn(self._follow(job, job.folder))

    def _kill_if_frozen(self, job: Job, pid: int, moved_at: float) -> float:
        """Kill a process that has stood still for too long; returns when it was last seen to move."""
        now = asyncio.get_running_loop().time()
        if not is_stopped(pid):
            return now
        if now - moved_at > self._settings.frozen_s:
            job.verdict = frozen_error(self._settings.frozen_s, at_ns=self._context.clock.now_ns())
            send_signal(pid, signal.SIGKILL)
        return moved_at

    async def _follow(self, job: Job, folder: WorkerFolder | None) -> None:
        """Wait for the result or the end of a worker that is not our child; its exit status goes to nobody."""
        assert folder is not None
        n_looked_at = 0
        moved_at = asyncio.get_running_loop().time()
        while (pid := folder.pid()) is not None:
            moved_at = self._kill_if_frozen(job, pid, moved_at)
            if folder.n_bytes != n_looked_at:
                n_looked_at = folder.n_bytes
                if folder.result(job.key) is not None:
                    await _wait_gone(folder)
                    break
            folder.look_in()
            await asyncio.sleep(LOOK_S)
        self._end_with_worker(job, None)


async def _wait_gone(folder: WorkerFolder) -> None:
    """Wait until an orphan has stored its log; a worker of another engine that lives is not waited for longer than that takes."""
    for _ in range(int(SEE_OUT_S / LOOK_S)):
        if folder.pid() is None:
            return
        await asyncio.sleep(LOOK_S)


async def _clear_after(folder: WorkerFolder) -> None:
    """End what descends from a worker that died while no engine could see to that."""
    await asyncio.to_thread(end_marked, folder.name)
