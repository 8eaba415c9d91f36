"""
Gates: nodes that wait for a person or for time.

Called by the rules. Pure. A signal that came before its gate opened is kept and answers it at once.
"""

from typing import TypeAlias

from plait_core.compiler.values import misfit
from plait_core.engine._conditions import literal_scalar
from plait_core.engine._endings import fail, succeed
from plait_core.engine._state import ExecutionState, NodeState
from plait_core.errors.engine import InvalidSignal
from plait_core.ir import events as ev
from plait_core.ir.executions import TaskError
from plait_core.ir.literals import Literal
from plait_core.ir.options import text_faults
from plait_core.ir.phases import NodePhase
from plait_core.ir.types import BOOLEAN
from plait_core.ir.workflows import Approve, Gate, Sleep, WaitForInput

Decisions: TypeAlias = tuple[ev.Decision, ...]


def start(state: ExecutionState, node: NodeState, at_ns: int) -> Decisions:
    """Open the gate; times count from here."""
    condition = _condition(node)
    if isinstance(condition, Sleep):
        return (ev.GateOpened(node=node.id, due_at_ns=at_ns + condition.duration_ns),)
    node.inputs()  # raises when a part has to be read first; an answer must not wait for that
    limit = node.node.metadata.timeout_ns
    due_at_ns = None if limit is None else at_ns + limit
    opened = ev.GateOpened(node=node.id, due_at_ns=due_at_ns, signal_id=condition.signal_id)
    early = state.signals.get(condition.signal_id)
    if early is None or misfit_of(node, early) is not None:
        return (opened,)
    return (opened, *answer(state, node, early))


def check_answer(execution: str, signal_id: object, value: object, principal: object) -> None:
    """Raise ``InvalidSignal`` for what could not be recorded, whatever gate it is meant for."""
    faults = [*text_faults("signal", signal_id), *text_faults("principal", principal)]
    if not isinstance(value, Literal):
        faults.append(f"it is no literal, but {value!r:.80}")
    if faults:
        raise InvalidSignal(execution=execution, signal=str(signal_id), reason="; ".join(faults))


def misfit_of(node: NodeState, value: Literal) -> str | None:
    """Say why *value* cannot answer a gate; ``None`` when it can."""
    condition = _condition(node)
    return misfit(value, condition.type if isinstance(condition, WaitForInput) else BOOLEAN)


def answer(state: ExecutionState, node: NodeState, value: Literal) -> Decisions:
    """End a gate with the value somebody gave; an approval passes its inputs through."""
    condition = _condition(node)
    if isinstance(condition, WaitForInput):
        return succeed(node, {condition.output_var: value})
    assert isinstance(condition, Approve)
    if literal_scalar(value):
        return succeed(node, node.inputs())
    message = f"{condition.signal_id!r} was not approved"
    return fail(state, node, TaskError(code="ReceivedRejectSignal", message=message, is_recoverable=False))


def due(state: ExecutionState, node: NodeState) -> Decisions:
    """End a sleep, or give up waiting for a person."""
    condition = _condition(node)
    if isinstance(condition, Sleep):
        return succeed(node, {})
    error = TaskError(code="TimedOut", message=f"nobody answered {condition.signal_id!r} in time", is_recoverable=False)
    return fail(state, node, error, phase=NodePhase.TIMED_OUT)


def _condition(node: NodeState) -> Approve | WaitForInput | Sleep:
    gate = node.node.target
    assert isinstance(gate, Gate)
    return gate.condition
