"""
What the in-memory database holds about executions, shared by its ports.

Nothing is encoded: the objects handed in are the objects handed out.
"""

from collections.abc import Sequence

from plait_core.errors.stores import ExecutionUnknown
from plait_core.ir.events import Decision
from plait_core.ir.executions import Closure
from plait_core.ir.ids import ExecutionId, NodeId
from plait_core.ports.bells import Bell
from plait_core.ports.clock import Clock
from plait_core.ports.databases import (
    AttemptRow,
    AuditLine,
    CacheEntry,
    ExecutionRow,
    Lease,
    NodeRow,
    Posted,
    Reservation,
    Snapshot,
)


class Trail(list[AuditLine]):
    """The audit trail, which every port that changes something adds to."""

    def leave(self, line: AuditLine | None) -> None:
        """Add a line, if there is one."""
        if line is not None:
            self.append(line)


AttemptKey = tuple[NodeId, int | None, int]
"""(node, element, n)."""


class Record:
    """One execution. ``turns`` are (first seq, time, decisions), made into events when somebody reads them."""

    __slots__ = ("attempts", "next_seq", "nodes", "owner", "posted", "row", "snapshot", "turns")

    def __init__(self, owner: str, row: ExecutionRow) -> None:
        self.owner = owner
        self.row = row
        self.next_seq = 1
        self.turns: list[tuple[int, int, Sequence[Decision]]] = []
        self.nodes: dict[NodeId, NodeRow] = {}
        self.attempts: dict[AttemptKey, AttemptRow] = {}
        self.posted: set[str] = set()
        self.snapshot: Snapshot | None = None


class Records:
    """Every execution, lease, message and cached value of one database."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.trail = Trail()
        self.executions: dict[ExecutionId, Record] = {}
        self.closures: dict[str, Closure] = {}
        self.closures_put_at_ns: dict[str, int] = {}
        self.leases: dict[str, Lease] = {}
        self.robbed: set[str] = set()
        self.arrivals: dict[tuple[ExecutionId, str], Posted] = {}
        self.bells: dict[str, Bell] = {}
        self.cache: dict[str, CacheEntry] = {}
        self.reservations: dict[str, Reservation] = {}

    def of(self, execution: ExecutionId) -> Record:
        """Return the record of an execution. Raises ``ExecutionUnknown``."""
        if execution not in self.executions:
            raise ExecutionUnknown(id=str(execution))
        return self.executions[execution]

    def bell_of(self, whom: str) -> Bell:
        """Return the bell that tells an owner of messages, or a pool of what may be claimed."""
        return self.bells.setdefault(whom, Bell())

    def has_lease(self, owner: str) -> bool:
        """Say whether the lease of *owner* lives."""
        lease = self.leases.get(owner)
        return lease is not None and lease.expires_at_ns > self.clock.now_ns()
