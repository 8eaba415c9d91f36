"""Gates that wait for a person: what is asked, and the form that answers it."""

from collections.abc import Iterator, Sequence

import attrs

from plait_core.engine import ExecutionState, NodeState
from plait_core.ir.interfaces import Parameter, Variable
from plait_core.ir.literals import Literal, Primitive
from plait_core.ir.types import BOOLEAN, LiteralType, SimpleType
from plait_core.ir.workflows import Approve, Gate, WaitForInput
from plait_server.console.forms import Field, fields_of
from plait_server.console.readings import Misread, read_text
from plait_server.console.values import Shown, show_all


@attrs.frozen(kw_only=True)
class Question:
    """A gate that waits. ``shown`` is what an approval is about; ``field`` is missing for an approval."""

    signal: str
    title: str
    shown: tuple[Shown, ...]
    type: LiteralType
    field: Field | None = None


def questions_of(state: ExecutionState) -> Sequence[Question]:
    """Return what an execution waits for people to answer, in order."""
    return tuple(
        question
        for gates in state.waiting.values()
        for gate in gates
        if not gate.is_terminal
        for question in _questions(gate)
    )


def answer(question: Question, text: str) -> tuple[Question, Literal | None]:
    """Read an answer; the question comes back with the fault when there is one."""
    if question.field is None:
        return question, Literal(value=Primitive(kind=SimpleType.BOOLEAN, value=text == "true"))
    try:
        return question, read_text(text, question.type)
    except Misread as misread:
        field = attrs.evolve(question.field, text=text, fault=str(misread))
        return attrs.evolve(question, field=field), None


def _questions(gate: NodeState) -> Iterator[Question]:
    target = gate.node.target
    assert isinstance(target, Gate)
    match target.condition:
        case Approve(signal_id=signal):
            shown = show_all(gate.inputs())
            yield Question(signal=signal, title=f"“{signal}” waits for your approval", shown=shown, type=BOOLEAN)
        case WaitForInput(signal_id=signal, type=type_):
            variable = Variable(name=signal, type=type_)
            (field,) = fields_of([Parameter(variable=variable)], {})
            yield Question(signal=signal, title=f"“{signal}” waits for a value", shown=(), type=type_, field=field)
