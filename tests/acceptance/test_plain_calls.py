"""What plain calls of tasks and workflows give, held in memory by the embedded engine."""

import asyncio
from functools import partial
from typing import NamedTuple, Optional

import pytest

from plait import LaunchPlan, TaskFailure, conditional, dynamic, eager, map_task, task, workflow
from plait_core.errors import UserError
from plait_core.errors.authoring import WrongOutputs

One = NamedTuple("One", [("only", int)])


@task
def add(a: int, b: int = 2) -> int:
    return a + b


@task
def explode(a: int) -> int:
    raise RuntimeError(f"ran with {a}")


def test_several_outputs_come_back_as_the_default_tuple() -> None:
    """It can be unpacked and printed."""

    @workflow
    def compute(n: int = 3) -> tuple[int, list[int]]:
        x = add(a=n)
        return x, [x, n]

    assert repr(compute(n=1)) == "DefaultNamedTupleOutput(o0=3, o1=[3, 1])"


def test_one_named_output_stays_a_tuple() -> None:
    """As the annotation says."""

    @workflow
    def compute() -> One:
        return One(add(a=1))

    assert compute() == One(only=3)


def test_arm_that_is_not_taken_does_nothing() -> None:
    """Nor do conditionals inside it, nor the earlier of its calls."""

    @workflow
    def choose(n: int) -> int:
        return (
            conditional("outer")
            .if_(n > 100)
            .then(conditional("inner").if_(n > 0).then(explode(a=1)).else_().then(explode(a=2)))
            .elif_(n > 50)
            .then(add(a=explode(a=3)))
            .elif_(n > 1)
            .then(add(a=add(a=n)))
            .else_()
            .then(add(a=n, b=0))
        )

    assert (choose(n=5), choose(n=1)) == (9, 1)


def test_failing_else_fails_with_its_message() -> None:
    """When nothing holds."""

    @workflow
    def choose(n: int) -> int:
        return conditional("c").if_(n > 5).then(add(a=n)).else_().fail("too small")

    with pytest.raises(UserError, match="too small"):
        choose(n=1)


def test_workflow_returns_an_optional_input_that_is_none() -> None:
    """None is a value."""

    @workflow
    def echo(n: Optional[int] = None) -> Optional[int]:
        return n

    assert (echo(), echo(n=1)) == (None, 1)


def test_async_tasks_take_part_in_plain_workflows() -> None:
    """And can be awaited by themselves."""

    @task
    async def wait(n: int) -> int:
        await asyncio.sleep(0)
        return n + 1

    @workflow
    def uses(n: int) -> int:
        return add(a=wait(n=n))  # type: ignore[arg-type]  # a coroutine, to type checkers

    assert uses(n=1) == 4
    assert asyncio.run(wait(n=1)) == 2


def test_maps_run_over_tasks_and_launch_plans() -> None:
    """Empty lists too."""

    @workflow
    def double(a: int) -> int:
        return add(a=a, b=a)

    plan = LaunchPlan.get_or_create(double, "tests.acceptance.double")

    @workflow
    def mapped(ns: list[int]) -> tuple[list[int], list[int]]:
        return map_task(partial(add, b=10))(a=ns), map_task(plan)(a=ns)

    assert tuple(mapped(ns=[1, 2])) == ([11, 12], [2, 4])
    assert map_task(add)(a=[]) == []


def test_dynamic_and_eager_tasks_work_on_values() -> None:
    """One by making a graph, the other call by call."""

    @dynamic
    def fibonacci(n: int) -> int:
        if n < 2:
            return n
        return add(a=fibonacci(n=n - 1), b=fibonacci(n=n - 2))

    @eager
    async def count(limit: int) -> int:
        reached = 0
        while reached < limit:
            reached = await add.aio(a=reached)
        return reached

    assert fibonacci(n=6) == 8
    assert asyncio.run(count(limit=5)) == 6


def test_untyped_values_are_pickled_where_that_was_agreed() -> None:
    """Anything that can be pickled comes through."""

    @task(pickle_untyped=True)
    def swap(a, b):  # type: ignore[no-untyped-def]
        return {"a": b, "b": a}

    assert swap({1, 2}, 3) == {"a": 3, "b": {1, 2}}


def test_failure_handler_runs_and_the_failure_is_raised() -> None:
    """It is told which node failed, and with what."""
    told: list[object] = []

    @task
    def clean_up(n: int, err: Optional[TaskFailure] = None) -> None:
        told.append((n, err and err.failed_node_id))

    @workflow(on_failure=clean_up)
    def fragile(n: int) -> int:
        return explode(a=n)

    with pytest.raises(RuntimeError, match="ran with 1"):
        fragile(n=1)
    assert told == [(1, "n0")]


def test_wrong_number_of_outputs_is_one_error_at_run_time() -> None:
    """Too many and too few alike."""

    @task
    def wrong(n: int) -> tuple[int, int]:
        return (1,) * n  # type: ignore[return-value]  # under test

    for n in (1, 3):
        with pytest.raises(WrongOutputs):
            wrong(n=n)
