"""Lists: what they are narrowed to, how they are sorted, and how they are read in parts."""

from enum import Enum

import attrs

from plait_core.ir.ids import EntityId, NodeId
from plait_core.ir.phases import ExecutionPhase, NodePhase
from plait_core.ir.shapes import Shape
from plait_core.ports.databases.rows import NodeRow


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ExecutionFilter(Shape):
    """
    What a list of executions is narrowed to: any of these phases, any of these targets; empty fields do not narrow.

    Bounds are half open: ``created_from_ns`` and ``lasted_from_ns`` belong to what is wanted, ``created_before_ns`` and
    ``lasted_below_ns`` do not. Only what has ended has lasted some time.
    """

    project: str = ""
    domain: str = ""
    phases: tuple[ExecutionPhase, ...] = ()
    targets: tuple[EntityId, ...] = ()
    name_contains: str = ""
    principal: str = ""
    created_from_ns: int | None = None
    created_before_ns: int | None = None
    lasted_from_ns: int | None = None
    lasted_below_ns: int | None = None
    include_archived: bool = False


@attrs.frozen(kw_only=True, eq=False, repr=False)
class NodeFilter(Shape):
    """
    What a list of nodes is narrowed to: any of these nodes, phases and kinds; empty fields do not narrow.

    ``name_contains`` is found in the id, the name or the entity of a node.
    """

    nodes: tuple[NodeId, ...] = ()
    phases: tuple[NodePhase, ...] = ()
    kinds: tuple[str, ...] = ()
    name_contains: str = ""

    def wants(self, row: NodeRow) -> bool:
        """Say whether *row* belongs to the list."""
        return (
            (not self.nodes or row.node in self.nodes)
            and (not self.phases or row.phase in self.phases)
            and (not self.kinds or row.kind in self.kinds)
            and any(self.name_contains in text for text in (row.node, row.name, row.entity))
        )


EVERY_NODE = NodeFilter()


class ExecutionOrder(Enum):
    """How a list of executions is sorted; among equals, the name decides."""

    NEWEST = "-created_at"
    OLDEST = "created_at"
    NAME = "name"
    NAME_BACKWARDS = "-name"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Page(Shape):
    """A slice of a list. ``token`` continues after the page before; empty starts."""

    limit: int = 50
    token: str = ""
