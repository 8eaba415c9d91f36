"""What ``Upkeep`` has to do."""

import attrs
import pytest

from plait_core.errors.stores import ExecutionUnfinished, ExecutionUnknown
from plait_core.ports.databases import Database, ExecutionFilter, Page, Snapshot
from plait_core.testing._samples import (
    SIGNAL,
    cache_key,
    closure,
    ended_execution,
    execution_id,
    execution_row,
    started,
)
from plait_core.testing.databases.suite import DatabaseConformance, story


class UpkeepConformance(DatabaseConformance):
    """Proves ``Upkeep``."""

    @story
    async def test_snapshots_of_what_has_ended_can_be_forgotten(self, database: Database) -> None:
        """What lives keeps its own, and what is unknown is no error."""
        ended, living = await ended_execution(database, "e1"), await started(database, "e2")
        await database.log.save_snapshot(living, Snapshot(seq=1, version=7, state=b"s"))

        await database.upkeep.delete_snapshots([ended, living, execution_id("nobody")])

        assert await database.log.load_snapshot(ended) is None
        assert await database.log.load_snapshot(living) is not None
        assert await database.views.execution(ended) is not None

    @story
    async def test_what_has_ended_can_be_archived(self, database: Database) -> None:
        """Lists leave it out until it is shown again; whatever else the row says stays."""
        execution = await ended_execution(database, "e1")
        row = await database.views.execution(execution)
        assert row is not None

        await database.upkeep.archive(execution, is_archived=True)
        hidden = await database.views.execution(execution)
        listed, _ = await database.views.executions(ExecutionFilter(), Page())
        await database.upkeep.archive(execution, is_archived=False)

        assert (hidden, list(listed)) == (attrs.evolve(row, is_archived=True), [])
        assert await database.views.execution(execution) == row

    @story
    async def test_only_what_has_ended_can_be_archived(self, database: Database) -> None:
        """What lives stays in sight, and what is unknown cannot be hidden."""
        execution = await started(database)

        with pytest.raises(ExecutionUnfinished):
            await database.upkeep.archive(execution, is_archived=True)
        with pytest.raises(ExecutionUnknown):
            await database.upkeep.archive(execution_id("nobody"), is_archived=True)

        assert await database.views.execution(execution) == execution_row(execution)

    @story
    async def test_nothing_is_left_of_what_is_deleted(self, database: Database) -> None:
        """Its events, rows and messages are gone, its name is free, and its neighbours and what it cached are there."""
        execution, neighbour = await ended_execution(database, "e1"), await ended_execution(database, "e2")
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

    @story
    async def test_only_what_has_ended_is_deleted(self, database: Database) -> None:
        """Of what is named, what lives stays, and what is unknown is no error."""
        alive, over = await started(database, "alive"), await ended_execution(database, "over")

        deleted = await database.upkeep.delete([alive, execution_id("nobody"), over])

        assert list(deleted) == [over]
        assert len(await database.log.read(alive)) == 2

    @story
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
