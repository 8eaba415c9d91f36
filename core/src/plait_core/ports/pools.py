"""
Pools: which engines may own an execution.

Called by whoever starts an execution and by whoever shows one. A local run belongs to the pool of its own process,
``local:<host>:<pid>``, so that no server adopts it; once its engine is gone nobody drives it, and it is shown as
INTERRUPTED. That phase is never stored: a run that is resumed was never anything but RUNNING.
"""

import os

from plait_core.ir.phases import TERMINAL_EXECUTION, ExecutionPhase
from plait_core.ports.databases import ExecutionRow, Lease
from plait_core.ports.processes import is_gone

LOCAL = "local:"
"""What the names of local pools begin with."""


def local_pool() -> str:
    """Return the pool of this process."""
    return f"{LOCAL}{os.uname().nodename}:{os.getpid()}"


def is_local(pool: str) -> bool:
    """Say whether *pool* is that of one process."""
    return pool.startswith(LOCAL)


def shown_phase(row: ExecutionRow, *, lease: Lease | None) -> ExecutionPhase:
    """
    Return the phase to show for *row*: INTERRUPTED where a local run has lost its engine.

    Args:
        row: As ``Views`` returned it.
        lease: What ``Leases.lease_of`` says: ``None`` once the lease of its engine has run out.
    """
    is_interrupted = is_local(row.pool) and (lease is None or is_gone(lease.process))
    if row.phase in TERMINAL_EXECUTION or not is_interrupted:
        return row.phase
    return ExecutionPhase.INTERRUPTED
