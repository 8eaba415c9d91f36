"""The in-memory ports by which engines share executions: leases, inbox and cache reservations."""

from collections.abc import Iterator, Sequence

import attrs

from plait_core.ir.events import LeaseTaken
from plait_core.ir.ids import ExecutionId
from plait_core.ir.phases import TERMINAL_EXECUTION, TERMINAL_NODE
from plait_core.ports.databases import NOBODY, AuditLine, CacheEntry, CacheKey, Lease, Posted, Reservation
from plait_core.ports.databases.leases import FORGOTTEN_AFTER_S
from plait_core.ports.pools import is_local
from plait_core.testing._memory_records import Record, Records

SECOND_NS = 1_000_000_000


class MemoryLeases:
    """``Leases`` over ``Records``."""

    def __init__(self, records: Records) -> None:
        self._records = records

    async def renew(self, owner: str, *, pool: str, ttl_s: float, process: str = "") -> bool:
        if owner not in self._records.leases:
            await self.forget()
        expires_at_ns = self._records.clock.now_ns() + int(ttl_s * SECOND_NS)
        self._records.leases[owner] = Lease(owner=owner, pool=pool, expires_at_ns=expires_at_ns, process=process)
        was_robbed = owner in self._records.robbed
        self._records.robbed.discard(owner)
        return not was_robbed

    async def forget(self) -> int:
        oldest_ns = self._records.clock.now_ns() - int(FORGOTTEN_AFTER_S * SECOND_NS)
        leases = self._records.leases.items()
        gone = [owner for owner, lease in leases if lease.expires_at_ns <= oldest_ns and not await self.owned(owner)]
        for owner in gone:
            del self._records.leases[owner]
            self._records.robbed.discard(owner)
        return len(gone)

    async def release(self, owner: str) -> None:
        lease = self._records.leases.pop(owner, None)
        self._records.robbed.discard(owner)
        if lease is not None:
            self._records.bell_of(lease.pool).ring()

    async def expire(self, owner: str) -> None:
        lease = self._records.leases.get(owner)
        if lease is not None and self._records.has_lease(owner):
            self._records.leases[owner] = attrs.evolve(lease, expires_at_ns=self._records.clock.now_ns())
            self._records.bell_of(lease.pool).ring()

    async def living(self) -> Sequence[Lease]:
        return [lease for owner, lease in sorted(self._records.leases.items()) if self._records.has_lease(owner)]

    async def claim(
        self, owner: str, *, pool: str, limit: int, execution: ExecutionId | None = None
    ) -> Sequence[tuple[ExecutionId, int]]:
        self._records.bell_of(pool).hush()
        if not self._records.has_lease(owner):
            return []
        free = [*self._free(pool, execution)][:limit]
        return [(claimed, self._take(record, owner)) for claimed, record in free]

    def _free(self, pool: str, only: ExecutionId | None) -> Iterator[tuple[ExecutionId, Record]]:
        for execution, record in self._records.executions.items():
            is_free = record.row.phase not in TERMINAL_EXECUTION and not self._records.has_lease(record.owner)
            is_wanted = execution == only if only else self._is_due(execution, record)
            if record.row.pool == pool and is_free and is_wanted:
                yield execution, record

    def _is_due(self, execution: ExecutionId, record: Record) -> bool:
        wake_at_ns = record.row.wake_at_ns
        has_message = any(addressee == execution for addressee, _ in self._records.arrivals)
        return wake_at_ns is None or wake_at_ns <= self._records.clock.now_ns() or has_message

    def _take(self, record: Record, owner: str) -> int:
        if record.owner in self._records.leases:
            self._records.robbed.add(record.owner)
        seq = record.next_seq
        record.turns.append((seq, self._records.clock.now_ns(), (LeaseTaken(owner=owner),)))
        record.next_seq += 1
        record.owner = owner
        self._records.bell_of(owner).ring()
        return seq

    async def relinquish(self, owner: str, execution: ExecutionId, *, wake_at_ns: int | None) -> None:
        record = self._records.executions.get(execution)
        if record is not None and record.owner == owner:
            record.owner = NOBODY
            record.row = attrs.evolve(record.row, wake_at_ns=wake_at_ns)
            self._records.bell_of(record.row.pool).ring()

    async def owned(self, owner: str) -> Sequence[ExecutionId]:
        records = self._records.executions.items()
        return [id_ for id_, held in records if held.owner == owner and held.row.phase not in TERMINAL_EXECUTION]

    async def wait(self, pool: str, *, timeout_s: float) -> None:
        clock = self._records.clock
        await self._records.bell_of(pool).wait(clock.sleep_until(clock.now_ns() + int(timeout_s * SECOND_NS)))

    async def lease_of(self, execution: ExecutionId) -> Lease | None:
        record = self._records.executions.get(execution)
        return self._records.leases[record.owner] if record and self._records.has_lease(record.owner) else None


class MemoryInbox:
    """``Inbox`` over ``Records``."""

    def __init__(self, records: Records) -> None:
        self._records = records

    async def post(self, execution: ExecutionId, posted: Posted, *, audit: AuditLine | None = None) -> None:
        if self._records.post(execution, posted):
            self._records.trail.leave(audit)

    async def pending(self, owner: str) -> Sequence[tuple[ExecutionId, Posted]]:
        self._records.bell_of(owner).hush()
        return [
            (execution, posted)
            for (execution, _), posted in self._records.arrivals.items()
            if self._is_waited_for(self._records.of(execution), owner)
        ]

    def _is_waited_for(self, record: Record, owner: str) -> bool:
        return record.owner == owner and record.row.phase not in TERMINAL_EXECUTION

    async def wait(self, owner: str, *, timeout_s: float) -> None:
        clock = self._records.clock
        await self._records.bell_of(owner).wait(clock.sleep_until(clock.now_ns() + int(timeout_s * SECOND_NS)))


class MemoryCache:
    """``CacheIndex`` over ``Records``."""

    def __init__(self, records: Records) -> None:
        self._records = records

    async def get(self, key: CacheKey) -> CacheEntry | None:
        return self._records.cache.get(key.digest)

    async def latest(self, key: CacheKey) -> CacheEntry | None:
        same = [entry for entry in self._records.cache.values() if _task_of(entry.key) == _task_of(key)]
        return max(same, key=lambda entry: entry.created_at_ns, default=None)

    async def entries(self, *, after: str = "", limit: int) -> Sequence[CacheEntry]:
        held = self._records.cache
        return [held[digest] for digest in sorted(digest for digest in held if digest > after)[:limit]]

    async def reserve(self, reservation: Reservation) -> Reservation:
        digest, attempt = reservation.key.digest, reservation.attempt
        held = self._records.reservations.get(digest)
        if held is not None and self._is_valid(held):
            if not held.is_held_for(attempt):
                self._records.waiting.setdefault(digest, {})[attempt.execution, attempt.node] = None
            return held
        self._records.reservations[digest] = reservation
        return reservation

    def _is_valid(self, held: Reservation) -> bool:
        attempt = held.attempt
        record = self._records.executions.get(attempt.execution)
        if record is None or record.row.phase in TERMINAL_EXECUTION:
            return False
        if is_local(record.row.pool) and not self._records.has_lease(record.owner):
            return False
        row = record.nodes.get(attempt.node)
        return row is None or row.phase not in TERMINAL_NODE

    async def clear(self, *, project: str = "", domain: str = "", task: str = "") -> int:
        doomed = [
            digest
            for digest, entry in self._records.cache.items()
            if project in {"", entry.key.project} and domain in {"", entry.key.domain} and task in {"", entry.key.task}
        ]
        for digest in doomed:
            del self._records.cache[digest]
        return len(doomed)


def _task_of(key: CacheKey) -> tuple[str, str, str]:
    return key.project, key.domain, key.task
