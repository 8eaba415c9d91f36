"""A local run whose engine is gone is shown as interrupted, and no other run is."""

import attrs
import pytest

from plait_core.ir.phases import ExecutionPhase
from plait_core.ports.databases import Lease
from plait_core.ports.pools import local_pool, shown_phase
from plait_core.ports.processes import this_process
from plait_core.testing._samples import execution_id, execution_row
from tests.unit.ports.endings import a_dead_process

HERE, ELSEWHERE, DEAD = this_process(), "another machine 1 1", a_dead_process()


@pytest.mark.parametrize(
    ("pool", "process", "shown"),
    [
        (local_pool(), HERE, ExecutionPhase.RUNNING),
        (local_pool(), None, ExecutionPhase.INTERRUPTED),
        (local_pool(), DEAD, ExecutionPhase.INTERRUPTED),
        ("local:elsewhere:1", ELSEWHERE, ExecutionPhase.RUNNING),
        ("local:elsewhere:1", None, ExecutionPhase.INTERRUPTED),
        ("servers", None, ExecutionPhase.RUNNING),
        ("servers", DEAD, ExecutionPhase.RUNNING),
    ],
    ids=["lives", "lease run out", "gone", "elsewhere", "elsewhere, lease run out", "of a server", "of a dead server"],
)
def test_shown_phase(pool: str, process: str | None, shown: ExecutionPhase) -> None:
    """Both signs count: a lease that has run out, and on this machine an engine that is gone before it has."""
    row = execution_row(execution_id(), pool=pool)
    lease = None if process is None else Lease(owner="engine-1", pool=pool, expires_at_ns=0, process=process)

    assert shown_phase(row, lease=lease) == shown
    ended = attrs.evolve(row, phase=ExecutionPhase.ABORTED)
    assert shown_phase(ended, lease=lease) == ExecutionPhase.ABORTED
