"""Leases: which engine may drive which executions, and until when."""

from collections.abc import Sequence
from typing import Protocol

import attrs

from plait_core.ir.ids import ExecutionId
from plait_core.ir.shapes import Shape

NOBODY = ""
"""The owner of an execution that no engine owns: any engine of its pool may claim it."""

FORGOTTEN_AFTER_S = 86_400.0
"""How long after it ran out a lease is still known, so that an engine which was only late hears what others took."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Lease(Shape):
    """An engine's right to own executions, judged by the database's clock. ``process`` is that of the engine (``ports.processes``)."""

    owner: str
    pool: str
    expires_at_ns: int
    process: str = ""


class Leases(Protocol):
    """One lease row per engine; executions name their owner."""

    async def renew(self, owner: str, *, pool: str, ttl_s: float, process: str = "") -> bool:
        """
        Take or extend the engine's lease, which names its *process*.

        False, once, when it had expired and somebody took executions from it: it lives again and owns what is left.
        When it begins, others are forgotten.
        """
        ...

    async def forget(self) -> int:
        """
        Delete the leases that ran out ``FORGOTTEN_AFTER_S`` ago, but for those whose owner owns what has not ended; returns their number.

        An engine that was away for so long is a new one to the store when it comes back.
        """
        ...

    async def release(self, owner: str) -> None:
        """Give the lease up; its executions are free at once."""
        ...

    async def expire(self, owner: str) -> None:
        """
        End the lease of an engine whose process is gone: all is as if the lease had just run out.

        Changes nothing, and is no error, when it has run out.
        """
        ...

    async def living(self) -> Sequence[Lease]:
        """Return the leases that live, of all pools, ordered by owner."""
        ...

    async def claim(
        self, owner: str, *, pool: str, limit: int, execution: ExecutionId | None = None
    ) -> Sequence[tuple[ExecutionId, int]]:
        """
        Take over executions of the pool that are due and whose owner's lease is gone.

        Due are those that have not ended and either wait for no time, or for one that has come, or have messages pending.
        With *execution*, only that one, due or not: how a local run is resumed. Without a living lease of *owner*, none.
        Appends ``LeaseTaken(owner)`` at the next seq in the transaction that changes the owner; returns each execution with that seq.
        """
        ...

    async def relinquish(self, owner: str, execution: ExecutionId, *, wake_at_ns: int | None) -> None:
        """
        Leave an execution to whoever claims it next, and have its row say when it is due.

        Changes nothing, and is no error, when *owner* does not own it.
        """
        ...

    async def owned(self, owner: str) -> Sequence[ExecutionId]:
        """Return the executions of *owner* that have not ended, whether or not its lease lives."""
        ...

    async def wait(self, pool: str, *, timeout_s: float) -> None:
        """
        Return when something of *pool* may have become claimable since ``claim`` last looked, or after *timeout_s*.

        A due time that comes, a lease that expires and what other processes do may go unheard until then.
        """
        ...

    async def lease_of(self, execution: ExecutionId) -> Lease | None:
        """Return the lease of the engine that owns an execution, if it lives."""
        ...
