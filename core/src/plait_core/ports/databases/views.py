"""Views: how rows are read."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import attrs

from plait_core.ir.ids import ExecutionId, NodeId
from plait_core.ir.phases import AttemptPhase, ExecutionPhase, NodePhase
from plait_core.ir.shapes import Shape
from plait_core.ports.databases.lists import EVERY_NODE, ExecutionFilter, ExecutionOrder, NodeFilter, Page
from plait_core.ports.databases.rows import AttemptPlace, AttemptRow, ExecutionRow, NodeRow


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Census(Shape):
    """How many there are: executions by phase; and in those that have not ended, attempts by phase, and messages pending."""

    executions: Mapping[ExecutionPhase, int]
    attempts: Mapping[AttemptPhase, int]
    n_pending: int


@attrs.frozen(kw_only=True, eq=False, repr=False)
class NodeCount(Shape):
    """How many nodes of one execution are of one kind, run one entity and stand in one phase; and their elements, of map nodes."""

    kind: str
    entity: str
    phase: NodePhase
    n: int
    n_elements: int = 0


class Views(Protocol):
    """Read models, written only by ``EventLog``; what it committed is visible at once."""

    async def execution(self, id: ExecutionId) -> ExecutionRow | None:
        """Return one row."""
        ...

    async def executions(
        self, where: ExecutionFilter, page: Page, order: ExecutionOrder = ExecutionOrder.NEWEST
    ) -> tuple[Sequence[ExecutionRow], str]:
        """Return rows in *order*, and the token of the next page in the same order or ``""``."""
        ...

    async def nodes(
        self,
        id: ExecutionId,
        where: NodeFilter = EVERY_NODE,
        *,
        after: NodeId | None = None,
        limit: int | None = None,
    ) -> Sequence[NodeRow]:
        """
        Return nodes of an execution in order of first appearance: those behind the node *after*, and at most *limit* of them.

        A node keeps its place, and new ones come last, so a list that is read in parts has each of them once. Raises
        ``NotReadable`` when there is no node *after*.
        """
        ...

    async def node(self, id: ExecutionId, node: NodeId) -> NodeRow | None:
        """Return one node."""
        ...

    async def attempt(self, id: ExecutionId, node: NodeId, n: int, *, element: int | None = None) -> AttemptRow | None:
        """Return one attempt of a node, or of an element of it."""
        ...

    async def count_nodes(self, id: ExecutionId, where: NodeFilter = EVERY_NODE) -> Sequence[NodeCount]:
        """Count the nodes of an execution by kind, entity and phase, ordered by these; what there is none of is left out."""
        ...

    async def attempts(
        self,
        id: ExecutionId,
        nodes: Sequence[NodeId] | None = None,
        *,
        after: AttemptPlace | None = None,
        limit: int = 1000,
    ) -> Sequence[AttemptRow]:
        """
        Return attempts, of all nodes or of *nodes*, in order of node's appearance, element and n: at most *limit* of those behind *after*.

        An attempt keeps its place, so a list that is read in parts has each once, whatever is added meanwhile. There need be no
        attempt at *after*; ``NotReadable`` is raised when there is no such node.
        """
        ...

    async def census(self) -> Census:
        """Count what there is, archived executions included; a phase that nothing is in may be left out."""
        ...
