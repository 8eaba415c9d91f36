"""Attempts of tasks: retries and their two budgets, backoff, timeouts, outputs that are missing, reports that come late."""

import attrs
import pytest

from plait_core.engine import SYSTEM_RETRIES
from plait_core.engine import _stimuli as st
from plait_core.engine._rows import attempt_rows
from plait_core.engine._turns import fold
from plait_core.ir import events as ev
from plait_core.ir.executions import TaskError
from plait_core.ir.ids import NodeId
from plait_core.ir.launch_plans import ExecutionOptions
from plait_core.ir.phases import AttemptPhase, ExecutionPhase, NodePhase
from plait_core.ir.tasks import RetryPolicy, TaskMetadata
from plait_core.ir.types import INTEGER
from plait_core.ir.units import Result
from plait_core.ir.workflows import NodeMetadata
from tests.unit.engine.play import (
    FLAKY,
    HOPELESS,
    LOST,
    NOON,
    ONE,
    SECOND_NS,
    Play,
    const,
    kinds,
    node,
    of,
    task,
    workflow,
)

N0 = NodeId("n0")


def one_task(retry: RetryPolicy | None = None, timeout_ns: int | None = None) -> Play:
    fetch = task("fetch", metadata=TaskMetadata(retry=retry or RetryPolicy(), timeout_ns=timeout_ns))
    return Play(workflow(node("n0", fetch), outputs={"o0": (INTEGER, of("n0"))}), fetch)


def test_a_task_is_submitted_and_its_outputs_end_the_execution() -> None:
    """The plainest life: scheduled, submitted, succeeded; outputs are those of the node."""
    play = one_task()
    assert play.open == [("attempt", "n0", None, 0)]

    decisions = play.succeed("n0")

    assert decisions == [
        ev.NodeSucceeded(node=N0, outputs=ONE, n=0),
        ev.ExecutionEnded(phase=ExecutionPhase.SUCCEEDED, outputs=ONE),
    ]
    assert play.open == []


def test_a_failed_attempt_is_retried_at_once_without_backoff() -> None:
    """The next attempt has the next number, and a command of its own."""
    play = one_task(RetryPolicy(retries=1))

    decisions = play.fail("n0")

    assert decisions == [
        ev.AttemptFailed(node=N0, n=0, error=FLAKY, phase=AttemptPhase.RETRYABLE_FAILED),
        ev.AttemptScheduled(node=N0, n=1),
    ]
    assert play.open == [("attempt", "n0", None, 1)]


def test_backoff_grows_and_stops_at_its_cap() -> None:
    """The k-th retry waits base × factor^(k-1), at most the cap, from when the failure was heard of."""
    play = one_task(RetryPolicy(retries=4, backoff_base_ns=2 * SECOND_NS, backoff_cap_ns=5 * SECOND_NS))
    waits = []
    for n in range(3):
        _, scheduled = play.fail("n0", n=n)
        assert isinstance(scheduled, ev.AttemptScheduled)
        assert scheduled.due_at_ns is not None
        waits.append((scheduled.due_at_ns - NOON) // SECOND_NS)
        assert play.open == [("timer", "n0", None, n + 1, "retry")]
        play.fire("n0", "retry", n + 1)

    assert waits == [2, 4, 5]
    assert play.open == [("attempt", "n0", None, 3)]


def test_rows_keep_when_each_attempt_was_scheduled() -> None:
    """Though the next one has been scheduled by the time at which the row of a failed one is written."""
    play = one_task(RetryPolicy(retries=2))
    rows = []
    for n in range(2):
        play.now += SECOND_NS
        (failed, scheduled) = attempt_rows(play.state, play.now, play.fail("n0", n=n))
        rows.append((failed, scheduled))

    times = [
        [
            ((row.scheduled_at_ns - NOON) // SECOND_NS, row.started_at_ns and (row.started_at_ns - NOON) // SECOND_NS)
            for row in pair
        ]
        for pair in rows
    ]
    assert times == [[(0, 0), (1, None)], [(1, 1), (2, None)]]


def test_the_last_failure_is_marked_as_such() -> None:
    """Where retries were allowed, the code says that they are used up, and the execution fails with it."""
    play = one_task(RetryPolicy(retries=1))
    play.fail("n0")

    play.fail("n0", n=1)

    assert play.phases == {"n0": NodePhase.FAILED}
    assert play.state.phase is ExecutionPhase.FAILED
    assert play.state.error == attrs.evolve(FLAKY, code="RetriesExhausted|USER:ValueError", node="n0")


def test_what_is_not_recoverable_is_not_retried() -> None:
    """However many retries are left, and its code stays its own."""
    play = one_task(RetryPolicy(retries=5))

    play.fail("n0", HOPELESS)

    assert play.state.error == attrs.evolve(HOPELESS, node="n0")


def test_faults_of_the_system_have_a_budget_of_their_own() -> None:
    """Lost attempts cost none of the user's retries, do not back off, and are not endless."""
    play = one_task(RetryPolicy(retries=1, backoff_base_ns=SECOND_NS))
    for n in range(SYSTEM_RETRIES):
        assert play.fail("n0", LOST, n)[1:] == [ev.AttemptScheduled(node=N0, n=n + 1)]

    play.fail("n0", FLAKY, SYSTEM_RETRIES)
    assert play.open == [("timer", "n0", None, SYSTEM_RETRIES + 1, "retry")]
    play.fire("n0", "retry", SYSTEM_RETRIES + 1)
    play.fail("n0", LOST, SYSTEM_RETRIES + 1)

    assert play.state.error == attrs.evolve(LOST, code="RetriesExhausted|Lost", node="n0")


def test_a_takeover_pays_for_what_it_costs() -> None:
    """An attempt that fails because its engine went away, however often, has the whole budget left for real faults."""
    play = one_task()
    n_takeovers = 2 * SYSTEM_RETRIES
    for n in range(n_takeovers):
        fold(play.state, [ev.Event(seq=play.state.seq + 1, at_ns=NOON, decision=ev.LeaseTaken(owner=f"engine-{n}"))])
        assert play.fail("n0", LOST, n)[1:] == [ev.AttemptScheduled(node=N0, n=n + 1)]

    for n in range(n_takeovers, n_takeovers + SYSTEM_RETRIES - 1):
        assert play.fail("n0", LOST, n)[1:] == [ev.AttemptScheduled(node=N0, n=n + 1)]
    play.fail("n0", LOST, n_takeovers + SYSTEM_RETRIES - 1)

    assert play.state.error == attrs.evolve(LOST, code="RetriesExhausted|Lost", node="n0")


def test_the_policy_of_a_node_replaces_that_of_its_task() -> None:
    """`with_overrides(retries=…)` counts, even where it allows less."""
    fetch = task("fetch", retries=3)
    play = Play(workflow(node("n0", fetch, metadata=NodeMetadata(retry=RetryPolicy()))), fetch)

    assert kinds(play.fail("n0"))[:2] == ["AttemptFailed n0", "NodeEnded n0"]


def test_an_attempt_that_is_too_slow_is_abandoned_and_stopped() -> None:
    """The next attempt begins while the old one is asked to stop; its late result changes nothing."""
    play = one_task(RetryPolicy(retries=1), timeout_ns=60 * SECOND_NS)
    assert play.open == [("attempt", "n0", None, 0), ("timer", "n0", None, 0, "timeout")]

    play.fire("n0", "timeout")

    assert play.open == [
        ("stop", "n0", None, 0),
        ("attempt", "n0", None, 1),
        ("timer", "n0", None, 1, "timeout"),
    ]
    assert play.succeed("n0", 0) == [ev.AttemptStopped(node=N0, n=0)]
    assert play["n0"].phase is NodePhase.RUNNING


def test_an_execution_does_not_end_before_what_it_abandoned_has_stopped() -> None:
    """Nothing runs on behind an execution that is over."""
    play = one_task(timeout_ns=60 * SECOND_NS)
    play.fire("n0", "timeout")
    assert play.state.phase is ExecutionPhase.FAILING

    decisions = play.stopped("n0")

    assert kinds(decisions) == ["AttemptStopped n0", "ExecutionEnded"]
    assert play.state.error is not None
    assert play.state.error.code == "TimeoutExpired"


def test_missing_outputs_are_a_failure_of_the_attempt() -> None:
    """A result without a declared output is named for what lacks."""
    play = one_task()

    play.tell(st.AttemptEnded(NOON, N0, 0, Result(outputs={"other": ONE["o0"]})))

    message = "the attempt ended without the declared outputs o0"
    assert play.state.error == TaskError(code="OutputsNotFound", message=message, node="n0")


def test_progress_only_goes_forward() -> None:
    """A report of an earlier phase that overtook another is not believed."""
    play = one_task()
    running = st.AttemptProgressed(NOON, N0, 0, AttemptPhase.RUNNING)

    assert play.tell(running) == [ev.AttemptMoved(node=N0, n=0, phase=AttemptPhase.RUNNING)]
    assert play.tell(running, st.AttemptProgressed(NOON, N0, 0, AttemptPhase.INITIALIZING)) == []


@pytest.mark.parametrize("n", [0, 2])
def test_reports_of_another_attempt_change_nothing(n: int) -> None:
    """Neither an old attempt nor one that was never made can end the node."""
    play = one_task(RetryPolicy(retries=2))
    play.fail("n0")

    assert play.succeed("n0", n) == []
    assert play.fail("n0", LOST, n) == []


def test_successors_start_when_the_last_upstream_is_done() -> None:
    """A node is admitted once, with the outputs of all it depends on."""
    make, add = task("make"), task("add", "a", "b")
    play = Play(workflow(node("n0", make), node("n1", make), node("n2", add, a=of("n0"), b=of("n1"))), make, add)

    assert kinds(play.succeed("n0")) == ["NodeSucceeded n0"]
    assert kinds(play.succeed("n1")) == ["NodeSucceeded n1", "AttemptScheduled n2"]
    assert play["n2"].inputs() == {"a": ONE["o0"], "b": ONE["o0"]}


def test_no_more_tasks_run_than_are_allowed() -> None:
    """With one place, the second task starts when the first has ended."""
    make = task("make")
    play = Play(workflow(node("n0", make), node("n1", make)), make, options=ExecutionOptions(max_parallelism=1))
    assert play.open == [("attempt", "n0", None, 0)]

    play.succeed("n0")

    assert play.open == [("attempt", "n1", None, 0)]


def test_a_constant_input_needs_nothing() -> None:
    """A binding to a constant is what the node is given."""
    add = task("add", "a")
    play = Play(workflow(node("n0", add, a=const(7))), add)

    assert play["n0"].inputs() == {"a": const(7).value}
