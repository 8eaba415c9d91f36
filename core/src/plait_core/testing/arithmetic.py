"""
Tasks that are tiny functions of integers, told by their templates: what simulated executors run.

``TaskTemplate.custom`` holds ``op`` and its numbers. ``perform`` is all an executor of such tasks needs, ``result`` of an
attempt depends on nothing but the template, the inputs and the number of the attempt, so any schedule ends alike:

    add        o0 = a + b + k, modulo a prime            span      o0 = [a, a+1, …], least … least + 3 elements
    first      o0 = a + k, whatever ``noise`` is         total     o0 = the sum of a list, None counting as 0
    grow       a graph of 0 to 3 further tasks           clean_up  no outputs: a failure handler

``fails`` is the number of attempts that fail before one succeeds, or that go on for ever if it ``hangs``; ``refuses`` = [m, r]
fails for good where a % m == r.
"""

from collections.abc import Mapping
from typing import cast

from plait_core.ir.executions import Closure, TaskError
from plait_core.ir.ids import EntityId, EntityKind, NodeId
from plait_core.ir.interfaces import TypedInterface, Variable
from plait_core.ir.literals import (
    NOTHING,
    Collection,
    ErrorValue,
    Literal,
    LiteralMap,
    NoneValue,
    Primitive,
    UnionValue,
)
from plait_core.ir.tasks import TaskMetadata, TaskTemplate
from plait_core.ir.types import ERROR, INTEGER, NONE, CollectionType, LiteralType, SimpleType, UnionType
from plait_core.ir.units import Result
from plait_core.ir.workflows import Binding, Const, Node, Promise, TaskRef, WorkflowTemplate

TYPE = "arithmetic"
MODULUS = 1_000_003

INTEGERS = LiteralType(type=CollectionType(element=INTEGER))
MAYBE_INTEGERS = LiteralType(type=CollectionType(element=LiteralType(type=UnionType(variants=(INTEGER, NONE)))))
MAYBE_ERROR = LiteralType(type=UnionType(variants=(ERROR, NONE)))
TWO = {"a": INTEGER, "b": INTEGER}
ONE_OUT = {"o0": INTEGER}

INTERFACES: Mapping[str, tuple[Mapping[str, LiteralType], Mapping[str, LiteralType]]] = {
    "add": (TWO, ONE_OUT),
    "first": ({"a": INTEGER, "noise": INTEGER}, ONE_OUT),
    "span": ({"a": INTEGER}, {"o0": INTEGERS}),
    "total": ({"a": MAYBE_INTEGERS}, ONE_OUT),
    "grow": ({"a": INTEGER}, ONE_OUT),
    "clean_up": ({"x": INTEGER, "y": INTEGER, "err": MAYBE_ERROR}, {}),
}
"""op -> types of inputs and of outputs."""

Value = int | None | list["int | None"]


def arithmetic_task(
    name: str, op: str, metadata: TaskMetadata | None = None, **numbers: int | list[int]
) -> TaskTemplate:
    """Make the template of a task that computes *op*."""
    inputs, outputs = INTERFACES[op]
    return TaskTemplate(
        id=EntityId(kind=EntityKind.TASK, name=name),
        type=TYPE,
        interface=interface(inputs, outputs),
        metadata=metadata or TaskMetadata(),
        custom={"op": op, **numbers},
    )


def perform(template: TaskTemplate, inputs: LiteralMap, n: int) -> Result:
    """Say what attempt *n* (from 0) of *template* comes to."""
    given = {name: value_of(literal) for name, literal in inputs.items()}
    a = given.get("a")
    modulus, rest = cast("list[int]", template.custom.get("refuses", [0, 0]))
    if modulus and isinstance(a, int) and a % modulus == rest:
        return _failed(f"{a} is refused", is_recoverable=False)
    if n < _number(template, "fails"):
        return _failed(f"attempt {n} fails", is_recoverable=True)
    match template.custom["op"], a:
        case "add", int():
            return _output((a + cast("int", given["b"]) + _number(template, "k")) % MODULUS)
        case "first", int():
            return _output((a + _number(template, "k")) % MODULUS)
        case "span", int():
            return _output([(a + i) % MODULUS for i in range(_number(template, "least") + a % 4)])
        case "total", list():
            return _output(sum(item or 0 for item in a) % MODULUS)
        case "grow", int():
            return _grown(template, a)
        case "clean_up", _:
            return Result(outputs={})
    raise AssertionError(template.custom, inputs)


def hangs(template: TaskTemplate, n: int) -> bool:
    """Whether attempt *n* does not fail but go on for ever, until its timeout."""
    return bool(template.custom.get("hangs")) and n < _number(template, "fails")


def literal_of(value: Value) -> Literal:
    """Make the literal of an integer, ``None`` or a list of these."""
    if isinstance(value, list):
        return Literal(value=Collection(literals=tuple(literal_of(item) for item in value)))
    return NOTHING if value is None else Literal(value=Primitive(kind=SimpleType.INTEGER, value=value))


def value_of(literal: Literal) -> Value:
    """Read such a literal, or the one inside a union; the error that a failure handler is told counts as ``None``."""
    match literal.value:
        case Primitive(value=int() as number):
            return number
        case Collection(literals=items):
            return [cast("int | None", value_of(item)) for item in items]
        case UnionValue(value=inner):
            return value_of(inner)
        case NoneValue() | ErrorValue():
            return None
    raise AssertionError(literal)


def interface(inputs: Mapping[str, LiteralType], outputs: Mapping[str, LiteralType]) -> TypedInterface:
    """Make an interface from name -> type."""
    return TypedInterface(
        inputs=tuple(Variable(name=name, type=type_) for name, type_ in inputs.items()),
        outputs=tuple(Variable(name=name, type=type_) for name, type_ in outputs.items()),
    )


def _grown(template: TaskTemplate, a: int) -> Result:
    """A chain of a % 4 tasks; with ``depth`` left, the last of them grows again."""
    length, depth = a % 4, _number(template, "depth")
    if not length:
        return _output(a)
    step = arithmetic_task(f"{template.id.name}.step", "first", k=_number(template, "k"))
    tasks = [step] * length
    if depth:
        tasks[-1] = arithmetic_task(
            f"{template.id.name}.deeper", "grow", TaskMetadata(is_dynamic=True), k=7, depth=depth - 1
        )
    zero = Binding(var="noise", data=Const(value=literal_of(0)))
    nodes: list[Node] = []
    for i, task in enumerate(tasks):
        above = Promise(node=nodes[-1].id, var="o0") if nodes else Const(value=literal_of(a))
        inputs = (Binding(var="a", data=above), *((zero,) if task is step else ()))
        nodes.append(Node(id=NodeId(f"n{i}"), target=TaskRef(id=task.id), inputs=inputs))
    graph = WorkflowTemplate(
        id=EntityId(kind=EntityKind.WORKFLOW, name=f"{template.id.name}.graph"),
        interface=interface({}, ONE_OUT),
        nodes=tuple(nodes),
        outputs=(Binding(var="o0", data=Promise(node=nodes[-1].id, var="o0")),),
    )
    used = tuple({task.id: task for task in tasks}.values())
    return Result(fragment=Closure(main=graph.id, tasks=used, workflows=(graph,)))


def _number(template: TaskTemplate, name: str) -> int:
    return cast("int", template.custom.get(name, 0))


def _output(value: Value) -> Result:
    return Result(outputs={"o0": literal_of(value)})


def _failed(message: str, *, is_recoverable: bool) -> Result:
    return Result(error=TaskError(code="USER:ValueError", message=message, is_recoverable=is_recoverable))
