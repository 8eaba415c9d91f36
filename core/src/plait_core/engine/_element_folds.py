"""Folds of decisions about the elements of map nodes, in batches where they succeed. Called by ``apply``."""

from plait_core.engine._books import close_command, open_command
from plait_core.engine._commands import TIMER, AssembleOutputs, LookUpElements, SubmitElements, WaitUntil
from plait_core.engine._policies import cache_policy, timeout_ns
from plait_core.engine._state import FAILED, SCHEDULED, STOPPED, SUCCEEDED, ArrayState, ExecutionState, NodeState
from plait_core.ir import events as ev
from plait_core.ir.literals import NOTHING
from plait_core.ir.phases import AttemptPhase

ASSEMBLE_DIRECTLY = 256
"""Map nodes with at most this many elements make their output list without asking the shell."""

_OF_ONE = frozenset({"attempt", TIMER, "child"})
"""What commands are about one element."""


def element_failed(state: ExecutionState, node: NodeState, event: ev.AttemptFailed, *, is_system: bool) -> None:
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
    close_command(state, node, ("child", node.id, element))
    close_command(state, node, ("abort", node.id, element))
    _elements_moved(state, node, array)


def elements_scheduled(state: ExecutionState, _at_ns: int, event: ev.ElementsScheduled) -> None:
    node = state.nodes[event.node]
    array = node.array
    assert array is not None
    count = event.stop - event.start
    array.phases[event.start : event.stop] = bytes([SCHEDULED]) * count
    array.running += count
    array.cursor = event.stop
    elements = range(event.start, event.stop)
    if node.repeats or cache_policy(node) is not None:
        open_command(state, node, LookUpElements(node.id, elements))
    else:
        _submit_elements(state, _at_ns, node, elements)


def elements_missed(state: ExecutionState, at_ns: int, event: ev.ElementsMissed) -> None:
    node = state.nodes[event.node]
    for key in [key for key in node.commands if key[0] == "cache"]:
        command = state.open[key]
        if isinstance(command, LookUpElements) and (*event.elements, *event.held)[0] in command.elements:
            close_command(state, node, key)
    if event.elements:
        _submit_elements(state, at_ns, node, event.elements)
    if event.held:
        open_command(state, node, LookUpElements(node.id, event.held))


def _submit_elements(state: ExecutionState, at_ns: int, node: NodeState, elements: range | tuple[int, ...]) -> None:
    open_command(state, node, SubmitElements(node.id, elements))
    limit = timeout_ns(node)
    if limit is not None:
        for element in elements:
            open_command(state, node, WaitUntil(node.id, at_ns + limit, "timeout", element))


def elements_succeeded(state: ExecutionState, _at_ns: int, event: ev.ElementsSucceeded) -> None:
    node = state.nodes[event.node]
    array = node.array
    assert array is not None
    phases, outputs = array.phases, array.outputs
    has_own = any(key[0] in _OF_ONE for key in node.commands)
    for element, n, output, _is_cached in event.outcomes:
        phases[element] = SUCCEEDED
        outputs[element] = output
        if has_own:
            close_command(state, node, ("attempt", node.id, element, n))
            close_command(state, node, ("timer", node.id, element, n, "timeout"))
            close_command(state, node, ("child", node.id, element))
    array.running -= len(event.outcomes)
    array.n_succeeded += len(event.outcomes)
    _elements_moved(state, node, array)


def _elements_moved(state: ExecutionState, node: NodeState, array: ArrayState) -> None:
    _close_finished_batches(state, node, array)
    if array.n_done == array.size and not array.is_hopeless and array.size > ASSEMBLE_DIRECTLY:
        open_command(state, node, AssembleOutputs(node.id))
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
                close_command(state, node, key)
        elif all(array.phases[element] != SCHEDULED for element in elements):
            close_command(state, node, key)
