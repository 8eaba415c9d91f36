"""Short ways to write graphs down: an input is ``"x"``, an output ``"n0.o0"``, anything else a binding or a constant."""

from collections.abc import Mapping

from plait_core.ir.executions import Closure
from plait_core.ir.ids import EntityId, EntityKind, NodeId
from plait_core.ir.interfaces import Parameter, TypedInterface, Variable
from plait_core.ir.launch_plans import LaunchPlanTemplate
from plait_core.ir.literals import NOTHING, Collection, Literal, Primitive
from plait_core.ir.tasks import TaskTemplate
from plait_core.ir.types import CollectionType, EnumType, LiteralType, MapType, SimpleType, UnionType
from plait_core.ir.workflows import (
    WORKFLOW_INPUT,
    Arm,
    Binding,
    BindingCollection,
    BindingMap,
    Branch,
    Compare,
    Comparison,
    Condition,
    Const,
    LaunchPlanRef,
    Node,
    NodeTarget,
    Promise,
    SourceLine,
    SubWorkflowRef,
    TaskRef,
    WorkflowTemplate,
)

Source = str | int | float | Promise | Const | BindingCollection | BindingMap

_KINDS = {int: SimpleType.INTEGER, float: SimpleType.FLOAT, bool: SimpleType.BOOLEAN, str: SimpleType.STRING}


def id_of(kind: EntityKind, name: str) -> EntityId:
    return EntityId(kind=kind, name=name)


T, W, P = (id_of(kind, name) for kind, name in zip(EntityKind, ("t", "w", "p"), strict=True))


def literal(value: object) -> Literal:
    if value is None:
        return NOTHING
    if isinstance(value, list):
        return Literal(value=Collection(literals=tuple(map(literal, value))))
    assert isinstance(value, int | float | str)
    return Literal(value=Primitive(kind=_KINDS[type(value)], value=value))


def const(value: object) -> Const:
    return Const(value=literal(value))


def list_of(element: LiteralType) -> LiteralType:
    return LiteralType(type=CollectionType(element=element))


def dict_of(value: LiteralType) -> LiteralType:
    return LiteralType(type=MapType(value=value))


def union(*variants: LiteralType) -> LiteralType:
    return LiteralType(type=UnionType(variants=variants))


def enum(*values: str) -> LiteralType:
    return LiteralType(type=EnumType(values=values))


def interface(inputs: Mapping[str, LiteralType], outputs: Mapping[str, LiteralType]) -> TypedInterface:
    return TypedInterface(inputs=variables(inputs), outputs=variables(outputs))


def variables(types: Mapping[str, LiteralType]) -> tuple[Variable, ...]:
    return tuple(Variable(name=name, type=type_) for name, type_ in types.items())


def task(
    inputs: Mapping[str, LiteralType] | None = None, outputs: Mapping[str, LiteralType] | None = None, name: str = "t"
) -> TaskTemplate:
    id_ = id_of(EntityKind.TASK, name)
    return TaskTemplate(id=id_, type="python-function", interface=interface(inputs or {}, outputs or {}))


def source(value: Source) -> Promise | Const | BindingCollection | BindingMap:
    match value:
        case str():
            node, _, var = value.rpartition(".")
            return Promise(node=NodeId(node) if node else WORKFLOW_INPUT, var=var)
        case int() | float():
            return const(value)
    return value


def bindings(sources: Mapping[str, Source]) -> tuple[Binding, ...]:
    return tuple(Binding(var=var, data=source(value)) for var, value in sources.items())


def node(id_: str, target: NodeTarget | str = "t", line: int | None = None, **inputs: Source) -> Node:
    """A node, by default of the task ``t``; *target* may be the name of a task."""
    return Node(
        id=NodeId(id_),
        target=TaskRef(id=id_of(EntityKind.TASK, target)) if isinstance(target, str) else target,
        inputs=bindings(inputs),
        source=SourceLine(file="wf.py", line=line) if line else None,
    )


def sub_workflow(name: str) -> SubWorkflowRef:
    return SubWorkflowRef(id=id_of(EntityKind.WORKFLOW, name))


def child(name: str) -> LaunchPlanRef:
    return LaunchPlanRef(id=id_of(EntityKind.LAUNCH_PLAN, name))


def workflow(
    *nodes: Node,
    inputs: Mapping[str, LiteralType] | None = None,
    outputs: Mapping[str, tuple[LiteralType, Source]] | None = None,
    name: str = "w",
    failure_node: Node | None = None,
) -> WorkflowTemplate:
    returned = outputs or {}
    return WorkflowTemplate(
        id=id_of(EntityKind.WORKFLOW, name),
        interface=interface(inputs or {}, {var: type_ for var, (type_, _) in returned.items()}),
        nodes=nodes,
        outputs=bindings({var: value for var, (_, value) in returned.items()}),
        failure_node=failure_node,
    )


def plan(
    parameters: Mapping[str, LiteralType | tuple[LiteralType, object]] | None = None,
    fixed: Mapping[str, object] | None = None,
    workflow: str = "w",
    name: str = "p",
) -> LaunchPlanTemplate:
    """A launch plan; a parameter with a default is a pair (type, default)."""
    return LaunchPlanTemplate(
        id=id_of(EntityKind.LAUNCH_PLAN, name),
        workflow=id_of(EntityKind.WORKFLOW, workflow),
        parameters=tuple(_parameter(name, wanted) for name, wanted in (parameters or {}).items()),
        fixed_inputs={name: literal(value) for name, value in (fixed or {}).items()},
    )


def _parameter(name: str, wanted: LiteralType | tuple[LiteralType, object]) -> Parameter:
    if isinstance(wanted, LiteralType):
        return Parameter(variable=Variable(name=name, type=wanted))
    type_, default = wanted
    return Parameter(variable=Variable(name=name, type=type_), is_required=False, default=literal(default))


def compare(left: Source, operator: str, right: Source) -> Compare:
    first, second = source(left), source(right)
    assert isinstance(first, Promise | Const)
    assert isinstance(second, Promise | Const)
    return Compare(left=first, operator=Comparison(operator), right=second)


def branch(*arms: tuple[Condition, Node], otherwise: Node | None = None, error: str = "") -> Branch:
    return Branch(arms=tuple(Arm(condition=c, node=n) for c, n in arms), otherwise=otherwise, error=error)


def closure(*templates: TaskTemplate | WorkflowTemplate | LaunchPlanTemplate, main: EntityId = W) -> Closure:
    return Closure(
        main=main,
        tasks=tuple(t for t in templates if isinstance(t, TaskTemplate)),
        workflows=tuple(t for t in templates if isinstance(t, WorkflowTemplate)),
        launch_plans=tuple(t for t in templates if isinstance(t, LaunchPlanTemplate)),
    )
