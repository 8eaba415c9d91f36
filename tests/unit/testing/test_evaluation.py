"""The oracle gives, for graphs small enough to reckon by hand, what one reckons by hand."""

from typing import Any

import pytest

from plait_core.ir.executions import Closure
from plait_core.ir.ids import EntityId, EntityKind, NodeId
from plait_core.ir.interfaces import Parameter, Variable
from plait_core.ir.launch_plans import LaunchPlanTemplate
from plait_core.ir.phases import ExecutionPhase
from plait_core.ir.tasks import RetryPolicy, TaskMetadata, TaskTemplate
from plait_core.ir.types import INTEGER, LiteralType
from plait_core.ir.workflows import (
    WORKFLOW_INPUT,
    Approve,
    Arm,
    Array,
    Binding,
    BindingCollection,
    BindingData,
    Branch,
    Compare,
    Comparison,
    Const,
    Gate,
    LaunchPlanRef,
    Node,
    NodeMetadata,
    NodeTarget,
    Promise,
    SubWorkflowRef,
    TaskRef,
    WaitForInput,
    WorkflowTemplate,
)
from plait_core.testing.arithmetic import INTEGERS, MAYBE_INTEGERS, arithmetic_task, interface, literal_of, value_of
from plait_core.testing.evaluation import Expected, expected

FAILED = Expected(phase=ExecutionPhase.FAILED)
X = Promise(node=WORKFLOW_INPUT, var="x")
ONE_TO_FOUR = BindingCollection(items=tuple(Const(value=literal_of(i)) for i in range(1, 5)))


def const(number: int) -> Const:
    return Const(value=literal_of(number))


def out(id_: str, *path: int) -> Promise:
    return Promise(node=NodeId(id_), var="o0", path=path)


def node(id_: str, target: NodeTarget | TaskTemplate, retries: int | None = None, **inputs: BindingData) -> Node:
    return Node(
        id=NodeId(id_),
        target=TaskRef(id=target.id) if isinstance(target, TaskTemplate) else target,
        inputs=tuple(Binding(var=var, data=data) for var, data in inputs.items()),
        metadata=NodeMetadata(retry=None if retries is None else RetryPolicy(retries=retries)),
    )


def workflow(*nodes: Node, name: str = "w", type_: LiteralType = INTEGER) -> WorkflowTemplate:
    """A workflow with the input ``x`` that returns ``o0`` of its last node."""
    return WorkflowTemplate(
        id=EntityId(kind=EntityKind.WORKFLOW, name=name),
        interface=interface({"x": INTEGER}, {"o0": type_}),
        nodes=nodes,
        outputs=(Binding(var="o0", data=Promise(node=nodes[-1].id, var="o0")),),
    )


def outcome(
    *nodes: Node,
    tasks: tuple[TaskTemplate, ...] = (),
    inner: tuple[WorkflowTemplate, ...] = (),
    plans: tuple[LaunchPlanTemplate, ...] = (),
    type_: LiteralType = INTEGER,
) -> Any:
    """What the graph of *nodes* comes to for x = 10: its output as Python has it, or FAILED."""
    main = workflow(*nodes, type_=type_)
    closure = Closure(main=main.id, tasks=tasks, workflows=(*inner, main), launch_plans=plans)
    found = expected(closure, {"x": literal_of(10)})
    return found if found.outputs is None else value_of(found.outputs["o0"])


def arithmetic(op: str, retries: int = 0, **numbers: int | list[int]) -> TaskTemplate:
    return arithmetic_task(op, op, TaskMetadata(retry=RetryPolicy(retries=retries)), **numbers)


ADD = arithmetic("add", k=3)
FIRST = arithmetic("first", k=1)
SPAN = arithmetic("span", least=2)
TOTAL = arithmetic("total")


def test_values_flow_whatever_the_order_of_declaration() -> None:
    """(10 + 5 + 3) + 10 + 3, although the second step is written down first."""
    last = node("n2", ADD, a=out("n0"), b=const(0))

    found = outcome(node("n1", ADD, a=out("n0"), b=X), node("n0", ADD, a=X, b=const(5)), last, tasks=(ADD,))

    assert found == 21


def test_lists_are_spanned_indexed_and_summed() -> None:
    """10 spans 10 to 13; its second element is 11; with a list of promises the sum is 11 + 10."""
    items = BindingCollection(items=(out("n0", 1), X))

    assert outcome(node("n0", SPAN, a=X), node("n1", TOTAL, a=items), tasks=(SPAN, TOTAL)) == 21


@pytest.mark.parametrize(
    ("fails", "retries", "override", "found"), [(2, 2, None, 11), (2, 1, None, FAILED), (2, 0, 2, 11)]
)
def test_retries_of_the_node_come_before_those_of_the_task(
    fails: int, retries: int, override: int | None, found: Any
) -> None:
    """A task that fails twice needs two retries, from wherever they come."""
    flaky = arithmetic("first", retries, k=1, fails=fails)

    assert outcome(node("n0", flaky, override, a=X, noise=X), tasks=(flaky,)) == found


def test_what_is_refused_is_not_tried_again() -> None:
    """10 % 3 is 1."""
    strict = arithmetic("first", 5, refuses=[3, 1])

    assert outcome(node("n0", strict, a=X, noise=X), tasks=(strict,)) == FAILED


@pytest.mark.parametrize(("limit", "found"), [(11, 23), (10, 11), (9, FAILED)])
def test_first_arm_that_holds_runs(limit: int, found: Any) -> None:
    """x < limit adds, x = limit takes the first, and nothing else is provided for."""
    less, same = (Compare(left=X, operator=op, right=const(limit)) for op in (Comparison.LT, Comparison.EQ))
    branch = Branch(
        arms=(
            Arm(condition=less, node=node("n0", ADD, a=X, b=X)),
            Arm(condition=same, node=node("n1", FIRST, a=X, noise=X)),
        ),
        error="neither",
    )

    assert outcome(node("n0", branch), tasks=(ADD, FIRST)) == found


@pytest.mark.parametrize(
    ("ratio", "successes", "found"),
    [
        (None, None, FAILED),
        (0.5, None, [1, 2, None, 4]),
        (0.8, None, FAILED),
        (None, 3, [1, 2, None, 4]),
        (None, 4, FAILED),
    ],
)
def test_map_tolerates_what_it_says(ratio: float | None, successes: int | None, found: Any) -> None:
    """Of 1, 2, 3, 4 the third is refused."""
    strict = arithmetic("first", refuses=[4, 3])
    array = Array(
        target=TaskRef(id=strict.id), bound_inputs=("noise",), min_success_ratio=ratio, min_successes=successes
    )

    assert outcome(node("n0", array, a=ONE_TO_FOUR, noise=X), tasks=(strict,), type_=MAYBE_INTEGERS) == found


def test_map_over_a_launch_plan_merges_defaults_and_fixed_inputs() -> None:
    """The plan takes x from the list; its workflow adds x to itself and 3."""
    inner = workflow(node("n0", ADD, a=X, b=X), name="inner")
    plan = LaunchPlanTemplate(
        id=EntityId(kind=EntityKind.LAUNCH_PLAN, name="p"),
        workflow=inner.id,
        parameters=(Parameter(variable=Variable(name="x", type=INTEGER)),),
        expected_outputs=inner.interface.outputs,
    )
    array = Array(target=LaunchPlanRef(id=plan.id))

    found = outcome(node("n0", array, x=ONE_TO_FOUR), tasks=(ADD,), inner=(inner,), plans=(plan,), type_=INTEGERS)

    assert found == [5, 7, 9, 11]


def test_sub_workflow_and_dynamic_task_open_in_place() -> None:
    """The inner workflow gives 13; 13 % 4 = 1 step of +3 is grown, since no depth is left."""
    inner = workflow(node("n0", ADD, a=X, b=const(0)), name="inner")
    grow = arithmetic("grow", k=3, depth=0)

    found = outcome(
        node("n0", SubWorkflowRef(id=inner.id), x=X), node("n1", grow, a=out("n0")), tasks=(ADD, grow), inner=(inner,)
    )

    assert found == 16


@pytest.mark.parametrize(("signal", "found"), [("approve-1", 42), ("reject-1", FAILED)])
def test_gates_are_answered_by_their_names(signal: str, found: Any) -> None:
    """What is given passes an approval, or fails with it."""
    give = node("n0", Gate(condition=WaitForInput(signal_id="give-42", type=INTEGER)))

    assert outcome(give, node("n1", Gate(condition=Approve(signal_id=signal)), o0=out("n0"))) == found
