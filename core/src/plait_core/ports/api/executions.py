"""Executions as they are shown, with their nodes and attempts."""

import attrs

from plait_core.ir.executions import CacheVerdict, ExecutionSpec
from plait_core.ir.ids import ExecutionId
from plait_core.ir.literals import LiteralMap
from plait_core.ir.phases import ExecutionPhase
from plait_core.ir.shapes import Shape
from plait_core.ports.databases import AttemptRow, ExecutionRow, NodeRow


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ExecutionSummary(Shape):
    """An execution as lists show it; ``phase`` is the one to show, which may be INTERRUPTED."""

    row: ExecutionRow
    phase: ExecutionPhase
    url: str = ""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ExecutionPage(Shape):
    """A page of a list of executions."""

    items: tuple[ExecutionSummary, ...]
    token: str = ""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ExecutionDetail(Shape):
    """
    An execution: its row, what was asked for, and what came of it.

    ``url`` is its page in the console. ``waits_for`` says what it needs as a whole, which is an engine, while none runs.
    """

    row: ExecutionRow
    phase: ExecutionPhase
    spec: ExecutionSpec
    outputs: LiteralMap | None = None
    url: str = ""
    waits_for: str = ""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class NodeDetail(Shape):
    """
    A node with its values. ``inputs`` is ``None`` while they are not known.

    ``waits_for`` says, for a node that is not done, what it waits for; ``signal`` is the id by which a gate is answered. ``child`` is the
    execution that a node has started, which is what the node of a launch plan does.
    """

    row: NodeRow
    inputs: LiteralMap | None = None
    outputs: LiteralMap | None = None
    verdict: CacheVerdict | None = None
    waits_for: tuple[str, ...] = ()
    signal: str = ""
    child: ExecutionId | None = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class NodePage(Shape):
    """A page of the nodes of an execution, in order of first appearance."""

    items: tuple[NodeRow, ...]
    token: str = ""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class AttemptPage(Shape):
    """A page of the attempts of an execution, or of one node, in order of node's appearance, element and number."""

    items: tuple[AttemptRow, ...]
    token: str = ""
