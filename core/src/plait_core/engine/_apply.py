"""
``apply``: folds one decision into the state. Total, without rules, without effects outside the state.

Called for every decision, when it is made and again whenever a log is read. The table at the end says which fold takes which
decision; those about nodes, attempts and elements have modules of their own, and all keep the books of ``_books``.
"""

from collections.abc import Callable
from typing import Any

from plait_core.engine import _attempt_folds as attempts
from plait_core.engine import _element_folds as elements
from plait_core.engine import _node_folds as nodes
from plait_core.engine._books import admit, open_graph
from plait_core.engine._commands import Submit
from plait_core.engine._state import TOP, ExecutionState, NodeState
from plait_core.ir import events as ev
from plait_core.ir.phases import ExecutionPhase, NodePhase
from plait_core.ir.workflows import Node, SubWorkflowRef


def apply(state: ExecutionState, at_ns: int, decision: ev.Decision) -> None:
    """Fold one decision, made at *at_ns*, into the state."""
    state.seq += 1
    _FOLDS[type(decision)](state, at_ns, decision)


def _execution_started(state: ExecutionState, at_ns: int, event: ev.ExecutionStarted) -> None:
    state.spec = event.spec
    state.phase = ExecutionPhase.RUNNING
    state.created_at_ns = at_ns
    state.placements.update(event.placements)
    state.max_parallelism = event.spec.options.max_parallelism or 0
    closure = state.library[event.closure]
    node = Node(id=TOP, target=SubWorkflowRef(id=closure.closure.main))
    root = NodeState(id=TOP, node=node, scope=None, phase=NodePhase.RUNNING, queued_at_ns=at_ns, started_at_ns=at_ns)
    root.repeats = event.spec.reuses
    state.root = state.nodes[TOP] = root
    open_graph(state, at_ns, root, closure.closure.main, closure, prefix="", inputs=event.spec.inputs)


def _lease_taken(state: ExecutionState, _at_ns: int, event: ev.LeaseTaken) -> None:
    """Whatever was out may fail because its engine went away, which says nothing about it: each has one such failure for nothing."""
    state.owner = event.owner
    for node in map(state.nodes.__getitem__, {out.node for out in state.open.values() if isinstance(out, Submit)}):
        node.system_failures = max(0, node.system_failures - 1)
        if node.array is not None:
            retries = node.array.retries
            retries.update({e: (n, user, max(0, system - 1)) for e, (n, user, system) in retries.items()})


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
    admit(state, at_ns, scope, node).is_failure_node = True


_FOLDS: dict[type, Callable[[ExecutionState, int, Any], None]] = {
    ev.ExecutionStarted: _execution_started,
    ev.LeaseTaken: _lease_taken,
    ev.AbortRequested: _abort_requested,
    ev.ExecutionEnded: _execution_ended,
    ev.ScopeFailing: _scope_failing,
    ev.FailureNodeStarted: _failure_node_started,
    ev.NodeStarted: nodes.node_started,
    ev.NodeSucceeded: nodes.node_succeeded,
    ev.NodeEnded: nodes.node_ended,
    ev.CancelRequested: nodes.cancel_requested,
    ev.BranchTaken: nodes.branch_taken,
    ev.GateOpened: nodes.gate_opened,
    ev.ValueRequested: nodes.value_requested,
    ev.ValueLoaded: nodes.value_loaded,
    ev.ChildStarted: nodes.child_started,
    ev.ChildCalled: nodes.child_called,
    ev.ReuseRequested: nodes.reuse_requested,
    ev.NodeRecovered: nodes.node_recovered,
    ev.ReuseDeclined: nodes.reuse_declined,
    ev.CacheRequested: attempts.cache_requested,
    ev.CacheAnswered: attempts.cache_answered,
    ev.AttemptScheduled: attempts.attempt_scheduled,
    ev.AttemptDue: attempts.attempt_due,
    ev.AttemptMoved: attempts.attempt_moved,
    ev.AttemptFailed: attempts.attempt_failed,
    ev.AttemptStopped: attempts.attempt_stopped,
    ev.FragmentReceived: nodes.fragment_received,
    ev.FragmentCompiled: nodes.fragment_compiled,
    ev.ElementsScheduled: elements.elements_scheduled,
    ev.ElementsMissed: elements.elements_missed,
    ev.ElementsSucceeded: elements.elements_succeeded,
    ev.SignalReceived: nodes.signal_received,
}
