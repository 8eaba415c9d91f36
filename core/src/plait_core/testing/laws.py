"""
The laws of the engine, as predicates: on a state between two turns, on a turn, and on the history of an execution.

Called by ``simulation``. Each function names what is wrong, one line per breach, and yields nothing where all is well.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from plait_core.engine import SYSTEM_RETRIES, ExecutionState, NodeState
from plait_core.ir import events as ev
from plait_core.ir.executions import CacheStatus
from plait_core.ir.workflows import Array, TaskRef
from plait_core.ports.databases import Append

STARTS = ev.AttemptScheduled | ev.ElementsScheduled | ev.NodeStarted | ev.ChildStarted
"""Decisions after which something runs."""

PLACES = {"attempt", "timer", "child", "elements", "cache", "assemble", "fragment"}
"""Kinds of open commands for which a node may hold one of the execution's parallel places."""


def breaches_of_state(state: ExecutionState) -> Iterator[str]:
    """Say what is wrong between two turns: who waits for nothing, and which books do not add up."""
    for node in state.nodes.values():
        yield from _overdrafts(node)
    if state.root is None or state.is_terminal:
        return
    unfinished = [node for node in state.nodes.values() if not node.is_terminal]
    for node in unfinished:
        if not _waits(state, node):
            yield f"{node.id or 'the top'} ({node.phase.value}) waits for nothing"
        if node.is_cancelling and _runs(node) and not any(key[0] == "cancel" for key in node.commands):
            yield f"{node.id} runs on, and nobody asks it to stop"
        n_live = Counter(key[2] for key in node.commands if key[0] == "attempt")
        yield from (f"{node.id}[{element}] has {n} live attempts" for element, n in n_live.items() if n > 1)
        if node.inner is not None:
            live = sum(not inner.is_terminal for inner in node.inner.nodes.values())
            if live != node.inner.live:
                yield f"{live} nodes of {node.id} are live, and {node.inner.live} are on the books"
    stopping = sum(node.is_cancelling for node in unfinished) + sum(key[0] == "stop" for key in state.open)
    if stopping != state.n_stopping:
        yield f"{stopping} are stopping, and {state.n_stopping} are on the books"
    n_timers = sum(key[0] == "timer" for key in state.open)
    if n_timers != state.n_timers:
        yield f"{n_timers} timers are open, and {state.n_timers} are on the books"
    n_busy = sum(any(key[0] in PLACES for key in node.commands) for node in unfinished if node.has_place)
    if n_busy != state.running_tasks:
        yield f"{n_busy} tasks run, and {state.running_tasks} are on the books"
    limit = state.max_parallelism
    if limit and state.running_tasks > limit:
        yield f"{state.running_tasks} tasks run, and {limit} may"


def _runs(node: NodeState) -> bool:
    """Whether an attempt of the node, or of one of its elements, is with an executor."""
    return any(key[0] in {"attempt", "elements"} for key in node.commands)


def _overdrafts(node: NodeState) -> Iterator[str]:
    """Say where more attempts failed than the budgets pay for."""
    target = node.node.target.target if isinstance(node.node.target, Array) else node.node.target
    if not isinstance(target, TaskRef):
        return
    retries = (node.node.metadata.retry or node.template.metadata.retry).retries
    failures = [(node.user_failures, node.system_failures)]
    if node.array is not None:
        failures += [(user, system) for _, user, system in node.array.retries.values()]
    for user, system in failures:
        if user > retries + 1 or system > SYSTEM_RETRIES + 1:
            yield f"{node.id} failed {user} times of {retries + 1}, and {system} times by fault of the system"


def _waits(state: ExecutionState, node: NodeState) -> bool:
    """Whether the node has an open command, a timer, a signal to come, a place to become free, or something inside."""
    if node.commands or any(node in gates for gates in state.waiting.values()):
        return True
    if node in state.ready_tasks and node.started_at_ns is None:  # what has started is stale there: the log was read
        return state.running_tasks >= state.max_parallelism > 0
    if node.inner is not None and node.inner.live:
        return True
    if node is state.root:
        return state.n_stopping > 0
    return node.arm is not None and not node.arm.is_terminal


def breaches_of_turn(turn: Append) -> Iterator[str]:
    """Say what is wrong with what a turn commits: a value that the cache lacked, and still does when it is there."""
    kept = {entry.source for entry in turn.cache}
    for made in [decision for decision in turn.decisions if isinstance(decision, ev.NodeSucceeded)]:
        is_missed = made.cache is not None and made.cache.status is CacheStatus.MISS
        if is_missed and f"{turn.execution}/{made.node}" not in kept:
            yield f"the outputs of {made.node} are not cached"


def breaches_of_history(events: Sequence[ev.Event]) -> Iterator[str]:
    """Say what is wrong with a finished history: places in the log, and nodes that go on after they ended."""
    ended: set[str] = set()
    for place, event in enumerate(events, 1):
        if event.seq != place:
            yield f"event {event.seq} stands at place {place}"
        decision = event.decision
        if isinstance(decision, STARTS) and decision.node in ended:
            yield f"{decision.node} runs again after it ended"
        if isinstance(decision, ev.NodeSucceeded | ev.NodeRecovered | ev.NodeEnded):
            if decision.node in ended:
                yield f"{decision.node} ended twice"
            ended.add(decision.node)
