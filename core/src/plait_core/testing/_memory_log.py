"""
The in-memory event log and the views it writes.

The engine's runs without a database go through ``append`` once per turn, so it does nothing that could wait for a reader.
"""

import operator
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager
from itertools import islice

from plait_core.ir.events import Event
from plait_core.ir.executions import Closure
from plait_core.ir.ids import ExecutionId, NodeId
from plait_core.ir.phases import TERMINAL_EXECUTION, NodePhase
from plait_core.ports.bells import Bell, Bells
from plait_core.ports.databases import (
    EVERY_NODE,
    NOBODY,
    Append,
    AttemptPlace,
    AttemptRow,
    Census,
    ExecutionFilter,
    ExecutionOrder,
    ExecutionRow,
    NodeCount,
    NodeFilter,
    NodeRow,
    Page,
    Snapshot,
)
from plait_core.ports.pages import (
    attempt_token,
    execution_place,
    execution_token,
    is_descending,
    no_token,
    parse_execution_token,
)
from plait_core.testing._memory_records import Record, Records


class MemoryLog:
    """``EventLog`` over ``Records``."""

    def __init__(self, records: Records, *, keeps_history: bool = True) -> None:
        self._records = records
        self._keeps_history = keeps_history
        self._bells = Bells()

    async def append(self, batches: Sequence[Append]) -> Sequence[ExecutionId]:
        return [batch.execution for batch in batches if not self._commit(batch)]

    def _commit(self, batch: Append) -> bool:
        executions = self._records.executions
        record = executions.get(batch.execution)
        if record is None:
            if batch.first_seq != 1:
                return False
            record = executions[batch.execution] = Record(batch.owner, batch.row)
            if batch.owner == NOBODY:
                self._records.bell_of(batch.row.pool).ring()
        elif batch.first_seq != record.next_seq or batch.owner != record.owner:
            return False
        if self._keeps_history:
            record.turns.append((batch.first_seq, batch.at_ns, batch.decisions))
        record.next_seq += len(batch.decisions)
        record.row = batch.row
        for node in batch.nodes:
            record.nodes[node.node] = node
        for attempt in batch.attempts:
            key = attempt.id
            record.attempts[key.node, key.element, key.n] = attempt
        for message in batch.posted:
            self._records.arrivals.pop((batch.execution, message), None)
        for entry in batch.cache:
            self._records.cache[entry.key.digest] = entry
        if batch.cache or batch.released:
            self._records.release(batch)
        if not self._keeps_history and batch.row.phase in TERMINAL_EXECUTION:
            self._records.forget(batch.execution)
        self._records.trail.leave(batch.audit)
        self._bells.ring(batch.execution)
        return True

    async def read(self, execution: ExecutionId, *, after: int = 0, limit: int | None = None) -> Sequence[Event]:
        record = self._records.executions.get(execution)
        events = (
            Event(seq=seq, at_ns=at_ns, decision=decision)
            for first_seq, at_ns, decisions in (record.turns if record else ())
            if first_seq + len(decisions) > after
            for seq, decision in enumerate(decisions, first_seq)
            if seq > after
        )
        return list(islice(events, limit))

    async def latest(self, execution: ExecutionId) -> Event | None:
        record = self._records.executions.get(execution)
        if record is None or record.next_seq == 1:
            return None
        (event,) = await self.read(execution, after=record.next_seq - 2)
        return event

    def listening(self, execution: ExecutionId | None) -> AbstractContextManager[Bell]:
        return self._bells.listening(execution)

    async def save_snapshot(self, execution: ExecutionId, snapshot: Snapshot) -> None:
        self._records.of(execution).snapshot = snapshot

    async def load_snapshot(self, execution: ExecutionId) -> Snapshot | None:
        record = self._records.executions.get(execution)
        return record.snapshot if record else None

    async def put_closure(self, digest: str, closure: Closure) -> None:
        self._records.closures.setdefault(digest, closure)
        self._records.closures_put_at_ns[digest] = self._records.clock.now_ns()

    async def get_closure(self, digest: str) -> Closure | None:
        return self._records.closures.get(digest)


class MemoryViews:
    """``Views`` over ``Records``."""

    def __init__(self, records: Records) -> None:
        self._records = records

    async def execution(self, id: ExecutionId) -> ExecutionRow | None:
        record = self._records.executions.get(id)
        return record.row if record else None

    async def executions(
        self, where: ExecutionFilter, page: Page, order: ExecutionOrder = ExecutionOrder.NEWEST
    ) -> tuple[Sequence[ExecutionRow], str]:
        wanted = [record.row for record in self._records.executions.values() if _is_wanted(record.row, where)]
        places = {row.id: execution_place(row, order) for row in wanted}
        rows = sorted(wanted, key=lambda row: places[row.id], reverse=is_descending(order))
        if page.token:
            last = parse_execution_token(page.token, order)
            beyond = operator.lt if is_descending(order) else operator.gt
            rows = [row for row in rows if beyond(places[row.id], last)]
        shown = rows[: page.limit]
        return shown, execution_token(shown[-1]) if len(rows) > len(shown) else ""

    async def nodes(
        self,
        id: ExecutionId,
        where: NodeFilter = EVERY_NODE,
        *,
        after: NodeId | None = None,
        limit: int | None = None,
    ) -> Sequence[NodeRow]:
        record = self._records.executions.get(id)
        rows = list(record.nodes.values()) if record else []
        if after is not None:
            places = [place for place, row in enumerate(rows, 1) if row.node == after]
            if not places:
                raise no_token(after)
            rows = rows[places[0] :]
        return list(islice(filter(where.wants, rows), limit))

    async def node(self, id: ExecutionId, node: NodeId) -> NodeRow | None:
        record = self._records.executions.get(id)
        return record.nodes.get(node) if record else None

    async def attempt(self, id: ExecutionId, node: NodeId, n: int, *, element: int | None = None) -> AttemptRow | None:
        record = self._records.executions.get(id)
        return record.attempts.get((node, element, n)) if record else None

    async def count_nodes(self, id: ExecutionId, where: NodeFilter = EVERY_NODE) -> Sequence[NodeCount]:
        counts, elements = Counter[tuple[str, str, str]](), Counter[tuple[str, str, str]]()
        record = self._records.executions.get(id)
        for row in filter(where.wants, record.nodes.values() if record else ()):
            counts[row.kind, row.entity, row.phase.value] += 1
            elements[row.kind, row.entity, row.phase.value] += row.n_elements or 0
        return [
            NodeCount(kind=key[0], entity=key[1], phase=NodePhase(key[2]), n=n, n_elements=elements[key])
            for key, n in sorted(counts.items())
        ]

    async def attempts(
        self,
        id: ExecutionId,
        nodes: Sequence[NodeId] | None = None,
        *,
        after: AttemptPlace | None = None,
        limit: int = 1000,
    ) -> Sequence[AttemptRow]:
        record = self._records.executions.get(id)
        position = {name: n for n, name in enumerate(record.nodes)} if record else {}
        if after is not None and after[0] not in position:
            raise no_token(attempt_token(after))

        def place(node: NodeId, element: int | None, n: int) -> tuple[int, int, int]:
            return position[node], -1 if element is None else element, n

        rows = {
            place(*key): row
            for key, row in (record.attempts if record else {}).items()
            if nodes is None or key[0] in nodes
        }
        return [rows[key] for key in sorted(rows) if after is None or key > place(*after)][:limit]

    async def census(self) -> Census:
        records = self._records.executions
        live = {id_: record for id_, record in records.items() if record.row.phase not in TERMINAL_EXECUTION}
        return Census(
            executions=Counter(record.row.phase for record in records.values()),
            attempts=Counter(attempt.phase for record in live.values() for attempt in record.attempts.values()),
            n_pending=sum(execution in live for execution, _ in self._records.arrivals),
        )


def _is_wanted(row: ExecutionRow, where: ExecutionFilter) -> bool:
    return (
        where.project in {"", row.id.project}
        and where.domain in {"", row.id.domain}
        and (not where.phases or row.phase in where.phases)
        and (not where.targets or row.target in where.targets)
        and where.name_contains in row.id.name
        and where.principal in {"", row.principal}
        and _is_within(row.created_at_ns, where.created_from_ns, where.created_before_ns)
        and _is_within(_lasted_ns(row), where.lasted_from_ns, where.lasted_below_ns)
        and (where.include_archived or not row.is_archived)
    )


def _lasted_ns(row: ExecutionRow) -> int | None:
    return row.ended_at_ns - row.created_at_ns if row.ended_at_ns is not None else None


def _is_within(value: int | None, lower: int | None, upper: int | None) -> bool:
    if value is None:
        return lower is None and upper is None
    return (lower is None or value >= lower) and (upper is None or value < upper)
