"""
What the in-memory database holds about executions, shared by its ports.

Nothing is encoded: the objects handed in are the objects handed out.
"""

from collections.abc import Sequence

from plait_core.errors.stores import ExecutionUnknown
from plait_core.ir.events import Decision
from plait_core.ir.executions import Closure
from plait_core.ir.ids import ExecutionId, NodeId
from plait_core.ir.phases import TERMINAL_EXECUTION
from plait_core.ports.bells import Bell
from plait_core.ports.clock import Clock
from plait_core.ports.databases import (
    Append,
    AttemptRow,
    AuditLine,
    CacheEntry,
    ExecutionRow,
    Lease,
    NodeRow,
    Posted,
    Reservation,
    Snapshot,
    word_of_release,
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
        self.waiting: dict[str, dict[tuple[ExecutionId, NodeId], None]] = {}
        """Digest of a key -> the nodes that wait for it."""

    def of(self, execution: ExecutionId) -> Record:
        """Return the record of an execution. Raises ``ExecutionUnknown``."""
        if execution not in self.executions:
            raise ExecutionUnknown(id=str(execution))
        return self.executions[execution]

    def post(self, execution: ExecutionId, posted: Posted) -> bool:
        """Leave a message, and say whether it is new. Raises ``ExecutionUnknown``."""
        record = self.of(execution)
        if posted.key in record.posted:
            return False
        record.posted.add(posted.key)
        self.arrivals[execution, posted.key] = posted
        self.bell_of(record.owner or record.row.pool).ring()
        return True

    def forget(self, execution: ExecutionId) -> None:
        """Drop an execution with its messages."""
        del self.executions[execution]
        for arrival in [arrival for arrival in self.arrivals if arrival[0] == execution]:
            del self.arrivals[arrival]

    def release(self, turn: Append) -> None:
        """Free the keys that *turn* populates or gives up, and tell those that wait for them."""
        digests = {entry.key.digest: None for entry in turn.cache}
        for digest, held in self.reservations.items() if turn.released else ():
            node, element = held.attempt.node, held.attempt.element
            if held.attempt.execution == turn.execution and not {(node, element), (node, None)}.isdisjoint(
                turn.released
            ):
                digests[digest] = None
        for digest in digests:
            self.reservations.pop(digest, None)
            for execution, node in self.waiting.pop(digest, ()):
                waiter = self.executions.get(execution)
                if waiter is not None and waiter.row.phase not in TERMINAL_EXECUTION:
                    self.post(execution, word_of_release(digest, node, by=turn))

    def bell_of(self, whom: str) -> Bell:
        """Return the bell that tells an owner of messages, or a pool of what may be claimed."""
        return self.bells.setdefault(whom, Bell())

    def has_lease(self, owner: str) -> bool:
        """Say whether the lease of *owner* lives."""
        lease = self.leases.get(owner)
        return lease is not None and lease.expires_at_ns > self.clock.now_ns()
