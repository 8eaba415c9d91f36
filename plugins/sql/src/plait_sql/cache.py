"""
The cache index on SQL.

Entries are written by the log, in the transaction of the turn that made them.
"""

from collections.abc import Mapping, Sequence

from plait_core.ir.codec import dumps, loads
from plait_core.ir.ids import AttemptId
from plait_core.ir.literals import LiteralMap
from plait_core.ir.phases import TERMINAL_ATTEMPT
from plait_core.ports.databases import CacheEntry, CacheKey, Reservation
from plait_core.ports.pools import LOCAL
from plait_sql.connections import Connection, Row, Transaction
from plait_sql.executions import key_of
from plait_sql.migrations import UNFINISHED
from plait_sql.rows import NO_ELEMENT

_SELECT = "SELECT digest, project, domain, task, outputs, source, input_digests, created_at_ns FROM cache"
_TERMINAL = ", ".join(sorted(f"'{phase.value}'" for phase in TERMINAL_ATTEMPT))
_LIVING = f"""
    SELECT reservations.project, reservations.domain, task, attempt
    FROM reservations JOIN executions ON executions.key = reservations.execution
    WHERE digest = ? AND {UNFINISHED}
    AND (
        substr(pool, 1, {len(LOCAL)}) <> '{LOCAL}'
        OR EXISTS (SELECT 1 FROM leases WHERE leases.owner = executions.owner AND expires_at_ns > ?)
    )
    AND NOT EXISTS (
        SELECT 1 FROM attempts
        WHERE attempts.execution = reservations.execution AND attempts.node = reservations.node
        AND attempts.element = reservations.element AND attempts.n = reservations.n
        AND attempts.phase IN ({_TERMINAL})
    )
"""


class SqlCache:
    """``CacheIndex`` on a connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def get(self, key: CacheKey) -> CacheEntry | None:
        row = await self._connection.glance(
            lambda transaction: transaction.query_one(f"{_SELECT} WHERE digest = ?", (key.digest,))
        )
        return _entry(row) if row else None

    async def latest(self, key: CacheKey) -> CacheEntry | None:
        row = await self._connection.glance(
            lambda transaction: transaction.query_one(
                f"{_SELECT} WHERE project = ? AND domain = ? AND task = ? ORDER BY created_at_ns DESC LIMIT 1",
                (key.project, key.domain, key.task),
            )
        )
        return _entry(row) if row else None

    async def entries(self, *, after: str = "", limit: int) -> Sequence[CacheEntry]:
        rows = await self._connection.read(
            lambda transaction: transaction.query(f"{_SELECT} WHERE digest > ? ORDER BY digest LIMIT ?", (after, limit))
        )
        return [_entry(row) for row in rows]

    async def reserve(self, reservation: Reservation) -> Reservation:
        return await self._connection.write(lambda transaction: self._reserve(transaction, reservation))

    def _reserve(self, transaction: Transaction, wanted: Reservation) -> Reservation:
        key, attempt = wanted.key, wanted.attempt
        transaction.lock(f"reservation {key.digest}")
        execution = key_of(transaction, attempt.execution)
        living = transaction.query_one(_LIVING, (key.digest, transaction.now_ns()))
        if living is not None:
            project, domain, task, holder = living
            held = CacheKey(digest=key.digest, project=project, domain=domain, task=task)
            return Reservation(key=held, attempt=loads(AttemptId, holder))
        element = NO_ELEMENT if attempt.element is None else attempt.element
        transaction.execute("DELETE FROM reservations WHERE digest = ?", (key.digest,))
        transaction.execute(
            "INSERT INTO reservations (digest, project, domain, task, execution, node, element, n, attempt) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(key.digest, key.project, key.domain, key.task),
                *(execution, attempt.node, element, attempt.n, dumps(attempt)),
            ),
        )
        return wanted

    async def clear(self, *, project: str = "", domain: str = "", task: str = "") -> int:
        narrowed = {
            name: value for name, value in {"project": project, "domain": domain, "task": task}.items() if value
        }
        conditions = "".join(f" AND {name} = ?" for name in narrowed)
        return await self._connection.write(
            lambda transaction: transaction.execute(
                f"DELETE FROM cache WHERE 1 = 1{conditions}",
                (*narrowed.values(),),
            )
        )


def _entry(row: Row) -> CacheEntry:
    digest, project, domain, task, outputs, source, input_digests, created_at_ns = row
    return CacheEntry(
        key=CacheKey(digest=digest, project=project, domain=domain, task=task),
        outputs=loads(LiteralMap, outputs),
        source=source,
        input_digests=loads(Mapping[str, str], input_digests),
        created_at_ns=created_at_ns,
    )
