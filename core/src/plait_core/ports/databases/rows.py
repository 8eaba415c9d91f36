"""Rows: where an execution, its nodes and their attempts stand, as people are shown it; the engine writes them with each turn."""

from collections.abc import Mapping
from typing import TypeAlias

import attrs

from plait_core.ir.executions import ExecutionMode, TaskError
from plait_core.ir.ids import AttemptId, EntityId, ExecutionId, NodeId
from plait_core.ir.phases import AttemptPhase, ExecutionPhase, NodePhase
from plait_core.ir.shapes import Shape

NEVER_NS = 2**63 - 1
"""``wake_at_ns`` of an execution that waits for a message and for no time."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ExecutionRow(Shape):
    """
    What lists of executions show. ``pool`` names who may own it: ``local:<host>:<pid>`` or a server pool.

    ``wake_at_ns`` is the earliest due time while only times and messages are expected (``NEVER_NS`` without a time), else
    ``None``: whoever owns it has something to do or to hear, now.
    """

    id: ExecutionId
    target: EntityId
    phase: ExecutionPhase
    mode: ExecutionMode
    principal: str
    pool: str
    created_at_ns: int
    updated_at_ns: int
    ended_at_ns: int | None = None
    error: TaskError | None = None
    wake_at_ns: int | None = None
    labels: Mapping[str, str] = attrs.field(factory=dict)
    is_archived: bool = False


NODE_KINDS = ("task", "workflow", "launch_plan", "branch", "gate", "map")
"""What a node can be."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class NodeRow(Shape):
    """
    Where one node of one execution stands.

    ``node`` is the run-time id, ``definition`` the id in its template, ``kind`` one of ``NODE_KINDS``.
    """

    execution: ExecutionId
    node: NodeId
    definition: NodeId
    parent: NodeId | None
    phase: NodePhase
    kind: str
    entity: str
    name: str
    started_at_ns: int | None
    ended_at_ns: int | None
    error: TaskError | None = None
    cache: str = ""
    deck_uri: str = ""
    n_elements: int | None = None
    n_elements_done: int = 0


AttemptPlace: TypeAlias = tuple[NodeId, int | None, int]
"""Where an attempt stands in the lists of its execution: node, element and n."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class AttemptRow(Shape):
    """One attempt; its id is unique and its row only ever moves towards a terminal phase."""

    id: AttemptId
    phase: AttemptPhase
    executor: str
    scheduled_at_ns: int
    started_at_ns: int | None = None
    ended_at_ns: int | None = None
    error: TaskError | None = None
    deck_uri: str = ""
    message: str = ""
    is_cached: bool = False

    @property
    def place(self) -> AttemptPlace:
        """Where it stands in lists."""
        return self.id.node, self.id.element, self.id.n
