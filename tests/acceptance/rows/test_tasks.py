"""Tasks, through real runs: what a declaration means once something runs."""

import asyncio
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import wraps
from itertools import pairwise
from typing import Any, ParamSpec, TypeVar

import pytest

from plait import (
    Backoff,
    File,
    IgnoreOutputs,
    NonRecoverableError,
    PodTemplate,
    RecoverableError,
    Resources,
    Retry,
    Secret,
    current_context,
    kwtypes,
    task,
    workflow,
)
from plait_core.errors.authoring import MutableDefault, WrongArguments, WrongOutputs
from plait_core.errors.values import ConversionFailed
from plait_core.ir.executions import Fault
from plait_core.ir.launch_plans import ExecutionOptions
from plait_core.ir.phases import AttemptPhase
from plait_core.ir.tasks import Container, PodSpec, ResourceEntry, ResourceName, ResourceSpec
from plait_core.testing.clocks import VirtualClock
from plait_core.testing.memory import MemoryDatabase
from plait_shell import OutputLocation, ShellTask
from tests.acceptance.rows.recording import begin, engine_on, record, units_of

P = ParamSpec("P")
R = TypeVar("R")

ran: list[Any] = []
"""What task bodies note down; emptied before each test."""


@pytest.fixture(autouse=True)
def _nothing_ran() -> None:
    ran.clear()


def noted(function: Callable[P, R]) -> Callable[P, R]:
    """Note down every call."""

    @wraps(function)
    def noting(*args: P.args, **kwargs: P.kwargs) -> R:
        ran.append(kwargs)
        return function(*args, **kwargs)

    return noting


@task
def add(a: int, b: int = 2) -> int:
    """Add."""
    return a + b


@task(retries=2)
def succeed_at_last(until: int) -> int:
    attempt = current_context().attempt
    ran.append(attempt)
    if attempt < until:
        raise ValueError(f"attempt {attempt} fails")
    return attempt


# ── calls ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("call", "result"),
    [
        (lambda: add(1), 3),
        (lambda: add(1, 5), 6),
        (lambda: add(1, b=4), 5),
        (lambda: add(b=1, a=0), 1),
    ],
)
def test_arguments_are_taken_by_position_and_by_name(call: Callable[[], int], result: int) -> None:
    """T-01, T-27: a task called in plain Python runs and returns its value."""
    assert call() == result


def test_positional_arguments_work_inside_workflows() -> None:
    """T-27: with promises and constants alike."""

    @workflow
    def wf(a: int) -> int:
        return add(add(a, 10), add(1))

    assert wf(5) == 18


@pytest.mark.parametrize(("args", "kwargs"), [((1, 2, 3), {}), ((1,), {"a": 1}), ((1,), {"c": 1}), ((), {})])
def test_call_that_does_not_fit_is_refused(args: tuple[int, ...], kwargs: dict[str, int]) -> None:
    """T-27: too many, twice, unknown and missing arguments are one error that names the task."""
    with pytest.raises(WrongArguments, match="add"):
        add(*args, **kwargs)


def test_default_is_used_when_a_workflow_leaves_an_argument_out() -> None:
    """T-29."""

    @workflow
    def wf() -> int:
        return add(a=1)

    assert wf() == 3


def test_mutable_default_works_in_a_plain_call_and_is_refused_in_a_workflow() -> None:
    """T-29: a workflow shares one default among all of its calls."""

    @task
    def total(ns: list[int] = [1, 2]) -> int:  # noqa: B006  # under test
        return sum(ns)

    @workflow
    def wf() -> int:
        return total()

    assert total() == 3
    with pytest.raises(MutableDefault):
        wf()


def test_workflow_may_have_a_mutable_default() -> None:
    """T-29, W-09."""

    @task
    def total(ns: list[int]) -> int:
        return sum(ns)

    @workflow
    def wf(ns: list[int] = [1, 2]) -> int:  # noqa: B006  # under test
        return total(ns=ns)

    assert (wf(), wf(ns=[5])) == (3, 5)


@pytest.mark.parametrize(
    ("declared", "value"), [(int, 1.0), (float, 1), (int, True), (str, 1), (list[int], [1, "2"]), (bool, 0)]
)
def test_values_of_another_type_are_refused_in_plain_calls(declared: type, value: object) -> None:
    """T-28: nothing is widened or coerced."""

    def echo(x: Any) -> None:
        ran.append(x)

    echo.__annotations__["x"] = declared

    with pytest.raises(ConversionFailed):
        task(echo)(x=value)
    assert ran == []


def test_output_of_another_type_is_refused_and_names_the_task() -> None:
    """T-28: such an error is not tried again, because it would be the same."""

    @task(retries=3)
    @noted
    def wrong(x: int) -> int:
        return str(x)  # type: ignore[return-value]  # under test

    recorded = record(wrong, x=1)

    assert recorded.error.code == "USER:TypeError"
    assert "o0" in recorded.error.message
    assert ran == [{"x": 1}]


def test_mutable_values_cross_by_value() -> None:
    """T-28: a task that changes its input changes nothing for others."""

    @task
    def make() -> list[int]:
        return [1]

    @task
    def grow(ns: list[int]) -> list[int]:
        ns.append(2)
        return ns

    @workflow
    def wf() -> tuple[list[int], list[int], list[int]]:
        made = make()
        return made, grow(ns=made), grow(ns=made)

    assert tuple(wf()) == ([1], [1, 2], [1, 2])


def test_task_that_calls_a_task_runs_it_in_place() -> None:
    """T-26: within one attempt, with native values."""

    @task
    def outer(n: int) -> int:
        return add(a=n) + add(a=n, b=n)

    recorded = record(outer, n=3)

    assert recorded.value == 11
    assert len(recorded.attempts) == 1


def test_async_task_runs_in_workflows_and_by_itself() -> None:
    """T-25."""

    @task
    async def double(n: int) -> int:
        await asyncio.sleep(0)
        return n * 2

    @workflow
    def wf(n: int) -> int:
        return add(a=double(n=n), b=0)  # type: ignore[arg-type]  # a coroutine, to type checkers

    assert (asyncio.run(double(n=4)), wf(n=4)) == (8, 8)


def test_wrapped_task_runs_with_what_the_decorator_adds() -> None:
    """T-03, W-25: a decorator that uses functools.wraps is part of the task."""

    @task
    @noted
    def wrapped(n: int) -> int:
        return n + 1

    @workflow
    def wf(n: int) -> int:
        return wrapped(n=n)

    assert wf(n=1) == 2
    assert ran == [{"n": 1}]


greet = ShellTask(
    name="rows.greet",
    script="printf 'hello %s' {inputs.name} > {outputs.said}",
    inputs=kwtypes(name=str),
    output_locs=[OutputLocation("said", File, "said.txt")],
)


def test_task_without_a_function_runs_by_its_kind() -> None:
    """T-36: it is found again by the module variable that holds it."""

    @workflow
    def wf(name: str) -> File:
        said: File = greet(name=name)
        return said

    with wf(name="you").open() as said:
        assert said.read() == "hello you"


def test_what_a_task_asks_of_a_cluster_is_recorded() -> None:
    """T-10 … T-19: plain runs ignore it, and an executor is told."""

    @task(
        container_image="registry/image:1",
        requests=Resources(cpu="1"),
        limits=Resources(cpu="2", mem="1Gi"),
        environment={"COLOUR": "blue"},
        labels={"team": "a"},
        annotations={"note": "b"},
        secret_requests=[Secret(group="g", key="k")],
        pod_template_name="big",
        deprecated="use other",
        shared_memory=True,
    )
    def demanding() -> None:
        pass

    (unit,) = units_of(demanding)

    assert unit.template.target == Container(
        image="registry/image:1",
        env=(("COLOUR", "blue"),),
        resources=ResourceSpec(
            requests=(ResourceEntry(name=ResourceName.CPU, quantity="1"),),
            limits=(
                ResourceEntry(name=ResourceName.CPU, quantity="2"),
                ResourceEntry(name=ResourceName.MEMORY, quantity="1Gi"),
            ),
        ),
    )
    metadata = unit.template.metadata
    assert (metadata.labels, metadata.annotations) == ({"team": "a"}, {"note": "b"})
    assert (metadata.pod_template_name, metadata.deprecated) == ("big", "use other")
    assert [(request.group, request.key) for request in unit.secrets] == [("g", "k")]
    assert unit.template.extended_resources.shared_memory == "limit"


def test_environment_reaches_the_body_and_is_gone_afterwards() -> None:
    """T-11: what the launch asks for wins over what the task does, name by name."""

    @task(environment={"ROWS_COLOUR": "blue"})
    def colour() -> str:
        return os.environ["ROWS_COLOUR"] + os.environ["ROWS_SIZE"]

    recorded = record(colour, options=ExecutionOptions(envs={"ROWS_COLOUR": "red", "ROWS_SIZE": "!"}))

    assert recorded.value == "red!"
    assert "ROWS_COLOUR" not in os.environ


def test_environment_comes_with_a_pod_template_too() -> None:
    """T-11, T-17: the pod's own container carries it."""

    @task(environment={"COLOUR": "blue"}, pod_template=PodTemplate(pod_spec={"containers": [{"name": "primary"}]}))
    def podded() -> None:
        pass

    (unit,) = units_of(podded)

    assert isinstance(unit.template.target, PodSpec)
    assert dict(unit.env) == {"COLOUR": "blue"}


# ── retries ──────────────────────────────────────────────────────────────────


def test_plain_exceptions_are_retried() -> None:
    """T-06, T-49, Q-01: as often as asked, in plain calls too."""
    assert succeed_at_last(until=2) == 2
    assert ran == [0, 1, 2]


def test_the_last_error_is_raised_when_retries_are_used_up() -> None:
    """T-06: attempts are n + 1, and each is recorded."""
    recorded = record(succeed_at_last, until=5)

    assert [attempt.phase for attempt in recorded.attempts] == [
        AttemptPhase.RETRYABLE_FAILED,
        AttemptPhase.RETRYABLE_FAILED,
        AttemptPhase.FAILED,
    ]
    assert recorded.error.code == "RetriesExhausted|USER:RuntimeError"
    with pytest.raises(ValueError, match="attempt 2 fails"):
        succeed_at_last(until=5)


def test_failures_are_not_retried_without_being_asked() -> None:
    """T-06: the default is none."""

    @task
    @noted
    def boom() -> None:
        raise RuntimeError("boom")

    with pytest.raises(RuntimeError, match="boom"):
        boom()
    assert len(ran) == 1


def test_non_recoverable_error_ends_it_at_once() -> None:
    """T-49, Q-01."""

    @task(retries=3)
    @noted
    def boom() -> None:
        raise NonRecoverableError("no use")

    with pytest.raises(NonRecoverableError, match="no use"):
        boom()
    assert len(ran) == 1


def test_retries_may_be_narrowed_to_classes_of_exceptions() -> None:
    """T-06: subclasses count, and an error that says it is recoverable always does."""
    errors = iter([KeyError("subclass of LookupError"), RecoverableError("says so"), ValueError("another")])

    @task(retries=Retry(5, on=[LookupError]))
    @noted
    def flaky() -> None:
        raise next(errors)

    with pytest.raises(ValueError, match="another"):
        flaky()
    assert len(ran) == 3


def test_retries_wait_for_their_backoff() -> None:
    """T-06: exponential, up to the cap."""
    clock = VirtualClock()

    @task(retries=Retry(3, backoff=Backoff(base=timedelta(seconds=10), cap=timedelta(seconds=25))))
    def flaky() -> None:
        ran.append(clock.now_ns() // 10**9)
        raise ValueError

    async def run() -> None:
        async with engine_on(MemoryDatabase(clock), clock=clock) as engine:
            execution = await begin(engine, flaky)
            await clock.run_until_idle()
            await engine.wait(execution)

    asyncio.run(run())
    assert [later - earlier for earlier, later in pairwise(ran)] == [10, 20, 25]


# ── timeouts ─────────────────────────────────────────────────────────────────


def test_async_body_is_stopped_at_its_timeout_and_tried_again() -> None:
    """T-07: the expiry is a retryable error of the user."""

    @task(timeout=timedelta(milliseconds=20), retries=1)
    async def stuck() -> None:
        await asyncio.Event().wait()

    recorded = record(stuck)

    assert recorded.codes == ["TimeoutExpired", "TimeoutExpired"]
    assert recorded.error.fault is Fault.USER


def test_sync_body_is_judged_by_its_timeout_when_it_ends() -> None:
    """T-07: nothing can stop it in this process, but what came too late does not count."""

    @task(timeout=timedelta(microseconds=1))
    def slow() -> int:
        return sum(range(10_000))

    assert record(slow).codes == ["TimeoutExpired"]


def test_timeout_of_zero_is_none() -> None:
    """T-07."""

    @task(timeout=0)
    def quick() -> int:
        return 1

    assert quick() == 1


# ── errors ───────────────────────────────────────────────────────────────────


class Coded(Exception):
    """An exception with a code of its own."""

    def __init__(self, code: object) -> None:
        super().__init__("coded")
        self.error_code = code


@pytest.mark.parametrize(
    ("code", "told"), [("OutOfCheese", "USER:OutOfCheese"), (7, "USER:7"), (None, "USER:RuntimeError")]
)
def test_exception_may_carry_the_code_that_is_recorded(code: object, told: str) -> None:
    """T-48: text and numbers are taken; without one the code is the usual."""

    @task
    def boom() -> None:
        raise Coded(code)

    assert record(boom).error.code == told


def test_ignored_outputs_end_a_task_without_outputs_well() -> None:
    """T-50: for workers that have nothing to say."""

    @task
    def follower() -> None:
        raise IgnoreOutputs

    assert record(follower).codes == [""]


def test_ignored_outputs_fail_a_task_whose_outputs_are_declared() -> None:
    """T-50: nobody else made them, and successors count on them."""

    @task
    def follower() -> int:
        raise IgnoreOutputs

    assert record(follower).error.code == "OutputsNotFound"


def test_tuple_in_place_of_one_output_is_refused() -> None:
    """T-53."""

    @task
    def pair() -> int:
        return (1, 2)  # type: ignore[return-value]  # under test

    with pytest.raises(WrongOutputs):
        pair()


# ── the context ──────────────────────────────────────────────────────────────


def test_context_names_the_execution_and_the_task() -> None:
    """T-47: ids, date, directories, and what the body may use."""

    @task
    def look() -> dict[str, str]:
        context = current_context()
        return {
            "execution": str(context.execution_id),
            "task": context.task_id.name,
            "attempt": str(context.attempt),
            "age": str((datetime.now(UTC) - context.execution_date) < timedelta(minutes=1)),
            "directory": str(context.working_directory.is_dir()),
            "prefix": context.raw_output_prefix,
            "log": context.logging.name,
        }

    recorded = record(look)

    seen = recorded.value
    assert seen.pop("prefix").endswith(f"{recorded.ending.execution}/n0/0")
    assert seen == {
        "execution": str(recorded.ending.execution),
        "task": look.name,
        "attempt": "0",
        "age": "True",
        "directory": "True",
        "log": f"plait.task.{look.name}",
    }


def test_checkpoint_of_a_failed_attempt_is_read_by_the_next() -> None:
    """T-47."""

    @task(retries=1)
    def resume() -> int:
        checkpoint = current_context().checkpoint
        before = checkpoint.read()
        if before is None:
            checkpoint.write(b"41")
            raise RuntimeError("interrupted")
        return int(before) + 1

    assert resume() == 42


def test_attempts_run_under_the_name_of_module_and_function() -> None:
    """T-02."""
    assert record(add, a=1).attempts[0].id.task.name == "tests.acceptance.rows.test_tasks.add"
