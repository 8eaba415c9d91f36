"""The views on SQL: what the log wrote, for people."""

from collections.abc import Sequence

from plait_core.ir.ids import ExecutionId, NodeId
from plait_core.ir.phases import AttemptPhase, ExecutionPhase
from plait_core.ports.databases import AttemptRow, Census, ExecutionFilter, ExecutionOrder, ExecutionRow, NodeRow, Page
from plait_core.ports.pages import execution_token, is_descending, parse_execution_token, place_columns
from plait_sql.connections import Connection, Row, Transaction
from plait_sql.executions import find_key
from plait_sql.migrations import UNFINISHED
from plait_sql.rows import (
    ATTEMPT_COLUMNS,
    EXECUTION_COLUMNS,
    NO_ELEMENT,
    NODE_COLUMNS,
    attempt_row,
    dump_entity,
    execution_row,
    node_row,
)

_SELECT_EXECUTIONS = f"SELECT project, domain, name, {EXECUTION_COLUMNS} FROM executions"
_SELECT_NODES = f"SELECT {NODE_COLUMNS} FROM nodes WHERE execution = ? ORDER BY appeared_seq, appeared_as"
_SELECT_ATTEMPT = f"SELECT {ATTEMPT_COLUMNS} FROM attempts WHERE execution = ? AND node = ? AND element = ? AND n = ?"
_SELECT_ATTEMPTS = (
    "SELECT {} FROM attempts JOIN nodes ON nodes.execution = attempts.execution AND nodes.node = attempts.node "
    "WHERE attempts.execution = ? {} ORDER BY appeared_seq, appeared_as, element, n LIMIT ? OFFSET ?"
)
_ATTEMPT_COLUMNS = ", ".join(f"attempts.{name}" for name in ATTEMPT_COLUMNS.split(", "))
_EVERY_ATTEMPT = _SELECT_ATTEMPTS.format(_ATTEMPT_COLUMNS, "")
_ATTEMPTS_OF_NODE = _SELECT_ATTEMPTS.format(_ATTEMPT_COLUMNS, "AND attempts.node = ?")


_COUNT_EXECUTIONS = "SELECT phase, count(*) FROM executions GROUP BY phase"
_LIVE = f"(SELECT key FROM executions WHERE {UNFINISHED})"
_COUNT_ATTEMPTS = f"SELECT phase, count(*) FROM attempts WHERE execution IN {_LIVE} GROUP BY phase"
_COUNT_PENDING = f"SELECT count(*) FROM inbox WHERE is_consumed = 0 AND execution IN {_LIVE}"


class SqlViews:
    """``Views`` on a connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def execution(self, id: ExecutionId) -> ExecutionRow | None:
        row = await self._connection.read(
            lambda transaction: transaction.query_one(
                f"{_SELECT_EXECUTIONS} WHERE project = ? AND domain = ? AND name = ?", (id.project, id.domain, id.name)
            )
        )
        return execution_row(*row) if row else None

    async def executions(
        self, where: ExecutionFilter, page: Page, order: ExecutionOrder = ExecutionOrder.NEWEST
    ) -> tuple[Sequence[ExecutionRow], str]:
        conditions, parameters = _conditions(where, page, order)
        direction = " DESC" if is_descending(order) else ""
        sorting = ", ".join(f"{column}{direction}" for column in place_columns(order))
        statement = f"{_SELECT_EXECUTIONS} WHERE {' AND '.join(conditions)} ORDER BY {sorting} LIMIT ?"
        rows = await self._connection.read(
            lambda transaction: transaction.query(statement, (*parameters, page.limit + 1))
        )
        shown = [execution_row(*row) for row in rows[: page.limit]]
        return shown, execution_token(shown[-1]) if len(rows) > len(shown) else ""

    async def nodes(self, id: ExecutionId) -> Sequence[NodeRow]:
        rows = await self._connection.read(
            lambda transaction: transaction.query(_SELECT_NODES, (find_key(transaction, id),))
        )
        return [node_row(id, *row) for row in rows]

    async def attempt(self, id: ExecutionId, node: NodeId, n: int, *, element: int | None = None) -> AttemptRow | None:
        place = (node, NO_ELEMENT if element is None else element, n)
        row = await self._connection.read(
            lambda transaction: transaction.query_one(_SELECT_ATTEMPT, (find_key(transaction, id), *place))
        )
        return attempt_row(id, *row) if row else None

    async def attempts(
        self, id: ExecutionId, node: NodeId | None = None, *, limit: int = 1000, offset: int = 0
    ) -> Sequence[AttemptRow]:
        statement = _EVERY_ATTEMPT if node is None else _ATTEMPTS_OF_NODE
        narrowed = () if node is None else (node,)
        rows = await self._connection.read(
            lambda transaction: transaction.query(statement, (find_key(transaction, id), *narrowed, limit, offset))
        )
        return [attempt_row(id, *row) for row in rows]

    async def census(self) -> Census:
        def count(transaction: Transaction) -> Census:
            pending = transaction.query_one(_COUNT_PENDING)
            assert pending is not None
            return Census(
                executions={ExecutionPhase(phase): n for phase, n in transaction.query(_COUNT_EXECUTIONS)},
                attempts={AttemptPhase(phase): n for phase, n in transaction.query(_COUNT_ATTEMPTS)},
                n_pending=pending[0],
            )

        return await self._connection.read(count)


def _conditions(where: ExecutionFilter, page: Page, order: ExecutionOrder) -> tuple[list[str], Row]:
    """Return conditions with the values of their parameters, in order."""
    found: list[tuple[str, Row]] = [("1 = 1", ())]
    if where.project:
        found.append(("project = ?", (where.project,)))
    if where.domain:
        found.append(("domain = ?", (where.domain,)))
    if where.phases:
        found.append(_among("phase", [phase.value for phase in where.phases]))
    if where.targets:
        found.append(_among("target", [dump_entity(target) for target in where.targets]))
    if where.name_contains:  # LIKE would take % and _ for wildcards, and its idea of case differs by dialect
        found.append(("replace(name, ?, '') <> name", (where.name_contains,)))
    if not where.include_archived:
        found.append(("is_archived = 0", ()))
    if page.token:
        place, beyond = ", ".join(place_columns(order)), "<" if is_descending(order) else ">"
        found.append((f"({place}) {beyond} (?, ?, ?, ?)", parse_execution_token(page.token, order)))
    return [condition for condition, _ in found], tuple(value for _, values in found for value in values)


def _among(column: str, values: Sequence[str | bytes]) -> tuple[str, Row]:
    """Return the condition that a column has one of *values*, with its parameters."""
    return f"{column} IN ({', '.join('?' for _ in values)})", tuple(values)
