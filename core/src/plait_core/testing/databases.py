"""
The conformance suites of the database ports: one class per port, to be subclassed in pytest.

    class TestEventLog(EventLogConformance):
        def make_database(self, directory: Path, clock: Clock) -> Database:
            return open_sqlite(f"sqlite:///{directory}/plait.db")

A database passes when every suite passes. Each test opens a new database in an empty directory; *clock* is the time by
which it must judge leases. The module is long because a port is proved by many small stories, all of one kind.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

import attrs
import pytest

from plait_core.errors.stores import (
    EntityUnknown,
    ExecutionUnfinished,
    ExecutionUnknown,
    NotReadable,
    VersionConflict,
)
from plait_core.ir.events import AttemptScheduled, Event, LeaseTaken, NodeStarted
from plait_core.ir.ids import EntityId, EntityKind, ExecutionId, NodeId
from plait_core.ir.phases import AttemptPhase, ExecutionPhase, NodePhase
from plait_core.ports.clock import Clock
from plait_core.ports.databases import (
    NEVER_NS,
    NOBODY,
    AuditLine,
    Database,
    ExecutionFilter,
    ExecutionOrder,
    ExecutionRow,
    NodeFilter,
    Page,
    Posted,
    Project,
    Reservation,
    ScheduleState,
    Snapshot,
    Token,
    word_of_release,
)
from plait_core.testing._samples import (
    FAILURE,
    NOON_NS,
    PLAN,
    POOL,
    TASK,
    WORKFLOW,
    attempt_id,
    attempt_row,
    cache_entry,
    cache_key,
    closure,
    execution_id,
    execution_row,
    node_row,
    started,
    turn,
)

_Item = TypeVar("_Item")

SIGNAL = Posted(key="s1", kind="signal", payload={"id": "approve", "value": {"boolean": True}})
HASH, NO_TOKEN = "5e88", "soon"
LONG_S = 30.0
"""A wait that is expected to end at once; a database that sleeps through it fails by taking so long."""


class ShiftedClock:
    """The host's clock, some way ahead: time passes when a test says so, and waits are real ones."""

    def __init__(self) -> None:
        self._ahead_ns = 0

    def pass_s(self, seconds: float) -> None:
        """Let *seconds* pass at once."""
        self._ahead_ns += int(seconds * 1e9)

    def now_ns(self) -> int:
        """Return the shifted time."""
        return time.time_ns() + self._ahead_ns

    async def sleep_until(self, at_ns: int) -> None:
        """Wait as long as the host's clock takes."""
        await asyncio.sleep((at_ns - self.now_ns()) / 1e9)


class DatabaseConformance:
    """What the suites have in common; ``clock`` is new for each test."""

    clock: ShiftedClock

    def make_database(self, directory: Path, clock: Clock) -> Database:
        """Make the database under test, empty and not yet open; it may keep its files in *directory*."""
        raise NotImplementedError


def _story(test: Callable[[Any, Database], Coroutine[Any, Any, None]]) -> Callable[[Any, Path], None]:
    """Run a coroutine over a new database, as a test that pytest can call."""

    def run(self: DatabaseConformance, tmp_path: Path) -> None:
        asyncio.run(_play(self, test, tmp_path))

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


async def _play(
    suite: DatabaseConformance, test: Callable[[Any, Database], Coroutine[Any, Any, None]], directory: Path
) -> None:
    suite.clock = ShiftedClock()
    database = suite.make_database(directory, suite.clock)
    await database.open()
    try:
        await test(suite, database)
    finally:
        await database.close()


class EventLogConformance(DatabaseConformance):
    """Proves an ``EventLog``."""

    @_story
    async def test_events_are_read_in_order(self, database: Database) -> None:
        """Decisions of all turns come back with consecutive numbers and their turn's time; *after* leaves out a head."""
        execution = await started(database)
        await database.log.append([turn(execution, 3, at_ns=NOON_NS + 5)])

        events = await database.log.read(execution)

        first, second = NodeStarted(node=NodeId("n0")), AttemptScheduled(node=NodeId("n0"), n=0)
        expected = [
            Event(seq=1, at_ns=NOON_NS, decision=first),
            Event(seq=2, at_ns=NOON_NS, decision=second),
            Event(seq=3, at_ns=NOON_NS + 5, decision=first),
            Event(seq=4, at_ns=NOON_NS + 5, decision=second),
        ]
        assert list(events) == expected
        assert list(await database.log.read(execution, after=3)) == expected[3:]
        assert list(await database.log.read(execution, after=1, limit=2)) == expected[1:3]
        assert await database.log.latest(execution) == expected[-1]
        assert await database.log.latest(execution_id("nobody")) is None

    @_story
    async def test_commits_ring_those_who_listen(self, database: Database) -> None:
        """Who listens to an execution, or to any, hears of its turns and of no refused ones."""
        execution, other = await started(database), execution_id("other")
        with (
            database.log.listening(execution) as its,
            database.log.listening(other) as others,
            database.log.listening(None) as every,
        ):
            await database.log.append([turn(execution, 7)])
            refused = [await bell.wait(asyncio.sleep(0)) for bell in (its, others, every)]
            await database.log.append([turn(execution, 3)])
            heard = [await bell.wait(asyncio.sleep(0)) for bell in (its, others, every)]

        assert refused == [False, False, False]
        assert heard == [True, False, True]

    @_story
    async def test_an_execution_is_created_once(self, database: Database) -> None:
        """A second turn with the first number is refused, whoever sends it, and changes nothing."""
        execution = await started(database)

        refused = await database.log.append([turn(execution, owner="engine-2", row=execution_row(execution, pool="x"))])

        assert list(refused) == [execution]
        assert await database.views.execution(execution) == execution_row(execution)

    @_story
    async def test_a_taken_or_distant_number_is_refused(self, database: Database) -> None:
        """Numbers have neither repetitions nor gaps."""
        execution = await started(database)

        assert list(await database.log.append([turn(execution, 2)])) == [execution]
        assert list(await database.log.append([turn(execution, 4)])) == [execution]
        assert list(await database.log.append([turn(execution_id("never"), 3)])) == [execution_id("never")]
        assert len(await database.log.read(execution)) == 2

    @_story
    async def test_only_the_owner_appends(self, database: Database) -> None:
        """The right number from another engine is refused."""
        execution = await started(database)

        assert list(await database.log.append([turn(execution, 3, owner="engine-2")])) == [execution]
        assert len(await database.log.read(execution)) == 2

    @_story
    async def test_a_refused_turn_leaves_its_neighbours(self, database: Database) -> None:
        """Turns of a group are judged one by one, and nothing of a refused one is there."""
        good, lost = await started(database, "good"), await started(database, "lost")
        stale = turn(
            lost,
            3,
            owner="engine-2",
            row=execution_row(lost, phase=ExecutionPhase.FAILED),
            nodes=(node_row(lost, "n0"),),
            cache=(cache_entry(cache_key()),),
        )

        refused = await database.log.append([stale, turn(good, 3)])

        assert list(refused) == [lost]
        assert len(await database.log.read(good)) == 4
        assert await database.views.execution(lost) == execution_row(lost)
        assert list(await database.views.nodes(lost)) == []
        assert await database.cache.get(cache_key()) is None

    @_story
    async def test_a_turn_without_decisions_keeps_the_number(self, database: Database) -> None:
        """Rows may change on their own; the next decision has the next number."""
        execution = await started(database)
        row = execution_row(execution, wake_at_ns=NOON_NS + 9)

        assert not await database.log.append([turn(execution, 3, decisions=(), row=row)])

        assert await database.views.execution(execution) == row
        assert not await database.log.append([turn(execution, 3)])

    @_story
    async def test_the_latest_snapshot_replaces_others(self, database: Database) -> None:
        """Bytes come back as they were; an execution without one has none."""
        execution = await started(database)
        assert await database.log.load_snapshot(execution) is None

        for seq in (1, 2):
            await database.log.save_snapshot(execution, Snapshot(seq=seq, version=7, state=bytes([seq, 0, 255])))

        assert await database.log.load_snapshot(execution) == Snapshot(seq=2, version=7, state=b"\x02\x00\xff")

    @_story
    async def test_a_closure_is_kept_by_digest(self, database: Database) -> None:
        """The first one put under a digest stays."""
        await database.log.put_closure("d1", closure())
        await database.log.put_closure("d1", closure("v2"))

        assert await database.log.get_closure("d1") == closure()
        assert await database.log.get_closure("d2") is None


class ViewsConformance(DatabaseConformance):
    """Proves ``Views``."""

    @_story
    async def test_census_counts_what_there_is(self, database: Database) -> None:
        """Attempts and messages only where they still matter."""
        live, over = execution_id("live"), execution_id("over")
        running = attempt_row(attempt_id(live))
        done = attempt_row(attempt_id(live, n=1), phase=AttemptPhase.SUCCEEDED)
        ended = execution_row(over, phase=ExecutionPhase.FAILED, is_archived=True)
        await database.log.append([turn(live, nodes=[node_row(live, "n0")], attempts=[running, done])])
        await database.log.append(
            [turn(over, row=ended, nodes=[node_row(over, "n0")], attempts=[attempt_row(attempt_id(over))])]
        )
        for execution in (live, over):
            await database.inbox.post(execution, Posted(key="k", kind="abort", payload={}))

        census = await database.views.census()

        assert dict(census.executions) == {ExecutionPhase.RUNNING: 1, ExecutionPhase.FAILED: 1}
        assert dict(census.attempts) == {AttemptPhase.RUNNING: 1, AttemptPhase.SUCCEEDED: 1}
        assert census.n_pending == 1

    @_story
    async def test_rows_come_back_whole(self, database: Database) -> None:
        """Every field of every row survives."""
        execution = execution_id(project="p", domain="d")
        row = execution_row(
            execution,
            phase=ExecutionPhase.FAILED,
            updated_at_ns=NOON_NS + 1,
            ended_at_ns=NOON_NS + 2,
            error=FAILURE,
            wake_at_ns=NOON_NS + 3,
            labels={"team": "core"},
            is_archived=True,
        )
        node = node_row(
            execution,
            "n0",
            definition=NodeId("d0"),
            parent=NodeId("p0"),
            phase=NodePhase.FAILED,
            name="add them",
            ended_at_ns=NOON_NS + 1,
            error=FAILURE,
            cache="MISS: input a changed",
            deck_uri="mem://deck",
            n_elements=5,
            n_elements_done=3,
        )
        attempts = [
            attempt_row(
                attempt_id(execution, element=4, n=1),
                phase=AttemptPhase.FAILED,
                started_at_ns=NOON_NS + 1,
                ended_at_ns=NOON_NS + 2,
                error=FAILURE,
                deck_uri="mem://deck",
                message="evicted",
                is_cached=True,
            )
        ]

        await database.log.append([turn(execution, row=row, nodes=(node,), attempts=attempts)])

        assert await database.views.execution(execution) == row
        assert list(await database.views.nodes(execution)) == [node]
        found = await database.views.attempts(execution)
        assert list(found) == attempts
        assert found[0].id.task == TASK

    @_story
    async def test_rows_show_the_latest_turn(self, database: Database) -> None:
        """A row put again replaces what it said before, back to what it said first."""
        execution = await started(database)
        sleeping = execution_row(execution, wake_at_ns=NOON_NS + 9, updated_at_ns=NOON_NS + 1)
        await database.log.append([turn(execution, 3, row=sleeping, nodes=(node_row(execution, "n0"),))])
        assert await database.views.execution(execution) == sleeping

        awake = execution_row(execution, updated_at_ns=NOON_NS + 2)
        done = node_row(execution, "n0", phase=NodePhase.SUCCEEDED, ended_at_ns=NOON_NS + 2)
        await database.log.append([turn(execution, 5, row=awake, nodes=(done,))])

        assert await database.views.execution(execution) == awake
        assert list(await database.views.nodes(execution)) == [done]

    @_story
    async def test_nodes_are_read_in_parts(self, database: Database) -> None:
        """Each comes once though others appear meanwhile, narrowed to what is asked for; there is no part behind what never was."""
        execution = await started(database)
        kinds = {"n2": "task", "n10": "gate", "n1": "task", "n0": "task"}
        rows = [
            node_row(
                execution,
                name,
                kind=kind,
                name=f"name_{name}",
                phase=NodePhase.FAILED if name == "n1" else NodePhase.RUNNING,
            )
            for name, kind in kinds.items()
        ]
        await database.log.append([turn(execution, 3, nodes=rows[:3])])
        nodes = database.views.nodes

        assert list(await nodes(execution, limit=2)) == rows[:2]
        await database.log.append([turn(execution, 5, nodes=(rows[3], rows[0]))])
        assert list(await nodes(execution, after=NodeId("n10"), limit=2)) == rows[2:]
        assert list(await nodes(execution, after=NodeId("n0"))) == []

        tasks = NodeFilter(kinds=("task", "map"))
        assert list(await nodes(execution, tasks, after=NodeId("n2"), limit=1)) == [rows[2]]
        assert list(await nodes(execution, NodeFilter(phases=(NodePhase.FAILED,)))) == [rows[2]]
        assert list(await nodes(execution, NodeFilter(name_contains="_n1"))) == rows[1:3]
        assert list(await nodes(execution, NodeFilter(name_contains="_N1"))) == []
        assert list(await nodes(execution, NodeFilter(name_contains=rows[0].entity[-3:]))) == rows
        with pytest.raises(NotReadable):
            await nodes(execution, after=NodeId("n3"))

    @_story
    async def test_what_is_unknown_is_empty(self, database: Database) -> None:
        """Asking about an execution that never was is no error."""
        nobody = execution_id("nobody")

        assert await database.views.execution(nobody) is None
        assert list(await database.views.nodes(nobody)) == []
        assert list(await database.views.attempts(nobody)) == []
        assert list(await database.log.read(nobody)) == []

    @_story
    async def test_nodes_and_attempts_keep_their_order(self, database: Database) -> None:
        """Nodes stand as they first appeared, attempts by node, element and n, whatever order they were written in."""
        execution = await started(database)
        nodes = [node_row(execution, name) for name in ("n2", "n10", "n1")]
        attempts = [
            attempt_row(attempt_id(execution, "n1")),
            attempt_row(attempt_id(execution, "n10", element=10)),
            attempt_row(attempt_id(execution, "n10", element=9, n=1)),
            attempt_row(attempt_id(execution, "n10", element=9)),
            attempt_row(attempt_id(execution, "n2")),
        ]
        await database.log.append([turn(execution, 3, nodes=nodes[:2])])
        await database.log.append([turn(execution, 5, nodes=(nodes[2], nodes[0]), attempts=attempts)])

        assert list(await database.views.nodes(execution)) == nodes
        assert list(await database.views.attempts(execution)) == attempts[::-1]
        assert list(await database.views.attempts(execution, NodeId("n10"), limit=1, offset=1)) == [attempts[2]]
        assert await database.views.attempt(execution, NodeId("n10"), 1, element=9) == attempts[2]
        assert await database.views.attempt(execution, NodeId("n1"), 0) == attempts[0]
        assert await database.views.attempt(execution, NodeId("n1"), 1) is None
        assert await database.views.node(execution, NodeId("n10")) == next(row for row in nodes if row.node == "n10")
        assert await database.views.node(execution, NodeId("n3")) is None
        assert await database.views.node(execution_id("nobody"), NodeId("n1")) is None

    @_story
    async def test_pages_are_newest_first_and_complete(self, database: Database) -> None:
        """Following tokens shows each execution once, and one created meanwhile disturbs nothing."""
        for n in range(5):
            await started(database, f"e{n}", created_at_ns=NOON_NS + n // 2)

        async def page(token: str) -> tuple[Sequence[ExecutionRow], str]:
            rows, token = await database.views.executions(ExecutionFilter(), Page(limit=2, token=token))
            await started(database, f"late-{len(token)}-{rows[0].id.name}", created_at_ns=NOON_NS + 9)
            return rows, token

        shown = [row.id.name for row in await _all_pages(page)]

        assert shown == ["e4", "e3", "e2", "e1", "e0"]

    @_story
    async def test_pages_keep_their_order(self, database: Database) -> None:
        """Every order has pages that join, and the name decides between executions of one moment."""
        for name, created_at_ns in (("c", NOON_NS), ("a", NOON_NS + 1), ("b", NOON_NS)):
            await started(database, name, created_at_ns=created_at_ns)

        async def names(order: ExecutionOrder) -> str:
            async def page(token: str) -> tuple[Sequence[ExecutionRow], str]:
                return await database.views.executions(ExecutionFilter(), Page(limit=2, token=token), order)

            return "".join(row.id.name for row in await _all_pages(page))

        assert [await names(order) for order in ExecutionOrder] == ["acb", "bca", "abc", "cba"]

    @_story
    async def test_a_wrong_token_is_refused(self, database: Database) -> None:
        """Tokens come from people through the API."""
        with pytest.raises(NotReadable):
            await database.views.executions(ExecutionFilter(), Page(token=NO_TOKEN))

    @_story
    async def test_filters_narrow(self, database: Database) -> None:
        """Each field leaves out what it does not match, case and wildcards taken literally; archived ones hide."""
        rows = [
            execution_row(execution_id("a_b", project="p")),
            execution_row(execution_id("axb", domain="d"), phase=ExecutionPhase.FAILED),
            execution_row(execution_id("A_b"), target=TASK),
            execution_row(execution_id("old"), is_archived=True),
        ]
        await database.log.append([turn(row.id, row=row) for row in rows])

        async def names(**where: Any) -> set[str]:
            found, _ = await database.views.executions(ExecutionFilter(**where), Page())
            return {row.id.name for row in found}

        assert await names() == {"a_b", "axb", "A_b"}
        assert await names(project="p") == {"a_b"}
        assert await names(domain="d") == {"axb"}
        assert await names(phases=(ExecutionPhase.FAILED, ExecutionPhase.ABORTED)) == {"axb"}
        assert await names(targets=(TASK, attrs.evolve(TASK, version="2"))) == {"A_b"}
        assert await names(name_contains="a_") == {"a_b"}
        assert await names(name_contains="o", include_archived=True) == {"old"}


async def owner_of(database: Database, execution: ExecutionId) -> str | None:
    """Return who owns an execution and lives."""
    lease = await database.leases.lease_of(execution)
    return lease.owner if lease else None


class LeasesConformance(DatabaseConformance):
    """Proves ``Leases``."""

    @_story
    async def test_an_owner_is_one_whose_lease_lives(self, database: Database) -> None:
        """Without a lease, or after it expired, nobody owns an execution; renewing extends it."""
        execution = await started(database)
        assert await owner_of(database, execution) is None

        assert await database.leases.renew("engine-1", pool=POOL, ttl_s=60)
        assert await owner_of(database, execution) == "engine-1"
        self.clock.pass_s(50)
        assert await database.leases.renew("engine-1", pool=POOL, ttl_s=60)
        self.clock.pass_s(50)
        assert await owner_of(database, execution) == "engine-1"
        self.clock.pass_s(20)
        assert await owner_of(database, execution) is None

    @_story
    async def test_a_living_lease_protects(self, database: Database) -> None:
        """Executions of a living engine cannot be claimed."""
        await started(database)
        await database.leases.renew("engine-1", pool=POOL, ttl_s=60)
        await database.leases.renew("engine-2", pool=POOL, ttl_s=60)

        assert list(await database.leases.claim("engine-2", pool=POOL, limit=10)) == []

    @_story
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
        assert await owner_of(database, execution) == "engine-2"
        assert [await database.leases.renew("engine-1", pool=POOL, ttl_s=60) for _ in range(2)] == [False, True]

    @_story
    async def test_an_expired_lease_that_nobody_used_is_renewed(self, database: Database) -> None:
        """An engine that was late lost nothing as long as nobody claimed."""
        execution = await started(database)
        await database.leases.renew("engine-1", pool=POOL, ttl_s=60)
        self.clock.pass_s(61)

        assert await database.leases.renew("engine-1", pool=POOL, ttl_s=60)
        assert not await database.log.append([turn(execution, 3)])

    @_story
    async def test_a_release_frees_at_once(self, database: Database) -> None:
        """An engine that shuts down is succeeded without waiting for its lease."""
        execution = await started(database)
        await database.leases.renew("engine-1", pool=POOL, ttl_s=60)
        await database.leases.renew("engine-2", pool=POOL, ttl_s=60)
        await database.leases.release("engine-1")

        assert list(await database.leases.claim("engine-2", pool=POOL, limit=10)) == [(execution, 3)]

    @_story
    async def test_a_lease_that_is_ended_has_run_out(self, database: Database) -> None:
        """Whoever knows that an engine is gone need not wait; should it live after all, it hears of its loss as ever."""
        execution = await started(database)
        await database.leases.renew("engine-1", pool=POOL, ttl_s=6000)
        await database.leases.renew("engine-2", pool=POOL, ttl_s=60)
        for gone in ("engine-1", "engine-1", "nobody"):
            await database.leases.expire(gone)

        assert await owner_of(database, execution) is None
        assert list(await database.leases.claim("engine-2", pool=POOL, limit=10)) == [(execution, 3)]
        assert [await database.leases.renew("engine-1", pool=POOL, ttl_s=60) for _ in range(2)] == [False, True]

    @_story
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

    @_story
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

    @_story
    async def test_one_execution_is_claimed_by_name(self, database: Database) -> None:
        """Resuming a run takes that one only, asleep or not."""
        await started(database, "other")
        asleep = await started(database, "asleep", wake_at_ns=self.clock.now_ns() + 10**12)
        await database.leases.renew("engine-2", pool="local:host:2", ttl_s=60)

        claimed = await database.leases.claim("engine-2", pool=POOL, limit=10, execution=asleep)

        assert list(claimed) == [(asleep, 3)]

    @_story
    async def test_who_has_no_lease_claims_nothing(self, database: Database) -> None:
        """An engine that stopped renewing must not take more on."""
        await started(database)
        await database.leases.renew("engine-2", pool=POOL, ttl_s=60)
        self.clock.pass_s(61)

        assert list(await database.leases.claim("engine-2", pool=POOL, limit=10)) == []

    @_story
    async def test_what_is_relinquished_is_claimed_when_it_is_due(self, database: Database) -> None:
        """Its owner has left it, and its row says when it wakes; a message wakes it sooner."""
        now_ns = self.clock.now_ns()
        await database.leases.renew("engine-1", pool=POOL, ttl_s=600)
        await database.leases.renew("engine-2", pool=POOL, ttl_s=600)
        soon, never = await started(database, "soon"), await started(database, "never")
        await database.leases.relinquish("engine-1", soon, wake_at_ns=now_ns + 60 * 10**9)
        await database.leases.relinquish("engine-1", never, wake_at_ns=NEVER_NS)

        assert await owner_of(database, soon) is None
        assert list(await database.log.append([turn(soon, 3)])) == [soon]
        assert list(await database.leases.claim("engine-2", pool=POOL, limit=10)) == []
        self.clock.pass_s(61)
        assert list(await database.leases.claim("engine-2", pool=POOL, limit=10)) == [(soon, 3)]
        await database.inbox.post(never, SIGNAL)
        assert list(await database.leases.claim("engine-2", pool=POOL, limit=10)) == [(never, 3)]
        assert list(await database.inbox.pending("engine-2")) == [(never, SIGNAL)]

    @_story
    async def test_only_the_owner_relinquishes(self, database: Database) -> None:
        """An engine that has lost an execution does not take it from the next one."""
        await database.leases.renew("engine-1", pool=POOL, ttl_s=60)
        execution = await started(database)

        await database.leases.relinquish("engine-2", execution, wake_at_ns=None)
        await database.leases.relinquish("engine-1", execution_id("nobody"), wake_at_ns=None)

        assert await owner_of(database, execution) == "engine-1"

    @_story
    async def test_an_engine_can_ask_what_it_owns(self, database: Database) -> None:
        """What it created or claimed, and what has neither ended nor gone to another."""
        mine, taken = await started(database, "mine"), await started(database, "taken")
        await started(database, "ended", phase=ExecutionPhase.SUCCEEDED)
        await database.leases.renew("engine-2", pool=POOL, ttl_s=60)
        await database.leases.claim("engine-2", pool=POOL, limit=1, execution=taken)

        assert list(await database.leases.owned("engine-1")) == [mine]
        assert list(await database.leases.owned("engine-2")) == [taken]

    @_story
    async def test_rows_are_right_after_an_execution_went_to_and_fro(self, database: Database) -> None:
        """What a turn says of the execution is shown, also when its engine said the same before others had it."""
        await database.leases.renew("engine-1", pool=POOL, ttl_s=60)
        execution = await started(database)
        await database.leases.relinquish("engine-1", execution, wake_at_ns=self.clock.now_ns())
        await database.leases.claim("engine-1", pool=POOL, limit=1)

        await database.log.append([turn(execution, 4)])

        assert await database.views.execution(execution) == execution_row(execution)

    @_story
    async def test_an_execution_without_owner_is_there_to_be_claimed(self, database: Database) -> None:
        """One that was created for nobody belongs to the first engine that asks."""
        await database.leases.renew("engine-2", pool=POOL, ttl_s=60)
        execution = execution_id("listed")
        await database.log.append([turn(execution, owner=NOBODY)])

        assert await owner_of(database, execution) is None
        assert list(await database.leases.claim("engine-2", pool=POOL, limit=1)) == [(execution, 3)]

    @_story
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
            waiting = asyncio.ensure_future(_at_once(database.leases.wait(POOL, timeout_s=LONG_S)))
            await asyncio.sleep(0)
            await event()
            await waiting
            await _at_once(database.leases.wait(POOL, timeout_s=LONG_S))

    @_story
    async def test_what_was_looked_at_does_not_end_the_wait(self, database: Database) -> None:
        """A loop of wait and claim does not spin over what it cannot have."""
        await database.log.append([turn(execution_id("listed"), owner=NOBODY)])
        await database.leases.claim("engine-without-lease", pool=POOL, limit=1)

        before_s = time.monotonic()
        await database.leases.wait(POOL, timeout_s=0.05)

        assert time.monotonic() - before_s >= 0.04


class InboxConformance(DatabaseConformance):
    """Proves an ``Inbox``."""

    @_story
    async def test_messages_wait_in_order_until_consumed(self, database: Database) -> None:
        """The owner sees its messages in order of arrival, until a turn names their keys."""
        first, second = await started(database, "first"), await started(database, "second")
        abort = Posted(key="a1", kind="abort", payload={})
        await database.inbox.post(second, SIGNAL)
        await database.inbox.post(first, abort)
        await database.inbox.post(first, SIGNAL)

        assert list(await database.inbox.pending("engine-1")) == [(second, SIGNAL), (first, abort), (first, SIGNAL)]
        assert list(await database.inbox.pending("engine-2")) == []
        await database.log.append([turn(first, 3, posted=("s1",))])
        assert list(await database.inbox.pending("engine-1")) == [(second, SIGNAL), (first, abort)]

    @_story
    async def test_a_key_counts_once(self, database: Database) -> None:
        """Posting again changes nothing, before and after the message was consumed."""
        execution = await started(database)
        await database.inbox.post(execution, SIGNAL)
        await database.inbox.post(execution, attrs.evolve(SIGNAL, kind="other"))
        assert list(await database.inbox.pending("engine-1")) == [(execution, SIGNAL)]

        await database.log.append([turn(execution, 3, posted=("s1",))])
        await database.inbox.post(execution, SIGNAL)

        assert list(await database.inbox.pending("engine-1")) == []

    @_story
    async def test_a_refused_turn_consumes_nothing(self, database: Database) -> None:
        """A message stays for the engine that may act on it."""
        execution = await started(database)
        await database.inbox.post(execution, SIGNAL)

        await database.log.append([turn(execution, 3, owner="engine-2", posted=("s1",))])

        assert list(await database.inbox.pending("engine-1")) == [(execution, SIGNAL)]

    @_story
    async def test_an_unknown_execution_has_no_inbox(self, database: Database) -> None:
        """The sender learns that nobody will read it."""
        with pytest.raises(ExecutionUnknown):
            await database.inbox.post(execution_id("nobody"), SIGNAL)

    @_story
    async def test_an_ended_execution_is_not_bothered(self, database: Database) -> None:
        """What comes too late is kept and never pending."""
        execution = await started(database, phase=ExecutionPhase.ABORTED)
        await database.inbox.post(execution, SIGNAL)

        assert list(await database.inbox.pending("engine-1")) == []

    @_story
    async def test_a_message_ends_the_wait(self, database: Database) -> None:
        """Both one that came before the wait and one that comes during it."""
        execution = await started(database)
        await database.inbox.post(execution, SIGNAL)
        await _at_once(database.inbox.wait("engine-1", timeout_s=LONG_S))
        await database.inbox.pending("engine-1")

        waiting = asyncio.ensure_future(_at_once(database.inbox.wait("engine-1", timeout_s=LONG_S)))
        await asyncio.sleep(0)
        await database.inbox.post(execution, attrs.evolve(SIGNAL, key="s2"))
        await waiting

    @_story
    async def test_what_was_shown_does_not_end_the_wait(self, database: Database) -> None:
        """A loop of wait and pending does not spin while a turn is under way."""
        execution = await started(database)
        await database.inbox.post(execution, SIGNAL)
        await database.inbox.pending("engine-1")

        before_s = time.monotonic()
        await database.inbox.wait("engine-1", timeout_s=0.05)

        assert time.monotonic() - before_s >= 0.04

    @_story
    async def test_messages_follow_a_claim(self, database: Database) -> None:
        """Who takes an execution over hears of its messages at once."""
        execution = await started(database)
        await database.inbox.post(execution, SIGNAL)
        await database.leases.renew("engine-2", pool=POOL, ttl_s=60)
        await database.inbox.pending("engine-2")
        await database.leases.claim("engine-2", pool=POOL, limit=1)

        await _at_once(database.inbox.wait("engine-2", timeout_s=LONG_S))

        assert list(await database.inbox.pending("engine-2")) == [(execution, SIGNAL)]
        assert list(await database.inbox.pending("engine-1")) == []


class RegistryConformance(DatabaseConformance):
    """Proves a ``Registry``."""

    @_story
    async def test_equal_is_fine_and_different_is_a_conflict(self, database: Database) -> None:
        """A second registration is no news; one with other content is refused as a whole."""
        new = await database.registry.register(closure(), at_ns=NOON_NS)
        again = await database.registry.register(closure(), at_ns=NOON_NS + 1)

        assert set(new) == {TASK, WORKFLOW, PLAN}
        assert list(again) == []
        other_task = attrs.evolve(closure("v2").tasks[0], id=attrs.evolve(TASK, name="app.other"))
        changed = attrs.evolve(closure(node_inputs="b"), tasks=(other_task, *closure().tasks))
        with pytest.raises(VersionConflict):
            await database.registry.register(changed, at_ns=NOON_NS)
        assert await database.registry.get(other_task.id) is None
        assert await database.registry.get(WORKFLOW) == closure().workflows[0]

    @_story
    async def test_no_version_means_the_newest(self, database: Database) -> None:
        """Newest is registered last, whatever the version is called."""
        for version in ("v2", "v10", "v1"):
            await database.registry.register(closure(version), at_ns=NOON_NS)

        assert await database.registry.get(attrs.evolve(TASK, version="")) == closure("v1").tasks[0]
        assert await database.registry.get(attrs.evolve(TASK, version="v2")) == closure("v2").tasks[0]
        assert await database.registry.get(attrs.evolve(TASK, version="v3")) is None
        assert await database.registry.get(attrs.evolve(TASK, name="app.no", version="")) is None

    @_story
    async def test_a_closure_holds_what_its_main_reaches(self, database: Database) -> None:
        """From a plan everything, from a task itself alone."""
        await database.registry.register(closure(), at_ns=NOON_NS)

        assert await database.registry.closure(attrs.evolve(PLAN, version="")) == closure()
        whole = closure()
        task_only = attrs.evolve(whole, main=TASK, workflows=(), launch_plans=())
        assert await database.registry.closure(TASK) == task_only
        assert await database.registry.closure(attrs.evolve(TASK, version="no")) is None

    @_story
    async def test_lists_show_newest_versions_then_all(self, database: Database) -> None:
        """Without a name one version of each, with a name its versions; newest first, page by page."""
        renamed = attrs.evolve(closure().tasks[0], id=attrs.evolve(TASK, name="app.sub"))
        await database.registry.register(closure(), at_ns=NOON_NS)
        await database.registry.register(attrs.evolve(closure(), tasks=(renamed,)), at_ns=NOON_NS)
        await database.registry.register(closure("v2"), at_ns=NOON_NS)

        async def page(token: str, name: str = "") -> tuple[Sequence[EntityId], str]:
            return await database.registry.list(
                EntityKind.TASK, project="default", domain="development", name=name, page=Page(limit=1, token=token)
            )

        newest = attrs.evolve(TASK, version="v2")
        assert await _all_pages(page) == [newest, renamed.id]
        assert await _all_pages(lambda token: page(token, "app.add")) == [newest, TASK]
        narrowed, _ = await database.registry.list(
            EntityKind.TASK, project="default", domain="development", name_contains=".su"
        )
        assert list(narrowed) == [renamed.id]
        nothing = await database.registry.list(EntityKind.TASK, project="p", domain="development")
        assert (list(nothing[0]), nothing[1]) == ([], "")

    @_story
    async def test_one_version_of_a_plan_is_active(self, database: Database) -> None:
        """Activating another version replaces it; deactivating one that is not active changes nothing."""
        await database.registry.register(closure(), at_ns=NOON_NS)
        await database.registry.register(closure("v2"), at_ns=NOON_NS)
        newer = attrs.evolve(PLAN, version="v2")

        async def active() -> EntityId | None:
            return await database.registry.active(project="default", domain="development", name="app.wf")

        assert await active() is None
        await database.registry.activate(PLAN, is_active=True, at_ns=NOON_NS)
        await database.registry.activate(newer, is_active=True, at_ns=NOON_NS)
        assert await active() == newer
        await database.registry.activate(PLAN, is_active=False, at_ns=NOON_NS)
        assert await active() == newer
        await database.registry.activate(newer, is_active=False, at_ns=NOON_NS)
        assert await active() is None

    @_story
    async def test_only_registered_plans_are_activated(self, database: Database) -> None:
        """Neither what is unknown nor what is no launch plan."""
        await database.registry.register(closure(), at_ns=NOON_NS)

        for wrong in (attrs.evolve(PLAN, version="v9"), TASK):
            with pytest.raises(EntityUnknown):
                await database.registry.activate(wrong, is_active=True, at_ns=NOON_NS)


class CacheIndexConformance(DatabaseConformance):
    """Proves a ``CacheIndex``."""

    @_story
    async def test_entries_are_read_in_parts(self, database: Database) -> None:
        """In order of their digests, each once."""
        execution = await started(database)
        held = [cache_entry(cache_key(digest)) for digest in ("k3", "k1", "k2")]
        await database.log.append([turn(execution, 3, cache=held)])

        first = await database.cache.entries(limit=2)
        second = await database.cache.entries(after=first[-1].key.digest, limit=2)

        assert [entry.key.digest for entry in (*first, *second)] == ["k1", "k2", "k3"]
        assert first[0] == held[1]
        assert list(await database.cache.entries(after="k3", limit=2)) == []

    @_story
    async def test_an_entry_comes_with_its_turn(self, database: Database) -> None:
        """It is found whole, by its key alone; a second one replaces it."""
        execution = await started(database)
        assert await database.cache.get(cache_key()) is None

        await database.log.append([turn(execution, 3, cache=(cache_entry(cache_key()),))])
        assert await database.cache.get(cache_key()) == cache_entry(cache_key())
        await database.log.append([turn(execution, 5, cache=(cache_entry(cache_key(), 4),))])

        assert await database.cache.get(cache_key()) == cache_entry(cache_key(), 4)

    @_story
    async def test_the_latest_entry_of_the_task_explains_a_miss(self, database: Database) -> None:
        """It is the one created last, of the same project, domain and task."""
        execution = await started(database)
        entries = [
            cache_entry(cache_key("k2"), at_ns=NOON_NS + 5),
            cache_entry(cache_key("k1"), at_ns=NOON_NS),
            cache_entry(cache_key("k3", task="app.other"), at_ns=NOON_NS + 9),
            cache_entry(cache_key("k4", project="p"), at_ns=NOON_NS + 9),
        ]
        await database.log.append([turn(execution, 3, cache=entries)])

        assert await database.cache.latest(cache_key("missed")) == entries[0]
        assert await database.cache.latest(cache_key("missed", task="app.none")) is None

    @_story
    async def test_clearing_is_narrowed(self, database: Database) -> None:
        """It deletes what matches everything given, and counts."""
        execution = await started(database)
        keys = [cache_key("k1"), cache_key("k2", task="app.other"), cache_key("k3", project="p")]
        await database.log.append([turn(execution, 3, cache=[cache_entry(key) for key in keys])])

        assert await database.cache.clear(project="default", task="app.add") == 1
        assert [await database.cache.get(key) is None for key in keys] == [True, False, False]
        assert await database.cache.clear() == 2

    @_story
    async def test_one_living_attempt_holds_a_key(self, database: Database) -> None:
        """The first one gets it, and again when it asks again; another is told who holds it."""
        first, second = [Reservation(key=cache_key(), attempt=attempt_id(await started(database, e))) for e in "ab"]

        assert await database.cache.reserve(first) == first
        assert await database.cache.reserve(second) == first
        assert await database.cache.reserve(first) == first
        other = attrs.evolve(second, key=cache_key("k2"))
        assert await database.cache.reserve(other) == other

    @_story
    async def test_populating_releases(self, database: Database) -> None:
        """The turn that writes the entry frees the key."""
        a, b = await started(database, "a"), await started(database, "b")
        await database.cache.reserve(Reservation(key=cache_key(), attempt=attempt_id(a)))

        await database.log.append([turn(a, 3, cache=(cache_entry(cache_key()),))])

        second = Reservation(key=cache_key(), attempt=attempt_id(b))
        assert await database.cache.reserve(second) == second

    @_story
    async def test_a_node_holds_its_key_until_it_ends(self, database: Database) -> None:
        """However its attempts end: the next one has the key, and others wait."""
        a, b = await started(database, "a"), await started(database, "b")
        held = Reservation(key=cache_key(), attempt=attempt_id(a))
        second = Reservation(key=cache_key(), attempt=attempt_id(b))
        await database.cache.reserve(held)
        lost = attempt_row(held.attempt, phase=AttemptPhase.RETRYABLE_FAILED)

        await database.log.append([turn(a, 3, nodes=(node_row(a, "n0"),), attempts=(lost,))])
        assert await database.cache.reserve(second) == held
        assert await database.cache.reserve(attrs.evolve(held, attempt=attempt_id(a, n=1))) == held
        await database.log.append([turn(a, 5, nodes=(node_row(a, "n0", phase=NodePhase.FAILED),))])
        assert await database.cache.reserve(second) == second

    @_story
    async def test_an_element_holds_its_own_key(self, database: Database) -> None:
        """Another element of the node waits as anybody does; a turn releases the keys of one element, or of all."""
        a, b = await started(database, "a"), await started(database, "b")
        keys = [cache_key(f"k{n}") for n in range(3)]
        held = [Reservation(key=key, attempt=attempt_id(a, element=n)) for n, key in enumerate(keys)]
        for reservation in held:
            await database.cache.reserve(reservation)

        async def free() -> list[int]:
            wanted = [Reservation(key=key, attempt=attempt_id(b, n)) for n, key in zip("xyz", keys, strict=True)]
            found = [await database.cache.reserve(reservation) for reservation in wanted]
            return [n for n, (one, other) in enumerate(zip(found, wanted, strict=True)) if one == other]

        other = attrs.evolve(held[1], attempt=attempt_id(a, element=7))
        assert await database.cache.reserve(other) == held[1]
        assert await free() == []
        await database.log.append([turn(a, 3, released=((NodeId("n0"), 1), (NodeId("elsewhere"), 0)))])
        assert await free() == [1]
        assert not await database.log.append([turn(b, 3, released=((NodeId("n0"), None),))])
        assert await free() == [1]
        await database.log.append([turn(a, 5, released=((NodeId("n0"), None),))])
        assert await free() == [0, 1, 2]

    @_story
    async def test_who_waits_for_a_key_is_told(self, database: Database) -> None:
        """By a message, once per release, whether there is a value then or not; unless it has ended."""
        await database.leases.renew("engine-1", pool=POOL, ttl_s=60)
        a, b, ended = [await started(database, name) for name in ("a", "b", "ended")]
        await database.cache.reserve(Reservation(key=cache_key(), attempt=attempt_id(a)))
        for _ in range(2):
            for waiting in (attempt_id(b, "n7"), attempt_id(b, "n8"), attempt_id(ended)):
                await database.cache.reserve(Reservation(key=cache_key(), attempt=waiting))
        await database.log.append([turn(ended, 3, row=execution_row(ended, phase=ExecutionPhase.ABORTED))])
        hearing = asyncio.ensure_future(_at_once(database.inbox.wait("engine-1", timeout_s=LONG_S)))
        await asyncio.sleep(0)

        gives_up = turn(a, 3, released=((NodeId("n0"), None),))
        await database.log.append([gives_up])

        told = [(b, word_of_release("k1", NodeId(node), by=gives_up)) for node in ("n7", "n8")]
        await hearing
        assert list(await database.inbox.pending("engine-1")) == told
        await database.cache.reserve(Reservation(key=cache_key(), attempt=attempt_id(b, "n7")))
        await database.cache.reserve(Reservation(key=cache_key(), attempt=attempt_id(a, "n9")))
        populates = turn(b, 3, cache=(cache_entry(cache_key()),), posted=[posted.key for _, posted in told])
        await database.log.append([populates])
        again = (a, word_of_release("k1", NodeId("n9"), by=populates))
        assert list(await database.inbox.pending("engine-1")) == [again]

    @_story
    async def test_an_ended_or_orphaned_execution_holds_nothing(self, database: Database) -> None:
        """One that ended lets go; so does a local one whose engine is gone, while a server's waits for the next engine."""
        await database.leases.renew("engine-1", pool=POOL, ttl_s=60)
        server, local = await started(database, "server"), await started(database, "local", pool="local:host:1")
        waiting = await started(database, "waiting")
        keys = {server: cache_key("k1"), local: cache_key("k2")}
        held = {e: Reservation(key=key, attempt=attempt_id(e)) for e, key in keys.items()}
        for reservation in held.values():
            await database.cache.reserve(reservation)

        async def holder_of(execution: ExecutionId) -> Reservation:
            return await database.cache.reserve(Reservation(key=keys[execution], attempt=attempt_id(waiting)))

        assert [await holder_of(e) for e in keys] == list(held.values())
        self.clock.pass_s(61)
        assert await holder_of(server) == held[server]
        assert (await holder_of(local)).attempt == attempt_id(waiting)
        await database.log.append([turn(server, 3, row=execution_row(server, phase=ExecutionPhase.ABORTED))])
        assert (await holder_of(server)).attempt == attempt_id(waiting)


class SchedulesConformance(DatabaseConformance):
    """Proves ``Schedules``."""

    @_story
    async def test_active_plans_with_a_schedule_have_a_state(self, database: Database) -> None:
        """It begins with the activation, which a second one does not disturb, and ends with deactivation."""
        bare = attrs.evolve(closure().launch_plans[0], id=attrs.evolve(PLAN, name="app.bare"), schedule=None)
        await database.registry.register(
            attrs.evolve(closure(), launch_plans=(*closure().launch_plans, bare)), at_ns=NOON_NS
        )
        assert list(await database.schedules.states()) == []

        for plan in (PLAN, bare.id):
            await database.registry.activate(plan, is_active=True, at_ns=NOON_NS)
        await database.registry.activate(PLAN, is_active=True, at_ns=NOON_NS + 5)

        state = ScheduleState(launch_plan=PLAN, activated_at_ns=NOON_NS, fired_until_ns=NOON_NS)
        assert list(await database.schedules.states()) == [state]
        await database.registry.activate(PLAN, is_active=False, at_ns=NOON_NS + 9)
        assert list(await database.schedules.states()) == []

    @_story
    async def test_progress_never_goes_back(self, database: Database) -> None:
        """The latest tick counts, and only of the version that is active."""
        for version in ("v1", "v2"):
            await database.registry.register(closure(version), at_ns=NOON_NS)
        await database.registry.activate(PLAN, is_active=True, at_ns=NOON_NS)

        for until_ns in (NOON_NS + 7, NOON_NS + 3):
            await database.schedules.fired(PLAN, until_ns=until_ns)
        await database.schedules.fired(attrs.evolve(PLAN, version="v2"), until_ns=NOON_NS + 9)

        (state,) = await database.schedules.states()
        assert state.fired_until_ns == NOON_NS + 7


class AccountsConformance(DatabaseConformance):
    """Proves ``Accounts``."""

    @_story
    async def test_projects_are_put_and_listed(self, database: Database) -> None:
        """Ordered by id; putting one again replaces it."""
        flights = Project(id="flights", name="Flights", description="where to", labels={"team": "a"})
        await database.accounts.put_project(Project(id="weather"))
        await database.accounts.put_project(Project(id="flights"))
        await database.accounts.put_project(flights)

        assert list(await database.accounts.projects()) == [flights, Project(id="weather")]

    @_story
    async def test_tokens_are_kept_until_deleted(self, database: Database) -> None:
        """Ordered by id; deleting one that is not there is no error."""
        tokens = [
            Token(
                id=name,
                principal="ada",
                secret_hash=HASH,
                roles={"*": "admin"},
                created_at_ns=NOON_NS,
                expires_at_ns=None,
            )
            for name in ("t1", "t2")
        ]
        for token in reversed(tokens):
            await database.accounts.put_token(token)
        assert list(await database.accounts.tokens()) == tokens

        for _again in range(2):
            await database.accounts.delete_token("t1")

        assert list(await database.accounts.tokens()) == tokens[1:]

    @_story
    async def test_the_first_key_of_a_name_is_kept(self, database: Database) -> None:
        """Whoever comes later is given that one, so everybody signs alike."""
        kept = [await database.accounts.keep_key(name, key) for name, key in (("a", b"1"), ("a", b"2"), ("b", b"2"))]

        assert kept == [b"1", b"1", b"2"]

    @_story
    async def test_the_audit_trail_is_read_backwards(self, database: Database) -> None:
        """Latest first, page by page, details included."""
        lines = [
            AuditLine(at_ns=NOON_NS, principal="ada", action=f"act-{n}", subject="e1", detail={"n": [n, None]})
            for n in range(3)
        ]
        for line in lines:
            await database.accounts.audit(line)

        shown = await _all_pages(lambda token: database.accounts.audited(Page(limit=2, token=token)))

        assert shown == lines[::-1]

    @_story
    async def test_changes_leave_their_lines(self, database: Database) -> None:
        """Each in the same transaction; what was refused, or was so before, leaves none."""
        accounts, registry, upkeep, inbox = database.accounts, database.registry, database.upkeep, database.inbox
        token = Token(id="t1", principal="ada", secret_hash=HASH, roles={"*": "admin"}, created_at_ns=NOON_NS)

        await accounts.put_project(Project(id="ml"), audit=_line("project"))
        await accounts.put_token(token, audit=_line("token"))
        await accounts.delete_token("t1", audit=_line("no token"))
        await accounts.delete_token("t1", audit=_line("refused"))
        await registry.register(closure("v1"), at_ns=NOON_NS, audit=_line("register"))
        await registry.activate(PLAN, is_active=True, at_ns=NOON_NS, audit=_line("activate"))
        with pytest.raises(VersionConflict):
            await registry.register(closure(node_inputs="b"), at_ns=NOON_NS, audit=_line("refused"))
        ended, execution = await _ended(database, "e1"), execution_id("e2")
        launch = turn(execution, audit=_line("launch"))
        assert not await database.log.append([launch])
        await database.log.append([attrs.evolve(launch, audit=_line("refused"))])
        await inbox.post(execution, SIGNAL, audit=_line("signal"))
        await inbox.post(execution, SIGNAL, audit=_line("refused"))
        await upkeep.archive(ended, is_archived=True, audit=_line("archive"))
        with pytest.raises(ExecutionUnfinished):
            await upkeep.archive(execution, is_archived=True, audit=_line("refused"))
        await upkeep.delete([execution], audit=_line("refused"))
        await upkeep.delete([execution, ended], audit=_line("delete"))
        await database.log.put_closure("c1", closure())
        await upkeep.delete_closures(["c1"], put_before_ns=0, audit=_line("refused"))
        await upkeep.delete_closures(["c1"], put_before_ns=2 * self.clock.now_ns(), audit=_line("forget"))

        shown, _ = await accounts.audited(Page())
        told = "project, token, no token, register, activate, launch, signal, archive, delete, forget"
        assert [line.action for line in shown[::-1]] == told.split(", ")

    @_story
    async def test_what_cannot_be_switched_on_is_not_registered(self, database: Database) -> None:
        """Templates, the switch and the line come together or not at all."""
        registry, absent = database.registry, attrs.evolve(PLAN, version="v9")
        with pytest.raises(EntityUnknown):
            await registry.register(closure(), at_ns=NOON_NS, activate=(PLAN, absent), audit=_line("refused"))
        assert await registry.get(PLAN) is None
        assert await _active(database) is None
        assert await database.accounts.audited(Page()) == ([], "")

        await registry.register(closure(), at_ns=NOON_NS, activate=(PLAN,), audit=_line("registered"))

        assert await _active(database) == PLAN


class UpkeepConformance(DatabaseConformance):
    """Proves ``Upkeep``."""

    @_story
    async def test_snapshots_of_what_has_ended_can_be_forgotten(self, database: Database) -> None:
        """What lives keeps its own, and what is unknown is no error."""
        ended, living = await _ended(database, "e1"), await started(database, "e2")
        await database.log.save_snapshot(living, Snapshot(seq=1, version=7, state=b"s"))

        await database.upkeep.delete_snapshots([ended, living, execution_id("nobody")])

        assert await database.log.load_snapshot(ended) is None
        assert await database.log.load_snapshot(living) is not None
        assert await database.views.execution(ended) is not None

    @_story
    async def test_what_has_ended_can_be_archived(self, database: Database) -> None:
        """Lists leave it out until it is shown again; whatever else the row says stays."""
        execution = await _ended(database, "e1")
        row = await database.views.execution(execution)
        assert row is not None

        await database.upkeep.archive(execution, is_archived=True)
        hidden = await database.views.execution(execution)
        listed, _ = await database.views.executions(ExecutionFilter(), Page())
        await database.upkeep.archive(execution, is_archived=False)

        assert (hidden, list(listed)) == (attrs.evolve(row, is_archived=True), [])
        assert await database.views.execution(execution) == row

    @_story
    async def test_only_what_has_ended_can_be_archived(self, database: Database) -> None:
        """What lives stays in sight, and what is unknown cannot be hidden."""
        execution = await started(database)

        with pytest.raises(ExecutionUnfinished):
            await database.upkeep.archive(execution, is_archived=True)
        with pytest.raises(ExecutionUnknown):
            await database.upkeep.archive(execution_id("nobody"), is_archived=True)

        assert await database.views.execution(execution) == execution_row(execution)

    @_story
    async def test_nothing_is_left_of_what_is_deleted(self, database: Database) -> None:
        """Its events, rows and messages are gone, its name is free, and its neighbours and what it cached are there."""
        execution, neighbour = await _ended(database, "e1"), await _ended(database, "e2")
        assert await database.log.load_snapshot(execution) is not None

        assert list(await database.upkeep.delete([execution])) == [execution]

        assert list(await database.log.read(execution)) == []
        assert await database.log.load_snapshot(execution) is None
        assert await database.views.execution(execution) is None
        assert list(await database.views.nodes(execution)) == []
        assert list(await database.views.attempts(execution)) == []
        with pytest.raises(ExecutionUnknown):
            await database.inbox.post(execution, SIGNAL)
        assert await database.cache.get(cache_key("e1")) is not None
        assert len(await database.views.nodes(neighbour)) == 1
        assert await started(database, "e1") == execution
        assert list(await database.inbox.pending("engine-1")) == []
        await database.inbox.post(execution, SIGNAL)
        assert [posted for _, posted in await database.inbox.pending("engine-1")] == [SIGNAL]

    @_story
    async def test_only_what_has_ended_is_deleted(self, database: Database) -> None:
        """Of what is named, what lives stays, and what is unknown is no error."""
        alive, over = await started(database, "alive"), await _ended(database, "over")

        deleted = await database.upkeep.delete([alive, execution_id("nobody"), over])

        assert list(deleted) == [over]
        assert len(await database.log.read(alive)) == 2

    @_story
    async def test_closures_are_listed_and_deleted(self, database: Database) -> None:
        """With their size, and when they were last put; one that was put again since is kept."""
        await database.log.put_closure("d1", closure())
        await database.log.put_closure("d2", closure())
        self.clock.pass_s(60)
        now_ns = self.clock.now_ns()
        await database.log.put_closure("d2", closure())
        first, second = await database.upkeep.closures()

        await database.upkeep.delete_closures(["d1", "d2", "d3"], put_before_ns=now_ns)

        assert (first.digest, second.digest) == ("d1", "d2")
        assert first.put_at_ns < now_ns <= second.put_at_ns
        assert first.size_bytes > 0
        assert await database.log.get_closure("d1") is None
        assert await database.log.get_closure("d2") == closure()


def _line(action: str) -> AuditLine:
    return AuditLine(at_ns=NOON_NS, principal="ada", action=action, subject="x")


async def _active(database: Database) -> EntityId | None:
    return await database.registry.active(project=PLAN.project, domain=PLAN.domain, name=PLAN.name)


async def _ended(database: Database, name: str) -> ExecutionId:
    """Make an execution that leaves something in every place, and has ended."""
    execution = await started(database, name)
    await database.inbox.post(execution, SIGNAL)
    await database.log.save_snapshot(execution, Snapshot(seq=2, version=7, state=b"s"))
    reservation = Reservation(key=cache_key(f"{name} held"), attempt=attempt_id(execution))
    await database.cache.reserve(reservation)
    row = execution_row(execution, phase=ExecutionPhase.FAILED, ended_at_ns=NOON_NS + 9)
    await database.log.append(
        [
            turn(
                execution,
                3,
                row=row,
                nodes=(node_row(execution, "n0"),),
                attempts=(attempt_row(attempt_id(execution)),),
                cache=(cache_entry(cache_key(name)),),
            )
        ]
    )
    return execution


async def _all_pages(
    page: Callable[[str], Coroutine[Any, Any, tuple[Sequence[_Item], str]]], *, at_most: int = 20
) -> list[_Item]:
    """Follow tokens from the first page to the last."""
    shown: list[_Item] = []
    token = ""
    for _ in range(at_most):
        items, token = await page(token)
        shown += items
        if not token:
            return shown
    raise AssertionError(f"there are more than {at_most} pages")


async def _at_once(waiting: Coroutine[Any, Any, None]) -> None:
    """Let something end well before its own timeout of ``LONG_S``."""
    try:
        await asyncio.wait_for(waiting, timeout=LONG_S / 2)
    except TimeoutError as error:
        raise AssertionError("the wait did not end") from error
