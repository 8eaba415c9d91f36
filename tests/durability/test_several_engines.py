"""Engines that share the executions of one PostgreSQL, and what becomes of those whose engine is killed."""

import os
import signal
import time
from collections import Counter
from contextlib import ExitStack

import attrs
import pytest

from plait_core.engine import Engine
from plait_core.ir.ids import ExecutionId
from plait_core.ir.phases import ExecutionPhase
from plait_core.ports.databases import Database
from tests.durability import durable_flow as flow
from tests.durability.stories import PATIENCE_S, Story, text

pytestmark = pytest.mark.slow

AT_ONCE, MOST = 24, 480
"""How many executions are enlisted at a time until each engine has some, and how many at most."""


@pytest.mark.parametrize("n_engines", [2, 4])
def test_engines_share_work_and_take_over(n_engines: int, postgres_story: Story) -> None:
    """
    Each has a share; what a killed one had goes to others, what others have stays theirs, and nothing is done twice.

    Leases last an hour, so that an engine which gets no turn for a while does not lose its share, too.
    """
    story, names = attrs.evolve(postgres_story, ttl_s=3600.0, concurrency=3), list[str]()

    async def enlist(engine: Engine) -> None:
        names.extend(f"e{n}" for n in range(len(names), len(names) + AT_ONCE))
        for name in names[-AT_ONCE:]:
            await engine.enlist(flow.held, {"label": text(name)}, name=name)

    async def owners(database: Database) -> dict[str, str | None]:
        leases = {name: await database.leases.lease_of(ExecutionId(name=name)) for name in names}
        return {name: lease.owner if lease else None for name, lease in leases.items()}

    async def claimed(database: Database) -> dict[str, str | None]:
        give_up_at = time.monotonic() + PATIENCE_S
        while None in (found := await owners(database)).values():
            assert time.monotonic() < give_up_at, found
        return found

    with ExitStack() as stack:
        engines = [stack.enter_context(story.engine()) for _ in range(n_engines)]
        before: dict[str, str | None] = {}
        while len(set(before.values())) < n_engines:
            assert len(names) < MOST, Counter(before.values())
            story.ask(enlist)
            before = story.look(claimed)

        os.kill(engines[0].pid, signal.SIGKILL)
        killed_at = time.monotonic()
        while len(set((after := story.look(owners)).values()) - {None}) != n_engines - 1 or None in after.values():
            assert time.monotonic() - killed_at < PATIENCE_S, Counter(after.values())
        moved = [name for name in names if before[name] != after[name]]
        assert moved
        assert len({before[name] for name in moved}) == 1, "only those of the dead engine have moved"

        story.ledger.with_suffix(".go").touch()
        for engine in engines[1:]:
            assert story.wait(engine)

    assert set(story.phases().values()) == {ExecutionPhase.SUCCEEDED}
    assert story.bodies() == Counter(2 * names)
