"""
Lists of the attempts of one execution, a part at a time.

Called by ``SqlViews``. A part reads about as many rows as it returns, however many there are: nodes are taken in order of appearance,
those of maps one by one, whose attempts may be many, and the others together, which have few each. Joined with their nodes instead, all
attempts would be sorted for each part.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby

from plait_core.ir.ids import ExecutionId, NodeId
from plait_core.ports.databases import AttemptPlace
from plait_sql.connections import Row, Transaction
from plait_sql.executions import find_key
from plait_sql.node_lists import ORDER, place_of
from plait_sql.rows import ATTEMPT_COLUMNS, NO_ELEMENT

_SELECT = f"SELECT {ATTEMPT_COLUMNS} FROM attempts WHERE execution = ? AND"
_OF_NODE = f"{_SELECT} node = ? AND (element, n) > (?, ?) ORDER BY element, n LIMIT ?"
_BEFORE_ALL: Row = (-1, -1)
"""A place that all nodes, and all attempts of a node, are behind."""

NODES_AT_ONCE = 500
"""Of how many nodes attempts are read by one statement."""


def attempts_of(
    transaction: Transaction,
    id: ExecutionId,
    nodes: Sequence[NodeId] | None,
    *,
    after: AttemptPlace | None,
    limit: int,
) -> list[Row]:
    """Return rows of ``ATTEMPT_COLUMNS``. Raises ``NotReadable`` when there is no node *after*."""
    key = find_key(transaction, id)
    rows, place = list[Row](), _BEFORE_ALL
    if after is not None:
        node, element, n = after
        place = place_of(transaction, key, node)
        if nodes is None or node in nodes:
            rows += transaction.query(_OF_NODE, (key, node, NO_ELEMENT if element is None else element, n, limit))
    for some in _nodes_behind(transaction, key, nodes, place):
        if len(rows) >= limit:
            break
        rows += _of_nodes(transaction, key, some, limit - len(rows))
    return rows[:limit]


def _nodes_behind(
    transaction: Transaction, key: int | None, nodes: Sequence[NodeId] | None, place: Row
) -> Iterator[list[NodeId]]:
    """Yield the nodes behind a place, in order of appearance: a map alone, others together."""
    narrowing, wanted = ("", ()) if nodes is None else (f" AND node IN ({_marks(nodes)})", nodes)
    goes_on = nodes is None or bool(nodes)
    while goes_on:
        found = transaction.query(
            f"SELECT {ORDER}, node, kind FROM nodes WHERE execution = ? AND ({ORDER}) > (?, ?){narrowing} "
            f"ORDER BY {ORDER} LIMIT {NODES_AT_ONCE}",
            (key, *place, *wanted),
        )
        for is_map, some in groupby(found, key=lambda row: row[3] == "map"):
            names = [row[2] for row in some]
            yield from ([name] for name in names) if is_map else [names]
        goes_on = len(found) == NODES_AT_ONCE
        place = found[-1][:2] if found else place


def _of_nodes(transaction: Transaction, key: int | None, nodes: list[NodeId], limit: int) -> list[Row]:
    if len(nodes) == 1:
        return transaction.query(_OF_NODE, (key, *nodes, *_BEFORE_ALL, limit))
    place = {node: n for n, node in enumerate(nodes)}
    rows = transaction.query(f"{_SELECT} node IN ({_marks(nodes)})", (key, *nodes))
    return sorted(rows, key=lambda row: (place[row[0]], row[1], row[2]))


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" for _ in values)
