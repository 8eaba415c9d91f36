"""
Leases on SQL, and what else decides who owns an execution.

Judged by the database's clock alone: engines on several hosts need not agree about the time.
"""

import asyncio
from collections.abc import Callable, Sequence

from plait_core.ir.codec import dumps
from plait_core.ir.events import LeaseTaken
from plait_core.ir.ids import ExecutionId
from plait_core.ports.bells import Bell
from plait_core.ports.databases import NOBODY, Lease
from plait_core.ports.databases.leases import FORGOTTEN_AFTER_S
from plait_sql.connections import Connection, Row, Transaction
from plait_sql.executions import POOL
from plait_sql.migrations import UNFINISHED

SECOND_NS = 1_000_000_000

_HAS_LEASE = "SELECT 1 FROM leases WHERE owner = ? AND expires_at_ns > ?"
_FREE = f"""
    SELECT key, project, domain, name, owner, next_seq FROM executions
    WHERE pool = ? AND {UNFINISHED}
    AND NOT EXISTS (SELECT 1 FROM leases WHERE leases.owner = executions.owner AND expires_at_ns > ?)
"""
_DUE = """
    AND (
        wake_at_ns IS NULL OR wake_at_ns <= ?
        OR EXISTS (SELECT 1 FROM inbox WHERE execution = executions.key AND is_consumed = 0)
    )
    ORDER BY key LIMIT ?
"""
_TAKE_DUE = _FREE + _DUE + "{unless_locked}"
_TAKE_NAMED = _FREE + "AND project = ? AND domain = ? AND name = ? LIMIT ? {once_unlocked}"
_STILL_FREE = _FREE + "AND key = ?"
_EXTEND = "UPDATE leases SET pool = ?, expires_at_ns = ?, process = ?, is_robbed = 0 WHERE owner = ?"
_BEGIN = (
    "INSERT INTO leases (owner, pool, expires_at_ns, process, is_robbed) VALUES (?, ?, ?, ?, 0) ON CONFLICT (owner) "
    "DO UPDATE SET pool = excluded.pool, expires_at_ns = excluded.expires_at_ns, process = excluded.process, is_robbed = 0"
)
_FORGET = f"""
    DELETE FROM leases WHERE expires_at_ns <= ?
    AND NOT EXISTS (SELECT 1 FROM executions WHERE executions.owner = leases.owner AND {UNFINISHED})
"""
_LEASE = "SELECT leases.owner, leases.pool, expires_at_ns, process FROM leases"
_LEAVE = (
    "UPDATE executions SET owner = ?, wake_at_ns = ? WHERE project = ? AND domain = ? AND name = ? AND owner = ? "
    "RETURNING pool"
)


class SqlLeases:
    """``Leases`` on a connection; *on_move* is told who owns which executions from now on."""

    def __init__(self, connection: Connection, on_move: Callable[[str, Sequence[ExecutionId]], None]) -> None:
        self._connection = connection
        self._on_move = on_move
        self._bells: dict[str, Bell] = {}

    def ring(self, pool: str) -> None:
        """Tell the engines of *pool* that something may be claimable."""
        self._bell_of(pool).ring()

    def _bell_of(self, pool: str) -> Bell:
        return self._bells.setdefault(pool, Bell())

    async def renew(self, owner: str, *, pool: str, ttl_s: float, process: str = "") -> bool:
        def extend(transaction: Transaction) -> bool:
            expires_at_ns = transaction.now_ns() + int(ttl_s * SECOND_NS)
            if transaction.execute(f"{_EXTEND} AND is_robbed = 0", (pool, expires_at_ns, process, owner)):
                return True
            if transaction.execute(_EXTEND, (pool, expires_at_ns, process, owner)):
                return False
            _forget(transaction)
            transaction.execute(_BEGIN, (owner, pool, expires_at_ns, process))
            return True

        return await self._connection.write(extend, is_brief=True)

    async def forget(self) -> int:
        return await self._connection.write(_forget)

    async def release(self, owner: str) -> None:
        await self._free("DELETE FROM leases WHERE owner = ? RETURNING pool", lambda _: (owner,))

    async def expire(self, owner: str) -> None:
        await self._free(
            "UPDATE leases SET expires_at_ns = ? WHERE owner = ? AND expires_at_ns > ? RETURNING pool",
            lambda now_ns: (now_ns, owner, now_ns),
        )

    async def living(self) -> Sequence[Lease]:
        rows = await self._connection.glance(
            lambda transaction: transaction.query(
                f"{_LEASE} WHERE expires_at_ns > ? ORDER BY leases.owner", (transaction.now_ns(),)
            )
        )
        return [*map(_lease, rows)]

    async def relinquish(self, owner: str, execution: ExecutionId, *, wake_at_ns: int | None) -> None:
        named = (execution.project, execution.domain, execution.name, owner)
        if await self._free(_LEAVE, lambda _: (NOBODY, wake_at_ns, *named)):
            self._on_move(NOBODY, [execution])

    async def _free(self, statement: str, parameters: Callable[[int], Row]) -> bool:
        """
        Carry out a statement after which something of the pool that it returns may be claimed, and say so, if it did anything.

        Its *parameters* may depend on the time.
        """

        def free(transaction: Transaction) -> Row | None:
            freed = transaction.query_one(statement, parameters(transaction.now_ns()))
            if freed is not None:
                transaction.announce(f"{POOL} {freed[0]}")
            return freed

        freed = await self._connection.write(free)
        if freed is None:
            return False
        self.ring(freed[0])
        return True

    async def owned(self, owner: str) -> Sequence[ExecutionId]:
        rows = await self._connection.read(
            lambda transaction: transaction.query(
                f"SELECT project, domain, name FROM executions WHERE owner = ? AND {UNFINISHED}", (owner,)
            )
        )
        return [ExecutionId(project=project, domain=domain, name=name) for project, domain, name in rows]

    async def wait(self, pool: str, *, timeout_s: float) -> None:
        self._connection.listen(self._hear)
        await self._bell_of(pool).wait(asyncio.sleep(timeout_s))

    def _hear(self, subject: str) -> None:
        kind, _, pool = subject.partition(" ")
        if kind == POOL:
            self.ring(pool)

    async def claim(
        self, owner: str, *, pool: str, limit: int, execution: ExecutionId | None = None
    ) -> Sequence[tuple[ExecutionId, int]]:
        take_due, take_named = (text.format_map(self._connection.words) for text in (_TAKE_DUE, _TAKE_NAMED))

        def take(transaction: Transaction) -> list[tuple[ExecutionId, int]]:
            now_ns = transaction.now_ns()
            if transaction.query_one(_HAS_LEASE, (owner, now_ns)) is None:
                return []
            if execution is not None:
                wanted = (execution.project, execution.domain, execution.name, limit)
                found = transaction.query(take_named, (pool, now_ns, *wanted))
            else:
                found = transaction.query(take_due, (pool, now_ns, now_ns, limit))
            # others may have claimed them between the search and the lock
            free = [row for key, *_ in found for row in transaction.query(_STILL_FREE, (pool, now_ns, key))]
            for key, _, _, _, loser, seq in free:
                _hand_over(transaction, key, seq, now_ns=now_ns, loser=loser, owner=owner)
            return [
                (ExecutionId(project=project, domain=domain, name=name), seq)
                for _, project, domain, name, _, seq in free
            ]

        if execution is None and not await self._has_due(pool):
            return []
        claimed = await self._connection.write(take)
        if claimed:
            self._on_move(owner, [id_ for id_, _ in claimed])
        return claimed

    async def _has_due(self, pool: str) -> bool:
        """Look first: engines ask every second, and mostly for nothing, which must not cost a lock."""
        self._bell_of(pool).hush()

        def find(transaction: Transaction) -> bool:
            now_ns = transaction.now_ns()
            return transaction.query_one(_FREE + _DUE, (pool, now_ns, now_ns, 1)) is not None

        return await self._connection.read(find)

    async def lease_of(self, execution: ExecutionId) -> Lease | None:
        row = await self._connection.glance(
            lambda transaction: transaction.query_one(
                f"{_LEASE} JOIN executions ON executions.owner = leases.owner "
                "WHERE project = ? AND domain = ? AND name = ? AND expires_at_ns > ?",
                (execution.project, execution.domain, execution.name, transaction.now_ns()),
            )
        )
        return _lease(row) if row else None


def _lease(row: Row) -> Lease:
    owner, pool, expires_at_ns, process = row
    return Lease(owner=owner, pool=pool, expires_at_ns=expires_at_ns, process=process)


def _forget(transaction: Transaction) -> int:
    """Delete leases of the dead. Whoever renews, or claims from, one of them meanwhile is waited for, and then it stays."""
    oldest_ns = transaction.now_ns() - int(FORGOTTEN_AFTER_S * SECOND_NS)
    return transaction.execute(_FORGET, (oldest_ns,))


def _hand_over(transaction: Transaction, key: int, seq: int, *, now_ns: int, loser: str, owner: str) -> None:
    transaction.execute("UPDATE leases SET is_robbed = 1 WHERE owner = ?", (loser,))
    transaction.execute("UPDATE executions SET owner = ?, next_seq = ? WHERE key = ?", (owner, seq + 1, key))
    transaction.execute(
        "INSERT INTO events (execution, seq, at_ns, decision) VALUES (?, ?, ?, ?)",
        (key, seq, now_ns, dumps(LeaseTaken(owner=owner))),
    )
