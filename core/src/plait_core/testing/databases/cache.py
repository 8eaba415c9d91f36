"""What every ``CacheIndex`` has to do."""

import asyncio

import attrs

from plait_core.ir.ids import ExecutionId, NodeId
from plait_core.ir.phases import AttemptPhase, ExecutionPhase, NodePhase
from plait_core.ports.databases import Database, Reservation, word_of_release
from plait_core.testing._samples import (
    NOON_NS,
    POOL,
    attempt_id,
    attempt_row,
    cache_entry,
    cache_key,
    execution_row,
    node_row,
    started,
    turn,
)
from plait_core.testing.databases.suite import LONG_S, DatabaseConformance, at_once, story


class CacheIndexConformance(DatabaseConformance):
    """Proves a ``CacheIndex``."""

    @story
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

    @story
    async def test_an_entry_comes_with_its_turn(self, database: Database) -> None:
        """It is found whole, by its key alone; a second one replaces it."""
        execution = await started(database)
        assert await database.cache.get(cache_key()) is None

        await database.log.append([turn(execution, 3, cache=(cache_entry(cache_key()),))])
        assert await database.cache.get(cache_key()) == cache_entry(cache_key())
        await database.log.append([turn(execution, 5, cache=(cache_entry(cache_key(), 4),))])

        assert await database.cache.get(cache_key()) == cache_entry(cache_key(), 4)

    @story
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

    @story
    async def test_clearing_is_narrowed(self, database: Database) -> None:
        """It deletes what matches everything given, and counts."""
        execution = await started(database)
        keys = [cache_key("k1"), cache_key("k2", task="app.other"), cache_key("k3", project="p")]
        await database.log.append([turn(execution, 3, cache=[cache_entry(key) for key in keys])])

        assert await database.cache.clear(project="default", task="app.add") == 1
        assert [await database.cache.get(key) is None for key in keys] == [True, False, False]
        assert await database.cache.clear() == 2

    @story
    async def test_one_living_attempt_holds_a_key(self, database: Database) -> None:
        """The first one gets it, and again when it asks again; another is told who holds it."""
        first, second = [Reservation(key=cache_key(), attempt=attempt_id(await started(database, e))) for e in "ab"]

        assert await database.cache.reserve(first) == first
        assert await database.cache.reserve(second) == first
        assert await database.cache.reserve(first) == first
        other = attrs.evolve(second, key=cache_key("k2"))
        assert await database.cache.reserve(other) == other

    @story
    async def test_populating_releases(self, database: Database) -> None:
        """The turn that writes the entry frees the key."""
        a, b = await started(database, "a"), await started(database, "b")
        await database.cache.reserve(Reservation(key=cache_key(), attempt=attempt_id(a)))

        await database.log.append([turn(a, 3, cache=(cache_entry(cache_key()),))])

        second = Reservation(key=cache_key(), attempt=attempt_id(b))
        assert await database.cache.reserve(second) == second

    @story
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

    @story
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

    @story
    async def test_who_waits_for_a_key_is_told(self, database: Database) -> None:
        """By a message, once per release, whether there is a value then or not; unless it has ended."""
        await database.leases.renew("engine-1", pool=POOL, ttl_s=60)
        a, b, ended = [await started(database, name) for name in ("a", "b", "ended")]
        await database.cache.reserve(Reservation(key=cache_key(), attempt=attempt_id(a)))
        for _ in range(2):
            for waiting in (attempt_id(b, "n7"), attempt_id(b, "n8"), attempt_id(ended)):
                await database.cache.reserve(Reservation(key=cache_key(), attempt=waiting))
        await database.log.append([turn(ended, 3, row=execution_row(ended, phase=ExecutionPhase.ABORTED))])
        hearing = asyncio.ensure_future(at_once(database.inbox.wait("engine-1", timeout_s=LONG_S)))
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

    @story
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
