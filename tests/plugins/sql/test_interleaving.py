"""
Two connections that write at one moment, whatever the order of their statements.

One write is stopped after each of its statements in turn, the other one is carried out as far as locks let it, then the
first goes on. On SQLite the second waits for the first; on PostgreSQL they overlap.
"""

import asyncio
from typing import Any

import attrs
import pytest

from plait_core.testing.databases import SIGNAL
from tests.plugins.sql.meetings import E1, MEETINGS, Act, Meeting, two_runs
from tests.plugins.sql.stepping import Pause, Store, result_of

pytestmark = pytest.mark.slow


async def met(store: Store, meeting: Meeting, first: Act, second: Act, at: int) -> tuple[Any, Any] | None:
    """Stop *first* after its statement number *at* and carry out *second*; ``None`` when it has fewer statements."""
    await store.clear()
    one, other = store.databases()
    await meeting.prepare(one, store.clock)
    pause = store.connections[0].step = Pause(at)
    beginning = asyncio.ensure_future(result_of(first, one))
    await pause.reached(beginning)
    try:
        meanwhile = asyncio.ensure_future(result_of(second, other))
        await store.settled(meanwhile)
    finally:
        pause.go_on()
    results = await beginning, await meanwhile
    return results if pause.is_reached else None


def test_a_message_that_is_numbered_first_and_committed_last_is_news(postgres_store: Store) -> None:
    """Whoever has seen a later one looks again all the same."""

    async def run() -> None:
        await postgres_store.clear()
        one, other = postgres_store.databases()
        await two_runs(one, postgres_store.clock)
        pause = postgres_store.connections[0].step = Pause(2)
        slow = asyncio.ensure_future(one.inbox.post(E1, SIGNAL))
        await pause.reached(slow)
        await other.inbox.post(E1, attrs.evolve(SIGNAL, key="s2"))
        assert [posted.key for _, posted in await other.inbox.pending("engine-1")] == ["s2"]
        assert not await other.inbox._has_news("engine-1")
        pause.go_on()
        await slow
        assert await other.inbox._has_news("engine-1")
        assert {posted.key for _, posted in await other.inbox.pending("engine-1")} == {SIGNAL.key, "s2"}

    asyncio.run(run())


@pytest.mark.parametrize("meeting", MEETINGS, ids=str)
def test_two_writers_meet(store: Store, meeting: Meeting) -> None:
    """Whoever is stopped, after whichever statement: what must hold holds, and nobody sees an error of the server."""

    async def run() -> int:
        n = 0
        for is_turned in (False, True):
            first, second = (meeting.other, meeting.one) if is_turned else (meeting.one, meeting.other)
            at = 1
            while (results := await met(store, meeting, first, second, at)) is not None:
                store.connections[0].step = None
                one, other = reversed(results) if is_turned else results
                await meeting.check(store.databases()[1], one, other)
                at += 1
            n += at - 1
        return n

    assert asyncio.run(run()) >= 2
