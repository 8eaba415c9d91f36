"""
Reuse: which nodes of an execution may take over what they did in an earlier one, its *reference*.

Called by the rules, and by the shell, which looks things up in the reference's state. Pure. A node may ask when its
inputs are the old ones: whatever it depends on was reused, and what it is part of is being repeated.
"""

from plait_core.engine._state import ExecutionState, NodeState
from plait_core.ir.ids import NodeId
from plait_core.ir.phases import NodePhase

REUSABLE = frozenset({NodePhase.SUCCEEDED, NodePhase.RECOVERED})
"""Phases in which a node's outputs can be taken over."""


def may_reuse(state: ExecutionState, node: NodeState) -> bool:
    """Whether the reference is to be asked about the node: it was not, and its inputs are those it had there."""
    if node.repeats is not None or node.is_failure_node:
        return False
    if node.parent is not None:
        return bool(node.parent.repeats)
    graph = node.graph
    if not graph.owner.repeats:
        return False
    if graph.workflow is None:  # the call of an eager task, which is known by its inputs
        return True
    if graph.owner is state.root and state.spec is not None and node.id in state.spec.rerun:
        return False
    return all(graph.nodes[above].phase is NodePhase.RECOVERED for above in graph.workflow.upstream[node.node.id])


def counterpart(reference: ExecutionState, node: NodeState) -> NodeState | None:
    """
    Find the node that was in *reference* what *node* is in its execution: in the same place of the same graph.

    Run-time ids need not be equal: below a dynamic task they name the attempt that made the graph. Both
    executions must share one library.
    """
    if node.scope is None:
        return reference.root
    if node.parent is not None:
        branch = counterpart(reference, node.parent)
        arm = branch.arm if branch is not None else None
        return arm if arm is not None and arm.node.id == node.node.id else None
    owner = counterpart(reference, node.scope.owner)
    if owner is None:
        return None
    if node.scope.workflow is None:
        found = _last_call(reference, owner, node)
    else:
        found = owner.inner.nodes.get(node.node.id) if owner.inner is not None else None
    return found if found is not None and found.graph.closure is node.scope.closure else None


def _last_call(reference: ExecutionState, caller: NodeState, node: NodeState) -> NodeState | None:
    """Find the last of the children that *caller* had for the call which *node* answers; ids as ``child_node_id`` makes them."""
    key = node.id.removeprefix(f"{node.graph.owner.id}-")
    stem, _, again = key.rpartition("-r")
    first = f"{caller.id}-{stem if again.isdigit() else key}"
    found, n = reference.nodes.get(NodeId(first)), 0
    while (later := reference.nodes.get(NodeId(f"{first}-r{n + 1}"))) is not None:
        found, n = later, n + 1
    return found
