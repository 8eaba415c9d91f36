"""
The books of an execution: open commands, what may go on, what is done.

Called by the folds, and by nobody else. They let ``decide`` cost no more than the out-degree of what changed: pending counts, queues of
what may go on, commands by key.
"""

from typing import Any

from plait_core.engine._commands import TIMER, Command, Key
from plait_core.engine._state import ExecutionState, NodeState, Scope
from plait_core.ir.ids import EntityId, NodeId
from plait_core.ir.phases import NodePhase
from plait_core.ir.workflows import Array, FailurePolicy, LaunchPlanRef, Node, TaskRef


def open_command(state: ExecutionState, node: NodeState, command: Command) -> None:
    """Have the shell do something for *node*, and remember that it is not answered."""
    key = command.key
    state.open[key] = command
    state.n_timers += key[0] == TIMER
    state.fresh.append(command)
    node.commands.add(key)


def close_command(state: ExecutionState, node: NodeState, key: Key) -> None:
    """Take a command as answered; closing one that is not open changes nothing."""
    if state.open.pop(key, None) is not None:
        state.n_timers -= key[0] == TIMER
    node.commands.discard(key)


def close_commands(state: ExecutionState, node: NodeState) -> None:
    """Close what the node waits for; abandoned attempts still have to stop."""
    stopping = {key for key in node.commands if key[0] == "stop"}
    for key in node.commands - stopping:
        del state.open[key]
        state.n_timers -= key[0] == TIMER
    node.commands = stopping


def admit(state: ExecutionState, at_ns: int, scope: Scope, node: Node, parent: NodeState | None = None) -> NodeState:
    """Bring a node into being: it may start."""
    prefix = scope.prefix if parent is None else f"{parent.id}-0-"
    admitted = NodeState(id=NodeId(prefix + node.id), node=node, scope=scope, parent=parent, queued_at_ns=at_ns)
    state.nodes[admitted.id] = admitted
    if parent is None:
        scope.nodes[node.id] = admitted
        scope.live += 1
    enqueue(state, admitted)
    return admitted


def enqueue(state: ExecutionState, node: NodeState) -> None:
    (state.ready_tasks if _needs_place(node) else state.ready).append(node)


def _needs_place(node: NodeState) -> bool:
    """Whether the node takes one of the execution's parallel places while it runs; an eager task leaves them to its children."""
    target = node.node.target
    if isinstance(target, TaskRef):
        return not node.template.metadata.is_eager
    return isinstance(target, Array | LaunchPlanRef)


def open_scope(state: ExecutionState, at_ns: int, scope: Scope) -> None:
    scope.owner.inner = scope
    workflow = scope.workflow
    assert workflow is not None
    for node_id, n_upstream in workflow.pending.items():
        if n_upstream == 0:
            admit(state, at_ns, scope, workflow.node_by_id[node_id])
    if scope.live == 0:
        state.settled.append(scope)


def open_graph(
    state: ExecutionState,
    at_ns: int,
    owner: NodeState,
    workflow_id: EntityId,
    closure: Any,
    *,
    prefix: str,
    inputs: Any,
) -> None:
    workflow = closure.workflows[workflow_id]
    scope = Scope(
        prefix=prefix,
        owner=owner,
        closure=closure,
        workflow=workflow,
        inputs=inputs,
        pending=dict(workflow.pending),
        remaining=len(workflow.pending),
    )
    open_scope(state, at_ns, scope)


def end_node(state: ExecutionState, at_ns: int, node: NodeState, phase: NodePhase) -> None:
    """Make the node terminal and move on what waited for it."""
    give_up_place(state, node)
    node.phase = phase
    node.ended_at_ns = at_ns
    if node.commands:
        close_commands(state, node)
    if node.is_cancelling:
        node.is_cancelling = False
        confirm_stop(state)
    if node.parent is not None or node.scope is None:
        return
    scope = node.scope
    scope.live -= 1
    if scope.workflow is None:
        return
    if not node.is_failure_node:
        scope.remaining -= 1
        if phase in (NodePhase.SUCCEEDED, NodePhase.RECOVERED) and _goes_on(scope):
            pending = scope.pending
            for successor in scope.workflow.downstream[node.node.id]:
                pending[successor] -= 1
                if pending[successor] == 0:
                    admit(state, at_ns, scope, scope.workflow.node_by_id[successor])
    if scope.live == 0:
        state.settled.append(scope)


def _goes_on(scope: Scope) -> bool:
    if scope.error is None:
        return True
    assert scope.workflow is not None
    return scope.workflow.template.failure_policy is FailurePolicy.FAIL_AFTER_EXECUTABLE_NODES_COMPLETE


def start_node(state: ExecutionState, at_ns: int, node: NodeState) -> None:
    if node.started_at_ns is None:
        node.started_at_ns = at_ns
        node.phase = NodePhase.RUNNING
        if _needs_place(node):
            node.has_place = True
            state.running_tasks += 1


def give_up_place(state: ExecutionState, node: NodeState) -> None:
    if node.has_place:
        node.has_place = False
        state.running_tasks -= 1


def confirm_stop(state: ExecutionState) -> None:
    state.n_stopping -= 1
    root = state.root
    if state.n_stopping == 0 and root is not None and root.inner is not None and root.inner.live == 0:
        state.settled.append(root.inner)
