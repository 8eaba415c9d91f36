"""A local run whose process is gone is shown as interrupted, and no other run is."""

import os
import subprocess

import attrs
import pytest

from plait_core.ir.phases import ExecutionPhase
from plait_core.ports.pools import is_abandoned, local_pool, shown_phase
from plait_core.testing._samples import execution_id, execution_row

HOST = os.uname().nodename


def pool_of_a_dead_process() -> str:
    process = subprocess.Popen(["true"])
    process.wait()
    return f"local:{HOST}:{process.pid}"


@pytest.mark.parametrize(
    ("pool", "owner", "shown"),
    [
        (local_pool(), "engine-1", ExecutionPhase.RUNNING),
        (local_pool(), None, ExecutionPhase.INTERRUPTED),
        (pool_of_a_dead_process(), "engine-1", ExecutionPhase.INTERRUPTED),
        ("local:elsewhere:1", "engine-1", ExecutionPhase.RUNNING),
        ("local:elsewhere:1", None, ExecutionPhase.INTERRUPTED),
        ("servers", None, ExecutionPhase.RUNNING),
    ],
    ids=["lives", "lease expired", "process gone", "elsewhere", "elsewhere, lease expired", "of a server"],
)
def test_shown_phase(pool: str, owner: str | None, shown: ExecutionPhase) -> None:
    """Both signs count: an expired lease, and on this host a process that is gone before its lease expires."""
    row = execution_row(execution_id(), pool=pool)

    assert shown_phase(row, owner=owner) == shown
    ended = attrs.evolve(row, phase=ExecutionPhase.ABORTED)
    assert shown_phase(ended, owner=owner) == ExecutionPhase.ABORTED


def test_only_local_pools_are_abandoned() -> None:
    """Of a server's pool, and of other hosts, nothing is known."""
    assert is_abandoned(pool_of_a_dead_process())
    assert not is_abandoned(local_pool())
    assert not is_abandoned("servers")
    assert not is_abandoned("local:elsewhere:1")
