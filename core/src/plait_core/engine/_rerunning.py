"""
Running again: what a recovered, rerun or relaunched execution is made of, and what would become of each node.

Called by ``Engine``. Pure. Reads the state of the execution that is repeated; the plan says beforehand what the
rules of ``_reuse`` lead to.
"""

from collections.abc import Collection, Sequence

import attrs

from plait_core.engine._launching import merged
from plait_core.engine._reuse import REUSABLE
from plait_core.engine._state import ExecutionState, NodeState, Scope
from plait_core.errors.engine import NotRepeatable, UnknownNodes
from plait_core.ir.executions import Closure, ExecutionSpec
from plait_core.ir.ids import NodeId
from plait_core.ir.launch_plans import ExecutionOptions
from plait_core.ir.phases import ExecutionPhase, NodePhase
from plait_core.ir.workflows import Array, Node
from plait_core.ports.api import RerunPlan, RerunStep

_REASONS = {
    NodePhase.FAILED: "failed",
    NodePhase.ABORTED: "was aborted",
    NodePhase.TIMED_OUT: "timed out",
}


def plan_rerun(state: ExecutionState, nodes: Sequence[NodeId]) -> RerunPlan:
    """
    Say what would be reused of an execution and what would run again from *nodes*; from none, what failed does.

    Args:
        state: The execution, which must have ended.
        nodes: Ids of the workflow's own nodes.

    Returns:
        A step per node of the workflow, in topological order; the failure node is not among them.

    Raises:
        NotRepeatable: it has not ended, or it succeeded and *nodes* is empty.
        UnknownNodes: the workflow has no such nodes.
    """
    if not state.is_terminal or (state.phase is ExecutionPhase.SUCCEEDED and not nodes):
        raise NotRepeatable(execution=str(state.id), phase=state.phase.value)
    graph = _top(state)
    workflow = graph.workflow
    assert workflow is not None
    unknown = tuple(node for node in nodes if node not in workflow.node_by_id)
    if unknown:
        raise UnknownNodes(execution=str(state.id), nodes=unknown, known=workflow.order)
    again: dict[NodeId, None] = {}
    steps = []
    for id_ in workflow.order:
        above = [one for one in workflow.upstream[id_] if one in again]
        reason = _why_again(graph.nodes.get(id_), above, is_asked_for=id_ in nodes)
        if reason:
            again[id_] = None
        name = _name(workflow.node_by_id[id_])
        steps.append(RerunStep(node=id_, name=name, is_reused=not reason, reason=reason or "succeeded"))
    return RerunPlan(steps=tuple(steps))


def _why_again(known: NodeState | None, above: Collection[NodeId], *, is_asked_for: bool) -> str:
    """Say why a node runs again; empty when it does not."""
    if is_asked_for:
        return "asked for"
    if above:
        return f"depends on {', '.join(above)}"
    if known is None:
        return "never ran"
    return "" if known.phase in REUSABLE else _REASONS.get(known.phase, "did not end")


def _name(node: Node) -> str:
    """What the author calls the node, else what it runs."""
    target = node.target.target if isinstance(node.target, Array) else node.target
    entity = getattr(target, "id", None)
    return node.metadata.name or (entity.name if entity is not None else "")


def repeated(state: ExecutionState) -> tuple[Closure, ExecutionSpec]:
    """Return what an execution ran, as it was asked for: its target with the templates it had then, and its spec."""
    assert state.spec is not None
    return attrs.evolve(_top(state).closure.closure, main=state.spec.target), state.spec


def asked_again(earlier: ExecutionOptions, asked: ExecutionOptions) -> ExecutionOptions:
    """Return the options of a relaunch: the earlier ones, but for what is asked for and for overwriting the cache."""
    return attrs.evolve(merged(earlier, asked), overwrite_cache=asked.overwrite_cache)


def _top(state: ExecutionState) -> Scope:
    assert state.root is not None
    assert state.root.inner is not None
    return state.root.inner
