"""What every ``Inbox`` has to do."""

import asyncio
import time

import attrs
import pytest

from plait_core.errors.stores import ExecutionUnknown
from plait_core.ir.phases import ExecutionPhase
from plait_core.ports.databases import Database, Posted
from plait_core.testing._samples import POOL, SIGNAL, execution_id, started, turn
from plait_core.testing.databases.suite import LONG_S, DatabaseConformance, at_once, story


class InboxConformance(DatabaseConformance):
    """Proves an ``Inbox``."""

    @story
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

    @story
    async def test_a_key_counts_once(self, database: Database) -> None:
        """Posting again changes nothing, before and after the message was consumed."""
        execution = await started(database)
        await database.inbox.post(execution, SIGNAL)
        await database.inbox.post(execution, attrs.evolve(SIGNAL, kind="other"))
        assert list(await database.inbox.pending("engine-1")) == [(execution, SIGNAL)]

        await database.log.append([turn(execution, 3, posted=("s1",))])
        await database.inbox.post(execution, SIGNAL)

        assert list(await database.inbox.pending("engine-1")) == []

    @story
    async def test_a_refused_turn_consumes_nothing(self, database: Database) -> None:
        """A message stays for the engine that may act on it."""
        execution = await started(database)
        await database.inbox.post(execution, SIGNAL)

        await database.log.append([turn(execution, 3, owner="engine-2", posted=("s1",))])

        assert list(await database.inbox.pending("engine-1")) == [(execution, SIGNAL)]

    @story
    async def test_an_unknown_execution_has_no_inbox(self, database: Database) -> None:
        """The sender learns that nobody will read it."""
        with pytest.raises(ExecutionUnknown):
            await database.inbox.post(execution_id("nobody"), SIGNAL)

    @story
    async def test_an_ended_execution_is_not_bothered(self, database: Database) -> None:
        """What comes too late is kept and never pending."""
        execution = await started(database, phase=ExecutionPhase.ABORTED)
        await database.inbox.post(execution, SIGNAL)

        assert list(await database.inbox.pending("engine-1")) == []

    @story
    async def test_a_message_ends_the_wait(self, database: Database) -> None:
        """Both one that came before the wait and one that comes during it."""
        execution = await started(database)
        await database.inbox.post(execution, SIGNAL)
        await at_once(database.inbox.wait("engine-1", timeout_s=LONG_S))
        await database.inbox.pending("engine-1")

        waiting = asyncio.ensure_future(at_once(database.inbox.wait("engine-1", timeout_s=LONG_S)))
        await asyncio.sleep(0)
        await database.inbox.post(execution, attrs.evolve(SIGNAL, key="s2"))
        await waiting

    @story
    async def test_what_was_shown_does_not_end_the_wait(self, database: Database) -> None:
        """A loop of wait and pending does not spin while a turn is under way."""
        execution = await started(database)
        await database.inbox.post(execution, SIGNAL)
        await database.inbox.pending("engine-1")

        before_s = time.monotonic()
        await database.inbox.wait("engine-1", timeout_s=0.05)

        assert time.monotonic() - before_s >= 0.04

    @story
    async def test_messages_follow_a_claim(self, database: Database) -> None:
        """Who takes an execution over hears of its messages at once."""
        execution = await started(database)
        await database.inbox.post(execution, SIGNAL)
        await database.leases.renew("engine-2", pool=POOL, ttl_s=60)
        await database.inbox.pending("engine-2")
        await database.leases.claim("engine-2", pool=POOL, limit=1)

        await at_once(database.inbox.wait("engine-2", timeout_s=LONG_S))

        assert list(await database.inbox.pending("engine-2")) == [(execution, SIGNAL)]
        assert list(await database.inbox.pending("engine-1")) == []
