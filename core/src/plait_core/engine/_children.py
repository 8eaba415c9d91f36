"""
Children: how the executions and nodes that a node starts are named, the same whenever it is asked.

That makes starting them idempotent, and lets an eager task that is replayed find what it called before.
"""

from hashlib import sha256

from plait_core.engine._state import ExecutionState, NodeState
from plait_core.ir.ids import ExecutionId, NodeId
from plait_core.ir.phases import NodePhase


def child_node_id(state: ExecutionState, caller: NodeState, key: str, n: int) -> NodeId:
    """
    Return the run-time id of the node that answers the call *key* of attempt *n*.

    A child that is alive or succeeded answers every later attempt too; one that failed is called anew.
    """
    child = NodeId(f"{caller.id}-{key}")
    attempt = 0
    while (known := state.nodes.get(child)) and attempt < n and known.phase in (NodePhase.FAILED, NodePhase.ABORTED):
        attempt += 1
        child = NodeId(f"{caller.id}-{key}-r{attempt}")
    return child


def child_execution(parent: ExecutionId, node: NodeId, element: int | None = None) -> ExecutionId:
    """Name the execution that a launch plan node starts: the same whenever it is asked."""
    text = f"{parent}/{node}" if element is None else f"{parent}/{node}/{element}"
    name = "f" + sha256(text.encode()).hexdigest()[:19]
    return ExecutionId(project=parent.project, domain=parent.domain, name=name)
