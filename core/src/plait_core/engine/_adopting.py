"""
Adoption: how the engines of one pool share its executions.

Made by ``Engine`` when it is told to adopt. Executions that are due and that nobody owns are claimed and driven, and forgotten
when they have ended. One that sleeps for long, or waits for an answer, is left to whichever engine is there when it is due.
One whose drive breaks is left for a while and tried again, by this engine or another, later each time.
"""

import asyncio
import logging
from collections.abc import Coroutine, Iterator, Sequence
from functools import partial
from typing import Any

from plait_core.engine._children import Children
from plait_core.engine._driving import Driving
from plait_core.engine._leases import end_leases_of_the_gone
from plait_core.engine._rounds import insist, repeat
from plait_core.engine._run import Run
from plait_core.engine._services import Services
from plait_core.errors import PlaitError, Retryable
from plait_core.errors.engine import ExecutionOwned, OwnershipLost
from plait_core.ir.ids import ExecutionId

LOOK_EVERY_S = 1.0
"""How soon a due time that has come, an engine that is gone, and what another process left are seen."""

AT_ONCE = 16
"""How many executions are claimed and loaded at a time, so that other engines get their share."""

FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 300.0
"""How long an execution rests after its drive broke: twice as long each time."""

log = logging.getLogger("plait.engine")


class Adopting(Driving):
    """Drives executions of a pool that other engines share."""

    def __init__(self, services: Services, children: Children) -> None:
        super().__init__(services, children)
        self._n_failures: dict[ExecutionId, int] = {}
        self._resting: set[asyncio.Task[None]] = set()

    def chores(self) -> Iterator[tuple[str, Coroutine[Any, Any, None]]]:
        yield from super().chores()
        services = self._services
        yield "adoption", repeat(self._adopt, services.clock, owner=services.owner)
        yield "succession", repeat(self._succeed, services.clock, owner=services.owner)

    async def _adopt(self) -> None:
        """Claim and drive what is due, and wait until there may be more."""
        services = self._services
        while await self._take_some() == AT_ONCE:
            pass
        await services.database.leases.wait(services.pool, timeout_s=LOOK_EVERY_S)

    async def _succeed(self) -> None:
        """Free what belonged to engines that were killed on this machine, and leave them a while to do so again."""
        await end_leases_of_the_gone(self._services.database.leases)
        await self._pause(LOOK_EVERY_S)

    async def close(self) -> None:
        """Stop driving, resting and loading. What was committed stays."""
        for task in self._resting:
            task.cancel()
        await asyncio.gather(*self._resting, return_exceptions=True)
        await super().close()

    async def _see_to(self, child: ExecutionId) -> None:
        """Leave it to the pool. Raises ``ExecutionOwned`` unless it is here or has ended."""
        if child in self.runs:
            return
        row = await self._services.database.views.execution(child)
        if row is not None and row.ended_at_ns is None:
            raise ExecutionOwned(execution=str(child), pool=row.pool)

    # ── taking up ────────────────────────────────────────────────────────────

    async def _take_some(self) -> int:
        """Claim a few executions and start to drive them; returns how many."""
        services = self._services
        try:
            claimed = await services.database.leases.claim(services.owner, pool=services.pool, limit=AT_ONCE)
        except Retryable:
            executions = [*await self._unheard_of()]
        else:
            executions = [execution for execution, _ in claimed]
        await asyncio.gather(*map(self._take_in, executions))
        return len(executions)

    async def _unheard_of(self) -> Sequence[ExecutionId]:
        """Return what is ours without our knowing: claims that were committed, and whose confirmation got lost."""
        services = self._services
        known = self._held.union(self.driven())
        return [owned for owned in await services.database.leases.owned(services.owner) if owned not in known]

    async def _take_in(self, execution: ExecutionId) -> None:
        try:
            await self.take_up(execution)
        except Exception as failure:  # noqa: BLE001  # whatever it is, it concerns this execution alone
            self._put_aside(execution, failure)
        else:
            log.info("took over %s", execution, extra=self._facts(execution))

    # ── leaving ──────────────────────────────────────────────────────────────

    async def _settle(self, run: Run, failure: Exception | None) -> None:
        """Forget what has ended or was lost, leave what sleeps, put aside what broke."""
        execution = run.state.id
        self._forget_when_done(execution)
        if failure is not None and not run.committed.is_set():
            raise failure  # to whoever launches it
        if isinstance(failure, OwnershipLost):
            self._n_failures.pop(execution, None)
            log.warning("%s", failure, extra=self._facts(execution))
        elif failure is not None:
            self._put_aside(execution, failure)
        else:
            self._n_failures.pop(execution, None)
            if not run.has_ended:
                log.info("%s sleeps", execution, extra=self._facts(execution))
                self._rest(execution, pause_s=0.0, wake_at_ns=run.wake_at_ns)

    def _put_aside(self, execution: ExecutionId, failure: Exception) -> None:
        """Let go of what cannot be driven at present, after a pause."""
        n = self._n_failures[execution] = self._n_failures.get(execution, 0) + 1
        pause_s = min(FIRST_PAUSE_S * 2 ** (n - 1), LONGEST_PAUSE_S)
        known = isinstance(failure, PlaitError)
        log.error(
            "%s cannot be driven and is tried again in %g s: %s",
            execution,
            pause_s,
            failure if known else f"{type(failure).__name__}: {failure}; a restart or an upgrade may help, or abort it",
            exc_info=None if isinstance(failure, Retryable) else failure,
            extra=self._facts(execution),
        )
        self._rest(execution, pause_s=pause_s, wake_at_ns=None)

    def _rest(self, execution: ExecutionId, *, pause_s: float, wake_at_ns: int | None) -> None:
        self._held.add(execution)
        self._spawn(self._let_go(execution, pause_s, wake_at_ns))

    async def _let_go(self, execution: ExecutionId, pause_s: float, wake_at_ns: int | None) -> None:
        """Relinquish after *pause_s*, however often that takes to be heard by the store."""
        services = self._services
        await self._pause(pause_s)
        relinquish = partial(services.database.leases.relinquish, services.owner, execution, wake_at_ns=wake_at_ns)
        await insist(relinquish, services.clock, owner=services.owner)
        self._held.discard(execution)

    async def _pause(self, seconds: float) -> None:
        clock = self._services.clock
        await clock.sleep_until(clock.now_ns() + int(seconds * 1e9))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._resting.add(task)
        task.add_done_callback(self._resting.discard)

    def _facts(self, execution: ExecutionId) -> dict[str, str]:
        return {"execution": str(execution), "owner": self._services.owner, "pool": self._services.pool}
