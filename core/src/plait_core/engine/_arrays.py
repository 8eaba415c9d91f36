"""
Map nodes: one node, many elements.

Called by the rules. Pure. Elements are scheduled in ranges and their successes recorded in batches; an element that fails
has events of its own, like an attempt. The node fails once so many elements failed that it cannot succeed.
"""

from typing import TypeAlias

from plait_core.engine import _stimuli as st
from plait_core.engine._bindings import size_of
from plait_core.engine._children import child_execution
from plait_core.engine._endings import abort, due_at, fail, succeed
from plait_core.engine._policies import exhausted, may_retry, retry_policy
from plait_core.engine._state import SCHEDULED, ArrayState, ExecutionState, NodeState
from plait_core.ir import events as ev
from plait_core.ir.executions import TaskError
from plait_core.ir.literals import Collection, Literal, LiteralMap
from plait_core.ir.phases import AttemptPhase
from plait_core.ir.units import Result
from plait_core.ir.workflows import Array, LaunchPlanRef

Decisions: TypeAlias = tuple[ev.Decision, ...]

BATCH = 1000
"""The longest range of elements that one event schedules."""

MOST_ELEMENTS = 1_000_000
"""More than that no engine could hold; what refers to a list may claim any length."""

_NO_RESULT = Result()


# ── the node ─────────────────────────────────────────────────────────────────


def start(state: ExecutionState, node: NodeState) -> Decisions:
    """Learn the length of the lists; an empty map ends at once."""
    target = _target(node)
    lists = {name: value for name, value in node.inputs().items() if name not in target.bound_inputs}
    size = size_of(lists)
    if size is None:
        message = f"the lists {', '.join(sorted(lists))} that are mapped over differ in length"
        return fail(state, node, TaskError(code="UnequalLengths", message=message, is_recoverable=False))
    if size > MOST_ELEMENTS:
        message = (
            f"there are {size} elements to map over, and a map has at most {MOST_ELEMENTS}: map over parts of the list"
        )
        return fail(state, node, TaskError(code="TooManyElements", message=message, is_recoverable=False))
    if size == 0:
        return succeed(node, outputs_of(node, Literal(value=Collection(literals=()))))
    return (ev.NodeStarted(node=node.id, n_elements=size),)


def advance(state: ExecutionState, node: NodeState) -> Decisions:
    """Say what follows now that elements moved: more elements, the outputs, or the end."""
    array = _array(node)
    if node.is_terminal:
        return ()
    gives_up = array.is_hopeless and not (_target(node).run_all_sub_nodes and array.cursor < array.size)
    if node.is_cancelling or gives_up:
        return _wind_up(state, node, array)
    if array.n_done == array.size:
        if ("assemble", node.id) in state.open:
            return ()
        outputs = Literal(value=Collection(literals=array.outputs.literals()))
        return succeed(node, outputs_of(node, outputs), cache=node.verdict)
    return _schedule(state, node, array)


def _wind_up(state: ExecutionState, node: NodeState, array: ArrayState) -> Decisions:
    if array.running and not node.is_cancelling:
        return (ev.CancelRequested(node=node.id, reason="too many elements failed"),)
    if array.running or ("assemble", node.id) in state.open:
        return ()
    if not array.is_hopeless:
        return abort(node)
    assert array.last_error is not None
    return fail(state, node, array.last_error)


def _schedule(state: ExecutionState, node: NodeState, array: ArrayState) -> Decisions:
    room = array.size - array.cursor
    if array.parallelism:
        room = min(room, array.parallelism - array.running)
    if room <= 0:
        return ()
    stop = array.cursor + room
    if isinstance(_target(node).target, LaunchPlanRef):
        return tuple(
            ev.ChildStarted(node=node.id, execution=child_execution(state.id, node.id, element), element=element)
            for element in range(array.cursor, stop)
        )
    return tuple(
        ev.ElementsScheduled(node=node.id, start=start, stop=min(start + BATCH, stop))
        for start in range(array.cursor, stop, BATCH)
    )


def outputs_of(node: NodeState, output: Literal) -> LiteralMap:
    """Name the list of outputs; a map over something without an output has none either."""
    target = _target(node)
    closure = node.graph.closure.closure
    if isinstance(target.target, LaunchPlanRef):
        names = [variable.name for variable in closure.launch_plan_by_id[target.target.id].expected_outputs]
    else:
        names = list(closure.task_by_id[target.target.id].interface.output_types)
    return {names[0]: output} if names else {}


# ── its elements ─────────────────────────────────────────────────────────────


def elements_ended(state: ExecutionState, stimulus: st.ElementsEnded) -> Decisions:
    """Record a batch of successes, less those that are late or repeated."""
    node = state.nodes.get(stimulus.node)
    if node is None or node.array is None or node.is_terminal:
        return ()
    array = node.array
    phases, retries = array.phases, array.retries
    fresh = tuple(
        (element, n, output, False)
        for element, n, output in stimulus.outcomes
        if phases[element] == SCHEDULED and (n == 0 if element not in retries else retries[element][0] == n)
    )
    return (ev.ElementsSucceeded(node=node.id, outcomes=fresh),) if fresh else ()


def elements_looked_up(state: ExecutionState, stimulus: st.ElementsLookedUp) -> Decisions:
    """Take the outputs that the cache holds, and submit the rest, but for what somebody else is making."""
    node = state.nodes.get(stimulus.node)
    if node is None or node.array is None or node.is_terminal:
        return ()
    first = min((*(element for element, _ in stimulus.hits), *stimulus.misses, *stimulus.held))
    if ("cache", node.id, first) not in state.open:
        return ()
    phases = node.array.phases
    hits = tuple((element, 0, output, True) for element, output in stimulus.hits if phases[element] == SCHEDULED)
    misses = tuple(element for element in stimulus.misses if phases[element] == SCHEDULED)
    held = tuple(element for element in stimulus.held if phases[element] == SCHEDULED)
    found: Decisions = (ev.ElementsSucceeded(node=node.id, outcomes=hits),) if hits else ()
    return (*found, ev.ElementsMissed(node=node.id, elements=misses, held=held)) if misses or held else found


def element_ended(node: NodeState, stimulus: st.AttemptEnded) -> Decisions:
    """Record how one element's attempt ended."""
    assert stimulus.element is not None
    if not _is_current(node, stimulus.element, stimulus.n):
        return ()
    error = stimulus.result.error
    if error is not None:
        return fail_element(node, stimulus.element, stimulus.n, error, stimulus.at_ns, stimulus.result)
    output = next(iter((stimulus.result.outputs or {}).values()), None)
    return (ev.ElementsSucceeded(node=node.id, outcomes=((stimulus.element, stimulus.n, output, False),)),)


def element_gone(node: NodeState, stimulus: st.AttemptGone) -> Decisions:
    """Record that an element's attempt was lost or stopped."""
    assert stimulus.element is not None
    if not _is_current(node, stimulus.element, stimulus.n):
        return ()
    return fail_element(node, stimulus.element, stimulus.n, stimulus.error, stimulus.at_ns)


def child_ended(node: NodeState, stimulus: st.ChildEnded) -> Decisions:
    """Record how the execution of one element ended."""
    assert stimulus.element is not None
    if stimulus.outputs is not None:
        output = next(iter(stimulus.outputs.values()), None)
        return (ev.ElementsSucceeded(node=node.id, outcomes=((stimulus.element, 0, output, False),)),)
    assert stimulus.error is not None
    phase = AttemptPhase.ABORTED if node.is_cancelling else AttemptPhase.FAILED
    return (ev.AttemptFailed(node=node.id, n=0, element=stimulus.element, error=stimulus.error, phase=phase),)


def fail_element(  # noqa: PLR0917  # the parts of one event
    node: NodeState,
    element: int,
    n: int,
    error: TaskError,
    at_ns: int,
    result: Result = _NO_RESULT,
    *,
    is_abandoned: bool = False,
) -> Decisions:
    """Record that an element's attempt failed, and try the element again if its budget allows."""
    if not _is_current(node, element, n):
        return ()
    array = _array(node)
    policy = retry_policy(node)
    _, user_failures, system_failures = array.retries.get(element, (n, 0, 0))
    retries = not node.is_cancelling and may_retry(policy, error, user_failures, system_failures)
    if retries:
        phase = AttemptPhase.RETRYABLE_FAILED
    else:
        phase = AttemptPhase.ABORTED if node.is_cancelling else AttemptPhase.FAILED
        error = exhausted(policy, error)
    failed = ev.AttemptFailed(
        node=node.id,
        n=n,
        element=element,
        error=error,
        phase=phase,
        deck_uri=result.deck_uri,
        checkpoint_uri=result.checkpoint_uri,
        started_at_ns=result.started_at_ns,
        ended_at_ns=result.ended_at_ns,
        is_abandoned=is_abandoned,
    )
    if not retries:
        return (failed,)
    due = due_at(policy, error, user_failures, at_ns)
    return (failed, ev.AttemptScheduled(node=node.id, n=n + 1, element=element, due_at_ns=due))


def _is_current(node: NodeState, element: int, n: int) -> bool:
    array = node.array
    if array is None or node.is_terminal:
        return False
    return array.phases[element] == SCHEDULED and array.attempt_of(element) == n


def _array(node: NodeState) -> ArrayState:
    assert node.array is not None
    return node.array


def _target(node: NodeState) -> Array:
    target = node.node.target
    assert isinstance(target, Array)
    return target
