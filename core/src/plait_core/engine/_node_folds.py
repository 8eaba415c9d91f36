"""Folds of decisions about nodes: started, ended, waiting for a value, a child or a person. Called by ``apply``."""

from math import ceil

from plait_core.engine._books import (
    admit,
    close_command,
    close_commands,
    end_node,
    enqueue,
    give_up_place,
    open_command,
    open_graph,
    start_node,
)
from plait_core.engine._commands import (
    AbortChild,
    Cancel,
    CancelElements,
    CompileFragment,
    LoadValue,
    LookUpReference,
    StartChild,
    WaitUntil,
)
from plait_core.engine._outputs import Outputs
from plait_core.engine._state import SCHEDULED, ArrayState, ExecutionState, NodeState, Scope
from plait_core.ir import events as ev
from plait_core.ir.ids import EntityKind, NodeId
from plait_core.ir.phases import AttemptPhase, NodePhase
from plait_core.ir.workflows import Array, Branch, LaunchPlanRef, Node, SubWorkflowRef, TaskRef


def node_started(state: ExecutionState, at_ns: int, event: ev.NodeStarted) -> None:
    node = state.nodes[event.node]
    start_node(state, at_ns, node)
    target = node.node.target
    if isinstance(target, SubWorkflowRef):
        open_graph(state, at_ns, node, target.id, node.graph.closure, prefix=f"{node.id}-0-", inputs=node.inputs())
        return
    assert isinstance(target, Array)
    assert event.n_elements is not None
    size = event.n_elements
    node.array = ArrayState(
        size=size,
        needed=_needed(target, size),
        parallelism=target.parallelism if target.parallelism is not None else state.max_parallelism,
        phases=bytearray(size),
        outputs=Outputs.none(size),
    )
    state.arrays.append(node)


def _needed(target: Array, size: int) -> int:
    if target.min_successes is not None:
        return min(target.min_successes, size)
    if target.min_success_ratio is not None:
        return ceil(round(size * target.min_success_ratio, 6))  # 0.55 of 100 are 55, whatever floats make of it
    return size


def node_succeeded(state: ExecutionState, at_ns: int, event: ev.NodeSucceeded) -> None:
    node = state.nodes[event.node]
    node.outputs = event.outputs
    if event.n is not None:
        node.attempt_phase = AttemptPhase.SUCCEEDED
    if event.cache is not None:
        node.verdict = event.cache
    node.deck_uri = event.deck_uri or node.deck_uri
    end_node(state, at_ns, node, event.phase)


def node_ended(state: ExecutionState, at_ns: int, event: ev.NodeEnded) -> None:
    node = state.nodes.get(event.node)
    if node is None:  # an arm that is not taken is first heard of here
        node = _untaken_arm(state, event.node)
    node.error = event.error
    if node.has_attempt:
        node.attempt_phase = AttemptPhase.ABORTED
    end_node(state, at_ns, node, event.phase)


def _untaken_arm(state: ExecutionState, node_id: NodeId) -> NodeState:
    branch_id, _, arm_id = node_id.rpartition("-0-")
    branch = state.nodes[NodeId(branch_id)]
    target = branch.node.target
    assert isinstance(target, Branch)
    arms = [*(arm.node for arm in target.arms), *([target.otherwise] if target.otherwise else [])]
    node = next(arm for arm in arms if arm.id == arm_id)
    state.nodes[node_id] = NodeState(id=node_id, node=node, scope=branch.scope, parent=branch)
    return state.nodes[node_id]


def cancel_requested(state: ExecutionState, _at_ns: int, event: ev.CancelRequested) -> None:
    node = state.nodes[event.node]
    node.is_cancelling = True
    state.n_stopping += 1
    if node.array is not None:
        array = node.array
        if isinstance(node.node.target, Array) and isinstance(node.node.target.target, LaunchPlanRef):
            for element, child in array.children.items():
                if array.phases[element] == SCHEDULED:
                    open_command(state, node, AbortChild(node.id, child, element))
        else:
            running = tuple(i for i, phase in enumerate(array.phases) if phase == SCHEDULED)
            if running:
                open_command(state, node, CancelElements(node.id, running))
        state.arrays.append(node)
    elif node.child is not None:
        open_command(state, node, AbortChild(node.id, node.child))
    elif node.has_attempt:
        assert node.attempt is not None
        open_command(state, node, Cancel(node.id, node.attempt))


def branch_taken(state: ExecutionState, at_ns: int, event: ev.BranchTaken) -> None:
    node = state.nodes[event.node]
    start_node(state, at_ns, node)
    target = node.node.target
    assert isinstance(target, Branch)
    if event.arm < 0:
        return
    arm = target.arms[event.arm].node if event.arm < len(target.arms) else target.otherwise
    assert arm is not None
    node.arm = admit(state, at_ns, node.graph, arm, parent=node)


def gate_opened(state: ExecutionState, at_ns: int, event: ev.GateOpened) -> None:
    node = state.nodes[event.node]
    start_node(state, at_ns, node)
    if event.due_at_ns is not None:
        open_command(state, node, WaitUntil(node.id, event.due_at_ns, "gate"))
    if event.signal_id:
        state.waiting.setdefault(event.signal_id, []).append(node)


def value_requested(state: ExecutionState, _at_ns: int, event: ev.ValueRequested) -> None:
    node = state.nodes[event.node]
    node.wants = node.wants or {}
    for _var, uri, path in event.values:
        node.wants.setdefault((uri, path), None)
        open_command(state, node, LoadValue(node.id, uri, path))


def value_loaded(state: ExecutionState, _at_ns: int, event: ev.ValueLoaded) -> None:
    node = state.nodes[event.node]
    assert node.wants is not None
    node.wants[event.uri, event.path] = event.value
    close_command(state, node, ("load", node.id, event.uri, *event.path))
    if any(value is None for value in node.wants.values()):
        return
    if node.inner is not None and node.inner.live == 0:
        state.settled.append(node.inner)
    else:
        enqueue(state, node)


def child_started(state: ExecutionState, at_ns: int, event: ev.ChildStarted) -> None:
    node = state.nodes[event.node]
    if event.element is None:
        start_node(state, at_ns, node)
        node.child = event.execution
    else:
        assert node.array is not None
        node.array.phases[event.element] = SCHEDULED
        node.array.children[event.element] = event.execution
        node.array.running += 1
        node.array.cursor = max(node.array.cursor, event.element + 1)
    open_command(state, node, StartChild(node.id, event.execution, event.element))


def child_called(state: ExecutionState, at_ns: int, event: ev.ChildCalled) -> None:
    caller = state.nodes[event.node]
    state.placements.update(event.placements)
    closure = state.library[event.closure]
    scope = Scope(prefix="", owner=caller, closure=closure, workflow=None, inputs=event.inputs, pending={}, remaining=0)
    targets = {
        EntityKind.TASK: TaskRef,
        EntityKind.WORKFLOW: SubWorkflowRef,
        EntityKind.LAUNCH_PLAN: LaunchPlanRef,
    }
    node = Node(id=event.child, target=targets[event.target.kind](id=event.target))
    child = admit(state, at_ns, scope, node)
    child.given = event.inputs
    caller.called = [*(caller.called or []), child]


def reuse_requested(state: ExecutionState, _at_ns: int, event: ev.ReuseRequested) -> None:
    open_command(state, state.nodes[event.node], LookUpReference(event.node))


def node_recovered(state: ExecutionState, at_ns: int, event: ev.NodeRecovered) -> None:
    node = state.nodes[event.node]
    node.outputs = event.outputs
    node.deck_uri = event.deck_uri
    end_node(state, at_ns, node, NodePhase.RECOVERED)


def reuse_declined(state: ExecutionState, _at_ns: int, event: ev.ReuseDeclined) -> None:
    node = state.nodes[event.node]
    close_command(state, node, ("reference", node.id))
    node.repeats = event.has_begun
    node.checkpoint = event.checkpoint_uri
    enqueue(state, node)


def fragment_received(state: ExecutionState, _at_ns: int, event: ev.FragmentReceived) -> None:
    node = state.nodes[event.node]
    node.attempt_phase = AttemptPhase.SUCCEEDED
    close_commands(state, node)
    open_command(state, node, CompileFragment(node.id, event.n, event.closure))


def fragment_compiled(state: ExecutionState, at_ns: int, event: ev.FragmentCompiled) -> None:
    node = state.nodes[event.node]
    node.phase = NodePhase.DYNAMIC_RUNNING
    give_up_place(state, node)  # to the nodes of its graph
    state.placements.update(event.placements)
    close_command(state, node, ("fragment", node.id, event.n))
    closure = state.library[event.closure]
    prefix = f"{node.id}-{event.n}-"
    open_graph(state, at_ns, node, closure.closure.main, closure, prefix=prefix, inputs={})


def signal_received(state: ExecutionState, _at_ns: int, event: ev.SignalReceived) -> None:
    state.signals[event.signal_id] = event.value
    state.waiting.pop(event.signal_id, None)
