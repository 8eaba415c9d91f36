"""The views on SQL: what the log wrote, for people."""

from collections.abc import Sequence

from plait_core.ir.ids import ExecutionId, NodeId
from plait_core.ir.phases import AttemptPhase, ExecutionPhase
from plait_core.ports.databases import (
    EVERY_NODE,
    AttemptPlace,
    AttemptRow,
    Census,
    ExecutionFilter,
    ExecutionOrder,
    ExecutionRow,
    NodeCount,
    NodeFilter,
    NodeRow,
    Page,
)
from plait_core.ports.pages import execution_token
from plait_sql.attempt_lists import attempts_of
from plait_sql.connections import Connection, Transaction
from plait_sql.executions import find_key
from plait_sql.lists import SELECT, page_of
from plait_sql.migrations import UNFINISHED
from plait_sql.node_lists import counts_of, nodes_of
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

    async def count_nodes(self, id: ExecutionId, where: NodeFilter = EVERY_NODE) -> Sequence[NodeCount]:
        return await self._connection.read(lambda transaction: counts_of(transaction, id, where))

    async def attempts(
        self,
        id: ExecutionId,
        nodes: Sequence[NodeId] | None = None,
        *,
        after: AttemptPlace | None = None,
        limit: int = 1000,
    ) -> Sequence[AttemptRow]:
        rows = await self._connection.read(
            lambda transaction: attempts_of(transaction, id, nodes, after=after, limit=limit)
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
