"""How graphs fail: policies, failure nodes, aborts."""

import attrs

from plait_core.engine import _stimuli as st
from plait_core.ir import events as ev
from plait_core.ir.executions import TaskError
from plait_core.ir.ids import NodeId
from plait_core.ir.literals import ErrorValue, Literal
from plait_core.ir.phases import ExecutionPhase, NodePhase
from plait_core.ir.types import ERROR, INTEGER
from plait_core.ir.workflows import WORKFLOW_INPUT, FailurePolicy, Node, Promise, SubWorkflowRef
from plait_core.testing.arithmetic import literal_of
from tests.unit.engine.play import FLAKY, NOON, Play, kinds, node, of, task, workflow

MAKE = task("make")
CLEAN_UP = task("clean_up", types={"x": INTEGER, "err": ERROR}, outputs={})
LATER = FailurePolicy.FAIL_AFTER_EXECUTABLE_NODES_COMPLETE


def handler() -> Node:
    return node("fn0", CLEAN_UP, x=Promise(node=WORKFLOW_INPUT, var="x"))


def abort(play: Play) -> list[ev.Decision]:
    return play.tell(st.AbortAsked(NOON, "changed my mind"))


def test_a_failure_stops_what_runs_at_once() -> None:
    """By default the other attempts are cancelled, and the execution ends when they have stopped."""
    play = Play(workflow(node("n0", MAKE), node("n1", MAKE)), MAKE)

    play.fail("n0")
    assert play.open == [("attempt", "n1", None, 0), ("cancel", "n1", None, 0)]
    decisions = play.stopped("n1")

    assert decisions == [
        ev.NodeEnded(node=NodeId("n1"), phase=NodePhase.ABORTED),
        ev.ExecutionEnded(phase=ExecutionPhase.FAILED, error=attrs.evolve(FLAKY, node="n0")),
    ]


def test_an_attempt_that_ends_while_it_is_stopped_counts_as_stopped() -> None:
    """A success that crosses the request starts nothing."""
    play = Play(workflow(node("n0", MAKE), node("n1", MAKE), node("n2", MAKE, after=["n1"])), MAKE)
    play.fail("n0")

    assert kinds(play.succeed("n1")) == ["NodeEnded n1", "ExecutionEnded"]


def test_what_can_still_run_runs_under_the_patient_policy() -> None:
    """Nodes that do not depend on the failure complete, and their successors too; then the execution fails."""
    nodes = (node("n0", MAKE), node("n1", MAKE), node("n2", MAKE, after=["n1"]), node("n3", MAKE, after=["n0"]))
    play = Play(workflow(*nodes, policy=LATER), MAKE)

    play.fail("n0")
    assert kinds(play.succeed("n1")) == ["NodeSucceeded n1", "AttemptScheduled n2"]
    play.succeed("n2")

    assert play.state.phase is ExecutionPhase.FAILED
    assert "n3" not in play.phases


def test_the_failure_node_gets_the_error_and_the_inputs() -> None:
    """It runs after everything else has ended, and the execution fails with the first error all the same."""
    play = Play(
        workflow(node("n0", MAKE), inputs={"x": INTEGER}, failure_node=handler()),
        MAKE,
        CLEAN_UP,
        inputs={"x": literal_of(3)},
    )

    decisions = play.fail("n0")

    told = Literal(value=ErrorValue(failed_node_id=NodeId("n0"), message=FLAKY.message))
    assert kinds(decisions)[-2:] == ["FailureNodeStarted", "AttemptScheduled fn0"]
    assert play["fn0"].inputs() == {"x": literal_of(3), "err": told}
    assert play.succeed("fn0")[-1] == ev.ExecutionEnded(
        phase=ExecutionPhase.FAILED, error=attrs.evolve(FLAKY, node="n0")
    )


def test_a_failure_node_that_fails_changes_nothing() -> None:
    """The execution ends with the error that made it run."""
    play = Play(
        workflow(node("n0", MAKE), inputs={"x": INTEGER}, failure_node=handler()),
        MAKE,
        CLEAN_UP,
        inputs={"x": literal_of(3)},
    )
    play.fail("n0")

    play.fail("fn0", attrs.evolve(FLAKY, message="this one too"))

    assert play.state.error == attrs.evolve(FLAKY, node="n0")


def test_the_failure_node_runs_when_the_execution_is_aborted() -> None:
    """An abort is told to it as an error, and the execution ends as aborted."""
    play = Play(
        workflow(node("n0", MAKE), inputs={"x": INTEGER}, failure_node=handler()),
        MAKE,
        CLEAN_UP,
        inputs={"x": literal_of(3)},
    )
    abort(play)

    play.stopped("n0")
    assert play["fn0"].phase is NodePhase.RUNNING
    decisions = play.succeed("fn0")

    error = TaskError(code="Aborted", message="changed my mind", is_recoverable=False)
    assert decisions[-1] == ev.ExecutionEnded(phase=ExecutionPhase.ABORTED, error=error)


def test_an_abort_reaches_nested_graphs() -> None:
    """Every attempt below is asked to stop, and each graph ends after what is in it."""
    inner = workflow(node("n0", MAKE), name="inner")
    play = Play(workflow(node("n0", SubWorkflowRef(id=inner.id)), node("n1", MAKE)), inner, MAKE)

    abort(play)
    assert {key for key in play.open if key[0] == "cancel"} == {
        ("cancel", "n0-0-n0", None, 0),
        ("cancel", "n1", None, 0),
    }
    play.stopped("n1")
    decisions = play.stopped("n0-0-n0")

    assert kinds(decisions) == ["NodeEnded n0-0-n0", "NodeEnded n0", "ExecutionEnded"]
    assert set(play.phases.values()) == {NodePhase.ABORTED}


def test_an_abort_before_anything_ends_is_told_once() -> None:
    """A second one changes nothing, and neither does one after the end."""
    play = Play(workflow(node("n0", MAKE)), MAKE)
    abort(play)

    assert abort(play) == []
    play.stopped("n0")
    assert abort(play) == []


def test_a_failure_inside_fails_the_nodes_around_it() -> None:
    """A sub-workflow fails with the error of its node, and the execution names that node."""
    inner = workflow(node("n0", MAKE), name="inner")
    play = Play(workflow(node("n0", SubWorkflowRef(id=inner.id))), inner, MAKE)

    play.fail("n0-0-n0")

    assert play.phases == {"n0": NodePhase.FAILED, "n0-0-n0": NodePhase.FAILED}
    assert play.state.error == attrs.evolve(FLAKY, node="n0-0-n0")


def test_a_handler_below_does_not_save_the_graph() -> None:
    """The failure node of a sub-workflow runs, and the sub-workflow fails after it."""
    inner = workflow(node("n0", MAKE), name="inner", inputs={"x": INTEGER}, failure_node=handler())
    play = Play(
        workflow(node("n0", SubWorkflowRef(id=inner.id), x=of("", var="x")), inputs={"x": INTEGER}),
        inner,
        MAKE,
        CLEAN_UP,
        inputs={"x": literal_of(3)},
    )

    assert kinds(play.fail("n0-0-n0"))[-2:] == ["FailureNodeStarted n0", "AttemptScheduled n0-0-fn0"]
    play.succeed("n0-0-fn0")

    assert play["n0"].phase is NodePhase.FAILED
