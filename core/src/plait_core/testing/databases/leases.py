"""What ``Leases`` have to do."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

from plait_core.ir.events import LeaseTaken
from plait_core.ir.ids import ExecutionId
from plait_core.ir.phases import ExecutionPhase
from plait_core.ports.databases import NEVER_NS, NOBODY, Database
from plait_core.ports.databases.leases import FORGOTTEN_AFTER_S
from plait_core.testing._samples import POOL, SIGNAL, execution_id, execution_row, started, turn
from plait_core.testing.databases.suite import LONG_S, DatabaseConformance, at_once, story


async def _owner_of(database: Database, execution: ExecutionId) -> str | None:
    """Return who owns an execution and lives."""
    lease = await database.leases.lease_of(execution)
    return lease.owner if lease else None


class LeasesConformance(DatabaseConformance):
    """Proves ``Leases``."""

    @story
    async def test_an_owner_is_one_whose_lease_lives(self, database: Database) -> None:
        """Without a lease, or after it expired, nobody owns an execution; renewing extends it."""
        execution = await started(database)
        assert await _owner_of(database, execution) is None

        assert await database.leases.renew("engine-1", pool=POOL, ttl_s=60)
        assert await _owner_of(database, execution) == "engine-1"
        self.clock.pass_s(50)
        assert await database.leases.renew("engine-1", pool=POOL, ttl_s=60)
        self.clock.pass_s(50)
        assert await _owner_of(database, execution) == "engine-1"
        self.clock.pass_s(20)
        assert await _owner_of(database, execution) is None

    @story
    async def test_a_living_lease_protects(self, database: Database) -> None:
        """Executions of a living engine cannot be claimed."""
        await started(database)
        await database.leases.renew("engine-1", pool=POOL, ttl_s=60)
        await database.leases.renew("engine-2", pool=POOL, ttl_s=60)

        assert list(await database.leases.claim("engine-2", pool=POOL, limit=10)) == []

    @story
    async def test_a_claim_is_an_event_and_a_fence(self, database: Database) -> None:
        """Taking over appends ``LeaseTaken``; the loser's next turn is refused, and its next renewal says why, once."""
        execution = await started(database)
        await database.leases.renew("engine-1", pool=POOL, ttl_s=60)
        self.clock.pass_s(61)
        await database.leases.renew("engine-2", pool=POOL, ttl_s=60)

        claimed = await database.leases.claim("engine-2", pool=POOL, limit=10)

        assert list(claimed) == [(execution, 3)]
        taken = [(event.seq, event.decision) for event in await database.log.read(execution, after=2)]
        assert taken == [(3, LeaseTaken(owner="engine-2"))]
        assert list(await database.log.append([turn(execution, 3)])) == [execution]
        assert not await database.log.append([turn(execution, 4, owner="engine-2")])
        assert await _owner_of(database, execution) == "engine-2"
        assert [await database.leases.renew("engine-1", pool=POOL, ttl_s=60) for _ in range(2)] == [False, True]

    @story
    async def test_an_expired_lease_that_nobody_used_is_renewed(self, database: Database) -> None:
        """An engine that was late lost nothing as long as nobody claimed."""
        execution = await started(database)
        await database.leases.renew("engine-1", pool=POOL, ttl_s=60)
        self.clock.pass_s(61)

        assert await database.leases.renew("engine-1", pool=POOL, ttl_s=60)
        assert not await database.log.append([turn(execution, 3)])

    @story
    async def test_a_release_frees_at_once(self, database: Database) -> None:
        """An engine that shuts down is succeeded without waiting for its lease."""
        execution = await started(database)
        await database.leases.renew("engine-1", pool=POOL, ttl_s=60)
        await database.leases.renew("engine-2", pool=POOL, ttl_s=60)
        await database.leases.release("engine-1")

        assert list(await database.leases.claim("engine-2", pool=POOL, limit=10)) == [(execution, 3)]

    @story
    async def test_a_lease_that_is_ended_has_run_out(self, database: Database) -> None:
        """Whoever knows that an engine is gone need not wait; should it live after all, it hears of its loss as ever."""
        execution = await started(database)
        await database.leases.renew("engine-1", pool=POOL, ttl_s=6000)
        await database.leases.renew("engine-2", pool=POOL, ttl_s=60)
        for gone in ("engine-1", "engine-1", "nobody"):
            await database.leases.expire(gone)

        assert await _owner_of(database, execution) is None
        assert list(await database.leases.claim("engine-2", pool=POOL, limit=10)) == [(execution, 3)]
        assert [await database.leases.renew("engine-1", pool=POOL, ttl_s=60) for _ in range(2)] == [False, True]

    @story
    async def test_leases_of_the_dead_are_forgotten(self, database: Database) -> None:
        """Long after they ran out, unless something waits for whoever takes it over: the loser still hears of that."""
        execution = await started(database)
        ended = execution_id("ended")
        row = execution_row(ended, phase=ExecutionPhase.SUCCEEDED)
        await database.log.append([turn(ended, owner="engine-3", row=row)])
        for n in range(1, 4):
            await database.leases.renew(f"engine-{n}", pool=POOL, ttl_s=60)
        self.clock.pass_s(FORGOTTEN_AFTER_S - 60)
        before = await database.leases.forget()
        await database.leases.renew("engine-2", pool=POOL, ttl_s=60)
        self.clock.pass_s(120)

        assert (before, await database.leases.forget(), await database.leases.forget()) == (0, 1, 0)
        await database.leases.renew("engine-2", pool=POOL, ttl_s=60)
        assert list(await database.leases.claim("engine-2", pool=POOL, limit=10)) == [(execution, 3)]
        assert [await database.leases.renew("engine-1", pool=POOL, ttl_s=60) for _ in range(2)] == [False, True]
        assert await database.leases.renew("engine-3", pool=POOL, ttl_s=60)

    @story
    async def test_an_engine_that_begins_forgets_the_dead(self, database: Database) -> None:
        """So that a store which engines come to and leave does not fill with them; one that goes on is spared the look."""
        await database.leases.renew("engine-1", pool=POOL, ttl_s=60)
        await database.leases.renew("engine-2", pool=POOL, ttl_s=3 * FORGOTTEN_AFTER_S)
        self.clock.pass_s(FORGOTTEN_AFTER_S + 61)
        await database.leases.renew("engine-2", pool=POOL, ttl_s=60)
        await database.leases.renew("engine-3", pool=POOL, ttl_s=60)

        assert await database.leases.forget() == 0
        assert [lease.owner for lease in await database.leases.living()] == ["engine-2", "engine-3"]

    @story
    async def test_living_leases_tell_whose_they_are(self, database: Database) -> None:
        """By them, engines are counted, and those of this machine are looked after."""
        execution, noon_ns = await started(database), self.clock.now_ns()
        await database.leases.renew("engine-3", pool=POOL, ttl_s=1)
        await database.leases.renew("engine-2", pool="others", ttl_s=60, process="host 7 1")
        for process in ("host 8 1", "host 8 2"):
            await database.leases.renew("engine-1", pool=POOL, ttl_s=60, process=process)
        self.clock.pass_s(2)

        living = await database.leases.living()

        told = [(lease.owner, lease.pool, lease.process) for lease in living]
        assert told == [("engine-1", POOL, "host 8 2"), ("engine-2", "others", "host 7 1")]
        assert all(lease.expires_at_ns > noon_ns + 50 * 10**9 for lease in living)
        assert await database.leases.lease_of(execution) == living[0]

    @story
    async def test_only_what_is_due_in_the_pool_is_claimed(self, database: Database) -> None:
        """Left alone are other pools, ended executions and sleepers; a sleeper with a message or whose time has come is due."""
        now_ns = self.clock.now_ns()
        await started(database, "elsewhere", pool="local:host:1")
        await started(database, "ended", phase=ExecutionPhase.SUCCEEDED)
        await started(database, "asleep", wake_at_ns=now_ns + 10**12)
        await started(database, "called", wake_at_ns=now_ns + 10**12)
        await started(database, "awake", wake_at_ns=now_ns - 1)
        await started(database, "busy")
        await database.inbox.post(execution_id("called"), SIGNAL)
        await database.leases.renew("engine-2", pool=POOL, ttl_s=60)

        first = await database.leases.claim("engine-2", pool=POOL, limit=2)
        rest = await database.leases.claim("engine-2", pool=POOL, limit=10)

        assert len(first) == 2
        assert {execution.name for execution, _ in (*first, *rest)} == {"called", "awake", "busy"}

    @story
    async def test_one_execution_is_claimed_by_name(self, database: Database) -> None:
        """Resuming a run takes that one only, asleep or not."""
        await started(database, "other")
        asleep = await started(database, "asleep", wake_at_ns=self.clock.now_ns() + 10**12)
        await database.leases.renew("engine-2", pool="local:host:2", ttl_s=60)

        claimed = await database.leases.claim("engine-2", pool=POOL, limit=10, execution=asleep)

        assert list(claimed) == [(asleep, 3)]

    @story
    async def test_who_has_no_lease_claims_nothing(self, database: Database) -> None:
        """An engine that stopped renewing must not take more on."""
        await started(database)
        await database.leases.renew("engine-2", pool=POOL, ttl_s=60)
        self.clock.pass_s(61)

        assert list(await database.leases.claim("engine-2", pool=POOL, limit=10)) == []

    @story
    async def test_what_is_relinquished_is_claimed_when_it_is_due(self, database: Database) -> None:
        """Its owner has left it, and its row says when it wakes; a message wakes it sooner."""
        now_ns = self.clock.now_ns()
        await database.leases.renew("engine-1", pool=POOL, ttl_s=600)
        await database.leases.renew("engine-2", pool=POOL, ttl_s=600)
        soon, never = await started(database, "soon"), await started(database, "never")
        await database.leases.relinquish("engine-1", soon, wake_at_ns=now_ns + 60 * 10**9)
        await database.leases.relinquish("engine-1", never, wake_at_ns=NEVER_NS)

        assert await _owner_of(database, soon) is None
        assert list(await database.log.append([turn(soon, 3)])) == [soon]
        assert list(await database.leases.claim("engine-2", pool=POOL, limit=10)) == []
        self.clock.pass_s(61)
        assert list(await database.leases.claim("engine-2", pool=POOL, limit=10)) == [(soon, 3)]
        await database.inbox.post(never, SIGNAL)
        assert list(await database.leases.claim("engine-2", pool=POOL, limit=10)) == [(never, 3)]
        assert list(await database.inbox.pending("engine-2")) == [(never, SIGNAL)]

    @story
    async def test_only_the_owner_relinquishes(self, database: Database) -> None:
        """An engine that has lost an execution does not take it from the next one."""
        await database.leases.renew("engine-1", pool=POOL, ttl_s=60)
        execution = await started(database)

        await database.leases.relinquish("engine-2", execution, wake_at_ns=None)
        await database.leases.relinquish("engine-1", execution_id("nobody"), wake_at_ns=None)

        assert await _owner_of(database, execution) == "engine-1"

    @story
    async def test_an_engine_can_ask_what_it_owns(self, database: Database) -> None:
        """What it created or claimed, and what has neither ended nor gone to another."""
        mine, taken = await started(database, "mine"), await started(database, "taken")
        await started(database, "ended", phase=ExecutionPhase.SUCCEEDED)
        await database.leases.renew("engine-2", pool=POOL, ttl_s=60)
        await database.leases.claim("engine-2", pool=POOL, limit=1, execution=taken)

        assert list(await database.leases.owned("engine-1")) == [mine]
        assert list(await database.leases.owned("engine-2")) == [taken]

    @story
    async def test_rows_are_right_after_an_execution_went_to_and_fro(self, database: Database) -> None:
        """What a turn says of the execution is shown, also when its engine said the same before others had it."""
        await database.leases.renew("engine-1", pool=POOL, ttl_s=60)
        execution = await started(database)
        await database.leases.relinquish("engine-1", execution, wake_at_ns=self.clock.now_ns())
        await database.leases.claim("engine-1", pool=POOL, limit=1)

        await database.log.append([turn(execution, 4)])

        assert await database.views.execution(execution) == execution_row(execution)

    @story
    async def test_an_execution_without_owner_is_there_to_be_claimed(self, database: Database) -> None:
        """One that was created for nobody belongs to the first engine that asks."""
        await database.leases.renew("engine-2", pool=POOL, ttl_s=60)
        execution = execution_id("listed")
        await database.log.append([turn(execution, owner=NOBODY)])

        assert await _owner_of(database, execution) is None
        assert list(await database.leases.claim("engine-2", pool=POOL, limit=1)) == [(execution, 3)]

    @story
    async def test_what_may_be_claimed_ends_the_wait(self, database: Database) -> None:
        """An execution without owner, one that is left, a message to one, and an engine that leaves."""
        for engine in ("engine-1", "engine-2"):
            await database.leases.renew(engine, pool=POOL, ttl_s=60)
        left = await started(database, "left")
        events: list[Callable[[], Coroutine[Any, Any, Any]]] = [
            lambda: database.log.append([turn(execution_id("listed"), owner=NOBODY)]),
            lambda: database.leases.relinquish("engine-1", left, wake_at_ns=NEVER_NS),
            lambda: database.inbox.post(left, SIGNAL),
            lambda: database.leases.release("engine-1"),
        ]
        for event in events:
            await database.leases.claim("engine-3", pool=POOL, limit=1)
            waiting = asyncio.ensure_future(at_once(database.leases.wait(POOL, timeout_s=LONG_S)))
            await asyncio.sleep(0)
            await event()
            await waiting
            await at_once(database.leases.wait(POOL, timeout_s=LONG_S))

    @story
    async def test_what_was_looked_at_does_not_end_the_wait(self, database: Database) -> None:
        """A loop of wait and claim does not spin over what it cannot have."""
        await database.log.append([turn(execution_id("listed"), owner=NOBODY)])
        await database.leases.claim("engine-without-lease", pool=POOL, limit=1)

        before_s = time.monotonic()
        await database.leases.wait(POOL, timeout_s=0.05)

        assert time.monotonic() - before_s >= 0.04
