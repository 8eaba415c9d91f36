"""
The executions that one engine drives, each by a task of its own: begun here, or taken up from their logs.

Made by ``Engine``, and by ``_adopting`` for engines that share a pool. An execution is here from its launch, or from the moment
this engine claimed it, until it is forgotten.
"""

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import suppress
from typing import Any

import attrs

from plait_core.engine._children import Children, Ending, ending_of
from plait_core.engine._inbox import child_ended
from plait_core.engine._loading import load
from plait_core.engine._post import Post
from plait_core.engine._recovery import reopen
from plait_core.engine._rounds import insist, repeat
from plait_core.engine._run import Run
from plait_core.engine._services import Services
from plait_core.engine._state import ExecutionState
from plait_core.engine._stimuli import Launched
from plait_core.errors import Retryable
from plait_core.errors.engine import ExecutionExists, ExecutionOwned, OwnershipLost, UnknownExecution
from plait_core.errors.stores import ExecutionUnknown
from plait_core.ir.executions import Closure, ExecutionSpec
from plait_core.ir.ids import ExecutionId
from plait_core.ir.phases import TERMINAL_EXECUTION
from plait_core.ports.bells import Bell, Bells
from plait_core.ports.databases import NOBODY, AuditLine
from plait_core.ports.executors import Report
from plait_core.ports.processes import is_gone

LOOK_AGAIN_S = 10.0
"""How often an engine looks whether an execution has ended that another one drives, should the word of that be lost."""


class Driving:
    """Runs by execution, and the tasks that drive them."""

    def __init__(self, services: Services, children: Children) -> None:
        """Drive with *services*; *children* is whom runs ask about other executions."""
        self._services = services
        self._children = children
        self._tasks: dict[ExecutionId, asyncio.Task[None]] = {}
        self._held: set[ExecutionId] = set()
        """Owned, and not driven at the moment: being loaded, or resting."""
        self._news = Bells()
        self.runs: dict[ExecutionId, Run] = {}
        """What is driven here, or was and is not forgotten."""
        self.post = Post(services, self.runs, self._news)

    def chores(self) -> Iterator[tuple[str, Coroutine[Any, Any, None]]]:
        """Yield what goes on beside the executions for as long as the engine is open, by name."""
        if self._services.database.is_durable:
            yield "inbox", repeat(self.post.read, self._services.clock, owner=self._services.owner)

    # ── coming and going ─────────────────────────────────────────────────────

    async def begin(
        self, execution: ExecutionId, closure: Closure, spec: ExecutionSpec, *, audit: AuditLine | None = None
    ) -> None:
        """Record a new execution, of this engine, and drive it; *audit* is left along with it. Raises ``ExecutionExists``."""
        run = await self._launched(self._services, execution, closure, spec, audit)
        if execution in self.runs or execution in self._held:
            raise ExecutionExists(execution=execution.name)
        self.runs[execution] = run
        self._start(run)
        await self._committed(run)

    async def enlist(
        self, execution: ExecutionId, closure: Closure, spec: ExecutionSpec, *, audit: AuditLine | None = None
    ) -> None:
        """Record a new execution for whichever engine of the pool claims it. Raises ``ExecutionExists``."""
        run = await self._launched(attrs.evolve(self._services, owner=NOBODY), execution, closure, spec, audit)
        try:
            await run.turn()
        except OwnershipLost as taken:
            raise ExecutionExists(execution=execution.name) from taken

    async def take_up(self, execution: ExecutionId) -> None:
        """Go on with an execution that this engine owns, from its last committed turn."""
        self._held.add(execution)
        try:
            await self._stop(execution)
            state = await load(self._services, execution)
            run = self.runs[execution] = Run(self._services, state, self._children)
            run.committed.set()
            if not state.is_terminal:
                await reopen(run)
                await self.post.look()
            self._start(run)
        finally:
            self._held.discard(execution)
        self._news.ring(execution)

    async def resume(self, execution: ExecutionId) -> None:
        """Claim an execution by name and take it up; one that is driven here or has ended is left as it is."""
        run, drive = self.runs.get(execution), self._tasks.get(execution)
        if run is not None and (run.has_ended or drive is None or not drive.done()):
            return
        row = await self._services.database.views.execution(execution)
        if row is None:
            raise UnknownExecution(execution=str(execution))
        if row.phase not in TERMINAL_EXECUTION:
            await self._claim(execution, row.pool)
        await self.take_up(execution)

    def hear(self, report: Report) -> None:
        """Take an executor's report, unless it is of an execution that somebody else has, or launched before us."""
        run = self.runs.get(report.attempt.execution)
        if run is not None and run.committed.is_set():
            run.hear(report)

    def forget(self, execution: ExecutionId) -> None:
        """Drop what is kept in memory of an execution that is not driven any more."""
        task = self._tasks.get(execution)
        if task is not None and task.done():
            del self._tasks[execution]
            del self.runs[execution]

    def _forget_when_done(self, execution: ExecutionId) -> None:
        task = self._tasks.get(execution)
        if task is not None:
            task.add_done_callback(lambda _: self.forget(execution))

    def driven(self) -> Sequence[ExecutionId]:
        """Return what is driven at present, in order of beginning, with what is not recorded yet."""
        return [execution for execution, task in self._tasks.items() if not task.done()]

    def recorded(self) -> Sequence[ExecutionId]:
        """Return what is driven at present and in the store, in order of beginning."""
        return [execution for execution in self.driven() if self.runs[execution].committed.is_set()]

    async def ending(self, execution: ExecutionId) -> Ending:
        """
        Return how an execution ended, once it has, whoever drives it.

        Raises ``UnknownExecution``, and what stopped the drive here if something did.
        """
        with self._news.listening(execution) as news:
            while True:
                news.hush()
                run, drive = self.runs.get(execution), self._tasks.get(execution)
                if run is not None and drive is not None:
                    await asyncio.wait([drive])
                    if not drive.cancelled() or self._tasks.get(execution) is drive:
                        drive.result()
                    if run.has_ended:
                        return run.ending()
                row = await self._services.database.views.execution(execution)
                if row is None:
                    raise UnknownExecution(execution=str(execution))
                if row.phase in TERMINAL_EXECUTION:
                    return ending_of(await load(self._services, execution))
                await self._wait_for(news)

    async def child_ending(self, child: ExecutionId) -> Ending:
        """Return how a child ended, once it has; one that nobody drives any more is taken up."""
        with self._news.listening(child) as news:
            while True:
                news.hush()
                try:
                    await self._see_to(child)
                    return await self.ending(child)
                except (ExecutionOwned, OwnershipLost):
                    self.forget(child)
                    await self._wait_for(news)
                finally:
                    self._forget_when_done(child)

    async def _see_to(self, child: ExecutionId) -> None:
        """Have somebody drive *child*. Raises ``ExecutionOwned`` when somebody does."""
        await self.resume(child)

    async def close(self) -> None:
        """Stop driving. What was committed stays."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def look_at_owners(self) -> None:
        """Break off whatever has another owner by now: this engine was away for so long that its lease ran out."""
        await insist(self._break_off_what_is_lost, self._services.clock, owner=self._services.owner)

    async def _break_off_what_is_lost(self) -> None:
        services = self._services
        suspects = [self.runs[execution] for execution in self.recorded()]
        owned = set(await services.database.leases.owned(services.owner))
        for run in suspects:
            execution = run.state.id
            if execution not in owned and not run.has_ended:
                run.break_off(OwnershipLost(execution=str(execution), owner=services.owner))

    # ── one drive ────────────────────────────────────────────────────────────

    def _start(self, run: Run) -> None:
        execution = run.state.id
        drive = asyncio.get_running_loop().create_task(self._see_through(run), name=str(execution))
        drive.add_done_callback(lambda _: run.has_begun.set())
        self._tasks[execution] = drive

    async def _see_through(self, run: Run) -> None:
        failure = None
        try:
            await run.drive()
        except Exception as error:  # noqa: BLE001  # whatever stops a drive is looked at there
            failure = error
        if run.has_ended:
            await self._tell_parent(run)
        await self._settle(run, failure)

    async def _settle(self, run: Run, failure: Exception | None) -> None:
        """Say what becomes of a run whose drive is over: here it is kept, and failures are raised to whoever waits."""
        if failure is not None:
            raise failure

    async def _tell_parent(self, run: Run) -> None:
        """Leave word for the execution that waits for this one, if another engine may drive it; it also looks by itself."""
        spec = run.state.spec
        parent = spec.parent.execution if spec is not None and spec.parent is not None else None
        if parent is not None and parent not in self.runs and self._services.database.is_durable:
            with suppress(ExecutionUnknown, Retryable):
                await self._services.database.inbox.post(parent, child_ended(run.state.id))

    async def _launched(
        self,
        services: Services,
        execution: ExecutionId,
        closure: Closure,
        spec: ExecutionSpec,
        audit: AuditLine | None,
    ) -> Run:
        """Make the run of a new execution: its first turn launches it."""
        digest, kept = await services.keep(closure)
        placements = services.place(kept.closure)
        run = Run(services, ExecutionState(id=execution, library=services.library), self._children)
        run.closures[digest] = kept
        run.audit = audit
        run.tell(Launched(services.clock.now_ns(), spec, digest, placements))
        return run

    async def _committed(self, run: Run) -> None:
        """Wait for the first commit, or for what prevented it."""
        execution = run.state.id
        drive = self._tasks[execution]
        await run.has_begun.wait()
        if run.committed.is_set():
            return
        if self.runs.get(execution) is run:
            self.forget(execution)
        try:
            drive.result()
        except OwnershipLost as taken:
            raise ExecutionExists(execution=execution.name) from taken

    async def _claim(self, execution: ExecutionId, pool: str) -> None:
        """Become the owner; the log says so from its next event on."""
        leases = self._services.database.leases
        lease = await leases.lease_of(execution)
        if lease is not None and lease.owner == self._services.owner:
            return
        if lease is not None and is_gone(lease.process):
            await leases.expire(lease.owner)  # no need to wait until it runs out
        if await leases.claim(self._services.owner, pool=pool, limit=1, execution=execution):
            return
        lease = await leases.lease_of(execution)  # ours after all, if a first claim was heard and its answer lost
        if lease is None or lease.owner != self._services.owner:
            raise ExecutionOwned(execution=str(execution), pool=pool)

    async def _stop(self, execution: ExecutionId) -> None:
        """Make way for a new drive of an execution that was driven here before and lost, or is just being launched."""
        drive, run = self._tasks.pop(execution, None), self.runs.pop(execution, None)
        if drive is None or run is None:
            return
        if run.committed.is_set():
            drive.cancel()  # else its first turn comes too late, which its launcher is to hear
        await asyncio.gather(drive, return_exceptions=True)

    async def _wait_for(self, news: Bell) -> None:
        clock = self._services.clock
        await news.wait(clock.sleep_until(clock.now_ns() + int(LOOK_AGAIN_S * 1e9)))
