"""
Inputs: what an attempt, or a child, of a node is given; of an element of a map, one item of each list.

Kept by ``Acting`` for one run. A list that is stored apart is fetched once, and kept until its map has ended.
"""

from typing import Any

from plait_core.engine._host import Host
from plait_core.engine._state import NodeState
from plait_core.errors.stores import NotReadable
from plait_core.ir.ids import NodeId
from plait_core.ir.literals import Collection, Literal, LiteralMap, Offloaded, UnionValue
from plait_core.ir.workflows import Array
from plait_core.ports.blobs import BlobStore, on_behalf_of
from plait_core.types.offloading import fetch


class Inputs:
    """The inputs of the nodes of one run."""

    def __init__(self, run: Host) -> None:
        self._project = run.state.id.project
        self._blobs = run.services.blobs
        self._lists: dict[NodeId, LiteralMap] = {}

    async def of(self, node: NodeState, element: int | None) -> LiteralMap:
        """Return the inputs of *node*, or of an *element* of it. Raises ``BlobMissing``, ``NotReadable`` and what else storage raises."""
        return node.inputs() if element is None else await self._of_element(node, element)

    def forget(self, node: NodeId) -> None:
        """Keep the lists of a map no longer."""
        self._lists.pop(node, None)

    def named(self, uri: str) -> BlobStore:
        """Find the store of what a task has named, which need not be its own."""
        return on_behalf_of(self._project, self._blobs(uri))

    async def _of_element(self, node: NodeState, element: int) -> LiteralMap:
        target = node.node.target
        assert isinstance(target, Array)
        lists = self._lists.get(node.id)
        if lists is None:
            lists = {name: await self._whole(value) for name, value in node.inputs().items()}
            for name in lists.keys() - target.bound_inputs:
                _check_length(lists[name], node)
            self._lists[node.id] = lists
        return {
            name: value if name in target.bound_inputs else _elements_of(value)[element]
            for name, value in lists.items()
        }

    async def _whole(self, literal: Literal) -> Literal:
        return await fetch(literal, self.named) if isinstance(literal.value, Offloaded) else literal


def _check_length(literal: Literal, node: NodeState) -> None:
    """Raise ``NotReadable`` where what is stored is not the list that the reference to it spoke of."""
    assert node.array is not None
    elements, size = _elements_of(literal), node.array.size
    if elements is None or len(elements) != size:
        found = "no list" if elements is None else f"a list of {len(elements)}"
        raise NotReadable(kind=f"list of {size}", faults=(f"what is stored is {found}",))


def _elements_of(literal: Literal) -> Any:
    """Return the elements of a list; ``None`` of anything else."""
    value = literal.value
    while isinstance(value, UnionValue):
        value = value.value.value
    return value.literals if isinstance(value, Collection) else None
