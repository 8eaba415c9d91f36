"""Folds of decisions about attempts, and about the cache that is asked before them. Called by ``apply``."""

from plait_core.engine._books import close_command, confirm_stop, enqueue, open_command, start_node
from plait_core.engine._commands import Cancel, LookUpCache, Submit, WaitUntil
from plait_core.engine._element_folds import element_failed
from plait_core.engine._policies import timeout_ns
from plait_core.engine._state import ExecutionState, NodeState
from plait_core.ir import events as ev
from plait_core.ir.phases import AttemptPhase


def cache_requested(state: ExecutionState, _at_ns: int, event: ev.CacheRequested) -> None:
    node = state.nodes[event.node]
    close_command(state, node, ("timer", node.id, None, 0, "cache"))
    open_command(state, node, LookUpCache(node.id))


def cache_answered(state: ExecutionState, _at_ns: int, event: ev.CacheAnswered) -> None:
    node = state.nodes[event.node]
    close_command(state, node, ("cache", node.id))
    if event.wait_until_ns is not None:
        open_command(state, node, WaitUntil(node.id, event.wait_until_ns, "cache"))
        return
    node.verdict = event.verdict
    enqueue(state, node)


def attempt_scheduled(state: ExecutionState, at_ns: int, event: ev.AttemptScheduled) -> None:
    node = state.nodes[event.node]
    if event.element is not None:
        assert node.array is not None
        _, user, system = node.array.retries.get(event.element, (0, 0, 0))
        node.array.retries[event.element] = (event.n, user, system)
    else:
        start_node(state, at_ns, node)
        node.attempt = event.n
        node.attempt_phase = AttemptPhase.QUEUED
        node.replaced_scheduled_at_ns, node.scheduled_at_ns = node.scheduled_at_ns, at_ns
    if event.due_at_ns is None:
        _submit(state, at_ns, node, event.n, event.element)
    else:
        open_command(state, node, WaitUntil(node.id, event.due_at_ns, "retry", event.element, event.n))


def attempt_due(state: ExecutionState, at_ns: int, event: ev.AttemptDue) -> None:
    node = state.nodes[event.node]
    close_command(state, node, ("timer", node.id, event.element, event.n, "retry"))
    _submit(state, at_ns, node, event.n, event.element)


def _submit(state: ExecutionState, at_ns: int, node: NodeState, n: int, element: int | None) -> None:
    open_command(state, node, Submit(node.id, n, element))
    limit = timeout_ns(node)
    if limit is not None:
        open_command(state, node, WaitUntil(node.id, at_ns + limit, "timeout", element, n))


def attempt_moved(state: ExecutionState, _at_ns: int, event: ev.AttemptMoved) -> None:
    state.nodes[event.node].attempt_phase = event.phase


def attempt_failed(state: ExecutionState, _at_ns: int, event: ev.AttemptFailed) -> None:
    node = state.nodes[event.node]
    close_command(state, node, ("attempt", node.id, event.element, event.n))
    close_command(state, node, ("timer", node.id, event.element, event.n, "timeout"))
    is_system = event.error.fault.value == "system"
    if event.is_abandoned:
        state.n_stopping += 1
        open_command(state, node, Cancel(node.id, event.n, event.element, is_abandoned=True))
    if event.element is not None:
        element_failed(state, node, event, is_system=is_system)
        return
    node.attempt_phase = event.phase
    node.checkpoint = event.checkpoint_uri or node.checkpoint
    node.deck_uri = event.deck_uri or node.deck_uri
    if is_system:
        node.system_failures += 1
    else:
        node.user_failures += 1


def attempt_stopped(state: ExecutionState, _at_ns: int, event: ev.AttemptStopped) -> None:
    node = state.nodes[event.node]
    close_command(state, node, ("stop", node.id, event.element, event.n))
    confirm_stop(state)
