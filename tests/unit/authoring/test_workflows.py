"""What tracing a workflow leaves: nodes, bindings, order and outputs."""

import gc
import time
from typing import Any, Optional

import pytest

from plait_core.authoring.imperative import ImperativeWorkflow
from plait_core.authoring.ordering import create_node
from plait_core.authoring.resources import Resources
from plait_core.authoring.tasks import task
from plait_core.authoring.tracing import trace
from plait_core.authoring.workflows import workflow
from plait_core.errors.authoring import (
    InvalidOption,
    InvalidWorkflow,
    MutableDefault,
    OutsideWorkflow,
    UnknownOptions,
    WrongOutputs,
)
from plait_core.errors.values import ConversionFailed
from plait_core.ir.tasks import CachePolicy, ResourceEntry, ResourceName, ResourceSpec, RetryPolicy
from plait_core.ir.workflows import Binding, FailurePolicy, SourceLine, SubWorkflowRef, TaskOverrides, TaskRef
from plait_core.types.failures import TaskFailure
from tests.unit.authoring.samples import Pair, add, named, output, say, shout, split, total


def test_calls_become_nodes_in_their_order() -> None:
    """Ids count up, inputs are bound by name, and each node knows its line."""

    @workflow
    def chain(n: int) -> int:
        return add(a=add(n, 1), b=n)

    first, second = chain.template.nodes
    line = chain.function.__code__.co_firstlineno + 2
    assert (first.id, first.target, first.source) == ("n0", TaskRef(id=add.id), SourceLine(file=__file__, line=line))
    assert second.inputs == (
        Binding(var="a", data=output("n0", "o0")),
        Binding(var="b", data=output("", "n")),
    )
    assert chain.template.outputs == (Binding(var="o0", data=output("n1", "o0")),)


def test_outputs_can_be_unpacked_named_and_indexed() -> None:
    """The tuple of promises behaves like the tuple of values."""

    @workflow
    def unpacking() -> Pair:
        number, _ = split(a=1)
        pair = named(a=number)
        add(a=split(a=2)[0], b=pair[0])
        return Pair(pair.number, pair.text)

    assert [binding.data for binding in unpacking.template.outputs] == [
        output("n1", "number"),
        output("n1", "text"),
    ]


def test_constants_and_inputs_can_be_outputs() -> None:
    """Also an optional input whose value may be None."""

    @workflow
    def echo(n: Optional[int]) -> tuple[Optional[int], str]:
        return n, "done"

    assert [binding.var for binding in echo.template.outputs] == ["o0", "o1"]


def test_wrong_constant_is_refused_at_the_call() -> None:
    """Types are checked when the call is written."""

    @workflow
    def wrong() -> int:
        return add(a="three")  # type: ignore[arg-type]  # under test

    with pytest.raises(ConversionFailed):
        _ = wrong.template


def test_returning_the_wrong_number_of_outputs_is_refused() -> None:
    """As for tasks, with the same class."""

    @workflow
    def wrong() -> tuple[int, int]:
        return add(a=1)  # type: ignore[return-value]  # under test

    with pytest.raises(WrongOutputs):
        _ = wrong.template


def test_order_without_values_is_an_upstream_edge() -> None:
    """By the operator, the method and the override; nothing and tuples have a place in the order too."""

    @workflow
    def ordered() -> None:
        first = say(text="a")
        second = split(a=1)
        third = say(text="b")
        first >> second >> third
        first.runs_before(third)
        shout.with_overrides(after=[first, third])(text="c")

    assert [node.upstream for node in ordered.template.nodes] == [(), ("n0",), ("n1", "n0"), ("n0", "n2")]


def test_subworkflow_is_one_node_and_comes_with_its_template() -> None:
    """Its nodes keep ids of their own."""

    @workflow
    def inner(n: int = 3) -> int:
        return add(a=n)

    @workflow
    def outer() -> int:
        return inner()

    closure = trace(outer).closure
    assert outer.template.nodes[0].target == SubWorkflowRef(id=inner.id)
    assert set(closure.workflow_by_id) == {outer.id, inner.id}
    assert {plan.workflow for plan in closure.launch_plans} == {outer.id, inner.id}


def test_default_that_could_be_changed_is_refused_for_tasks() -> None:
    """Passing a value is fine, and workflows may have such defaults."""

    @task
    def collect(a: list[int] = []) -> int:  # noqa: B006  # under test
        return sum(a)

    @workflow
    def relies(a: list[int] = []) -> int:  # noqa: B006  # under test
        total(numbers=a)
        return collect()

    with pytest.raises(MutableDefault):
        _ = relies.template


def test_overrides_are_written_into_the_node() -> None:
    """The id is normalised; a single resource is request and limit."""

    @workflow
    def changed() -> None:
        add(a=1).with_overrides(  # type: ignore[attr-defined]  # a promise
            node_name="My_Node",
            name="shown",
            retries=3,
            timeout=5,
            interruptible=True,
            cache=True,
            cache_version="2",
            resources=Resources(cpu="1"),
            container_image="other",
            aliases={"o0": "sum"},
        )

    (node,) = changed.template.nodes
    one = (ResourceEntry(name=ResourceName.CPU, quantity="1"),)
    assert (node.id, node.metadata.name, node.output_aliases) == ("my-node", "shown", (("o0", "sum"),))
    assert (node.metadata.retry, node.metadata.timeout_ns) == (RetryPolicy(retries=3), 5 * 10**9)
    assert (node.metadata.cache_enabled, node.metadata.cache) == (True, CachePolicy(version="2"))
    assert node.target == TaskRef(
        id=add.id,
        overrides=TaskOverrides(resources=ResourceSpec(requests=one, limits=one), container_image="other"),
    )


def test_unknown_override_is_refused() -> None:
    """It is not swallowed."""

    @workflow
    def wrong() -> None:
        add(a=1).with_overrides(retrys=3)  # type: ignore[attr-defined]  # a promise

    with pytest.raises(UnknownOptions):
        _ = wrong.template


def test_task_override_of_a_subworkflow_is_refused() -> None:
    """It would have no effect."""

    @workflow
    def inner() -> int:
        return add(a=1)

    @workflow
    def outer() -> int:
        return inner.with_overrides(container_image="x")()

    with pytest.raises(InvalidOption):
        _ = outer.template


def test_created_node_offers_its_outputs() -> None:
    """By attribute and by name; it can be ordered like a result."""

    @workflow
    def explicit() -> str:
        first = create_node(shout, text="x")
        second = create_node(named, a=1)
        first >> second
        assert second.outputs["number"] is not None
        return second.text  # type: ignore[return-value]  # a promise

    assert explicit.template.outputs == (Binding(var="o0", data=output("n1", "text")),)
    assert explicit.template.nodes[1].upstream == ("n0",)


def test_what_needs_a_workflow_says_so_elsewhere() -> None:
    """There is no node to create."""
    with pytest.raises(OutsideWorkflow):
        create_node(add, a=1)


def test_failure_handler_gets_the_inputs_and_the_error() -> None:
    """The engine fills in ``err``; other extra inputs get their default."""

    @task
    def clean_up(n: int, err: Optional[TaskFailure] = None, note: str = "x") -> None: ...

    @workflow(on_failure=clean_up, failure_policy=FailurePolicy.FAIL_AFTER_EXECUTABLE_NODES_COMPLETE)
    def fragile(n: int) -> int:
        return add(a=n)

    template = fragile.template
    assert template.failure_node is not None
    assert (template.failure_node.id, template.failure_node.target) == ("fn0", TaskRef(id=clean_up.id))
    assert [binding.var for binding in template.failure_node.inputs] == ["n", "note"]
    assert template.failure_policy is FailurePolicy.FAIL_AFTER_EXECUTABLE_NODES_COMPLETE
    assert clean_up.id in trace(fragile).closure.task_by_id


@pytest.mark.parametrize("handler", [total, split], ids=["needs more", "lacks one"])
def test_failure_handler_that_does_not_fit_is_refused(handler: Any) -> None:
    """It must take the workflow's inputs, and need nothing else."""

    @workflow(on_failure=handler)
    def fragile(n: int) -> int:
        return add(a=n)

    with pytest.raises(InvalidWorkflow):
        _ = fragile.template


def test_failure_handler_that_cannot_be_told_the_error_is_refused() -> None:
    """Text named ``err`` would stay as it is; the remedy shows what would not."""

    @task
    def clean_up(n: int, err: str = "") -> None: ...

    @workflow(on_failure=clean_up)
    def fragile(n: int) -> int:
        return add(a=n)

    with pytest.raises(InvalidWorkflow) as refused:
        _ = fragile.template

    assert "'err' is no TaskFailure" in refused.value.problem
    assert "'err: TaskFailure | None = None'" in refused.value.remedy


def test_unknown_failure_policy_is_refused() -> None:
    """At decoration."""
    with pytest.raises(InvalidOption):
        workflow(failure_policy="never")(lambda: None)  # type: ignore[call-overload]  # under test


def test_imperative_workflow_equals_the_decorated_one() -> None:
    """Put together call by call, it is the same graph."""

    @workflow
    def decorated(n: int) -> int:
        return add(a=n, b=1)

    built = ImperativeWorkflow("built")
    declared = built.add_workflow_input("n", int)
    node = built.add_entity(add, a=built.inputs["n"], b=1)
    built.add_workflow_output("o0", node.outputs["o0"])

    assert {name: repr(promise) for name, promise in built.inputs.items()} == {"n": repr(declared)}
    assert built.template.nodes == decorated.template.nodes
    assert built.template.outputs == decorated.template.outputs
    assert built.interface == decorated.interface


def test_imperative_workflow_is_ready_when_it_has_a_node_and_uses_its_inputs() -> None:
    """Until then its graph cannot be had."""
    built = ImperativeWorkflow("unready")
    assert not built.ready()
    with pytest.raises(InvalidWorkflow):
        _ = built.graph

    n = built.add_workflow_input("n", int)
    built.add_entity(add, a=1)
    assert not built.ready()

    built.add_entity(add, a=n)
    assert built.ready()


def test_imperative_workflow_needs_distinct_names_and_known_types() -> None:
    """A list of promises has no type of its own."""
    built = ImperativeWorkflow("strict")
    built.add_workflow_input("n", int)
    node = built.add_entity(add, a=1)
    built.add_workflow_output("r", node.o0)

    with pytest.raises(InvalidWorkflow):
        built.add_workflow_input("n", int)
    with pytest.raises(InvalidWorkflow):
        built.add_workflow_output("r", node.o0)
    with pytest.raises(InvalidWorkflow):
        built.add_workflow_output("s", [node.o0])
    built.add_workflow_output("s", [node.o0], python_type=list[int])


def test_tracing_time_per_node_does_not_grow() -> None:
    """20 000 nodes cost about a hundred times what 200 do; the bound is wide, because machines are busy."""

    def seconds_per_node(n: int) -> float:
        @workflow
        def long(seed: int) -> int:
            for _ in range(n):
                seed = add(a=seed, b=1)
            return seed

        began = time.process_time()
        assert len(long.template.nodes) == n
        return (time.process_time() - began) / n

    gc.disable()  # its own cost grows with the size of the whole process
    try:
        short, long = (min(seconds_per_node(n) for _ in range(tries)) for n, tries in ((200, 5), (20_000, 2)))
    finally:
        gc.enable()

    assert long < 3 * short
