"""
``apply``: folds one decision into the state. Total, without rules, without effects outside the state.

Called for every decision, when it is made and again whenever a log is read. It keeps the books that let ``decide``
cost no more than the out-degree of what changed: pending counts, queues of what may go on, open commands.
"""

from collections.abc import Callable
from typing import Any

from plait_core.engine._commands import (
    AbortChild,
    AssembleOutputs,
    Cancel,
    CancelElements,
    Command,
    CompileFragment,
    Key,
    LoadValue,
    LookUpCache,
    LookUpElements,
    StartChild,
    Submit,
    SubmitElements,
    WaitUntil,
)
from plait_core.engine._policies import cache_policy, timeout_ns
from plait_core.engine._state import (
    FAILED,
    SCHEDULED,
    STOPPED,
    SUCCEEDED,
    TOP,
    ArrayState,
    ExecutionState,
    NodeState,
    Scope,
)
from plait_core.ir import events as ev
from plait_core.ir.ids import EntityId, EntityKind, NodeId
from plait_core.ir.literals import NOTHING
from plait_core.ir.phases import AttemptPhase, ExecutionPhase, NodePhase
from plait_core.ir.workflows import (
    Array,
    Branch,
    FailurePolicy,
    LaunchPlanRef,
    Node,
    SubWorkflowRef,
    TaskRef,
)

ASSEMBLE_DIRECTLY = 256
"""Map nodes with at most this many elements make their output list without asking the shell."""


def apply(state: ExecutionState, at_ns: int, decision: ev.Decision) -> None:
    """Fold one decision, made at *at_ns*, into the state."""
    state.seq += 1
    _FOLDS[type(decision)](state, at_ns, decision)


# ── commands ─────────────────────────────────────────────────────────────────


def _open(state: ExecutionState, node: NodeState, command: Command) -> None:
    key = command.key
    state.open[key] = command
    state.fresh.append(command)
    node.commands.add(key)


def _close(state: ExecutionState, node: NodeState, key: Key) -> None:
    state.open.pop(key, None)
    node.commands.discard(key)


def _close_all(state: ExecutionState, node: NodeState) -> None:
    """Close what the node waits for; abandoned attempts still have to stop."""
    stopping = {key for key in node.commands if key[0] == "stop"}
    for key in node.commands - stopping:
        del state.open[key]
    node.commands = stopping


# ── admission and completion ─────────────────────────────────────────────────


def _admit(state: ExecutionState, at_ns: int, scope: Scope, node: Node, parent: NodeState | None = None) -> NodeState:
    """Bring a node into being: it may start."""
    prefix = scope.prefix if parent is None else f"{parent.id}-0-"
    admitted = NodeState(id=NodeId(prefix + node.id), node=node, scope=scope, parent=parent, queued_at_ns=at_ns)
    state.nodes[admitted.id] = admitted
    if parent is None:
        scope.nodes[node.id] = admitted
        scope.live += 1
    _enqueue(state, admitted)
    return admitted


def _enqueue(state: ExecutionState, node: NodeState) -> None:
    (state.ready_tasks if _needs_place(node) else state.ready).append(node)


def _needs_place(node: NodeState) -> bool:
    """Whether the node takes one of the execution's parallel places while it runs; an eager task leaves them to its children."""
    target = node.node.target
    if isinstance(target, TaskRef):
        return not node.template.metadata.is_eager
    return isinstance(target, Array | LaunchPlanRef)


def _open_scope(state: ExecutionState, at_ns: int, scope: Scope) -> None:
    scope.owner.inner = scope
    workflow = scope.workflow
    assert workflow is not None
    for node_id, n_upstream in workflow.pending.items():
        if n_upstream == 0:
            _admit(state, at_ns, scope, workflow.node_by_id[node_id])
    if scope.live == 0:
        state.settled.append(scope)


def _end(state: ExecutionState, at_ns: int, node: NodeState, phase: NodePhase) -> None:
    """Make the node terminal and move on what waited for it."""
    _give_up_place(state, node)
    node.phase = phase
    node.ended_at_ns = at_ns
    if node.commands:
        _close_all(state, node)
    if node.is_cancelling:
        node.is_cancelling = False
        _stopped(state)
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
                    _admit(state, at_ns, scope, scope.workflow.node_by_id[successor])
    if scope.live == 0:
        state.settled.append(scope)


def _goes_on(scope: Scope) -> bool:
    if scope.error is None:
        return True
    assert scope.workflow is not None
    return scope.workflow.template.failure_policy is FailurePolicy.FAIL_AFTER_EXECUTABLE_NODES_COMPLETE


def _start(state: ExecutionState, at_ns: int, node: NodeState) -> None:
    if node.started_at_ns is None:
        node.started_at_ns = at_ns
        node.phase = NodePhase.RUNNING
        if _needs_place(node):
            node.has_place = True
            state.running_tasks += 1


def _give_up_place(state: ExecutionState, node: NodeState) -> None:
    if node.has_place:
        node.has_place = False
        state.running_tasks -= 1


def _stopped(state: ExecutionState) -> None:
    state.n_stopping -= 1
    root = state.root
    if state.n_stopping == 0 and root is not None and root.inner is not None and root.inner.live == 0:
        state.settled.append(root.inner)


# ── the execution and its graphs ─────────────────────────────────────────────


def _execution_started(state: ExecutionState, at_ns: int, event: ev.ExecutionStarted) -> None:
    state.spec = event.spec
    state.phase = ExecutionPhase.RUNNING
    state.created_at_ns = at_ns
    state.placements.update(event.placements)
    state.max_parallelism = event.spec.options.max_parallelism or 0
    closure = state.library[event.closure]
    workflow = closure.workflows[closure.closure.main]
    node = Node(id=TOP, target=SubWorkflowRef(id=closure.closure.main))
    root = NodeState(id=TOP, node=node, scope=None, phase=NodePhase.RUNNING, queued_at_ns=at_ns, started_at_ns=at_ns)
    state.root = state.nodes[TOP] = root
    scope = Scope(
        prefix="",
        owner=root,
        closure=closure,
        workflow=workflow,
        inputs=event.spec.inputs,
        pending=dict(workflow.pending),
        remaining=len(workflow.pending),
    )
    _open_scope(state, at_ns, scope)


def _lease_taken(state: ExecutionState, _at_ns: int, event: ev.LeaseTaken) -> None:
    state.owner = event.owner


def _abort_requested(state: ExecutionState, _at_ns: int, event: ev.AbortRequested) -> None:
    state.phase = ExecutionPhase.ABORTING
    state.abort_reason = event.reason
    assert state.root is not None
    if state.root.inner is not None and state.root.inner.live == 0:
        state.settled.append(state.root.inner)


def _execution_ended(state: ExecutionState, at_ns: int, event: ev.ExecutionEnded) -> None:
    state.phase = event.phase
    state.outputs = event.outputs
    state.error = event.error
    state.ended_at_ns = at_ns
    assert state.root is not None
    state.root.phase = NodePhase.SUCCEEDED if event.phase is ExecutionPhase.SUCCEEDED else NodePhase.FAILED


def _scope_failing(state: ExecutionState, _at_ns: int, event: ev.ScopeFailing) -> None:
    scope = state.nodes[event.node].inner
    assert scope is not None
    scope.error = event.error
    if scope.owner is state.root and state.phase is ExecutionPhase.RUNNING:
        state.phase = ExecutionPhase.FAILING
    if scope.live == 0:
        state.settled.append(scope)


def _failure_node_started(state: ExecutionState, at_ns: int, event: ev.FailureNodeStarted) -> None:
    scope = state.nodes[event.node].inner
    assert scope is not None
    assert scope.workflow is not None
    node = scope.workflow.template.failure_node
    assert node is not None
    scope.has_run_failure_node = True
    _admit(state, at_ns, scope, node).is_failure_node = True


# ── nodes ────────────────────────────────────────────────────────────────────


def _node_started(state: ExecutionState, at_ns: int, event: ev.NodeStarted) -> None:
    node = state.nodes[event.node]
    _start(state, at_ns, node)
    target = node.node.target
    if isinstance(target, SubWorkflowRef):
        _open_graph(state, at_ns, node, target.id, node.graph.closure, prefix=f"{node.id}-0-", inputs=node.inputs())
        return
    assert isinstance(target, Array)
    assert event.n_elements is not None
    size = event.n_elements
    node.array = ArrayState(
        size=size,
        needed=_needed(target, size),
        parallelism=target.parallelism if target.parallelism is not None else state.max_parallelism,
        phases=bytearray(size),
        outputs=[None] * size,
    )
    state.arrays.append(node)


def _needed(target: Array, size: int) -> int:
    if target.min_successes is not None:
        return min(target.min_successes, size)
    if target.min_success_ratio is not None:
        return -int(-size * target.min_success_ratio // 1)
    return size


def _open_graph(
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
    _open_scope(state, at_ns, scope)


def _node_succeeded(state: ExecutionState, at_ns: int, event: ev.NodeSucceeded) -> None:
    node = state.nodes[event.node]
    node.outputs = event.outputs
    if event.n is not None:
        node.attempt_phase = AttemptPhase.SUCCEEDED
    if event.cache is not None:
        node.verdict = event.cache
    node.deck_uri = event.deck_uri or node.deck_uri
    _end(state, at_ns, node, event.phase)


def _node_ended(state: ExecutionState, at_ns: int, event: ev.NodeEnded) -> None:
    node = state.nodes.get(event.node)
    if node is None:  # an arm that is not taken is first heard of here
        node = _untaken_arm(state, event.node)
    node.error = event.error
    if node.has_attempt:
        node.attempt_phase = AttemptPhase.ABORTED
    _end(state, at_ns, node, event.phase)


def _untaken_arm(state: ExecutionState, node_id: NodeId) -> NodeState:
    branch_id, _, arm_id = node_id.rpartition("-0-")
    branch = state.nodes[NodeId(branch_id)]
    target = branch.node.target
    assert isinstance(target, Branch)
    arms = [*(arm.node for arm in target.arms), *([target.otherwise] if target.otherwise else [])]
    node = next(arm for arm in arms if arm.id == arm_id)
    state.nodes[node_id] = NodeState(id=node_id, node=node, scope=branch.scope, parent=branch)
    return state.nodes[node_id]


def _cancel_requested(state: ExecutionState, _at_ns: int, event: ev.CancelRequested) -> None:
    node = state.nodes[event.node]
    node.is_cancelling = True
    state.n_stopping += 1
    if node.array is not None:
        array = node.array
        if isinstance(node.node.target, Array) and isinstance(node.node.target.target, LaunchPlanRef):
            for element, child in array.children.items():
                if array.phases[element] == SCHEDULED:
                    _open(state, node, AbortChild(node.id, child, element))
        else:
            running = tuple(i for i, phase in enumerate(array.phases) if phase == SCHEDULED)
            if running:
                _open(state, node, CancelElements(node.id, running))
        state.arrays.append(node)
    elif node.child is not None:
        _open(state, node, AbortChild(node.id, node.child))
    elif node.has_attempt:
        assert node.attempt is not None
        _open(state, node, Cancel(node.id, node.attempt))


def _branch_taken(state: ExecutionState, at_ns: int, event: ev.BranchTaken) -> None:
    node = state.nodes[event.node]
    _start(state, at_ns, node)
    target = node.node.target
    assert isinstance(target, Branch)
    if event.arm < 0:
        return
    arm = target.arms[event.arm].node if event.arm < len(target.arms) else target.otherwise
    assert arm is not None
    node.arm = _admit(state, at_ns, node.graph, arm, parent=node)


def _gate_opened(state: ExecutionState, at_ns: int, event: ev.GateOpened) -> None:
    node = state.nodes[event.node]
    _start(state, at_ns, node)
    if event.due_at_ns is not None:
        _open(state, node, WaitUntil(node.id, event.due_at_ns, "gate"))
    if event.signal_id:
        state.waiting.setdefault(event.signal_id, []).append(node)


def _value_requested(state: ExecutionState, _at_ns: int, event: ev.ValueRequested) -> None:
    node = state.nodes[event.node]
    node.wants = node.wants or {}
    for _var, uri, path in event.values:
        node.wants.setdefault((uri, path), None)
        _open(state, node, LoadValue(node.id, uri, path))


def _value_loaded(state: ExecutionState, _at_ns: int, event: ev.ValueLoaded) -> None:
    node = state.nodes[event.node]
    assert node.wants is not None
    node.wants[event.uri, event.path] = event.value
    _close(state, node, ("load", node.id, event.uri, *event.path))
    if any(value is None for value in node.wants.values()):
        return
    if node.inner is not None and node.inner.live == 0:
        state.settled.append(node.inner)
    else:
        _enqueue(state, node)


def _child_started(state: ExecutionState, at_ns: int, event: ev.ChildStarted) -> None:
    node = state.nodes[event.node]
    if event.element is None:
        _start(state, at_ns, node)
        node.child = event.execution
    else:
        assert node.array is not None
        node.array.phases[event.element] = SCHEDULED
        node.array.children[event.element] = event.execution
        node.array.running += 1
        node.array.cursor = max(node.array.cursor, event.element + 1)
    _open(state, node, StartChild(node.id, event.execution, event.element))


def _child_called(state: ExecutionState, at_ns: int, event: ev.ChildCalled) -> None:
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
    child = _admit(state, at_ns, scope, node)
    child.given = event.inputs
    caller.called = [*(caller.called or []), child]


# ── attempts ─────────────────────────────────────────────────────────────────


def _cache_requested(state: ExecutionState, _at_ns: int, event: ev.CacheRequested) -> None:
    node = state.nodes[event.node]
    _close(state, node, ("timer", node.id, None, 0, "cache"))
    _open(state, node, LookUpCache(node.id))


def _cache_answered(state: ExecutionState, _at_ns: int, event: ev.CacheAnswered) -> None:
    node = state.nodes[event.node]
    _close(state, node, ("cache", node.id))
    if event.wait_until_ns is not None:
        _open(state, node, WaitUntil(node.id, event.wait_until_ns, "cache"))
        return
    node.verdict = event.verdict
    _enqueue(state, node)


def _attempt_scheduled(state: ExecutionState, at_ns: int, event: ev.AttemptScheduled) -> None:
    node = state.nodes[event.node]
    if event.element is not None:
        assert node.array is not None
        _, user, system = node.array.retries.get(event.element, (0, 0, 0))
        node.array.retries[event.element] = (event.n, user, system)
    else:
        _start(state, at_ns, node)
        node.attempt = event.n
        node.attempt_phase = AttemptPhase.QUEUED
        node.scheduled_at_ns = at_ns
    if event.due_at_ns is None:
        _submit(state, at_ns, node, event.n, event.element)
    else:
        _open(state, node, WaitUntil(node.id, event.due_at_ns, "retry", event.element, event.n))


def _attempt_due(state: ExecutionState, at_ns: int, event: ev.AttemptDue) -> None:
    node = state.nodes[event.node]
    _close(state, node, ("timer", node.id, event.element, event.n, "retry"))
    _submit(state, at_ns, node, event.n, event.element)


def _submit(state: ExecutionState, at_ns: int, node: NodeState, n: int, element: int | None) -> None:
    _open(state, node, Submit(node.id, n, element))
    limit = timeout_ns(node)
    if limit is not None:
        _open(state, node, WaitUntil(node.id, at_ns + limit, "timeout", element, n))


def _attempt_moved(state: ExecutionState, _at_ns: int, event: ev.AttemptMoved) -> None:
    state.nodes[event.node].attempt_phase = event.phase


def _attempt_failed(state: ExecutionState, _at_ns: int, event: ev.AttemptFailed) -> None:
    node = state.nodes[event.node]
    _close(state, node, ("attempt", node.id, event.element, event.n))
    _close(state, node, ("timer", node.id, event.element, event.n, "timeout"))
    is_system = event.error.fault.value == "system"
    if event.is_abandoned:
        state.n_stopping += 1
        _open(state, node, Cancel(node.id, event.n, event.element, is_abandoned=True))
    if event.element is not None:
        _element_failed(state, node, event, is_system=is_system)
        return
    node.attempt_phase = event.phase
    node.checkpoint = event.checkpoint_uri or node.checkpoint
    node.deck_uri = event.deck_uri or node.deck_uri
    if is_system:
        node.system_failures += 1
    else:
        node.user_failures += 1


def _element_failed(state: ExecutionState, node: NodeState, event: ev.AttemptFailed, *, is_system: bool) -> None:
    array = node.array
    assert array is not None
    assert event.element is not None
    element = event.element
    n, user, system = array.retries.get(element, (event.n, 0, 0))
    array.retries[element] = (n, user + (not is_system), system + is_system)
    if event.phase is AttemptPhase.RETRYABLE_FAILED:
        return
    array.running -= 1
    if event.phase is AttemptPhase.ABORTED:
        array.phases[element] = STOPPED
    else:
        array.phases[element] = FAILED
        array.n_failed += 1
        array.last_error = event.error
    array.outputs[element] = NOTHING
    array.children.pop(element, None)
    _close(state, node, ("child", node.id, element))
    _close(state, node, ("abort", node.id, element))
    _elements_moved(state, node, array)


def _attempt_stopped(state: ExecutionState, _at_ns: int, event: ev.AttemptStopped) -> None:
    node = state.nodes[event.node]
    _close(state, node, ("stop", node.id, event.element, event.n))
    _stopped(state)


def _fragment_received(state: ExecutionState, _at_ns: int, event: ev.FragmentReceived) -> None:
    node = state.nodes[event.node]
    node.attempt_phase = AttemptPhase.SUCCEEDED
    _close_all(state, node)
    _open(state, node, CompileFragment(node.id, event.n, event.closure))


def _fragment_compiled(state: ExecutionState, at_ns: int, event: ev.FragmentCompiled) -> None:
    node = state.nodes[event.node]
    node.phase = NodePhase.DYNAMIC_RUNNING
    _give_up_place(state, node)  # to the nodes of its graph
    state.placements.update(event.placements)
    _close(state, node, ("fragment", node.id, event.n))
    closure = state.library[event.closure]
    prefix = f"{node.id}-{event.n}-"
    _open_graph(state, at_ns, node, closure.closure.main, closure, prefix=prefix, inputs={})


# ── elements ─────────────────────────────────────────────────────────────────


def _elements_scheduled(state: ExecutionState, _at_ns: int, event: ev.ElementsScheduled) -> None:
    node = state.nodes[event.node]
    array = node.array
    assert array is not None
    count = event.stop - event.start
    array.phases[event.start : event.stop] = bytes([SCHEDULED]) * count
    array.running += count
    array.cursor = event.stop
    elements = range(event.start, event.stop)
    if cache_policy(node) is not None:
        _open(state, node, LookUpElements(node.id, elements))
    else:
        _submit_elements(state, _at_ns, node, elements)


def _elements_missed(state: ExecutionState, at_ns: int, event: ev.ElementsMissed) -> None:
    node = state.nodes[event.node]
    for key in [key for key in node.commands if key[0] == "cache"]:
        command = state.open[key]
        if isinstance(command, LookUpElements) and event.elements[0] in command.elements:
            _close(state, node, key)
    _submit_elements(state, at_ns, node, event.elements)


def _submit_elements(state: ExecutionState, at_ns: int, node: NodeState, elements: range | tuple[int, ...]) -> None:
    _open(state, node, SubmitElements(node.id, elements))
    limit = timeout_ns(node)
    if limit is not None:
        for element in elements:
            _open(state, node, WaitUntil(node.id, at_ns + limit, "timeout", element))


def _elements_succeeded(state: ExecutionState, _at_ns: int, event: ev.ElementsSucceeded) -> None:
    node = state.nodes[event.node]
    array = node.array
    assert array is not None
    phases, outputs = array.phases, array.outputs
    for element, n, output, _is_cached in event.outcomes:
        phases[element] = SUCCEEDED
        outputs[element] = output
        if node.commands:
            _close(state, node, ("attempt", node.id, element, n))
            _close(state, node, ("timer", node.id, element, n, "timeout"))
            _close(state, node, ("child", node.id, element))
    array.running -= len(event.outcomes)
    array.n_succeeded += len(event.outcomes)
    _elements_moved(state, node, array)


def _elements_moved(state: ExecutionState, node: NodeState, array: ArrayState) -> None:
    _close_finished_batches(state, node, array)
    if array.n_done == array.size and not array.is_hopeless and array.size > ASSEMBLE_DIRECTLY:
        _open(state, node, AssembleOutputs(node.id))
    else:
        state.arrays.append(node)


def _close_finished_batches(state: ExecutionState, node: NodeState, array: ArrayState) -> None:
    """Close batches none of whose elements is out any more."""
    for key in [key for key in node.commands if key[0] in ("elements", "cache")]:
        command = state.open[key]
        assert isinstance(command, SubmitElements | LookUpElements)
        elements = command.elements
        if isinstance(elements, range):
            if array.phases.find(SCHEDULED, elements.start, elements.stop) < 0:
                _close(state, node, key)
        elif all(array.phases[element] != SCHEDULED for element in elements):
            _close(state, node, key)


# ── people ───────────────────────────────────────────────────────────────────


def _signal_received(state: ExecutionState, _at_ns: int, event: ev.SignalReceived) -> None:
    state.signals[event.signal_id] = event.value
    state.waiting.pop(event.signal_id, None)


_FOLDS: dict[type, Callable[[ExecutionState, int, Any], None]] = {
    ev.ExecutionStarted: _execution_started,
    ev.LeaseTaken: _lease_taken,
    ev.AbortRequested: _abort_requested,
    ev.ExecutionEnded: _execution_ended,
    ev.ScopeFailing: _scope_failing,
    ev.FailureNodeStarted: _failure_node_started,
    ev.NodeStarted: _node_started,
    ev.NodeSucceeded: _node_succeeded,
    ev.NodeEnded: _node_ended,
    ev.CancelRequested: _cancel_requested,
    ev.BranchTaken: _branch_taken,
    ev.GateOpened: _gate_opened,
    ev.ValueRequested: _value_requested,
    ev.ValueLoaded: _value_loaded,
    ev.ChildStarted: _child_started,
    ev.ChildCalled: _child_called,
    ev.CacheRequested: _cache_requested,
    ev.CacheAnswered: _cache_answered,
    ev.AttemptScheduled: _attempt_scheduled,
    ev.AttemptDue: _attempt_due,
    ev.AttemptMoved: _attempt_moved,
    ev.AttemptFailed: _attempt_failed,
    ev.AttemptStopped: _attempt_stopped,
    ev.FragmentReceived: _fragment_received,
    ev.FragmentCompiled: _fragment_compiled,
    ev.ElementsScheduled: _elements_scheduled,
    ev.ElementsMissed: _elements_missed,
    ev.ElementsSucceeded: _elements_succeeded,
    ev.SignalReceived: _signal_received,
}
