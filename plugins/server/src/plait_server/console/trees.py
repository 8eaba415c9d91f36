"""The nodes of an execution as a tree in table rows."""

from collections.abc import Iterable, Iterator, Sequence

import attrs

from plait_core.ir.ids import NodeId
from plait_core.ports.databases import NodeRow


@attrs.frozen(kw_only=True)
class Branch:
    """One row: how deep it stands, and how many rows hang directly below it."""

    row: NodeRow
    depth: int
    n_below: int


def tree_of(rows: Sequence[NodeRow]) -> list[Branch]:
    """Return *rows* with every node after its parent, otherwise in their order; one whose parent is missing stands at the top."""
    known = {row.node for row in rows}
    below: dict[NodeId | None, list[NodeRow]] = {}
    for row in rows:
        parent = row.parent if row.parent in known else None
        below.setdefault(parent, []).append(row)
    return list(_flattened(below.get(None, ()), below, 0))


def _flattened(rows: Iterable[NodeRow], below: dict[NodeId | None, list[NodeRow]], depth: int) -> Iterator[Branch]:
    for row in rows:
        children = below.get(row.node, [])
        yield Branch(row=row, depth=depth, n_below=len(children))
        yield from _flattened(children, below, depth + 1)
