"""
The cache index on SQL.

Entries are written by the log, in the transaction of the turn that made them, in which keys are released, too.
"""

from collections.abc import Mapping, Sequence

from plait_core.ir.codec import dumps, loads
from plait_core.ir.ids import AttemptId
from plait_core.ir.literals import LiteralMap
from plait_core.ir.phases import TERMINAL_NODE
from plait_core.ports.databases import Append, CacheEntry, CacheKey, Reservation, word_of_release
from plait_core.ports.pools import LOCAL
from plait_sql.connections import Connection, Row, Transaction
from plait_sql.executions import Addressee, key_of
from plait_sql.inbox import announce, put_message
from plait_sql.migrations import UNFINISHED
from plait_sql.rows import NO_ELEMENT

_SELECT = "SELECT digest, project, domain, task, outputs, source, input_digests, created_at_ns FROM cache"
_TERMINAL = ", ".join(sorted(f"'{phase.value}'" for phase in TERMINAL_NODE))
_LIVING = f"""
    SELECT reservations.project, reservations.domain, task, attempt
    FROM reservations JOIN executions ON executions.key = reservations.execution
    WHERE digest = ? AND {UNFINISHED}
    AND (
        substr(pool, 1, {len(LOCAL)}) <> '{LOCAL}'
        OR EXISTS (SELECT 1 FROM leases WHERE leases.owner = executions.owner AND expires_at_ns > ?)
    )
    AND NOT EXISTS (
        SELECT 1 FROM nodes
        WHERE nodes.execution = reservations.execution AND nodes.node = reservations.node
        AND nodes.phase IN ({_TERMINAL})
    )
"""
_RESERVE = (
    "INSERT INTO reservations (digest, project, domain, task, execution, node, element, n, attempt) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_WAIT = (
    "INSERT INTO waiters (digest, execution, node) VALUES (?, ?, ?) ON CONFLICT (digest, execution, node) DO NOTHING"
)
_HELD = "SELECT digest FROM reservations WHERE digest = ?"
_HELD_BY = "SELECT digest FROM reservations WHERE execution = ? AND node = ?"
_WAITERS = f"""
    SELECT waiters.execution, node FROM waiters JOIN executions ON executions.key = waiters.execution
    WHERE digest = ? AND {UNFINISHED} ORDER BY waiters.execution, node
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
        return await self._connection.write(lambda transaction: self._reserve(transaction, reservation), is_brief=True)

    def _reserve(self, transaction: Transaction, wanted: Reservation) -> Reservation:
        key, attempt = wanted.key, wanted.attempt
        transaction.lock(f"reservation {key.digest}")
        execution = key_of(transaction, attempt.execution)
        living = transaction.query_one(_LIVING, (key.digest, transaction.now_ns()))
        if living is not None:
            project, domain, task, holder = living
            held_key = CacheKey(digest=key.digest, project=project, domain=domain, task=task)
            held = Reservation(key=held_key, attempt=loads(AttemptId, holder))
            if not held.is_held_for(attempt):
                transaction.execute(_WAIT, (key.digest, execution, attempt.node))
            return held
        element = NO_ELEMENT if attempt.element is None else attempt.element
        transaction.execute("DELETE FROM reservations WHERE digest = ?", (key.digest,))
        transaction.execute(
            _RESERVE,
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


def release(transaction: Transaction, execution: int, turn: Append) -> Sequence[Addressee]:
    """Free the keys that *turn* of *execution* populates or gives up, and tell those that wait for them; returns whom."""
    digests = [digest for entry in turn.cache for (digest,) in transaction.query(_HELD, (entry.key.digest,))]
    for node, element in turn.released:
        narrowed, place = ("", ()) if element is None else (" AND element = ?", (element,))
        digests += [digest for (digest,) in transaction.query(_HELD_BY + narrowed, (execution, node, *place))]
    told = []
    for digest in sorted(set(digests)):  # in one order, or two who release the same would wait for each other
        transaction.lock(f"reservation {digest}")  # or somebody might begin to wait, and not be told
        transaction.execute("DELETE FROM reservations WHERE digest = ?", (digest,))
        for waiting, node in transaction.query(_WAITERS, (digest,)):
            put_message(transaction, waiting, word_of_release(digest, node, by=turn))
            told.append(announce(transaction, waiting))
        transaction.execute("DELETE FROM waiters WHERE digest = ?", (digest,))
    return told


def _entry(row: Row) -> CacheEntry:
    digest, project, domain, task, outputs, source, input_digests, created_at_ns = row
    return CacheEntry(
        key=CacheKey(digest=digest, project=project, domain=domain, task=task),
        outputs=loads(LiteralMap, outputs),
        source=source,
        input_digests=loads(Mapping[str, str], input_digests),
        created_at_ns=created_at_ns,
    )
