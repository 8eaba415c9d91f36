"""What ``map_task`` records, and what it refuses."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from plait_core.authoring.dynamics import dynamic
from plait_core.authoring.launch_plans import LaunchPlan
from plait_core.authoring.maps import map_task
from plait_core.authoring.tracing import trace
from plait_core.authoring.workflows import workflow
from plait_core.errors.authoring import InvalidMap
from plait_core.ir.workflows import Array, Binding, BindingCollection, LaunchPlanRef, SubWorkflowRef, TaskRef
from tests.unit.authoring.samples import add, output, split


@workflow
def triple(a: int, b: int = 3) -> int:
    return add(a=a, b=b)


@dynamic
def unfold(a: int) -> int:
    return add(a=a)


def test_map_is_one_node_over_lists() -> None:
    """Shared inputs and defaults are handed whole to every element."""

    @workflow
    def mapped(n: int) -> list[int]:
        x = add(a=n)
        return map_task(partial(add, b=x), concurrency=4)(a=[1, x])

    node = mapped.template.nodes[1]
    assert node.target == Array(target=TaskRef(id=add.id), bound_inputs=("b",), parallelism=4)
    assert isinstance(node.inputs[0].data, BindingCollection)
    assert node.inputs[1] == Binding(var="b", data=output("n0", "o0"))


def test_tolerated_failures_make_elements_optional() -> None:
    """The list has None where an element failed."""
    strict, lenient = map_task(add), map_task(add, min_success_ratio=0.5)

    assert strict.python_interface.outputs == {"o0": list[int]}
    assert lenient.python_interface.outputs == {"o0": list[int | None]}
    assert map_task(add, min_success_ratio=1.0).python_interface.outputs == {"o0": list[int]}


def test_overrides_of_a_map_reach_its_elements() -> None:
    """They change the task inside."""

    @workflow
    def mapped() -> list[int]:
        return map_task(add).with_overrides(container_image="x", retries=2)(a=[1])

    (node,) = mapped.template.nodes
    assert isinstance(node.target, Array)
    assert isinstance(node.target.target, TaskRef)
    assert node.target.target.overrides.container_image == "x"
    assert node.metadata.retry is not None


def test_launch_plans_can_be_mapped() -> None:
    """Inputs that are not given are left to the plan."""
    plan = LaunchPlan(f"{__name__}.mapped", triple)

    @workflow
    def mapped(ns: list[int]) -> list[int]:
        return map_task(plan)(a=ns)

    (node,) = mapped.template.nodes
    assert node.target == Array(target=LaunchPlanRef(id=plan.id))
    assert [binding.var for binding in node.inputs] == ["a"]


def test_map_alone_runs_as_a_workflow_of_one_node() -> None:
    """So that it can be called and run like anything else."""
    closure = trace(map_task(add)).closure

    template = closure.workflow_by_id[closure.main]
    assert [type(node.target) for node in template.nodes] == [Array]
    assert [variable.name for variable in template.interface.inputs] == ["a"]


def test_name_changes_with_the_settings() -> None:
    """Two maps over one task do not collide."""
    names = {map_task(add).name, map_task(add, concurrency=1).name, map_task(partial(add, b=1)).name}

    assert len(names) == 3
    assert all(name.startswith("tests.unit.authoring.samples.map_add_") for name in names)


REFUSED: dict[str, Callable[[], Any]] = {
    "several outputs": lambda: map_task(split),
    "a dynamic task": lambda: map_task(unfold),
    "a workflow": lambda: map_task(triple),
    "an unknown shared input": lambda: map_task(partial(add, c=1)),  # type: ignore[call-arg]  # under test
    "a ratio above one": lambda: map_task(add, min_success_ratio=1.5),
    "a negative concurrency": lambda: map_task(add, concurrency=-1),
}


@pytest.mark.parametrize("make", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_mapped_is_refused_at_once(make: Callable[[], Any]) -> None:
    """Where the map is declared."""
    with pytest.raises(InvalidMap):
        make()


def test_lists_of_different_length_are_refused() -> None:
    """None is cut and none is padded."""

    @workflow
    def uneven() -> list[int]:
        return map_task(add)(a=[1, 2], b=[1])

    with pytest.raises(InvalidMap, match="a has 2, b has 1"):
        _ = uneven.template


def test_subworkflow_with_a_map_inside_is_a_way_to_map_workflows() -> None:
    """A workflow around the map is an ordinary node."""

    @workflow
    def inner(ns: list[int]) -> list[int]:
        return map_task(add)(a=ns)

    @workflow
    def outer(ns: list[int]) -> list[int]:
        return inner(ns=ns)

    assert outer.template.nodes[0].target == SubWorkflowRef(id=inner.id)
