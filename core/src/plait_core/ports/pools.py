"""
Pools: which engines may own an execution.

Called by whoever starts an execution and by whoever shows one. A local run belongs to the pool of its own process,
``local:<host>:<pid>``, so that no server adopts it; once that process is gone nobody drives it, and it is shown as
INTERRUPTED. That phase is never stored: a run that is resumed was never anything but RUNNING.
"""

import os
from functools import cache

from plait_core.ir.phases import TERMINAL_EXECUTION, ExecutionPhase
from plait_core.ports.databases import ExecutionRow

LOCAL = "local:"
"""What the names of local pools begin with."""


def local_pool() -> str:
    """Return the pool of this process."""
    return f"{LOCAL}{_host()}:{os.getpid()}"


def is_local(pool: str) -> bool:
    """Say whether *pool* is that of one process."""
    return pool.startswith(LOCAL)


def is_abandoned(pool: str) -> bool:
    """Say whether *pool* is that of a process of this host that has ended; of other hosts nothing is known."""
    if not is_local(pool):
        return False
    host, _, pid = pool.removeprefix(LOCAL).rpartition(":")
    return host == _host() and not _is_alive(int(pid))


def shown_phase(row: ExecutionRow, *, owner: str | None) -> ExecutionPhase:
    """
    Return the phase to show for *row*: INTERRUPTED where a local run has lost its process.

    Args:
        row: As ``Views`` returned it.
        owner: What ``Leases.owner_of`` says: ``None`` once the lease of its engine has expired.
    """
    is_interrupted = is_local(row.pool) and (owner is None or is_abandoned(row.pool))
    if row.phase in TERMINAL_EXECUTION or not is_interrupted:
        return row.phase
    return ExecutionPhase.INTERRUPTED


@cache
def _host() -> str:
    return os.uname().nodename


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it exists and belongs to somebody else
        return True
    return True
