"""
``decide``: the rules of the engine. Pure: no clock, no I/O, no plugin; it reads the state and says what follows.

A stimulus is answered by its own rule; what follows from the decisions themselves (a node may start, a graph is
done) is left to ``advance``, which the turn asks until there is nothing more to say. A stimulus that comes too late, or
twice, is answered by nothing.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

from plait_core.engine import _arrays as arrays
from plait_core.engine import _gates as gates
from plait_core.engine import _stimuli as st
from plait_core.engine._bindings import NoSuchPart, Unread, resolve_inputs
from plait_core.engine._children import child_node_id
from plait_core.engine._endings import abort, cancel_all, cancel_called, fail, fail_attempt, recover, succeed
from plait_core.engine._policies import timeout_ns
from plait_core.engine._starting import start
from plait_core.engine._state import TOP, ExecutionState, NodeState, Scope
from plait_core.ir import events as ev
from plait_core.ir.executions import TaskError
from plait_core.ir.phases import AttemptPhase, ExecutionPhase

Decisions: TypeAlias = tuple[ev.Decision, ...]


def decide(state: ExecutionState, stimulus: st.Stimulus) -> Decisions:
    """Say what follows from *stimulus* at once."""
    return _RULES[type(stimulus)](state, stimulus)


def advance(state: ExecutionState, at_ns: int) -> Decisions | None:
    """
    Say what follows next from the state itself, or ``None`` when nothing does.

    Takes one entry off one of the state's queues; an entry that is stale answers with nothing.
    """
    if state.settled:
        return _settle(state, state.settled.popleft())
    if state.arrays:
        return arrays.advance(state, state.arrays.popleft())
    if state.ready:
        return _start(state, state.ready.popleft(), at_ns)
    if state.ready_tasks and (not state.max_parallelism or state.running_tasks < state.max_parallelism):
        return _start(state, state.ready_tasks.popleft(), at_ns)
    return None


# ── what follows from the state ──────────────────────────────────────────────


def _start(state: ExecutionState, node: NodeState, at_ns: int) -> Decisions:
    if node.is_terminal or node.started_at_ns is not None or state.is_terminal:
        return ()
    return start(state, node, at_ns)


def _settle(state: ExecutionState, scope: Scope) -> Decisions:
    """A graph has nothing live left: end it, or start its failure node."""
    owner = scope.owner
    if scope.live or owner.is_terminal or state.is_terminal or scope.workflow is None:
        return ()
    is_top = owner is state.root
    if is_top and state.n_stopping:
        return ()
    error = scope.error
    if is_top and state.abort_reason is not None:
        error = TaskError(code="Aborted", message=state.abort_reason, is_recoverable=False)
    if error is None and owner.is_cancelling:
        return abort(owner)
    if error is None:
        return _finish(state, scope)
    if scope.workflow.template.failure_node is not None and not scope.has_run_failure_node:
        return (ev.FailureNodeStarted(node=scope.id),)
    if not is_top:
        return abort(owner) if owner.is_cancelling else fail(state, owner, error)
    phase = ExecutionPhase.FAILED if state.abort_reason is None else ExecutionPhase.ABORTED
    return (ev.ExecutionEnded(phase=phase, error=error),)


def _finish(state: ExecutionState, scope: Scope) -> Decisions:
    assert scope.workflow is not None
    if scope.remaining:
        return ()
    owner = scope.owner
    try:
        outputs = resolve_inputs(scope.workflow.template.outputs, scope.output, owner.loaded)
    except Unread as unread:
        return (ev.ValueRequested(node=owner.id, values=(("", unread.uri, unread.path),)),)
    except NoSuchPart as error:
        return _graph_failed(state, scope, TaskError(code="NoSuchPart", message=str(error), is_recoverable=False))
    if owner is state.root:
        return (ev.ExecutionEnded(phase=ExecutionPhase.SUCCEEDED, outputs=outputs),)
    return succeed(owner, outputs, cache=owner.verdict)


def _graph_failed(state: ExecutionState, scope: Scope, error: TaskError) -> Decisions:
    if scope.owner is state.root:
        return (ev.ScopeFailing(node=TOP, error=error),)
    return fail(state, scope.owner, error)


# ── rules, one per stimulus ──────────────────────────────────────────────────


def _launched(state: ExecutionState, stimulus: st.Launched) -> Decisions:
    if state.spec is not None:
        return ()
    return (ev.ExecutionStarted(spec=stimulus.spec, closure=stimulus.closure, placements=stimulus.placements),)


def _attempt_ended(state: ExecutionState, stimulus: st.AttemptEnded) -> Decisions:
    node = state.nodes.get(stimulus.node)
    if node is None:
        return ()
    if ("stop", node.id, stimulus.element, stimulus.n) in state.open:
        return (ev.AttemptStopped(node=node.id, element=stimulus.element, n=stimulus.n),)
    if stimulus.element is not None:
        return arrays.element_ended(node, stimulus)
    if not node.has_attempt or node.attempt != stimulus.n:
        return ()
    result = stimulus.result
    if node.is_cancelling:
        return (*cancel_called(state, node), *abort(node))
    if result.error is not None:
        return fail_attempt(state, node, stimulus.n, result.error, stimulus.at_ns, result)
    if result.fragment is not None:
        return (ev.FragmentReceived(node=node.id, n=stimulus.n, closure=stimulus.fragment),)
    outputs = result.outputs or {}
    missing = [name for name in node.template.interface.output_types if name not in outputs]
    if missing:
        message = f"the attempt ended without the declared outputs {', '.join(missing)}"
        error = TaskError(code="OutputsNotFound", message=message)
        return fail_attempt(state, node, stimulus.n, error, stimulus.at_ns, result)
    return (
        *cancel_called(state, node),
        *succeed(
            node,
            outputs,
            n=stimulus.n,
            cache=node.verdict,
            deck_uri=result.deck_uri,
            started_at_ns=result.started_at_ns,
            ended_at_ns=result.ended_at_ns,
        ),
    )


def _attempt_gone(state: ExecutionState, stimulus: st.AttemptGone) -> Decisions:
    node = state.nodes.get(stimulus.node)
    if node is None:
        return ()
    if ("stop", node.id, stimulus.element, stimulus.n) in state.open:
        return (ev.AttemptStopped(node=node.id, element=stimulus.element, n=stimulus.n),)
    if stimulus.element is not None:
        return arrays.element_gone(node, stimulus)
    if not node.has_attempt or node.attempt != stimulus.n:
        return ()
    if node.is_cancelling:
        return (*cancel_called(state, node), *abort(node))
    return fail_attempt(state, node, stimulus.n, stimulus.error, stimulus.at_ns)


def _attempt_progressed(state: ExecutionState, stimulus: st.AttemptProgressed) -> Decisions:
    node = state.nodes.get(stimulus.node)
    if node is None or stimulus.element is not None or not node.has_attempt or node.attempt != stimulus.n:
        return ()
    order = (
        AttemptPhase.QUEUED,
        AttemptPhase.WAITING_FOR_RESOURCES,
        AttemptPhase.INITIALIZING,
        AttemptPhase.RUNNING,
    )
    assert node.attempt_phase is not None
    if order.index(stimulus.phase) <= order.index(node.attempt_phase):
        return ()
    return (ev.AttemptMoved(node=node.id, n=stimulus.n, phase=stimulus.phase, message=stimulus.message),)


def _reference_looked_up(state: ExecutionState, stimulus: st.ReferenceLookedUp) -> Decisions:
    node = state.nodes.get(stimulus.node)
    if node is None or ("reference", node.id) not in state.open:
        return ()
    if stimulus.source is not None and stimulus.outputs is not None:
        return recover(node, stimulus.outputs, stimulus.source, stimulus.deck_uri)
    has_begun = stimulus.source is not None
    return (ev.ReuseDeclined(node=node.id, has_begun=has_begun, checkpoint_uri=stimulus.checkpoint_uri),)


def _cache_looked_up(state: ExecutionState, stimulus: st.CacheLookedUp) -> Decisions:
    node = state.nodes.get(stimulus.node)
    if node is None or ("cache", node.id) not in state.open:
        return ()
    if node.is_cancelling:
        return abort(node)
    if stimulus.outputs is not None:
        return succeed(node, stimulus.outputs, cache=stimulus.verdict)
    return (ev.CacheAnswered(node=node.id, verdict=stimulus.verdict, wait_until_ns=stimulus.retry_at_ns),)


def _value_read(state: ExecutionState, stimulus: st.ValueRead) -> Decisions:
    node = state.nodes.get(stimulus.node)
    if node is None or ("load", node.id, stimulus.uri, *stimulus.path) not in state.open:
        return ()
    if stimulus.error is not None:
        if node is state.root:
            return (ev.ScopeFailing(node=TOP, error=stimulus.error),)
        return fail(state, node, stimulus.error)
    assert stimulus.value is not None
    return (ev.ValueLoaded(node=node.id, uri=stimulus.uri, path=stimulus.path, value=stimulus.value),)


def _timer_fired(state: ExecutionState, stimulus: st.TimerFired) -> Decisions:
    node = state.nodes.get(stimulus.node)
    if node is None or ("timer", node.id, stimulus.element, stimulus.n, stimulus.what) not in state.open:
        return ()
    match stimulus.what:
        case "retry":
            return (ev.AttemptDue(node=node.id, n=stimulus.n, element=stimulus.element),)
        case "cache":
            return (ev.CacheRequested(node=node.id),)
        case "timeout":
            return _timed_out(state, node, stimulus)
        case _:
            return gates.due(state, node)


def _timed_out(state: ExecutionState, node: NodeState, stimulus: st.TimerFired) -> Decisions:
    if node.is_cancelling:
        return ()
    limit_s = (timeout_ns(node) or 0) / 1e9
    error = TaskError(code="TimeoutExpired", message=f"the attempt ran longer than its timeout of {limit_s:g} s")
    if stimulus.element is not None:
        return arrays.fail_element(node, stimulus.element, stimulus.n, error, stimulus.at_ns, is_abandoned=True)
    return fail_attempt(state, node, stimulus.n, error, stimulus.at_ns, is_abandoned=True)


def _child_ended(state: ExecutionState, stimulus: st.ChildEnded) -> Decisions:
    node = state.nodes.get(stimulus.node)
    if node is None or ("child", node.id, stimulus.element) not in state.open:
        return ()
    if stimulus.element is not None:
        return arrays.child_ended(node, stimulus)
    if node.is_cancelling:
        return abort(node)
    if stimulus.outputs is None:
        assert stimulus.error is not None
        return fail(state, node, stimulus.error)
    return succeed(node, stimulus.outputs)


def _fragment_checked(state: ExecutionState, stimulus: st.FragmentChecked) -> Decisions:
    node = state.nodes.get(stimulus.node)
    if node is None or ("fragment", node.id, stimulus.n) not in state.open:
        return ()
    if node.is_cancelling:
        return abort(node)
    if stimulus.error is not None:
        return fail(state, node, stimulus.error)
    return (ev.FragmentCompiled(node=node.id, n=stimulus.n, closure=stimulus.closure, placements=stimulus.placements),)


def _outputs_assembled(state: ExecutionState, stimulus: st.OutputsAssembled) -> Decisions:
    node = state.nodes.get(stimulus.node)
    if node is None or ("assemble", node.id) not in state.open:
        return ()
    if node.is_cancelling:
        return abort(node)
    if stimulus.error is not None:
        return fail(state, node, stimulus.error)
    assert stimulus.output is not None
    return succeed(node, arrays.outputs_of(node, stimulus.output), cache=node.verdict)


def _signalled(state: ExecutionState, stimulus: st.Signalled) -> Decisions:
    gates_waiting = [node for node in state.waiting.get(stimulus.signal_id, ()) if not node.is_terminal]
    if state.is_terminal or any(gates.misfit_of(node, stimulus.value) for node in gates_waiting):
        return ()
    if stimulus.signal_id in state.signals and not gates_waiting:
        return ()
    received = ev.SignalReceived(signal_id=stimulus.signal_id, value=stimulus.value, principal=stimulus.principal)
    return (received, *(d for node in gates_waiting for d in gates.answer(state, node, stimulus.value)))


def _abort_asked(state: ExecutionState, stimulus: st.AbortAsked) -> Decisions:
    if state.is_terminal or state.abort_reason is not None or state.root is None:
        return ()
    scope = state.root.inner
    assert scope is not None
    asked = ev.AbortRequested(reason=stimulus.reason, principal=stimulus.principal)
    return (asked, *cancel_all(state, scope))


def _called(state: ExecutionState, stimulus: st.Called) -> Decisions:
    node = state.nodes.get(stimulus.node)
    if node is None or not node.has_attempt or node.attempt != stimulus.n or node.is_cancelling:
        return ()
    child = child_node_id(state, node, stimulus.key, stimulus.n)
    if child in state.nodes:
        return ()
    return (
        ev.ChildCalled(
            node=node.id,
            n=stimulus.n,
            child=child,
            target=stimulus.target,
            inputs=stimulus.inputs,
            closure=stimulus.closure,
            placements=stimulus.placements,
        ),
    )


_RULES: dict[type, Callable[[ExecutionState, Any], Decisions]] = {
    st.Launched: _launched,
    st.AttemptEnded: _attempt_ended,
    st.AttemptGone: _attempt_gone,
    st.AttemptProgressed: _attempt_progressed,
    st.ElementsEnded: arrays.elements_ended,
    st.ElementsLookedUp: arrays.elements_looked_up,
    st.ReferenceLookedUp: _reference_looked_up,
    st.CacheLookedUp: _cache_looked_up,
    st.ValueRead: _value_read,
    st.TimerFired: _timer_fired,
    st.ChildEnded: _child_ended,
    st.FragmentChecked: _fragment_checked,
    st.OutputsAssembled: _outputs_assembled,
    st.Signalled: _signalled,
    st.AbortAsked: _abort_asked,
    st.Called: _called,
}
