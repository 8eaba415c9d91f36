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

N_EXECUTIONS = 24
NAMES = [f"e{n}" for n in range(N_EXECUTIONS)]
LOOKING_S = 4.0
"""How long it takes, on a busy machine, until somebody sees that a lease has expired, and takes over."""


@pytest.mark.parametrize("n_engines", [2, 4])
def test_engines_share_work_and_take_over(n_engines: int, postgres_story: Story) -> None:
    """Each has a share; what a killed one had goes to others within the time of a lease, and nothing is done twice."""
    story = attrs.evolve(postgres_story, ttl_s=3.0, concurrency=3)

    async def enlist(engine: Engine) -> None:
        for name in NAMES:
            await engine.enlist(flow.held, {"label": text(name)}, name=name)

    async def owners(database: Database) -> dict[str, str | None]:
        leases = {name: await database.leases.lease_of(ExecutionId(name=name)) for name in NAMES}
        return {name: lease.owner if lease else None for name, lease in leases.items()}

    async def claimed(database: Database) -> dict[str, str | None]:
        give_up_at = time.monotonic() + PATIENCE_S
        while None in (found := await owners(database)).values():
            assert time.monotonic() < give_up_at, found
        return found

    with ExitStack() as stack:
        engines = [stack.enter_context(story.engine()) for _ in range(n_engines)]
        story.ask(enlist)
        before = story.look(claimed)
        assert len(set(before.values())) == n_engines, Counter(before.values())

        os.kill(engines[0].pid, signal.SIGKILL)
        killed_at = time.monotonic()
        while len(set((after := story.look(owners)).values()) - {None}) != n_engines - 1 or None in after.values():
            assert time.monotonic() - killed_at < story.ttl_s + LOOKING_S, Counter(after.values())
        moved = [name for name in NAMES if before[name] != after[name]]
        assert moved
        assert len({before[name] for name in moved}) == 1, "only those of the dead engine have moved"

        story.ledger.with_suffix(".go").touch()
        for engine in engines[1:]:
            assert story.wait(engine)

    assert set(story.phases().values()) == {ExecutionPhase.SUCCEEDED}
    assert story.bodies() == Counter(2 * NAMES)
