"""
The graph of a workflow as boxes in boxes, before anything is placed.

Keys of boxes are the ids that the nodes have at run time, so that the graph of an execution takes its colours from the rows of its
nodes. A branch is a box that holds its arms, a sub-workflow one that holds its nodes or stays closed, a map one box.
"""

from collections.abc import Callable, Mapping

import attrs

from plait_core.compiler.graphs import condition_text, node_text
from plait_core.compiler.linking import link
from plait_core.ir.executions import Closure
from plait_core.ir.ids import EntityId, NodeId
from plait_core.ir.workflows import (
    Approve,
    Array,
    Branch,
    Gate,
    LaunchPlanRef,
    Node,
    Sleep,
    SubWorkflowRef,
    TaskRef,
    WaitForInput,
    WorkflowTemplate,
)


@attrs.frozen(kw_only=True)
class Box:
    """
    One node. ``caption`` says when it runs: a condition, or ``on failure``.

    ``inner`` is what it holds when it is open; ``n_inner`` how many nodes it would hold. ``stacked`` boxes stand side by side, without edges.
    """

    key: NodeId
    title: str
    subtitle: str
    kind: str
    caption: str = ""
    entity: EntityId | None = None
    inner: "Graph | None" = None
    n_inner: int = 0


@attrs.frozen(kw_only=True)
class Graph:
    """Boxes, in an order in which every edge points forward, and edges between them."""

    boxes: tuple[Box, ...]
    edges: tuple[tuple[str, str], ...]

    @property
    def n_boxes(self) -> int:
        """How many boxes there are to draw, with those inside others."""
        return len(self.boxes) + sum(box.inner.n_boxes for box in self.boxes if box.inner is not None)


@attrs.frozen(kw_only=True)
class Inside:
    """The graph that a node opened while it ran: what a dynamic task made."""

    closure: Closure
    workflow: WorkflowTemplate
    prefix: str


@attrs.frozen(kw_only=True)
class _Frame:
    """Where nodes are being drawn: their templates, the prefix of their ids, and what may be opened."""

    closure: Closure
    prefix: str
    is_open: Callable[[NodeId], bool]
    made: Mapping[NodeId, Inside]
    within: tuple[EntityId, ...]


def graph_of(
    closure: Closure,
    workflow: WorkflowTemplate,
    *,
    is_open: Callable[[NodeId], bool],
    made: Mapping[NodeId, Inside] | None = None,
) -> Graph:
    """
    Return the graph of *workflow*.

    Args:
        closure: Holds the templates it reaches.
        workflow: What to draw.
        is_open: Says of a node's run-time id whether the graph inside it is shown.
        made: Run-time id -> the graph that the node made, in an execution.
    """
    frame = _Frame(closure=closure, prefix="", is_open=is_open, made=made or {}, within=())
    return _graph(workflow, frame)


def count_nodes(closure: Closure, workflow: WorkflowTemplate, within: tuple[EntityId, ...] = ()) -> int:
    """Count the nodes of a workflow and of all its sub-workflows."""
    total = len(workflow.nodes)
    for node in workflow.nodes:
        inner = _sub_workflow(closure, node)
        if inner is not None and inner.id not in within:
            total += count_nodes(closure, inner, (*within, workflow.id))
    return total


def _graph(workflow: WorkflowTemplate, frame: _Frame) -> Graph:
    linked = link(workflow)
    inside = attrs.evolve(frame, within=(*frame.within, workflow.id))
    boxes = [_box(linked.node_by_id[id_], NodeId(frame.prefix + id_), inside) for id_ in linked.order]
    edges = [
        (frame.prefix + source, frame.prefix + target) for target in linked.order for source in linked.upstream[target]
    ]
    if workflow.failure_node is not None:
        failure = _box(workflow.failure_node, NodeId(frame.prefix + workflow.failure_node.id), inside)
        boxes.append(attrs.evolve(failure, caption="on failure"))
    return Graph(boxes=tuple(boxes), edges=tuple(edges))


def _box(node: Node, key: NodeId, frame: _Frame) -> Box:
    title, subtitle = _words(node)
    target = node.target.target if isinstance(node.target, Array) else node.target
    entity = target.id if isinstance(target, TaskRef | SubWorkflowRef | LaunchPlanRef) else None
    box = Box(key=key, title=title, subtitle=subtitle, kind=kind_of(node), entity=entity)
    if isinstance(node.target, Branch):
        arms = _arms(node.target, key, frame)
        return attrs.evolve(box, inner=Graph(boxes=arms, edges=()), n_inner=len(arms))
    inside = frame.made.get(key) or _inside(node, key, frame)
    if inside is None:
        return box
    inner = None
    if frame.is_open(key):
        inner = _graph(inside.workflow, attrs.evolve(frame, closure=inside.closure, prefix=inside.prefix))
    return attrs.evolve(box, inner=inner, n_inner=len(inside.workflow.nodes))


def _arms(branch: Branch, key: NodeId, frame: _Frame) -> tuple[Box, ...]:
    captioned = [(f"if {condition_text(arm.condition)}", arm.node) for arm in branch.arms]
    if branch.otherwise is not None:
        captioned.append(("else", branch.otherwise))
    return tuple(
        attrs.evolve(_box(node, NodeId(f"{key}-0-{node.id}"), frame), caption=caption) for caption, node in captioned
    )


def _inside(node: Node, key: NodeId, frame: _Frame) -> Inside | None:
    workflow = _sub_workflow(frame.closure, node)
    if workflow is None or workflow.id in frame.within:
        return None
    return Inside(closure=frame.closure, workflow=workflow, prefix=f"{key}-0-")


def _sub_workflow(closure: Closure, node: Node) -> WorkflowTemplate | None:
    return closure.workflow_by_id.get(node.target.id) if isinstance(node.target, SubWorkflowRef) else None


def kind_of(node: Node) -> str:
    """Name the kind of a node as rows of nodes do."""
    match node.target:
        case TaskRef():
            return "task"
        case SubWorkflowRef():
            return "workflow"
        case LaunchPlanRef():
            return "launch_plan"
        case Branch():
            return "branch"
        case Array():
            return "map"
        case Gate():
            return "gate"


def _words(node: Node) -> tuple[str, str]:
    """Say what a node is called, and what it is."""
    match node.target:
        case TaskRef(id=id_) | SubWorkflowRef(id=id_) | LaunchPlanRef(id=id_):
            name = id_.name
        case Array(target=target):
            name = target.id.name
        case Branch():
            name = "branch"
        case Gate(condition=Approve() | Sleep()):
            name = node_text(node)
        case Gate(condition=WaitForInput(signal_id=signal_id)):
            name = f"wait for {signal_id}"
    return node.metadata.name or short_name(name), f"{node.id} · {KIND_WORDS[kind_of(node)]}"


KIND_WORDS = {
    "task": "task",
    "workflow": "sub-workflow",
    "launch_plan": "launch plan",
    "branch": "branch",
    "map": "map",
    "gate": "gate",
}
"""Kind of a node -> how people call it."""


def short_name(name: str) -> str:
    """Return the last part of a dotted name."""
    return name.rpartition(".")[2] or name
