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
from plait_core.ports.databases import NOBODY
from plait_sql.connections import Connection, Transaction
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
_LEAVE = (
    "UPDATE executions SET owner = ?, wake_at_ns = ? WHERE project = ? AND domain = ? AND name = ? AND owner = ? "
    "RETURNING pool"
)
_NAMED = "AND project = ? AND domain = ? AND name = ? LIMIT ?"


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

    async def renew(self, owner: str, *, pool: str, ttl_s: float) -> bool:
        def extend(transaction: Transaction) -> bool:
            held = transaction.query_one("SELECT is_robbed FROM leases WHERE owner = ?", (owner,))
            expires_at_ns = transaction.now_ns() + int(ttl_s * SECOND_NS)
            transaction.execute(
                "INSERT INTO leases (owner, pool, expires_at_ns, is_robbed) VALUES (?, ?, ?, 0) ON CONFLICT (owner) "
                "DO UPDATE SET pool = excluded.pool, expires_at_ns = excluded.expires_at_ns, is_robbed = 0",
                (owner, pool, expires_at_ns),
            )
            return held is None or not held[0]

        return await self._connection.write(extend)

    async def release(self, owner: str) -> None:
        lease = await self._connection.write(
            lambda transaction: transaction.query_one("DELETE FROM leases WHERE owner = ? RETURNING pool", (owner,))
        )
        if lease is not None:
            self.ring(lease[0])

    async def relinquish(self, owner: str, execution: ExecutionId, *, wake_at_ns: int | None) -> None:
        named = (execution.project, execution.domain, execution.name, owner)
        left = await self._connection.write(
            lambda transaction: transaction.query_one(_LEAVE, (NOBODY, wake_at_ns, *named))
        )
        if left is not None:
            self._on_move(NOBODY, [execution])
            self.ring(left[0])

    async def owned(self, owner: str) -> Sequence[ExecutionId]:
        rows = await self._connection.read(
            lambda transaction: transaction.query(
                f"SELECT project, domain, name FROM executions WHERE owner = ? AND {UNFINISHED}", (owner,)
            )
        )
        return [ExecutionId(project=project, domain=domain, name=name) for project, domain, name in rows]

    async def wait(self, pool: str, *, timeout_s: float) -> None:
        await self._bell_of(pool).wait(asyncio.sleep(timeout_s))

    async def claim(
        self, owner: str, *, pool: str, limit: int, execution: ExecutionId | None = None
    ) -> Sequence[tuple[ExecutionId, int]]:
        def take(transaction: Transaction) -> list[tuple[ExecutionId, int]]:
            now_ns = transaction.now_ns()
            if transaction.query_one(_HAS_LEASE, (owner, now_ns)) is None:
                return []
            if execution is not None:
                wanted = (execution.project, execution.domain, execution.name, limit)
                free = transaction.query(_FREE + _NAMED, (pool, now_ns, *wanted))
            else:
                free = transaction.query(_FREE + _DUE, (pool, now_ns, now_ns, limit))
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

    async def owner_of(self, execution: ExecutionId) -> str | None:
        row = await self._connection.read(
            lambda transaction: transaction.query_one(
                "SELECT executions.owner FROM executions JOIN leases ON leases.owner = executions.owner "
                "WHERE project = ? AND domain = ? AND name = ? AND expires_at_ns > ?",
                (execution.project, execution.domain, execution.name, transaction.now_ns()),
            )
        )
        return row[0] if row else None


def _hand_over(transaction: Transaction, key: int, seq: int, *, now_ns: int, loser: str, owner: str) -> None:
    transaction.execute("UPDATE leases SET is_robbed = 1 WHERE owner = ?", (loser,))
    transaction.execute("UPDATE executions SET owner = ?, next_seq = ? WHERE key = ?", (owner, seq + 1, key))
    transaction.execute(
        "INSERT INTO events (execution, seq, at_ns, decision) VALUES (?, ?, ?, ?)",
        (key, seq, now_ns, dumps(LeaseTaken(owner=owner))),
    )
