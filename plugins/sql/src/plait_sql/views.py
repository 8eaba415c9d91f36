"""The views on SQL: what the log wrote, for people."""

from collections.abc import Sequence

from plait_core.ir.ids import ExecutionId, NodeId
from plait_core.ir.phases import AttemptPhase, ExecutionPhase
from plait_core.ports.databases import (
    EVERY_NODE,
    AttemptRow,
    Census,
    ExecutionFilter,
    ExecutionOrder,
    ExecutionRow,
    NodeFilter,
    NodeRow,
    Page,
)
from plait_core.ports.pages import execution_token
from plait_sql.connections import Connection, Row, Transaction
from plait_sql.executions import find_key
from plait_sql.lists import SELECT, page_of
from plait_sql.migrations import UNFINISHED
from plait_sql.node_lists import nodes_of
from plait_sql.rows import (
    ATTEMPT_COLUMNS,
    NO_ELEMENT,
    NODE_COLUMNS,
    attempt_row,
    execution_row,
    node_row,
)

_SELECT_NODE = f"SELECT {NODE_COLUMNS} FROM nodes WHERE execution = ? AND node = ?"
_SELECT_ATTEMPT = f"SELECT {ATTEMPT_COLUMNS} FROM attempts WHERE execution = ? AND node = ? AND element = ? AND n = ?"
_ATTEMPTS_OF_NODE = (
    f"SELECT {ATTEMPT_COLUMNS} FROM attempts WHERE execution = ? AND node = ? ORDER BY element, n LIMIT ? OFFSET ?"
)
_NODES_IN_ORDER = "SELECT node FROM nodes WHERE execution = ? ORDER BY appeared_seq, appeared_as"
_COUNT_BY_NODE = "SELECT node, count(*) FROM attempts WHERE execution = ? GROUP BY node"

_COUNT_EXECUTIONS = "SELECT phase, count(*) FROM executions GROUP BY phase"
_LIVE = f"(SELECT key FROM executions WHERE {UNFINISHED})"
_COUNT_ATTEMPTS = f"SELECT phase, count(*) FROM attempts WHERE execution IN {_LIVE} GROUP BY phase"
_COUNT_PENDING = f"SELECT count(*) FROM inbox WHERE is_consumed = 0 AND execution IN {_LIVE}"


class SqlViews:
    """``Views`` on a connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def execution(self, id: ExecutionId) -> ExecutionRow | None:
        row = await self._connection.glance(
            lambda transaction: transaction.query_one(
                f"{SELECT} WHERE project = ? AND domain = ? AND name = ?", (id.project, id.domain, id.name)
            )
        )
        return execution_row(*row) if row else None

    async def executions(
        self, where: ExecutionFilter, page: Page, order: ExecutionOrder = ExecutionOrder.NEWEST
    ) -> tuple[Sequence[ExecutionRow], str]:
        rows = await self._connection.read(
            lambda transaction: page_of(transaction, where, page, order, limit=page.limit + 1)
        )
        shown = [execution_row(*row) for row in rows[: page.limit]]
        return shown, execution_token(shown[-1]) if len(rows) > len(shown) else ""

    async def nodes(
        self,
        id: ExecutionId,
        where: NodeFilter = EVERY_NODE,
        *,
        after: NodeId | None = None,
        limit: int | None = None,
    ) -> Sequence[NodeRow]:
        rows = await self._connection.read(
            lambda transaction: nodes_of(transaction, id, where, after=after, limit=limit)
        )
        return [node_row(id, *row) for row in rows]

    async def node(self, id: ExecutionId, node: NodeId) -> NodeRow | None:
        row = await self._connection.glance(
            lambda transaction: transaction.query_one(_SELECT_NODE, (find_key(transaction, id), node))
        )
        return node_row(id, *row) if row else None

    async def attempt(self, id: ExecutionId, node: NodeId, n: int, *, element: int | None = None) -> AttemptRow | None:
        place = (node, NO_ELEMENT if element is None else element, n)
        row = await self._connection.glance(
            lambda transaction: transaction.query_one(_SELECT_ATTEMPT, (find_key(transaction, id), *place))
        )
        return attempt_row(id, *row) if row else None

    async def attempts(
        self, id: ExecutionId, node: NodeId | None = None, *, limit: int = 1000, offset: int = 0
    ) -> Sequence[AttemptRow]:
        def select(transaction: Transaction) -> list[Row]:
            key = find_key(transaction, id)
            if node is None:
                return _every_attempt(transaction, key, limit, offset)
            return transaction.query(_ATTEMPTS_OF_NODE, (key, node, limit, offset))

        return [attempt_row(id, *row) for row in await self._connection.read(select)]

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


def _every_attempt(transaction: Transaction, key: int | None, limit: int, offset: int) -> list[Row]:
    """Return a slice of all attempts; joined with their nodes, every one of them would be sorted for each slice."""
    counts: dict[str, int] = dict(transaction.query(_COUNT_BY_NODE, (key,)))
    rows: list[Row] = []
    for (node,) in transaction.query(_NODES_IN_ORDER, (key,)):
        if offset < counts.get(node, 0):
            rows += transaction.query(_ATTEMPTS_OF_NODE, (key, node, limit - len(rows), offset))
        if len(rows) >= limit:
            break
        offset = max(0, offset - counts.get(node, 0))
    return rows
