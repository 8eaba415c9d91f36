"""What every ``EventLog`` has to do."""

import asyncio

from plait_core.ir.events import AttemptScheduled, Event, NodeStarted
from plait_core.ir.ids import NodeId
from plait_core.ir.phases import ExecutionPhase
from plait_core.ports.databases import Database, Snapshot
from plait_core.testing._samples import (
    NOON_NS,
    cache_entry,
    cache_key,
    closure,
    execution_id,
    execution_row,
    node_row,
    started,
    turn,
)
from plait_core.testing.databases.suite import DatabaseConformance, story


class EventLogConformance(DatabaseConformance):
    """Proves an ``EventLog``."""

    @story
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

    @story
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

    @story
    async def test_an_execution_is_created_once(self, database: Database) -> None:
        """A second turn with the first number is refused, whoever sends it, and changes nothing."""
        execution = await started(database)

        refused = await database.log.append([turn(execution, owner="engine-2", row=execution_row(execution, pool="x"))])

        assert list(refused) == [execution]
        assert await database.views.execution(execution) == execution_row(execution)

    @story
    async def test_a_taken_or_distant_number_is_refused(self, database: Database) -> None:
        """Numbers have neither repetitions nor gaps."""
        execution = await started(database)

        assert list(await database.log.append([turn(execution, 2)])) == [execution]
        assert list(await database.log.append([turn(execution, 4)])) == [execution]
        assert list(await database.log.append([turn(execution_id("never"), 3)])) == [execution_id("never")]
        assert len(await database.log.read(execution)) == 2

    @story
    async def test_only_the_owner_appends(self, database: Database) -> None:
        """The right number from another engine is refused."""
        execution = await started(database)

        assert list(await database.log.append([turn(execution, 3, owner="engine-2")])) == [execution]
        assert len(await database.log.read(execution)) == 2

    @story
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

    @story
    async def test_a_turn_without_decisions_keeps_the_number(self, database: Database) -> None:
        """Rows may change on their own; the next decision has the next number."""
        execution = await started(database)
        row = execution_row(execution, wake_at_ns=NOON_NS + 9)

        assert not await database.log.append([turn(execution, 3, decisions=(), row=row)])

        assert await database.views.execution(execution) == row
        assert not await database.log.append([turn(execution, 3)])

    @story
    async def test_the_latest_snapshot_replaces_others(self, database: Database) -> None:
        """Bytes come back as they were; an execution without one has none."""
        execution = await started(database)
        assert await database.log.load_snapshot(execution) is None

        for seq in (1, 2):
            await database.log.save_snapshot(execution, Snapshot(seq=seq, version=7, state=bytes([seq, 0, 255])))

        assert await database.log.load_snapshot(execution) == Snapshot(seq=2, version=7, state=b"\x02\x00\xff")

    @story
    async def test_a_closure_is_kept_by_digest(self, database: Database) -> None:
        """The first one put under a digest stays."""
        await database.log.put_closure("d1", closure())
        await database.log.put_closure("d1", closure("v2"))

        assert await database.log.get_closure("d1") == closure()
        assert await database.log.get_closure("d2") is None
