"""What the body of a dynamic task makes in a worker."""

import pytest

from plait_core.authoring.conditionals import conditional
from plait_core.authoring.dynamics import dynamic, trace_fragment
from plait_core.authoring.tasks import task
from plait_core.authoring.tracing import trace
from plait_core.errors.authoring import InvalidConditional, InvalidOption, PromiseMisuse
from plait_core.ir.executions import Closure
from plait_core.ir.workflows import BindingCollection
from tests.unit.authoring.samples import add, output


@dynamic
def unfold(n: int) -> list[int]:
    """Call once per number."""
    return [add(a=i) for i in range(n)]


def test_dynamic_task_says_so_in_its_template() -> None:
    """The engine expects a graph from it."""
    assert unfold.template.metadata.is_dynamic


def test_body_makes_a_graph_from_real_values() -> None:
    """Its main workflow has the task's outputs, and constants are literals."""
    fragment = trace_fragment(unfold, {"n": 2})

    assert isinstance(fragment, Closure)
    template = fragment.workflow_by_id[fragment.main]
    assert template.interface.outputs == unfold.interface.outputs
    assert [node.id for node in template.nodes] == ["n0", "n1"]
    assert template.outputs[0].data == BindingCollection(items=(output("n0", "o0"), output("n1", "o0")))
    assert set(fragment.task_by_id) == {add.id}


def test_body_that_calls_nothing_returns_its_value() -> None:
    """No graph, just outputs."""
    assert trace_fragment(unfold, {"n": 0}) == []


def test_dynamic_tasks_may_call_themselves() -> None:
    """The fragment holds the template of the task for the next round."""

    @dynamic
    def count_down(n: int) -> int:
        return count_down(n=n - 1) if n else 0

    fragment = trace_fragment(count_down, {"n": 1})

    assert isinstance(fragment, Closure)
    assert set(fragment.task_by_id) == {count_down.id}


def test_results_of_calls_are_promises_in_the_body() -> None:
    """Only inputs have values."""

    @dynamic
    def wrong(n: int) -> int:
        return 1 if add(a=n) > 3 else 2

    with pytest.raises(PromiseMisuse):
        trace_fragment(wrong, {"n": 1})


def test_conditional_without_else_is_refused_in_the_body() -> None:
    """As in a workflow."""

    @dynamic
    def wrong(n: int) -> None:
        conditional("c").if_(add(a=n) > 3).then(add(a=1))

    with pytest.raises(InvalidConditional):
        trace_fragment(wrong, {"n": 1})


def test_async_dynamic_task_is_refused() -> None:
    """Eager tasks are for that."""
    with pytest.raises(InvalidOption):

        @dynamic
        async def wrong(n: int) -> int:
            return n


def test_entities_that_a_body_names_are_found_in_this_process() -> None:
    """Also those that nobody could import."""

    @task
    def local(a: int) -> int:
        return a

    @dynamic
    def calls() -> int:
        return local(a=1)

    assert {local.id, calls.id} <= set(trace(calls).entities)
