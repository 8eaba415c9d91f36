"""
How nodes end, and what that means for the nodes around them.

Called by the rules. Pure: every function returns the decisions that follow, in order. A branch ends as its arm does; the
first node of a graph to fail for good makes the graph fail by its policy.
"""

from typing import Any, TypeAlias

import attrs

from plait_core.engine._policies import backoff_ns, exhausted, may_retry, retry_policy
from plait_core.engine._state import ExecutionState, NodeState, Scope
from plait_core.ir import events as ev
from plait_core.ir.executions import CacheVerdict, Fault, TaskError
from plait_core.ir.ids import NodeExecutionId
from plait_core.ir.literals import LiteralMap
from plait_core.ir.phases import AttemptPhase, NodePhase
from plait_core.ir.units import Result
from plait_core.ir.workflows import FailurePolicy

Decisions: TypeAlias = tuple[ev.Decision, ...]

_NO_RESULT = Result()


def succeed(
    node: NodeState,
    outputs: LiteralMap,
    *,
    n: int | None = None,
    cache: CacheVerdict | None = None,
    deck_uri: str = "",
    started_at_ns: int = 0,
    ended_at_ns: int = 0,
) -> Decisions:
    """End a node with outputs; the branch it is an arm of ends with the same ones."""
    done = ev.NodeSucceeded(
        node=node.id,
        outputs=outputs,
        n=n,
        cache=cache,
        deck_uri=deck_uri,
        started_at_ns=started_at_ns,
        ended_at_ns=ended_at_ns,
    )
    return (done,) if node.parent is None else (done, *succeed(node.parent, outputs))


def recover(node: NodeState, outputs: LiteralMap, source: NodeExecutionId, deck_uri: str) -> Decisions:
    """End a node with the outputs that it had in an earlier execution, and the branch it is an arm of with the same ones."""
    done = ev.NodeRecovered(node=node.id, outputs=outputs, source=source, deck_uri=deck_uri)
    return (done,) if node.parent is None else (done, *succeed(node.parent, outputs))


def fail(state: ExecutionState, node: NodeState, error: TaskError, *, phase: NodePhase = NodePhase.FAILED) -> Decisions:
    """End a node for good without outputs, and start to end the graph around it."""
    if not error.node:
        error = attrs.evolve(error, node=node.id)
    ended = ev.NodeEnded(node=node.id, phase=phase, error=error)
    if node.parent is not None:
        return (ended, *fail(state, node.parent, error))
    scope = node.graph
    if scope.workflow is None or node.is_failure_node or scope.error is not None:
        return (ended,)
    failing = ev.ScopeFailing(node=scope.id, error=error)
    if scope.workflow.template.failure_policy is FailurePolicy.FAIL_AFTER_EXECUTABLE_NODES_COMPLETE:
        return (ended, failing)
    return (ended, failing, *cancel_all(state, scope, but=node))


def abort(node: NodeState) -> Decisions:
    """End a node that was asked to stop; the branch it is an arm of was asked with it."""
    ended = ev.NodeEnded(node=node.id, phase=NodePhase.ABORTED)
    return (ended,) if node.parent is None else (ended, *abort(node.parent))


def cancel_all(state: ExecutionState, scope: Scope, *, but: NodeState | None = None) -> Decisions:
    """Ask every node of a graph that is not done to stop."""
    live = [node for node in scope.nodes.values() if not node.is_terminal and node is not but]
    return tuple(decision for node in live for decision in cancel(state, node))


def cancel(state: ExecutionState, node: NodeState, reason: str = "") -> Decisions:
    """Ask one node to stop: at once if nothing of it runs, else by a request that is confirmed later."""
    if node.is_cancelling:
        return ()
    asked = ev.CancelRequested(node=node.id, reason=reason)
    if node.arm is not None and not node.arm.is_terminal:
        inner = cancel(state, node.arm, reason)
        # an arm that stops at once ends the branch with it
        return inner if isinstance(inner[0], ev.NodeEnded) else (asked, *inner)
    if node.inner is not None:
        return (asked, *cancel_all(state, node.inner))
    if node.array is not None or node.child is not None or _is_answer_due(node):
        return (asked, *(d for child in node.called or () if not child.is_terminal for d in cancel(state, child)))
    return abort(node)


def cancel_called(state: ExecutionState, node: NodeState) -> Decisions:
    """Whatever an eager task called and did not wait for ends with it."""
    if node.called is None:
        return ()
    return tuple(decision for child in node.called if not child.is_terminal for decision in cancel(state, child))


def _is_answer_due(node: NodeState) -> bool:
    """Whether something of the node is out: an attempt at its executor, or a graph being compiled."""
    kinds = {key[0] for key in node.commands}
    return bool(kinds & {"attempt", "fragment", "assemble"})


def fail_attempt(  # noqa: PLR0917  # the parts of one event
    state: ExecutionState,
    node: NodeState,
    n: int,
    error: TaskError,
    at_ns: int,
    result: Result = _NO_RESULT,
    *,
    is_abandoned: bool = False,
) -> Decisions:
    """Record that an attempt failed, and try again or fail the node."""
    policy = retry_policy(node)
    retries = may_retry(policy, error, node.user_failures, node.system_failures)
    failed = ev.AttemptFailed(
        node=node.id,
        n=n,
        error=error,
        phase=AttemptPhase.RETRYABLE_FAILED if retries else AttemptPhase.FAILED,
        deck_uri=result.deck_uri,
        checkpoint_uri=result.checkpoint_uri,
        started_at_ns=result.started_at_ns,
        ended_at_ns=result.ended_at_ns,
        is_abandoned=is_abandoned,
    )
    if not retries:
        return (*cancel_called(state, node), failed, *fail(state, node, exhausted(policy, error)))
    return (  # what an eager task has called goes on: its next attempt finds it
        failed,
        ev.AttemptScheduled(node=node.id, n=n + 1, due_at_ns=due_at(policy, error, node.user_failures, at_ns)),
    )


def due_at(policy: Any, error: TaskError, user_failures: int, at_ns: int) -> int | None:
    """Say when the attempt after a failure is due; ``None`` for at once. Faults of the system do not back off."""
    delay = 0 if error.fault is Fault.SYSTEM else backoff_ns(policy, user_failures + 1)
    return at_ns + delay if delay else None
