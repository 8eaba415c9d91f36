"""
Children: how the executions and nodes that a node starts are named, the same whenever it is asked.

That makes starting them idempotent, and lets an eager task that is replayed find what it called before.
"""

from hashlib import sha256
from typing import Protocol

import attrs

from plait_core.engine._state import ExecutionState, NodeState
from plait_core.ir.executions import Closure, ExecutionSpec, TaskError
from plait_core.ir.ids import EntityId, ExecutionId, NodeExecutionId, NodeId
from plait_core.ir.literals import LiteralMap
from plait_core.ir.phases import ExecutionPhase, NodePhase
from plait_core.ir.shapes import Shape


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


class Children(Protocol):
    """What a run asks of its engine about other executions."""

    async def run_child(
        self,
        execution: ExecutionId,
        closure: Closure,
        plan: EntityId,
        inputs: LiteralMap,
        *,
        parent: NodeExecutionId,
        spec: ExecutionSpec,
        reference: ExecutionId | None = None,
    ) -> "Ending":
        """
        Start *plan* as a child of *spec*'s execution unless it was started before, and wait for its end.

        What succeeded in *reference*, an earlier child, is reused, if that is still known and has ended.
        """
        ...

    async def state(self, execution: ExecutionId) -> ExecutionState:
        """Return the state of another execution, for reading. Raises ``UnknownExecution``."""
        ...

    async def abort(self, execution: ExecutionId, *, reason: str, principal: str = "") -> None:
        """Ask an execution to end."""
        ...


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Ending(Shape):
    """How an execution ended. ``exception`` is the task's own, where it was raised in this process."""

    execution: ExecutionId
    phase: ExecutionPhase
    outputs: LiteralMap | None = None
    error: TaskError | None = None
    exception: BaseException | None = None


def ending_of(state: ExecutionState) -> Ending:
    """Say how the execution of a terminal state ended."""
    return Ending(execution=state.id, phase=state.phase, outputs=state.outputs, error=state.error)
