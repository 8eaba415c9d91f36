"""What nodes start: sub-workflows, executions of launch plans, the graphs of dynamic tasks, the calls of eager ones."""

import attrs

from plait_core.engine import _stimuli as st
from plait_core.engine._children import child_execution
from plait_core.ir import events as ev
from plait_core.ir.executions import Closure, TaskError
from plait_core.ir.ids import EntityId, EntityKind, NodeId
from plait_core.ir.interfaces import Parameter, Variable
from plait_core.ir.launch_plans import ExecutionOptions, LaunchPlanTemplate
from plait_core.ir.phases import ExecutionPhase, NodePhase
from plait_core.ir.tasks import RetryPolicy, TaskMetadata
from plait_core.ir.types import INTEGER
from plait_core.ir.units import Result
from plait_core.ir.workflows import LaunchPlanRef, SubWorkflowRef
from plait_core.testing.arithmetic import literal_of
from tests.unit.engine.play import FLAKY, LOST, NOON, ONE, SECOND_NS, Play, const, kinds, node, of, task, workflow

N0 = NodeId("n0")
MAKE, ADD = task("make"), task("add", "a")
INNER = workflow(
    node("n0", ADD, a=of("", var="x")), name="inner", inputs={"x": INTEGER}, outputs={"o0": (INTEGER, of("n0"))}
)
DYNAMIC = task("grow", metadata=TaskMetadata(is_dynamic=True))
EAGER = task("lead", metadata=TaskMetadata(is_eager=True, retry=RetryPolicy(retries=2)))


def test_a_sub_workflow_runs_within_the_execution() -> None:
    """Its nodes have ids below its own; its outputs are those of its graph."""
    outer = workflow(node("n0", SubWorkflowRef(id=INNER.id), x=const(5)), outputs={"o0": (INTEGER, of("n0"))})
    play = Play(outer, INNER, ADD)
    assert play["n0-0-n0"].inputs() == {"a": literal_of(5)}

    decisions = play.succeed("n0-0-n0")

    assert kinds(decisions) == ["NodeSucceeded n0-0-n0", "NodeSucceeded n0", "ExecutionEnded"]
    assert play.state.outputs == ONE


# ── launch plans ─────────────────────────────────────────────────────────────


def launching() -> Play:
    plan = LaunchPlanTemplate(
        id=EntityId(kind=EntityKind.LAUNCH_PLAN, name="plan"),
        workflow=INNER.id,
        parameters=(Parameter(variable=Variable(name="x", type=INTEGER)),),
        expected_outputs=INNER.interface.outputs,
    )
    return Play(workflow(node("n0", LaunchPlanRef(id=plan.id), x=const(5))), INNER, ADD, plan)


def test_the_execution_of_a_launch_plan_is_named_by_its_node() -> None:
    """The same name whenever it is asked, so starting it twice starts it once."""
    play = launching()

    assert play.first[-1] == ev.ChildStarted(node=N0, execution=child_execution(play.state.id, N0))
    assert play.open == [("child", "n0", None)]


def test_a_node_ends_as_the_execution_it_started() -> None:
    """With its outputs, or with its error."""
    good, bad = launching(), launching()

    good.tell(st.ChildEnded(NOON, N0, ONE))
    bad.tell(st.ChildEnded(NOON, N0, error=FLAKY))

    assert good["n0"].outputs == ONE
    assert bad.state.error == attrs.evolve(FLAKY, node="n0")


def test_an_abort_reaches_the_execution_that_was_started() -> None:
    """The node waits until that has ended."""
    play = launching()

    play.tell(st.AbortAsked(NOON, "enough"))
    assert play.open == [("child", "n0", None), ("abort", "n0", None)]
    play.tell(st.ChildEnded(NOON, N0, error=FLAKY))

    assert play.state.phase is ExecutionPhase.ABORTED


# ── dynamic tasks ────────────────────────────────────────────────────────────


def growing(options: ExecutionOptions | None = None) -> Play:
    """An execution whose dynamic task has come back with a graph."""
    play = Play(workflow(node("n0", DYNAMIC), outputs={"o0": (INTEGER, of("n0"))}), DYNAMIC, options=options)
    play.tell(st.AttemptEnded(NOON, N0, 0, Result(fragment=Closure(main=INNER.id)), fragment="closure-1"))
    return play


def compiled(play: Play) -> list[ev.Decision]:
    grown = workflow(node("n0", MAKE), name="grown", outputs={"o0": (INTEGER, of("n0"))})
    return play.tell(st.FragmentChecked(NOON, N0, 0, play.keep(grown, MAKE), {}))


def test_the_graph_of_a_dynamic_task_is_compiled_before_it_opens() -> None:
    """Its nodes have ids that name the attempt; its outputs are the node's."""
    play = growing()
    assert play.open == [("fragment", "n0", 0)]

    assert kinds(compiled(play)) == ["FragmentCompiled n0", "AttemptScheduled n0-0-n0"]
    assert play["n0"].phase is NodePhase.DYNAMIC_RUNNING
    play.succeed("n0-0-n0")

    assert play.state.outputs == ONE


def test_a_faulty_graph_fails_the_node() -> None:
    """With what the compiler says."""
    play = growing()
    error = TaskError(code="CompileFailed", message="a cycle", is_recoverable=False)

    play.tell(st.FragmentChecked(NOON, N0, 0, "closure-1", {}, error))

    assert play.state.error == attrs.evolve(error, node="n0")


def test_a_dynamic_task_leaves_its_place_to_its_graph() -> None:
    """With a single place, its nodes run all the same."""
    play = growing(ExecutionOptions(max_parallelism=1))

    compiled(play)

    assert play.open == [("attempt", "n0-0-n0", None, 0)]


# ── eager tasks ──────────────────────────────────────────────────────────────


def leading(options: ExecutionOptions | None = None) -> Play:
    return Play(workflow(node("n0", EAGER), outputs={"o0": (INTEGER, of("n0"))}), EAGER, options=options)


def call(play: Play, n: int = 0, key: str = "add-1") -> list[ev.Decision]:
    return play.tell(st.Called(NOON, N0, n, key, ADD.id, {"a": literal_of(5)}, play.keep(ADD), {}))


def test_a_call_becomes_a_node_of_its_own() -> None:
    """It is named by caller and key, and given what the call gives."""
    play = leading()

    assert kinds(call(play)) == ["ChildCalled n0", "AttemptScheduled n0-add-1"]
    assert play["n0-add-1"].inputs() == {"a": literal_of(5)}


def test_a_call_that_is_repeated_finds_its_node() -> None:
    """In the same attempt, and when a later one replays it: whether it runs still or has succeeded."""
    play = leading()
    call(play)

    assert call(play) == []
    play.succeed("n0-add-1")
    play.fail("n0", LOST)

    assert call(play, 1) == []


def test_what_an_eager_task_called_outlives_an_attempt_that_is_retried() -> None:
    """Losing the caller loses none of the work it had others do."""
    play = leading()
    call(play)

    play.fail("n0", LOST)

    assert play.open == [("attempt", "n0-add-1", None, 0), ("attempt", "n0", None, 1)]
    assert call(play, 1) == []


def test_an_eager_task_that_is_too_slow_takes_its_calls_with_it() -> None:
    """The execution ends when all of them have stopped."""
    lead = task("lead", metadata=TaskMetadata(is_eager=True, timeout_ns=SECOND_NS))
    play = Play(workflow(node("n0", lead)), lead)
    call(play)

    play.fire("n0", "timeout")
    assert [key[:2] for key in play.open if key[0] in {"cancel", "stop"}] == [("cancel", "n0-add-1"), ("stop", "n0")]
    play.stopped("n0-add-1")
    play.stopped("n0")

    assert play.state.phase is ExecutionPhase.FAILED


def test_a_call_that_failed_is_made_anew_by_the_next_attempt() -> None:
    """Else a retry of the caller could never succeed."""
    play = leading()
    call(play)
    play.fail("n0-add-1")
    play.fail("n0")

    decisions = call(play, 1)

    assert kinds(decisions) == ["ChildCalled n0", "AttemptScheduled n0-add-1-r1"]


def test_a_call_of_an_attempt_that_is_over_changes_nothing() -> None:
    """Only the present attempt may call."""
    play = leading()
    play.fail("n0")

    assert call(play, 0) == []


def test_what_an_eager_task_left_running_ends_with_it() -> None:
    """Nobody waits for it any more; the execution ends when it has stopped."""
    play = leading()
    call(play)

    play.succeed("n0")
    assert play.open == [("attempt", "n0-add-1", None, 0), ("cancel", "n0-add-1", None, 0)]
    play.stopped("n0-add-1")

    assert play.state.phase is ExecutionPhase.SUCCEEDED


def test_a_failed_call_fails_nobody_but_the_caller_who_lets_it() -> None:
    """The caller may catch the error, and succeed."""
    play = leading()
    call(play)
    assert kinds(play.fail("n0-add-1")) == ["AttemptFailed n0-add-1", "NodeEnded n0-add-1"]

    play.succeed("n0")

    assert play.state.phase is ExecutionPhase.SUCCEEDED


def test_an_eager_task_leaves_its_place_to_its_calls() -> None:
    """With a single place, what it calls runs all the same."""
    play = leading(ExecutionOptions(max_parallelism=1))

    call(play)

    assert play.open == [("attempt", "n0", None, 0), ("attempt", "n0-add-1", None, 0)]


def test_an_abort_reaches_what_an_eager_task_called() -> None:
    """Both attempts are asked to stop."""
    play = leading()
    call(play)

    play.tell(st.AbortAsked(NOON, "enough"))

    assert [key for key in play.open if key[0] == "cancel"] == [
        ("cancel", "n0", None, 0),
        ("cancel", "n0-add-1", None, 0),
    ]
