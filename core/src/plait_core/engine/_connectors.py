"""
``ConnectorExecutor``: a remote service behind the port of executors.

The engine knows executors only; this one starts a job per unit, asks where it stands, first often and then less so, and stops it
on request. What it must remember of a job, the connector's handle, is kept in blob storage, so that an engine which starts
again finds its jobs.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from json import dumps, loads
from typing import Any, TypeVar

import attrs

from plait_core.errors import Retryable, UserError
from plait_core.errors.stores import BlobMissing
from plait_core.ir.executions import Fault, TaskError
from plait_core.ir.ids import AttemptId
from plait_core.ir.json import Json
from plait_core.ir.phases import TERMINAL_ATTEMPT, AttemptPhase
from plait_core.ir.units import Result, Unit
from plait_core.ports.clock import Clock
from plait_core.ports.executors import Cancelled, Capabilities, Ended, Lost, Progress, Report
from plait_core.ports.specs import BlobAccess
from plait_core.ports.tasks import Connector, RemoteJob

T = TypeVar("T")

FIRST_POLL_S = 1.0
POLL_GROWTH = 1.5
LONGEST_POLL_S = 30.0

DELETED_EXTERNALLY = "ResourceDeletedExternally"


@attrs.define(eq=False)
class _Job:
    """One attempt's remote job; without a handle it is not created yet."""

    attempt: AttemptId
    started_at_ns: int
    handle: Json = None
    is_cancelling: bool = False
    standing: Report | None = None
    follower: asyncio.Task[None] | None = None


class ConnectorExecutor:
    """
    ``Executor`` over one ``Connector``.

    Args:
        connector: The remote service.
        clock: Paces the questions where jobs stand.
        blobs: Where handles are kept.
        prefix: The URI below which they are.
    """

    def __init__(self, connector: Connector, *, clock: Clock, blobs: BlobAccess, prefix: str) -> None:
        self._connector = connector
        self._clock = clock
        self._blobs = blobs
        self._prefix = f"{prefix.rstrip('/')}/connectors"
        self._jobs: dict[AttemptId, _Job] = {}
        self._reports: asyncio.Queue[Report | None] = asyncio.Queue()

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(actions=(), carries_files=True)

    async def submit(self, unit: Unit) -> Report | None:
        if unit.attempt not in self._jobs:
            self._follow(_Job(unit.attempt, self._clock.now_ns()), unit)
        return None

    async def reports(self) -> AsyncIterator[Report]:
        while (report := await self._reports.get()) is not None:
            yield report

    async def reconcile(self, attempts: Sequence[AttemptId]) -> Sequence[Report]:
        return [await self._standing(attempt) for attempt in attempts]

    async def cancel(self, attempts: Sequence[AttemptId], *, grace_s: float) -> None:
        for attempt in attempts:
            job = self._jobs.get(attempt)
            if job is None or job.is_cancelling or isinstance(job.standing, Ended):
                continue
            job.is_cancelling = True
            if job.handle is not None and job.follower is not None:
                job.follower.cancel()
                job.follower = asyncio.create_task(self._guarded(job, self._delete(job)))

    async def logs(self, attempt: AttemptId, *, since: int = 0) -> AsyncIterator[bytes]:
        """Yield nothing: a remote service keeps its own logs and links to them."""
        nothing: tuple[bytes, ...] = ()
        for chunk in nothing:
            yield chunk

    async def release(self, attempts: Sequence[AttemptId]) -> None:
        for attempt in attempts:
            self._jobs.pop(attempt, None)
            uri = self._handle_uri(attempt)
            await self._blobs(uri).delete(uri)

    async def close(self) -> None:
        followers = [job.follower for job in self._jobs.values() if job.follower is not None]
        for follower in followers:
            follower.cancel()
        await asyncio.gather(*followers, return_exceptions=True)
        self._reports.put_nowait(None)

    # ── one job ──────────────────────────────────────────────────────────────

    def _follow(self, job: _Job, unit: Unit | None) -> None:
        self._jobs[job.attempt] = job
        job.follower = asyncio.create_task(self._guarded(job, self._drive(job, unit)))

    async def _guarded(self, job: _Job, work: Coroutine[Any, Any, None]) -> None:
        """Turn whatever a connector raises into the end of the attempt: nobody else would hear of it."""
        try:
            await work
        except UserError as error:
            self._end(job, error=_error(error, Fault.USER, is_recoverable=False))
        except Exception as error:  # noqa: BLE001  # the border to a plugin's code
            self._end(job, error=_error(error, Fault.SYSTEM, is_recoverable=True))

    async def _drive(self, job: _Job, unit: Unit | None) -> None:
        if unit is not None:
            await self._create(job, unit)
        if job.is_cancelling:
            return await self._delete(job)
        pause_s = FIRST_POLL_S
        while not self._tell(job, await self._insisting(lambda: self._connector.get(job.handle))):
            await self._pause(pause_s)
            pause_s = min(pause_s * POLL_GROWTH, LONGEST_POLL_S)
        return None

    async def _create(self, job: _Job, unit: Unit) -> None:
        key = str(unit.attempt)
        job.handle = await self._insisting(
            lambda: self._connector.create(unit.template, unit.inputs, key=key, output_prefix=unit.output_prefix)
        )
        uri = self._handle_uri(job.attempt)
        await self._blobs(uri).put(uri, dumps({"handle": job.handle}).encode())

    async def _delete(self, job: _Job) -> None:
        await self._insisting(lambda: self._connector.delete(job.handle))
        self._report(job, Cancelled(attempt=job.attempt))

    async def _insisting(self, call: Callable[[], Awaitable[T]]) -> T:
        """Call until the service answers; it is asked again after the delay it names."""
        while True:
            try:
                return await call()
            except Retryable as busy:
                await self._pause(busy.delay_s)

    async def _pause(self, seconds: float) -> None:
        await self._clock.sleep_until(self._clock.now_ns() + round(seconds * 1e9))

    async def _standing(self, attempt: AttemptId) -> Report:
        if attempt not in self._jobs:
            handle = await self._kept_handle(attempt)
            if handle is None:
                return Lost(attempt=attempt, reason="no job was started for it, or its handle is gone")
            self._follow(_Job(attempt, self._clock.now_ns(), handle["handle"]), None)
        return self._jobs[attempt].standing or Progress(attempt=attempt, phase=AttemptPhase.QUEUED)

    async def _kept_handle(self, attempt: AttemptId) -> dict[str, Json] | None:
        uri = self._handle_uri(attempt)
        try:
            kept: dict[str, Json] = loads(await self._blobs(uri).get(uri))
        except BlobMissing:
            return None
        return kept

    def _handle_uri(self, attempt: AttemptId) -> str:
        return f"{self._prefix}/{attempt}"

    # ── what is told ─────────────────────────────────────────────────────────

    def _tell(self, job: _Job, remote: RemoteJob) -> bool:
        """Report where the job stands, if that is news; returns whether it has ended."""
        if remote.phase not in TERMINAL_ATTEMPT:
            self._report(job, Progress(attempt=job.attempt, phase=remote.phase, message=remote.message))
            return False
        if remote.phase is AttemptPhase.SUCCEEDED:
            self._end(job, outputs=remote.outputs or {})
        else:
            self._end(job, error=remote.error or _ended_badly(remote))
        return True

    def _end(self, job: _Job, **how: object) -> None:
        times = {"started_at_ns": job.started_at_ns, "ended_at_ns": self._clock.now_ns()}
        self._report(job, Ended(attempt=job.attempt, result=Result(**how, **times)))  # type: ignore[arg-type]  # see callers

    def _report(self, job: _Job, report: Report) -> None:
        if report != job.standing:
            job.standing = report
            self._reports.put_nowait(report)


def _ended_badly(remote: RemoteJob) -> TaskError:
    """Describe a job that ended without an error of its own; one that nobody here stopped was stopped by others."""
    is_aborted = remote.phase is AttemptPhase.ABORTED
    return TaskError(
        code=DELETED_EXTERNALLY if is_aborted else "RemoteJobFailed",
        message=remote.message or f"the remote job ended {remote.phase.value}",
        fault=Fault.SYSTEM if is_aborted else Fault.USER,
        is_recoverable=remote.phase is not AttemptPhase.FAILED,
    )


def _error(error: Exception, fault: Fault, *, is_recoverable: bool) -> TaskError:
    return TaskError(
        code=f"{fault.name}:{type(error).__name__}", message=str(error), fault=fault, is_recoverable=is_recoverable
    )
