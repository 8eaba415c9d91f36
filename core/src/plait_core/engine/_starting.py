"""
How nodes start: one function per kind of target.

Called by ``advance`` for a node whose upstream is done. Pure. Whatever the node needs to know first (a part of a large
value, what the reference did or the cache holds) is asked for, and it starts when the answer is there.
"""

from collections.abc import Callable
from typing import TypeAlias

from plait_core.engine import _arrays as arrays
from plait_core.engine import _gates as gates
from plait_core.engine._bindings import NoSuchPart, Unread
from plait_core.engine._children import child_execution
from plait_core.engine._conditions import Incomparable, arm_taken
from plait_core.engine._endings import fail
from plait_core.engine._policies import cache_policy
from plait_core.engine._reuse import may_reuse
from plait_core.engine._state import ExecutionState, NodeState
from plait_core.ir import events as ev
from plait_core.ir.executions import TaskError
from plait_core.ir.ids import NodeId
from plait_core.ir.phases import NodePhase
from plait_core.ir.workflows import (
    Array,
    Branch,
    Gate,
    LaunchPlanRef,
    Promise,
    SubWorkflowRef,
    TaskRef,
)

Decisions: TypeAlias = tuple[ev.Decision, ...]


def start(state: ExecutionState, node: NodeState, at_ns: int) -> Decisions:
    """Start a node, or ask for what is needed first."""
    if may_reuse(state, node):
        return (ev.ReuseRequested(node=node.id),)
    try:
        return _STARTS[type(node.node.target)](state, node, at_ns)
    except Unread as unread:
        return (ev.ValueRequested(node=node.id, values=(("", unread.uri, unread.path),)),)
    except (NoSuchPart, Incomparable) as error:
        wrong = TaskError(code=type(error).__name__, message=str(error), is_recoverable=False)
        return fail(state, node, wrong)


def _start_task(_state: ExecutionState, node: NodeState, _at_ns: int) -> Decisions:
    if _reaches_inside(node):
        node.inputs()  # raises when a part has to be read first
    if node.verdict is None and cache_policy(node) is not None:
        return (ev.CacheRequested(node=node.id),)
    n = 0 if node.attempt is None else node.attempt + 1
    return (ev.AttemptScheduled(node=node.id, n=n),)


def _reaches_inside(node: NodeState) -> bool:
    for binding in node.node.inputs:
        data = binding.data
        if not isinstance(data, Promise) or data.path:
            return True
    return False


def _start_workflow(_state: ExecutionState, node: NodeState, _at_ns: int) -> Decisions:
    node.inputs()
    return (ev.NodeStarted(node=node.id),)


def _start_launch_plan(state: ExecutionState, node: NodeState, _at_ns: int) -> Decisions:
    node.inputs()
    return (ev.ChildStarted(node=node.id, execution=child_execution(state.id, node.id)),)


def _start_branch(state: ExecutionState, node: NodeState, _at_ns: int) -> Decisions:
    branch = node.node.target
    assert isinstance(branch, Branch)
    taken = arm_taken(branch, node.graph.output, node.loaded)
    arms = [*(arm.node for arm in branch.arms), *([branch.otherwise] if branch.otherwise else [])]
    skipped = tuple(
        ev.NodeEnded(node=NodeId(f"{node.id}-0-{arm.id}"), phase=NodePhase.SKIPPED)
        for index, arm in enumerate(arms)
        if index != taken
    )
    decided: Decisions = (ev.BranchTaken(node=node.id, arm=taken), *skipped)
    if taken >= 0:
        return decided
    error = TaskError(code="UserProvidedError", message=branch.error, is_recoverable=False)
    return (*decided, *fail(state, node, error))


def _start_gate(state: ExecutionState, node: NodeState, at_ns: int) -> Decisions:
    return gates.start(state, node, at_ns)


def _start_array(state: ExecutionState, node: NodeState, _at_ns: int) -> Decisions:
    return arrays.start(state, node)


_STARTS: dict[type, Callable[[ExecutionState, NodeState, int], Decisions]] = {
    TaskRef: _start_task,
    SubWorkflowRef: _start_workflow,
    LaunchPlanRef: _start_launch_plan,
    Branch: _start_branch,
    Gate: _start_gate,
    Array: _start_array,
}
