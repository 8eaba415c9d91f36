"""
The process executor: each attempt is a process that reads a unit, writes a result and ends.

An attempt has a folder with its unit, result, log, process id and a lock that the worker holds as long as it lives, so an engine
that starts again learns from the folder alone what became of it. Attempts outlive an engine that closes.
"""

import asyncio
import json
import os
import signal
import socket
from collections.abc import AsyncIterator, Coroutine, Sequence
from hashlib import sha256
from pathlib import Path
from shutil import rmtree
from typing import Any

import attrs

from plait_core.errors.running import ActionNotSupported, Saturated
from plait_core.ir.codec import dumps, loads
from plait_core.ir.executions import TaskError
from plait_core.ir.ids import AttemptId
from plait_core.ir.phases import AttemptPhase
from plait_core.ir.units import FunctionCall, Result, Unit
from plait_core.ports.executors import Cancelled, Capabilities, Ended, Lost, Progress, Report
from plait_core.ports.specs import ExecutorContext
from plait_core.worker.lines import answer
from plait_local.capabilities import PROCESS
from plait_local.crashes import crash_error, timeout_error
from plait_local.folders import Folder
from plait_local.launching import exit_of, launch, send_signal
from plait_local.settings import LocalSettings

RETRY_WHEN_FULL_S = 0.05
LOOK_S = 0.05
"""How often a log that is read live, and a worker that is not our child, are looked at."""

LOG_CHUNK_BYTES = 1 << 16
LONGEST_MESSAGE_BYTES = 1 << 30


@attrs.define(eq=False)
class Job:
    """An attempt that this executor follows. ``report`` is set once it has ended."""

    attempt: AttemptId
    folder: Folder
    pid: int
    started_at_ns: int
    timeout_ns: int | None = None
    is_cancelling: bool = False
    is_out_of_time: bool = False
    report: Report | None = None


class ProcessExecutor:
    """``Executor`` that starts ``python -m plait_core.worker`` per attempt."""

    def __init__(self, context: ExecutorContext) -> None:
        self._context = context
        self._settings: LocalSettings = context.settings or LocalSettings()
        self._directory = Path(context.directory)
        self._jobs: dict[AttemptId, Job] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._lines: set[asyncio.StreamWriter] = set()
        self._reports: asyncio.Queue[Report | None] = asyncio.Queue()

    @property
    def capabilities(self) -> Capabilities:
        return PROCESS

    async def submit(self, unit: Unit) -> Report | None:
        if not isinstance(unit.action, FunctionCall):
            raise ActionNotSupported(executor="process", action=type(unit.action).__name__)
        folder = self._folder(unit.attempt)
        if unit.attempt in self._jobs or folder.unit.exists():
            standing = self._standing(unit.attempt)
            return None if isinstance(standing, Progress) else standing
        if sum(job.report is None for job in self._jobs.values()) >= self._settings.max_processes:
            raise Saturated(executor="process", limit=self._settings.max_processes, delay_s=RETRY_WHEN_FULL_S)
        await self._start(unit, folder)
        return None

    async def reports(self) -> AsyncIterator[Report]:
        while (report := await self._reports.get()) is not None:
            yield report

    async def reconcile(self, attempts: Sequence[AttemptId]) -> Sequence[Report]:
        return [self._standing(attempt) for attempt in attempts]

    async def cancel(self, attempts: Sequence[AttemptId], *, grace_s: float) -> None:
        for attempt in attempts:
            job = self._jobs.get(attempt)
            if job is not None and job.report is None and not job.is_cancelling:
                job.is_cancelling = True
                self._spawn(self._stop(job, grace_s))

    async def logs(self, attempt: AttemptId, *, since: int = 0) -> AsyncIterator[bytes]:
        log = self._folder(attempt).log
        while True:
            is_over = isinstance(self._standing(attempt), Ended | Cancelled | Lost)
            if log.exists():
                with log.open("rb") as file:
                    file.seek(since)
                    while chunk := file.read(LOG_CHUNK_BYTES):
                        since += len(chunk)
                        yield chunk
            if is_over:
                return
            await asyncio.sleep(LOOK_S)

    async def release(self, attempts: Sequence[AttemptId]) -> None:
        for attempt in attempts:
            self._jobs.pop(attempt, None)
            rmtree(self._folder(attempt).path, ignore_errors=True)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for line in self._lines:
            line.close()
        self._reports.put_nowait(None)

    # ── starting ─────────────────────────────────────────────────────────────

    async def _start(self, unit: Unit, folder: Folder) -> None:
        folder.path.mkdir(parents=True)
        lock = folder.take_lock()
        assert lock is not None
        folder.unit.write_bytes(dumps(unit))
        ours, theirs = socket.socketpair()
        try:
            process = launch(unit, folder, line=theirs.fileno(), lock=lock)
        finally:
            theirs.close()
            os.close(lock)
        folder.pid.write_text(str(process.pid))
        job = Job(unit.attempt, folder, process.pid, self._context.clock.now_ns(), unit.timeout_ns)
        self._jobs[unit.attempt] = job
        reader, writer = await asyncio.open_connection(sock=ours, limit=LONGEST_MESSAGE_BYTES)
        self._lines.add(writer)
        self._spawn(self._answer(unit.attempt, reader, writer))
        self._spawn(self._follow(job, exit_of(process)))

    async def _answer(self, attempt: AttemptId, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer what the worker asks, until it hangs up; a call may take long and does not hold up the next."""

        async def reply(line: bytes) -> None:
            context = self._context
            message = await answer(json.loads(line), attempt=attempt, secrets=context.secrets, channel=context.channel)
            writer.write(json.dumps(message).encode() + b"\n")

        try:
            while line := await reader.readline():
                self._spawn(reply(line))
        except ConnectionError:
            pass
        self._lines.discard(writer)
        writer.close()

    # ── following ────────────────────────────────────────────────────────────

    async def _follow(self, job: Job, ended: "asyncio.Future[int]") -> None:
        self._reports.put_nowait(Progress(attempt=job.attempt, phase=AttemptPhase.RUNNING))
        if job.timeout_ns is not None:
            self._spawn(self._watch_time(job, job.timeout_ns))
        returncode = await ended
        self._end(job, crash_error(returncode, job.folder.log_tail(), at_ns=self._context.clock.now_ns()))

    async def _follow_adopted(self, job: Job) -> None:
        """Wait for a worker that an earlier engine started; its exit status went to nobody."""
        while job.folder.is_alive():  # noqa: ASYNC110  # another process holds the lock; no event reaches us
            await asyncio.sleep(LOOK_S)
        self._end(job, None)

    async def _watch_time(self, job: Job, limit_ns: int) -> None:
        await self._context.clock.sleep_until(job.started_at_ns + limit_ns)
        if job.report is None:
            job.is_out_of_time = True
            await self._stop(job, self._settings.timeout_grace_s)

    async def _stop(self, job: Job, grace_s: float) -> None:
        """Ask the worker's whole group to end, and end it if it does not."""
        send_signal(job.pid, signal.SIGTERM)
        deadline = asyncio.get_running_loop().time() + grace_s
        while job.report is None:
            if asyncio.get_running_loop().time() >= deadline:
                send_signal(job.pid, signal.SIGKILL)
                return
            await asyncio.sleep(LOOK_S)

    def _end(self, job: Job, crash: TaskError | None) -> None:
        """Report how *job* ended: a result that was written counts, whatever happened besides."""
        now_ns = self._context.clock.now_ns()
        result = job.folder.read_result()
        if result is not None:
            job.report = Ended(attempt=job.attempt, result=result)
        elif job.is_cancelling:
            job.report = Cancelled(attempt=job.attempt)
        elif job.is_out_of_time:
            error = timeout_error(job.timeout_ns or 0, at_ns=now_ns)
            job.report = self._failed(job, error)
        elif crash is not None:
            job.report = self._failed(job, crash)
        else:
            job.report = Lost(attempt=job.attempt, reason="its process ended while no engine was watching")
        self._reports.put_nowait(job.report)

    def _failed(self, job: Job, error: TaskError) -> Ended:
        result = Result(error=error, started_at_ns=job.started_at_ns, ended_at_ns=error.at_ns)
        return Ended(attempt=job.attempt, result=result)

    # ── standing ─────────────────────────────────────────────────────────────

    def _standing(self, attempt: AttemptId) -> Report:
        job = self._jobs.get(attempt)
        if job is not None:
            return job.report or Progress(attempt=attempt, phase=AttemptPhase.RUNNING)
        folder = self._folder(attempt)
        if (result := folder.read_result()) is not None:
            return Ended(attempt=attempt, result=result)
        if not folder.is_alive():
            return Lost(attempt=attempt, reason="there is no process for it, and no result")
        self._adopt(attempt, folder)
        return Progress(attempt=attempt, phase=AttemptPhase.RUNNING)

    def _adopt(self, attempt: AttemptId, folder: Folder) -> None:
        pid = int(folder.pid.read_text())
        unit = loads(Unit, folder.unit.read_bytes())
        job = Job(attempt, folder, pid, int(folder.unit.stat().st_mtime_ns), unit.timeout_ns)
        self._jobs[attempt] = job
        if job.timeout_ns is not None:
            self._spawn(self._watch_time(job, job.timeout_ns))
        self._spawn(self._follow_adopted(job))

    def _folder(self, attempt: AttemptId) -> Folder:
        return Folder(self._directory / sha256(str(attempt).encode()).hexdigest()[:32])

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
