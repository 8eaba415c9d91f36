"""
The log: what each execution has decided, turn by turn, and what makes reading it cheap.

An ``Append`` is the engine's only write to an execution. The log's key (execution, seq) is the fence: an engine that lost an
execution conflicts on its next append.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import attrs

from plait_core.ir.events import Decision, Event
from plait_core.ir.executions import Closure
from plait_core.ir.ids import ExecutionId, NodeId
from plait_core.ir.shapes import Shape
from plait_core.ports.bells import Bell
from plait_core.ports.databases.audit import AuditLine
from plait_core.ports.databases.cache import CacheEntry
from plait_core.ports.databases.rows import AttemptRow, ExecutionRow, NodeRow


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Append(Shape):
    """
    One turn of one execution, in full.

    ``first_seq`` is the sequence number of the first decision; all carry ``at_ns``. ``posted`` are keys of the inbox that this
    turn consumed. ``cache`` entries are written in the same transaction, and the reservations of their keys released, as are
    those of the nodes, or elements of nodes, that are ``released``; who waits for such a key gets ``word_of_release``. And
    ``audit`` is left in it.
    An attempt's node has a row in this turn or an earlier one.
    """

    execution: ExecutionId
    owner: str
    first_seq: int
    at_ns: int
    decisions: Sequence[Decision]
    row: ExecutionRow
    nodes: Sequence[NodeRow] = ()
    attempts: Sequence[AttemptRow] = ()
    posted: Sequence[str] = ()
    cache: Sequence[CacheEntry] = ()
    released: Sequence[tuple[NodeId, int | None]] = ()
    audit: AuditLine | None = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Snapshot(Shape):
    """The folded state after event *seq*, as bytes that only the engine's own version can read."""

    seq: int
    version: int
    state: bytes


class EventLog(Protocol):
    """Append-only events per execution. Raises ``StoreUnavailable`` (retryable) and ``StoreCorrupt``."""

    async def append(self, batches: Sequence[Append]) -> Sequence[ExecutionId]:
        """
        Commit turns of different executions in one transaction (group commit).

        A batch with ``first_seq == 1`` creates its execution; with the owner ``NOBODY`` it is there to be claimed.
        Returns the executions whose batch was refused because the sequence number is taken or the owner changed; the
        others are committed.
        When cancelled, each batch is either wholly there or not at all.
        """
        ...

    async def read(self, execution: ExecutionId, *, after: int = 0, limit: int | None = None) -> Sequence[Event]:
        """Return the events with ``seq > after`` in order, at most *limit* of them."""
        ...

    async def latest(self, execution: ExecutionId) -> Event | None:
        """Return the last event so far."""
        ...

    def listening(self, execution: ExecutionId | None) -> AbstractContextManager[Bell]:
        """
        Hand over a bell that rings when events of *execution*, or of any, are committed through this very object.

        What another process commits may ring it too, where the store can tell; who listens looks now and then all the same.
        """
        ...

    async def save_snapshot(self, execution: ExecutionId, snapshot: Snapshot) -> None:
        """Keep a snapshot, replacing an older one."""
        ...

    async def load_snapshot(self, execution: ExecutionId) -> Snapshot | None:
        """Return the latest snapshot."""
        ...

    async def put_closure(self, digest: str, closure: Closure) -> None:
        """Keep templates by digest; a second put of one digest changes nothing but the time by which ``Upkeep`` goes."""
        ...

    async def get_closure(self, digest: str) -> Closure | None:
        """Return templates by digest."""
        ...
