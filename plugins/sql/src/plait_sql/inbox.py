"""
The inbox on SQL.

A message posted through this very database object wakes its engine at once, as does one from another process on PostgreSQL, which
announces it; elsewhere, and when an announcement is missed, it is found by looking every second. Consumed messages stay, so
that posting one again has no effect.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from plait_core.ir.codec import dumps, loads
from plait_core.ir.ids import ExecutionId
from plait_core.ports.bells import Bell
from plait_core.ports.databases import NOBODY, AuditLine, Posted
from plait_sql.connections import Connection, Row, Transaction
from plait_sql.executions import POOL, Addressee, key_of
from plait_sql.migrations import UNFINISHED
from plait_sql.trail import leave

POLL_S = 1.0
MAIL = "mail"
"""Announces, with the name of an engine, that it has a message."""

_OF_OWNER = f"""
    FROM inbox JOIN executions ON executions.key = inbox.execution
    WHERE owner = ? AND is_consumed = 0 AND {UNFINISHED} ORDER BY arrival
"""
_PENDING = f"SELECT arrival, project, domain, name, inbox.key, kind, payload {_OF_OWNER}"
_ARRIVALS = f"SELECT arrival {_OF_OWNER}"


class SqlInbox:
    """``Inbox`` on a connection; *on_orphan* is told the pool of an execution that got a message and that nobody owns."""

    def __init__(self, connection: Connection, on_orphan: Callable[[str], None]) -> None:
        self._connection = connection
        self._on_orphan = on_orphan
        self._bells: dict[str, Bell] = {}
        self._seen: dict[str, frozenset[int]] = {}
        """Arrivals that were shown to an owner; others may have smaller numbers, as writers of PostgreSQL overlap."""

    def ring(self, owner: str) -> None:
        """Tell *owner* that something may be pending."""
        self._bell_of(owner).ring()

    def _bell_of(self, owner: str) -> Bell:
        return self._bells.setdefault(owner, Bell())

    async def post(self, execution: ExecutionId, posted: Posted, *, audit: AuditLine | None = None) -> None:
        def put(transaction: Transaction) -> Addressee:
            key = key_of(transaction, execution)
            is_new = put_message(transaction, key, posted)
            leave(transaction, audit if is_new else None)
            return announce(transaction, key)

        self.tell(await self._connection.write(put, is_brief=True))

    def tell(self, addressee: Addressee) -> None:
        """Tell whoever of this process hears of an execution that got a message, once that is committed."""
        owner, pool = addressee
        if owner == NOBODY:
            self._on_orphan(pool)
        else:
            self.ring(owner)

    async def pending(self, owner: str) -> Sequence[tuple[ExecutionId, Posted]]:
        self._bell_of(owner).hush()
        rows = await self._connection.read(lambda transaction: transaction.query(_PENDING, (owner,)))
        self._seen[owner] = frozenset(arrival for arrival, *_ in rows)
        return [_message(row) for row in rows]

    async def wait(self, owner: str, *, timeout_s: float) -> None:
        self._connection.listen(self._hear)
        left_s = timeout_s
        while left_s > 0:
            pause_s = min(POLL_S, left_s)
            if await self._bell_of(owner).wait(asyncio.sleep(pause_s)) or await self._has_news(owner):
                return
            left_s -= pause_s

    async def _has_news(self, owner: str) -> bool:
        rows = await self._connection.read(lambda transaction: transaction.query(_ARRIVALS, (owner,)))
        return not self._seen.get(owner, frozenset()).issuperset(arrival for (arrival,) in rows)

    def _hear(self, subject: str) -> None:
        kind, _, owner = subject.partition(" ")
        if kind == MAIL:
            self.ring(owner)


def put_message(transaction: Transaction, execution: int, posted: Posted) -> bool:
    """Leave a message for *execution*, and say whether it is new."""
    is_new = transaction.execute(
        "INSERT INTO inbox (execution, key, kind, payload, is_consumed) VALUES (?, ?, ?, ?, 0) "
        "ON CONFLICT (execution, key) DO NOTHING",
        (execution, posted.key, posted.kind, dumps(posted.payload)),
    )
    return is_new > 0


def announce(transaction: Transaction, execution: int) -> Addressee:
    """Tell other processes that *execution* has got a message; returns who hears of that."""
    ((owner, pool),) = transaction.query("SELECT owner, pool FROM executions WHERE key = ?", (execution,))
    transaction.announce(f"{POOL} {pool}" if owner == NOBODY else f"{MAIL} {owner}")
    return owner, pool


def _message(row: Row) -> tuple[ExecutionId, Posted]:
    _, project, domain, name, key, kind, payload = row
    execution = ExecutionId(project=project, domain=domain, name=name)
    return execution, Posted(key=key, kind=kind, payload=loads(dict[str, Any], payload))
