"""
Lists of the nodes of one execution, whole or a part at a time.

Called by ``SqlViews`` and for lists of attempts. Nodes stand as they first appeared, which never changes, so a part begins behind the place of a node.
"""

from plait_core.ir.ids import ExecutionId, NodeId
from plait_core.ir.phases import NodePhase
from plait_core.ports.databases import NodeCount, NodeFilter
from plait_core.ports.pages import no_token
from plait_sql.connections import Row, Transaction
from plait_sql.executions import find_key
from plait_sql.rows import NODE_COLUMNS

ORDER = "appeared_seq, appeared_as"
_PLACE = f"SELECT {ORDER} FROM nodes WHERE execution = ? AND node = ?"
_GROUPS = "kind, entity, phase"
_COUNTS = f"{_GROUPS}, count(*), coalesce(sum(n_elements), 0)"


def nodes_of(
    transaction: Transaction, id: ExecutionId, where: NodeFilter, *, after: NodeId | None, limit: int | None
) -> list[Row]:
    """Return rows of ``NODE_COLUMNS``. Raises ``NotReadable`` when there is no node *after*."""
    key = find_key(transaction, id)
    text, parameters = _narrowed(key, where)
    if after is not None:
        text += f" AND ({ORDER}) > (?, ?)"
        parameters += place_of(transaction, key, after)
    statement = f"SELECT {NODE_COLUMNS} FROM nodes WHERE {text} ORDER BY {ORDER}"
    if limit is not None:
        statement += " LIMIT ?"
        parameters.append(limit)
    return transaction.query(statement, parameters)


def counts_of(transaction: Transaction, id: ExecutionId, where: NodeFilter) -> list[NodeCount]:
    """Count nodes by kind, entity and phase, ordered by these."""
    text, parameters = _narrowed(find_key(transaction, id), where)
    rows = transaction.query(f"SELECT {_COUNTS} FROM nodes WHERE {text} GROUP BY {_GROUPS}", parameters)
    return [
        NodeCount(kind=kind, entity=entity, phase=NodePhase(phase), n=n, n_elements=int(n_elements))
        for kind, entity, phase, n, n_elements in sorted(rows)
    ]


def place_of(transaction: Transaction, key: int | None, node: NodeId) -> Row:
    """Return the values of ``ORDER`` of a node. Raises ``NotReadable`` when there is none."""
    place = transaction.query_one(_PLACE, (key, node))
    if place is None:
        raise no_token(node)
    return place


def _narrowed(key: int | None, where: NodeFilter) -> tuple[str, list[object]]:
    text, parameters = "execution = ?", list[object]([key])
    phases = [phase.value for phase in where.phases]
    for column, wanted in (("node", where.nodes), ("phase", phases), ("kind", where.kinds)):
        if wanted:
            text += f" AND {column} IN ({', '.join('?' for _ in wanted)})"
            parameters += wanted
    if where.name_contains:
        columns = ("node", "name", "entity")
        alternatives = " OR ".join(f"replace({column}, ?, '') <> {column}" for column in columns)
        text += f" AND ({alternatives})"
        parameters += [where.name_contains] * len(columns)
    return text, parameters
