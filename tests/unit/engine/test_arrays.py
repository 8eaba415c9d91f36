"""Map nodes: how many elements run, how many must succeed, and what becomes of the rest."""

from typing import Any

import attrs
import pytest

from plait_core.engine import _arrays, _element_folds
from plait_core.engine import _stimuli as st
from plait_core.ir import events as ev
from plait_core.ir.executions import TaskError
from plait_core.ir.ids import NodeId
from plait_core.ir.literals import NOTHING, Collection, Literal
from plait_core.ir.phases import ExecutionPhase, NodePhase
from plait_core.ir.tasks import CachePolicy, RetryPolicy, TaskMetadata, TaskTemplate
from plait_core.ir.types import INTEGER, CollectionType, LiteralType
from plait_core.ir.workflows import Array, TaskRef
from plait_core.testing.arithmetic import literal_of
from tests.unit.engine.play import FLAKY, LOST, NOON, Play, kinds, node, of, task, workflow

N0 = NodeId("n0")
LIST = LiteralType(type=CollectionType(element=INTEGER))
ADD = task("add", "a")


def mapped(size: int, target: TaskTemplate = ADD, **options: Any) -> Play:
    """A map of *target* over a list of *size* integers."""
    array = Array(target=TaskRef(id=target.id), **options)
    graph = workflow(node("n0", array, a=of("", var="xs")), inputs={"xs": LIST})
    return Play(graph, target, inputs={"xs": literal_of([*range(size)])})


def ended(play: Play, *elements: int, n: int = 0) -> list[ev.Decision]:
    """These elements come back, each with its own number."""
    return play.tell(st.ElementsEnded(NOON, N0, [(element, n, literal_of(element)) for element in elements]))


def output(play: Play) -> Literal:
    return play["n0"].outputs["o0"]


def test_outputs_stand_in_the_order_of_the_inputs() -> None:
    """Whatever the order in which they arrive."""
    play = mapped(3)
    assert play.open == [("elements", "n0", 0)]

    ended(play, 2, 0)
    ended(play, 1)

    assert output(play) == literal_of([0, 1, 2])
    assert play.open == []


def test_an_empty_list_is_done_at_once() -> None:
    """With an empty list of outputs, and nothing submitted."""
    play = mapped(0)

    assert output(play) == literal_of([])


def test_lists_that_differ_in_length_are_refused() -> None:
    """The error names them, and no element runs."""
    add = task("add", "a", "b")
    array = node("n0", Array(target=TaskRef(id=add.id)), a=of("", var="xs"), b=of("", var="ys"))
    play = Play(
        workflow(array, inputs={"xs": LIST, "ys": LIST}),
        add,
        inputs={"xs": literal_of([1]), "ys": literal_of([1, 2])},
    )

    assert play.state.error == TaskError(
        code="UnequalLengths",
        message="the lists a, b that are mapped over differ in length",
        is_recoverable=False,
        node="n0",
    )


def test_no_more_elements_run_than_are_allowed() -> None:
    """One that ends makes room for the next."""
    play = mapped(4, parallelism=2)
    assert play.first[-1] == ev.ElementsScheduled(node=N0, start=0, stop=2)

    assert ended(play, 1)[1:] == [ev.ElementsScheduled(node=N0, start=2, stop=3)]
    assert ended(play, 0, 2)[1:] == [ev.ElementsScheduled(node=N0, start=3, stop=4)]


def test_long_maps_are_scheduled_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """No event grows with the map."""
    monkeypatch.setattr(_arrays, "BATCH", 2)

    scheduled = [decision for decision in mapped(5).first if isinstance(decision, ev.ElementsScheduled)]

    assert [(batch.start, batch.stop) for batch in scheduled] == [(0, 2), (2, 4), (4, 5)]


def test_one_failed_element_fails_the_map_and_stops_the_rest() -> None:
    """All must succeed unless something else is said."""
    play = mapped(3)

    play.fail("n0", element=1)
    assert play.open == [("elements", "n0", 0), ("cancel", "n0")]
    play.stopped("n0", element=0)
    ended(play, 2)

    assert play["n0"].phase is NodePhase.FAILED
    assert play.state.error == attrs.evolve(FLAKY, node="n0")


@pytest.mark.parametrize("options", [{"min_success_ratio": 0.5}, {"min_successes": 2}])
def test_enough_successes_are_enough(options: dict[str, Any]) -> None:
    """Elements that failed are nothing in the list."""
    play = mapped(4, **options)
    play.fail("n0", element=0)
    play.fail("n0", element=3)

    ended(play, 1, 2)

    assert output(play) == Literal(value=Collection(literals=(NOTHING, literal_of(1), literal_of(2), NOTHING)))


@pytest.mark.parametrize(("size", "ratio", "needed"), [(100, 0.55, 55), (100, 0.07, 7), (6, 5 / 6, 5), (3, 2 / 3, 2)])
def test_a_ratio_is_of_decimal_numbers(size: int, ratio: float, needed: int) -> None:
    """Rounded up, but not because 0.55 times a hundred is a little more than 55 as floats."""
    array = mapped(size, min_success_ratio=ratio)["n0"].array

    assert array is not None
    assert array.needed == needed


def test_a_map_gives_up_when_it_cannot_succeed_any_more() -> None:
    """The ratio is rounded up: of three elements with a ratio of a half, two must succeed."""
    play = mapped(3, min_success_ratio=0.5, parallelism=1)
    assert kinds(play.fail("n0", element=0)) == ["AttemptFailed n0", "ElementsScheduled n0"]

    play.fail("n0", element=1)

    assert play["n0"].phase is NodePhase.FAILED


def test_a_map_that_runs_all_of_its_elements_fails_when_they_have_ended() -> None:
    """What cannot succeed any more goes on all the same, where somebody asked for that."""
    play = mapped(3, run_all_sub_nodes=True, parallelism=1)

    assert kinds(play.fail("n0", element=0)) == ["AttemptFailed n0", "ElementsScheduled n0"]
    ended(play, 1)
    ended(play, 2)

    assert play["n0"].phase is NodePhase.FAILED


def test_an_element_that_fails_while_its_map_stops_is_not_tried_again() -> None:
    """Whatever its budget."""
    play = mapped(2, task("add", "a", retries=1))
    play.tell(st.AbortAsked(NOON, "enough"))

    assert kinds(play.fail("n0", element=0)) == ["AttemptFailed n0"]
    play.stopped("n0", element=1)

    assert play.state.phase is ExecutionPhase.ABORTED


def test_elements_are_retried_each_from_a_budget_of_its_own() -> None:
    """A loss is paid by the system's, and one element's failures cost the others nothing."""
    play = mapped(2, task("add", "a", retries=1))

    assert play.fail("n0", element=0)[1:] == [ev.AttemptScheduled(node=N0, n=1, element=0)]
    assert play.fail("n0", element=1)[1:] == [ev.AttemptScheduled(node=N0, n=1, element=1)]
    assert play.fail("n0", LOST, 1, element=0)[1:] == [ev.AttemptScheduled(node=N0, n=2, element=0)]
    ended(play, 0, n=2)
    ended(play, 1, n=1)

    assert output(play) == literal_of([0, 1])


def test_late_and_repeated_elements_change_nothing() -> None:
    """Neither an old attempt of an element nor one that has succeeded counts again."""
    play = mapped(2, task("add", "a", retries=1))
    play.fail("n0", element=0)
    ended(play, 1)

    assert ended(play, 0, 1) == []
    assert play.fail("n0", element=1) == []


def test_elements_that_the_cache_holds_are_not_submitted() -> None:
    """The rest is, and the list has both."""
    metadata = TaskMetadata(cache=CachePolicy(version="1"), retry=RetryPolicy())
    play = mapped(3, task("add", "a", metadata=metadata))
    assert play.open == [("cache", "n0", 0)]

    play.tell(st.ElementsLookedUp(NOON, N0, [(1, literal_of(10))], (0, 2)))
    assert play.open == [("elements", "n0", 0)]
    ended(play, 0, 2)

    assert output(play) == literal_of([0, 10, 2])


def test_elements_whose_value_is_being_made_are_asked_about_again() -> None:
    """They are not submitted, and a map that gives up does not wait for them."""
    metadata = TaskMetadata(cache=CachePolicy(version="1", serializable=True), retry=RetryPolicy())
    play, stopped = (mapped(4, task("add", "a", metadata=metadata)) for _ in range(2))

    for it in (play, stopped):
        answered = it.tell(st.ElementsLookedUp(NOON, N0, [(1, literal_of(10))], (0,), held=(2, 3)))
        assert answered[1:] == [ev.ElementsMissed(node=N0, elements=(0,), held=(2, 3))]
        assert it.open == [("elements", "n0", 0), ("cache", "n0", 2)]
    ended(play, 0)
    play.tell(st.ElementsLookedUp(NOON, N0, [(3, literal_of(30))], (), held=(2,)))
    assert play.open == [("cache", "n0", 2)]
    play.tell(st.ElementsLookedUp(NOON, N0, [(2, literal_of(20))], ()))
    stopped.tell(st.AbortAsked(NOON, "enough"))
    for element in (0, 2, 3):
        stopped.tell(st.AttemptGone(NOON, N0, 0, FLAKY, element, is_cancelled=True))

    assert output(play) == literal_of([0, 10, 20, 30])
    assert stopped.state.phase is ExecutionPhase.ABORTED


def test_a_second_answer_of_the_cache_submits_nothing() -> None:
    """A look-up that was repeated after a crash may answer twice; the first answer counts."""
    metadata = TaskMetadata(cache=CachePolicy(version="1"), retry=RetryPolicy())
    play = mapped(2, task("add", "a", metadata=metadata))
    answer = st.ElementsLookedUp(NOON, N0, [], (0, 1))
    play.tell(answer)

    assert play.tell(answer) == []


def test_a_long_list_of_outputs_is_put_together_by_the_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that it can be stored, and the state holds a reference."""
    monkeypatch.setattr(_element_folds, "ASSEMBLE_DIRECTLY", 1)
    play = mapped(2)

    ended(play, 0, 1)
    assert play.open == [("assemble", "n0")]
    decisions = play.tell(st.OutputsAssembled(NOON, N0, literal_of([0, 1])))

    assert kinds(decisions) == ["NodeSucceeded n0", "ExecutionEnded"]


def test_an_abort_stops_every_element() -> None:
    """And the node ends when the last of them has stopped."""
    play = mapped(2)

    play.tell(st.AbortAsked(NOON, "enough"))
    assert play.open == [("elements", "n0", 0), ("cancel", "n0")]
    play.stopped("n0", element=1)
    assert play["n0"].is_cancelling
    decisions = play.stopped("n0", element=0)

    assert kinds(decisions) == ["AttemptFailed n0", "NodeEnded n0", "ExecutionEnded"]
    assert play["n0"].phase is NodePhase.ABORTED
