"""
Stores as releases left them: what they held, and what their statements were.

``tell`` is a story that fills every table, told to the release that wrote the golden files of a schema, and to this one. It uses only
what ports had in the first release, so that it could be told to all of them.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import attrs

from plait_core.ir.phases import AttemptPhase, ExecutionPhase
from plait_core.ports.databases import AuditLine, Database, Posted, Project, Reservation, Snapshot, Token
from plait_core.testing._samples import (
    FAILURE,
    NOON_NS,
    PLAN,
    POOL,
    attempt_id,
    attempt_row,
    cache_entry,
    cache_key,
    closure,
    execution_id,
    execution_row,
    node_row,
    started,
    turn,
)

T = TypeVar("T")
GOLDEN = Path(__file__).parent / "golden"
TABLES = (
    *("migrations", "executions", "events", "nodes", "attempts", "snapshots", "closures", "leases", "inbox", "cache"),
    *("reservations", "waiters", "templates", "activations", "projects", "tokens", "audit", "keys"),
)
"""In an order in which rows can be inserted."""


async def tell(database: Database) -> None:
    """Leave something in every table, through every statement that writes; the clock stands at noon."""
    live, over, asleep = execution_id("live"), execution_id("over"), execution_id("asleep")
    await database.leases.renew("engine-1", pool=POOL, ttl_s=15)
    for name in ("live", "over", "asleep"):
        await started(database, name, labels={"team": "a"})
    await database.log.put_closure("d1", closure())
    await database.inbox.post(live, Posted(key="s1", kind="signal", payload={"n": 1}))
    await database.inbox.post(live, Posted(key="s2", kind="signal", payload={"n": 2}))
    done = attempt_row(
        attempt_id(over), phase=AttemptPhase.FAILED, ended_at_ns=NOON_NS + 7, error=FAILURE, message="no luck"
    )
    await database.log.append(
        [
            turn(
                live,
                3,
                nodes=(node_row(live, "n0", name="first"),),
                attempts=(attempt_row(attempt_id(live)),),
                posted=("s1",),
            )
        ]
    )
    failed = execution_row(over, phase=ExecutionPhase.FAILED, ended_at_ns=NOON_NS + 9, error=FAILURE)
    nodes = (node_row(over, "n0"), node_row(over, "n1", n_elements=3, n_elements_done=2))
    await database.log.append(
        [turn(over, 3, row=failed, nodes=nodes, attempts=(done,), cache=(cache_entry(cache_key("k1")),))]
    )
    wait = execution_row(asleep, wake_at_ns=NOON_NS + 3_600_000_000_000, labels={"team": "a"})
    await database.log.append([turn(asleep, 3, row=wait)])
    await database.log.save_snapshot(live, Snapshot(seq=2, version=1, state=b"\x00folded"))
    await database.cache.reserve(Reservation(key=cache_key("k2"), attempt=attempt_id(live)))
    for version in ("v1", "v2"):
        await database.registry.register(closure(version), at_ns=NOON_NS)
    await database.registry.activate(PLAN, is_active=True, at_ns=NOON_NS)
    await database.schedules.fired(PLAN, until_ns=NOON_NS + 3_600_000_000_000)
    await database.accounts.put_project(Project(id="flights", name="Flights", labels={"team": "a"}))
    token = Token(id="t1", principal="ada", secret_hash="5e88", roles={"*": "admin"}, created_at_ns=NOON_NS)
    await database.accounts.put_token(token)
    await database.accounts.put_token(attrs.evolve(token, id="t2"))
    await database.accounts.delete_token("t2")
    await database.accounts.audit(AuditLine(at_ns=NOON_NS, principal="ada", action="launch", subject=str(live)))


# ── what a store held ────────────────────────────────────────────────────────


def contents_of(transaction: Any) -> dict[str, Any]:
    """Return all rows of all tables that are there, as JSON."""
    found = {}
    for table in TABLES:
        columns = [row[1] for row in transaction.query(f"PRAGMA table_info({table})")]
        if columns:
            rows = sorted(transaction.query(f"SELECT * FROM {table}"), key=repr)
            found[table] = {"columns": columns, "rows": [[to_json(value) for value in row] for row in rows]}
    return found


def to_json(value: Any) -> Any:
    """Write a value of a column."""
    return {"hex": value.hex()} if isinstance(value, bytes) else value


def from_json(value: Any) -> Any:
    """Read a value of a column."""
    return bytes.fromhex(value["hex"]) if isinstance(value, Mapping) else value


def dump(content: Any, path: Path) -> None:
    """Write a golden file, one row or statement per line."""
    path.parent.mkdir(exist_ok=True)
    text = json.dumps(content, ensure_ascii=False).replace("], [", "],\n[").replace('}, "', '},\n"')
    path.write_text(text + "\n")


# ── what its statements were ─────────────────────────────────────────────────


class Recorder:
    """A connection that writes down the statements of its writes, with what they changed or returned."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.transactions: list[list[Any]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    async def write(self, work: Any, *, is_brief: bool = False) -> Any:
        noted: list[Any] = []
        result = await self._connection.write(lambda transaction: work(_Noting(transaction, noted)))
        if noted and not any("CREATE TABLE" in statement for _, statement, *_ in noted):
            self.transactions.append(noted)
        return result


class _Noting:
    def __init__(self, transaction: Any, noted: list[Any]) -> None:
        self._transaction = transaction
        self._noted = noted

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transaction, name)

    def _note(self, how: str, statement: str, parameters: Any, result: T) -> T:
        self._noted.append([how, statement, parameters, result])
        return result

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> Any:
        n = self._transaction.execute(statement, parameters)
        return self._note("execute", statement, [*map(to_json, parameters)], n)

    def execute_many(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        rows = [tuple(row) for row in rows]
        self._transaction.execute_many(statement, rows)
        self._note("execute_many", statement, [[*map(to_json, row)] for row in rows], None)

    def query(self, statement: str, parameters: Sequence[Any] = ()) -> Any:
        rows = self._transaction.query(statement, parameters)
        self._note("query", statement, [*map(to_json, parameters)], [[*map(to_json, row)] for row in rows])
        return rows

    def query_one(self, statement: str, parameters: Sequence[Any] = ()) -> Any:
        row = self._transaction.query_one(statement, parameters)
        self._note("query_one", statement, [*map(to_json, parameters)], row and [*map(to_json, row)])
        return row


def replayed(transaction: Any, noted: Sequence[Any]) -> list[Any]:
    """Carry out noted statements, and note them again with what they change or return now."""
    again: list[Any] = []
    noting = _Noting(transaction, again)
    for how, statement, parameters, _ in noted:
        many = how == "execute_many"
        values = [[*map(from_json, row)] for row in parameters] if many else [*map(from_json, parameters)]
        getattr(noting, how)(statement, values)
    return again
