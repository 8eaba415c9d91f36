"""
The event log on SQL.

One turn costs one transaction of four statements: it touches as few pages of the file as it can, because each page that
changes is written whole. The statement that moves ``next_seq`` is the fence: it changes a row only
while the execution has the expected owner and sequence number, and whoever comes second changes none.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple

from plait_core.errors.stores import NotReadable, StoreCorrupt
from plait_core.ir.codec import dumps, loads
from plait_core.ir.events import Decision, Event
from plait_core.ir.executions import Closure
from plait_core.ir.ids import ExecutionId
from plait_core.ir.phases import TERMINAL_EXECUTION
from plait_core.ports.bells import Bell, Bells
from plait_core.ports.databases import NOBODY, Append, CacheEntry, Snapshot
from plait_sql.cache import release
from plait_sql.connections import Connection, Row, Transaction
from plait_sql.executions import POOL, Addressee, find_key, key_of
from plait_sql.rows import (
    ATTEMPT_COLUMNS,
    EXECUTION_COLUMNS,
    NODE_COLUMNS,
    STANDING_COLUMNS,
    attempt_values,
    fixed_values,
    node_values,
    standing_values,
)
from plait_sql.trail import leave


def _places(columns: str) -> str:
    return ", ".join("?" for _ in columns.split(","))


def _assignments(columns: str, *, without: frozenset[str]) -> str:
    names = [name for name in columns.split(", ") if name not in without]
    return ", ".join(f"{name} = excluded.{name}" for name in names)


_CREATE = (
    f"INSERT INTO executions (project, domain, name, owner, next_seq, {EXECUTION_COLUMNS}) "
    f"VALUES (?, ?, ?, ?, ?, {_places(EXECUTION_COLUMNS)}) ON CONFLICT (project, domain, name) DO NOTHING RETURNING key"
)
_ADVANCE = "UPDATE executions SET next_seq = ?, updated_at_ns = ? WHERE key = ? AND next_seq = ? AND owner = ?"
_STAND = f"UPDATE executions SET ({STANDING_COLUMNS}) = ({_places(STANDING_COLUMNS)}) WHERE key = ?"
_INSERT_EVENT = "INSERT INTO events (execution, seq, at_ns, decision) VALUES (?, ?, ?, ?)"
_SELECT_EVENTS = "SELECT seq, at_ns, decision FROM events WHERE execution = ? AND seq > ? ORDER BY seq LIMIT ?"
_SELECT_LATEST = "SELECT seq, at_ns, decision FROM events WHERE execution = ? ORDER BY seq DESC LIMIT 1"
_PUT_NODE = (
    f"INSERT INTO nodes (execution, appeared_seq, appeared_as, {NODE_COLUMNS}) "
    f"VALUES (?, ?, ?, {_places(NODE_COLUMNS)}) "
    f"ON CONFLICT (execution, node) DO UPDATE SET {_assignments(NODE_COLUMNS, without=frozenset({'node'}))}"
)
_PUT_ATTEMPT = (
    f"INSERT INTO attempts (execution, {ATTEMPT_COLUMNS}) VALUES (?, {_places(ATTEMPT_COLUMNS)}) "
    "ON CONFLICT (execution, node, element, n) DO UPDATE SET "
    f"{_assignments(ATTEMPT_COLUMNS, without=frozenset({'node', 'element', 'n', 'task'}))}"
)
_CONSUME = "UPDATE inbox SET is_consumed = 1 WHERE execution = ? AND key = ?"
_CACHE_COLUMNS = "digest, project, domain, task, outputs, source, input_digests, created_at_ns"
_PUT_CACHE = (
    f"INSERT INTO cache ({_CACHE_COLUMNS}) VALUES ({_places(_CACHE_COLUMNS)}) "
    f"ON CONFLICT (digest) DO UPDATE SET {_assignments(_CACHE_COLUMNS, without=frozenset({'digest'}))}"
)
_ALL = (1 << 63) - 1

BRIEF_ROWS = 200
"""How many rows a turn may write that is brief."""


class SqlLog:
    """
    ``EventLog`` on a connection.

    *on_orphan* is told the pool of an execution that is created for nobody, *on_mail* who hears of one that a turn left a message for.
    """

    def __init__(
        self, connection: Connection, on_orphan: Callable[[str], None], on_mail: Callable[[Addressee], None]
    ) -> None:
        self._connection = connection
        self._on_orphan = on_orphan
        self._on_mail = on_mail
        self._written: dict[ExecutionId, tuple[int, Row]] = {}
        self._bells = Bells()

    async def append(self, batches: Sequence[Append]) -> Sequence[ExecutionId]:
        turns = [self._turn(batch) for batch in batches]
        committed = await self._connection.write(
            lambda transaction: [_commit_and_tell(transaction, turn) for turn in turns],
            is_brief=sum(len(batch.decisions) + len(batch.nodes) + len(batch.attempts) for batch in batches)
            <= BRIEF_ROWS,
        )
        for turn, (key, told) in zip(turns, committed, strict=True):
            for addressee in told:
                self._on_mail(addressee)
            if key is not None:
                self._bells.ring(turn.batch.execution)
                if turn.batch.owner == NOBODY:
                    self._on_orphan(turn.batch.row.pool)
                elif turn.batch.row.phase not in TERMINAL_EXECUTION:
                    self._written[turn.batch.execution] = (key, turn.standing)
        return [turn.batch.execution for turn, (key, _) in zip(turns, committed, strict=True) if key is None]

    def forget(self, executions: Sequence[ExecutionId]) -> None:
        """Know nothing of what was written of *executions*: others may have written since."""
        for execution in executions:
            self._written.pop(execution, None)

    def _turn(self, batch: Append) -> "_Turn":
        """Encode what can be encoded before the lock is taken. What was written counts again once this turn is."""
        key, before = self._written.pop(batch.execution, (None, None))
        events = [dumps(decision) for decision in batch.decisions]
        return _Turn(batch, events, standing_values(batch.row), key, before)

    async def read(self, execution: ExecutionId, *, after: int = 0, limit: int | None = None) -> Sequence[Event]:
        n = _ALL if limit is None else limit
        return await self._events(_SELECT_EVENTS, execution, after, n, is_one=n == 1)

    async def latest(self, execution: ExecutionId) -> Event | None:
        return next(iter(await self._events(_SELECT_LATEST, execution, is_one=True)), None)

    async def _events(
        self, statement: str, execution: ExecutionId, *parameters: int, is_one: bool = False
    ) -> Sequence[Event]:
        fetch = self._connection.glance if is_one else self._connection.read
        rows = await fetch(
            lambda transaction: transaction.query(statement, (find_key(transaction, execution), *parameters))
        )
        try:
            return [Event(seq=seq, at_ns=at_ns, decision=loads(Decision, decision)) for seq, at_ns, decision in rows]
        except NotReadable as error:
            raise StoreCorrupt(url=self._connection.url, detail=f"events of {execution}: {error.problem}") from error

    def listening(self, execution: ExecutionId | None) -> AbstractContextManager[Bell]:
        return self._bells.listening(execution)

    async def save_snapshot(self, execution: ExecutionId, snapshot: Snapshot) -> None:
        await self._connection.write(
            lambda transaction: transaction.execute(
                "INSERT INTO snapshots (execution, seq, version, state) VALUES (?, ?, ?, ?) ON CONFLICT (execution) "
                "DO UPDATE SET seq = excluded.seq, version = excluded.version, state = excluded.state",
                (key_of(transaction, execution), snapshot.seq, snapshot.version, snapshot.state),
            )
        )

    async def load_snapshot(self, execution: ExecutionId) -> Snapshot | None:
        row = await self._connection.read(
            lambda transaction: transaction.query_one(
                "SELECT seq, version, state FROM snapshots WHERE execution = ?", (find_key(transaction, execution),)
            )
        )
        return Snapshot(seq=row[0], version=row[1], state=row[2]) if row else None

    async def put_closure(self, digest: str, closure: Closure) -> None:
        data = dumps(closure)
        await self._connection.write(
            lambda transaction: transaction.execute(
                "INSERT INTO closures (digest, closure, put_at_ns) VALUES (?, ?, ?) "
                "ON CONFLICT (digest) DO UPDATE SET put_at_ns = excluded.put_at_ns",
                (digest, data, transaction.now_ns()),
            )
        )

    async def get_closure(self, digest: str) -> Closure | None:
        row = await self._connection.read(
            lambda transaction: transaction.query_one("SELECT closure FROM closures WHERE digest = ?", (digest,))
        )
        try:
            return loads(Closure, row[0]) if row else None
        except NotReadable as error:
            raise StoreCorrupt(url=self._connection.url, detail=f"closure {digest}: {error.problem}") from error


class _Turn(NamedTuple):
    """
    A batch, ready to be written.

    ``key`` and ``before`` are what the last turn of the execution knew, if it went through this log: the execution's
    key, and its values of ``STANDING_COLUMNS``, which are written only when they change.
    """

    batch: Append
    events: Sequence[bytes]
    standing: Row
    key: int | None
    before: Row | None


def _commit_and_tell(transaction: Transaction, turn: _Turn) -> tuple[int | None, Sequence[Addressee]]:
    """Write a turn; returns the execution's key, or ``None`` when the turn is refused, and who is told that a key is free."""
    batch, key = turn.batch, _commit(transaction, turn)
    if key is not None and batch.owner == NOBODY:
        transaction.announce(f"{POOL} {batch.row.pool}")
    has_released = key is not None and (batch.cache or batch.released)
    return key, release(transaction, key, batch) if key is not None and has_released else ()


def _commit(transaction: Transaction, turn: _Turn) -> int | None:
    """Write a turn and return the execution's key, or ``None`` when the turn is refused."""
    batch = turn.batch
    key = _create(transaction, turn) if batch.first_seq == 1 else _advance(transaction, turn)
    if key is None:
        return None
    transaction.execute_many(
        _INSERT_EVENT, [(key, seq, batch.at_ns, event) for seq, event in enumerate(turn.events, batch.first_seq)]
    )
    if batch.nodes:
        transaction.execute_many(
            _PUT_NODE,
            [node_values(key, row, seq=batch.first_seq, index=index) for index, row in enumerate(batch.nodes)],
        )
    if batch.attempts:
        transaction.execute_many(_PUT_ATTEMPT, [attempt_values(key, row) for row in batch.attempts])
    if batch.posted:
        transaction.execute_many(_CONSUME, [(key, message) for message in batch.posted])
    for entry in batch.cache:
        transaction.execute(_PUT_CACHE, _cache_values(entry))
    leave(transaction, batch.audit)
    return key


def _create(transaction: Transaction, turn: _Turn) -> int | None:
    execution, row = turn.batch.execution, turn.batch.row
    named = (execution.project, execution.domain, execution.name, turn.batch.owner, 1 + len(turn.events))
    created = transaction.query_one(_CREATE, (*named, *fixed_values(row), row.updated_at_ns, *turn.standing))
    return created[0] if created else None


def _advance(transaction: Transaction, turn: _Turn) -> int | None:
    batch = turn.batch
    key = turn.key or find_key(transaction, batch.execution)
    next_seq = batch.first_seq + len(turn.events)
    if not transaction.execute(_ADVANCE, (next_seq, batch.row.updated_at_ns, key, batch.first_seq, batch.owner)):
        return None
    if turn.standing != turn.before:
        transaction.execute(_STAND, (*turn.standing, key))
    return key


def _cache_values(entry: CacheEntry) -> tuple[object, ...]:
    key = entry.key
    outputs, digests = dumps(entry.outputs), dumps(entry.input_digests)
    return key.digest, key.project, key.domain, key.task, outputs, entry.source, digests, entry.created_at_ns
