"""What ``conditional(...)`` records, and what it refuses."""

from collections.abc import Callable
from typing import Any

import pytest

from plait_core.authoring.conditionals import conditional
from plait_core.authoring.tracing import trace
from plait_core.authoring.workflows import workflow
from plait_core.errors.authoring import ForeignPromise, InvalidConditional, OutsideWorkflow, PromiseMisuse
from plait_core.ir.workflows import (
    Binding,
    Branch,
    Combine,
    Compare,
    Comparison,
    Conjunction,
    SubWorkflowRef,
    TaskRef,
)
from tests.unit.authoring.samples import add, named, output, say, shout, split


def branch_of(declared: Any) -> Branch:
    (target,) = [node.target for node in declared.template.nodes if isinstance(node.target, Branch)]
    return target


def test_each_arm_is_one_node_scoped_to_the_branch() -> None:
    """Arms bind to nodes of the enclosing workflow; the branch has the id that its place gives it."""

    @workflow
    def choose(n: int) -> int:
        x = add(a=n)
        return conditional("size").if_(x > 5).then(add(a=x)).elif_(n == 3).then(add(a=n)).else_().then(add(a=1))

    branch = branch_of(choose)
    assert [node.id for node in choose.template.nodes] == ["n0", "n1"]
    assert [arm.node.id for arm in branch.arms] == ["n0", "n1"]
    assert branch.otherwise is not None
    assert branch.otherwise.id == "n2"
    assert branch.arms[0].node.inputs[0] == Binding(var="a", data=output("n0", "o0"))
    assert isinstance(branch.arms[1].condition, Compare)
    assert branch.arms[1].condition.operator is Comparison.EQ
    assert choose.template.outputs == (Binding(var="o0", data=output("n1", "o0")),)


def test_conditions_combine_to_a_tree() -> None:
    """Operands may stand on either side."""

    @workflow
    def choose(n: int) -> None:
        conditional("c").if_((n > 5) & (n != 7) | n.is_none()).then(shout(text="a")).else_().fail("no")  # type: ignore[attr-defined]  # a promise

    condition = branch_of(choose).arms[0].condition
    assert isinstance(condition, Combine)
    assert condition.operator is Conjunction.OR
    assert isinstance(condition.left, Combine)
    assert isinstance(condition.left.left, Compare)
    assert condition.left.left.operator is Comparison.GT


def test_else_may_fail_with_a_message() -> None:
    """The branch keeps it for when nothing holds."""

    @workflow
    def choose(n: int) -> int:
        return conditional("c").if_(n > 5).then(add(a=1)).else_().fail("too small")

    branch = branch_of(choose)
    assert (branch.otherwise, branch.error) == (None, "too small")


def test_arm_with_several_calls_becomes_an_anonymous_workflow() -> None:
    """What it takes from outside becomes its inputs; its template travels in the closure."""

    @workflow
    def choose(n: int) -> int:
        x = add(a=n)
        return conditional("c").if_(n > 5).then(add(a=add(a=x, b=n), b=x)).else_().then(add(a=n))

    node = branch_of(choose).arms[0].node
    assert isinstance(node.target, SubWorkflowRef)
    inner = trace(choose).closure.workflow_by_id[node.target.id]
    assert node.inputs == (
        Binding(var="i0", data=output("n0", "o0")),
        Binding(var="i1", data=output("", "n")),
    )
    assert [variable.name for variable in inner.interface.inputs] == ["i0", "i1"]
    assert [node.id for node in inner.nodes] == ["n0", "n1"]
    assert inner.outputs == (Binding(var="o0", data=output("n1", "o0")),)


def test_conditionals_nest() -> None:
    """The inner branch is the arm's one node, and binds to the outermost workflow."""

    @workflow
    def choose(n: int) -> int:
        inner = conditional("inner")
        return (
            conditional("outer")
            .if_(n > 5)
            .then(inner.if_(n > 10).then(add(a=n)).else_().then(add(a=2)))
            .else_()
            .then(add(a=3))
        )

    # begun before the outer one, the inner conditional belongs to the workflow and cannot be an arm
    with pytest.raises(InvalidConditional):
        _ = choose.template

    @workflow
    def nested(n: int) -> int:
        return (
            conditional("outer")
            .if_(n > 5)
            .then(conditional("inner").if_(n > 10).then(add(a=n)).else_().then(add(a=2)))
            .else_()
            .then(add(a=3))
        )

    inner_branch = branch_of(nested).arms[0].node.target
    assert isinstance(inner_branch, Branch)
    assert inner_branch.arms[0].node.target == TaskRef(id=add.id)
    assert inner_branch.arms[0].node.inputs[0] == Binding(var="a", data=output("", "n"))


def test_outputs_are_those_that_all_arms_have() -> None:
    """In the order of the first arm; an arm without outputs leaves none."""

    @workflow
    def choose(n: int) -> None:
        two = conditional("two").if_(n > 5).then(named(a=1)).else_().then(named(a=2))
        add(a=two.number)
        common: Any = conditional("one").if_(n > 5).then(split(a=1)).else_().then(add(a=2))
        add(a=common)
        nothing: Any = conditional("none").if_(n > 5).then(say(text="x")).else_().then(add(a=2))
        nothing >> say(text="y")

    bound = [node.inputs[0].data for node in choose.template.nodes if node.target == TaskRef(id=add.id)]
    assert bound == [output("n0", "number"), output("n2", "o0")]
    assert choose.template.nodes[-1].upstream == ("n4",)


def test_what_an_arm_computed_stays_in_the_arm() -> None:
    """It may not have run."""

    @workflow
    def leaky(n: int) -> int:
        conditional("c").if_(n > 5).then(kept := add(a=1)).else_().then(add(a=2))
        return add(a=kept)

    with pytest.raises(ForeignPromise):
        _ = leaky.template


INCOMPLETE: dict[str, Callable[[Any], Any]] = {
    "no else": lambda n: conditional("c").if_(n > 1).then(add(a=1)),
    "no else, no output": lambda n: conditional("c").if_(n > 1).then(shout(text="x")),
    "no then": lambda n: conditional("c").if_(n > 1),
    "no arm": lambda n: conditional("c"),
    "a bare promise": lambda n: conditional("c").if_(n).then(add(a=1)),
    "a plain bool": lambda n: conditional("c").if_(True).then(add(a=1)),
    "an arm without calls": lambda n: conditional("c").if_(n > 1).then(n).else_().fail("x"),
    "an arm with a constant": lambda n: conditional("c").if_(n > 1).then(5).else_().fail("x"),
}


@pytest.mark.parametrize("body", INCOMPLETE.values(), ids=INCOMPLETE)
def test_incomplete_conditional_is_refused_naming_its_line(body: Callable[[Any], Any]) -> None:
    """Always, whether or not its result is used."""

    @workflow
    def wrong(n: int) -> None:
        body(n)

    with pytest.raises(InvalidConditional) as refused:
        _ = wrong.template

    assert (refused.value.file, refused.value.line) == (__file__, body.__code__.co_firstlineno)


def test_python_and_between_conditions_is_refused() -> None:
    """It would drop the first one."""

    @workflow
    def wrong(n: int) -> int:
        return conditional("c").if_(n > 1 and n < 5).then(add(a=1)).else_().fail("x")

    with pytest.raises(PromiseMisuse):
        _ = wrong.template


def test_conditional_needs_a_workflow() -> None:
    """Elsewhere Python's own `if` is there."""
    with pytest.raises(OutsideWorkflow):
        conditional("c")
