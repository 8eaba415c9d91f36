"""
Lists of the nodes of one execution, whole or a part at a time.

Called by ``SqlViews``. Nodes stand as they first appeared, which never changes, so a part begins behind the place of a node.
"""

from plait_core.ir.ids import ExecutionId, NodeId
from plait_core.ports.databases import NodeFilter
from plait_core.ports.pages import no_token
from plait_sql.connections import Row, Transaction
from plait_sql.executions import find_key
from plait_sql.rows import NODE_COLUMNS

_ORDER = "appeared_seq, appeared_as"
_PLACE = f"SELECT {_ORDER} FROM nodes WHERE execution = ? AND node = ?"


def nodes_of(
    transaction: Transaction, id: ExecutionId, where: NodeFilter, *, after: NodeId | None, limit: int | None
) -> list[Row]:
    """Return rows of ``NODE_COLUMNS``. Raises ``NotReadable`` when there is no node *after*."""
    key = find_key(transaction, id)
    text, parameters = "execution = ?", list[object]([key])
    for column, wanted in (("phase", [phase.value for phase in where.phases]), ("kind", where.kinds)):
        if wanted:
            text += f" AND {column} IN ({', '.join('?' for _ in wanted)})"
            parameters += wanted
    if where.name_contains:
        columns = ("node", "name", "entity")
        alternatives = " OR ".join(f"replace({column}, ?, '') <> {column}" for column in columns)
        text += f" AND ({alternatives})"
        parameters += [where.name_contains] * len(columns)
    if after is not None:
        place = transaction.query_one(_PLACE, (key, after))
        if place is None:
            raise no_token(after)
        text += f" AND ({_ORDER}) > (?, ?)"
        parameters += place
    statement = f"SELECT {NODE_COLUMNS} FROM nodes WHERE {text} ORDER BY {_ORDER}"
    if limit is not None:
        statement += " LIMIT ?"
        parameters.append(limit)
    return transaction.query(statement, parameters)
