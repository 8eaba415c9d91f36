"""Control flow, through real runs: conditionals, dynamic and eager tasks, maps and gates."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any, Optional

import pytest

from plait import (
    File,
    LaunchPlan,
    approve,
    conditional,
    current_context,
    dynamic,
    eager,
    map_task,
    sleep,
    task,
    wait_for_input,
    workflow,
)
from plait_core.errors import UserError
from plait_core.errors.authoring import InvalidConditional, InvalidMap, PromiseMisuse
from plait_core.ir.ids import ExecutionId
from plait_core.ir.literals import Literal
from plait_core.plugins import process_plugins
from plait_core.testing.clocks import VirtualClock
from plait_core.testing.memory import MemoryDatabase
from tests.acceptance.rows.recording import Record, begin, boolean, engine_on, finished, literals, record

ran: list[Any] = []
"""What task bodies note down; emptied before each test."""


@pytest.fixture(autouse=True)
def _nothing_ran() -> None:
    ran.clear()


@task
def add(a: int, b: int = 2) -> int:
    return a + b


@task
def say(what: str) -> str:
    ran.append(what)
    return what


@task
def note(what: str) -> None:
    ran.append(what)


@task
def odd_fails(n: int) -> int:
    ran.append(n)
    if n % 2:
        raise ValueError(f"{n} is odd")
    return n * 10


# ── conditionals ─────────────────────────────────────────────────────────────


def test_arms_that_are_not_taken_are_skipped() -> None:
    """W-30, W-37: each is a node that ends in SKIPPED."""

    @workflow
    def wf(n: int) -> str:
        return (
            conditional("size")
            .if_(n > 10)
            .then(say(what="big"))
            .elif_(n > 5)
            .then(say(what="middle"))
            .else_()
            .then(say(what="small"))
        )

    recorded = record(wf, n=7)

    assert (recorded.value, ran) == ("middle", ["middle"])
    assert recorded.phases == {
        "n0": "SUCCEEDED",
        "n0-0-n0": "SKIPPED",
        "n0-0-n1": "SUCCEEDED",
        "n0-0-n2": "SKIPPED",
    }


def test_conditional_may_fail_when_nothing_holds() -> None:
    """W-31: with its message, as a fault of the user."""

    @workflow
    def wf(n: int) -> int:
        return conditional("c").if_(n > 5).then(add(a=n)).else_().fail("n must exceed 5")

    recorded = record(wf, n=1)

    assert (recorded.error.message, recorded.error.fault.value) == ("n must exceed 5", "user")
    with pytest.raises(UserError, match="n must exceed 5"):
        wf(n=1)


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (lambda n, t, o, b: n == 3, True),
        (lambda n, t, o, b: n != 3, False),
        (lambda n, t, o, b: n <= 3, True),
        (lambda n, t, o, b: n >= 4, False),
        (lambda n, t, o, b: n > 2, True),
        (lambda n, t, o, b: n < 3.5, True),
        (lambda n, t, o, b: t == "x", True),
        (lambda n, t, o, b: (n > 1) & (t == "y"), False),
        (lambda n, t, o, b: (n > 1) & (t == "x") | (n == 100), True),
        (lambda n, t, o, b: b.is_true(), True),
        (lambda n, t, o, b: b.is_false(), False),
        (lambda n, t, o, b: b.is_(True), True),
        (lambda n, t, o, b: o.is_none(), True),
        (lambda n, t, o, b: add(a=n) > n, True),
    ],
)
def test_comparisons_and_their_combinations_hold_as_in_python(condition: Callable[..., Any], holds: bool) -> None:
    """W-32: of inputs and outputs, with operands on either side."""

    @task
    def yes() -> bool:
        return True

    @workflow
    def wf(n: int, t: str, o: Optional[int] = None) -> str:
        return conditional("c").if_(condition(n, t, o, yes())).then(say(what="then")).else_().then(say(what="else"))

    assert wf(n=3, t="x") == ("then" if holds else "else")


@pytest.mark.parametrize(
    "condition", [lambda n: True, lambda n: n, lambda n: n > 1 and n < 5, lambda n: not n, lambda n: (n > 1) & True]
)
def test_conditions_that_are_no_comparison_are_refused(condition: Callable[[Any], Any]) -> None:
    """W-32."""

    @workflow
    def wf(n: int) -> str:
        return conditional("c").if_(condition(n)).then(say(what="a")).else_().then(say(what="b"))

    with pytest.raises((InvalidConditional, PromiseMisuse)):
        wf(n=1)


def test_missing_else_is_refused_without_outputs_too() -> None:
    """W-33, Q-04."""

    @workflow
    def wf(n: int) -> None:
        conditional("c").if_(n > 1).then(note(what="x"))

    with pytest.raises(InvalidConditional, match="else"):
        wf(n=1)


def test_result_of_a_conditional_goes_on() -> None:
    """W-34: also where arms have several outputs, of which the common ones remain."""

    @task
    def both(n: int) -> tuple[int, str]:
        return n, str(n)

    @workflow
    def wf(n: int) -> int:
        chosen: Any = conditional("c").if_(n > 1).then(both(n=n)).else_().then(add(a=n))
        return add(a=chosen, b=100)

    assert (wf(n=5), wf(n=1)) == (105, 103)


def test_arm_without_outputs_makes_the_conditional_give_nothing() -> None:
    """W-34."""

    @workflow
    def wf(n: int) -> None:
        conditional("c").if_(n > 1).then(say(what="text")).else_().then(note(what="nothing"))

    wf(n=1)
    wf(n=2)
    assert ran == ["nothing", "text"]


def test_inner_conditional_runs_only_in_the_arm_that_is_taken() -> None:
    """W-35, Q-03: nested in any arm, with what the workflow computed before."""

    @workflow
    def wf(n: int) -> str:
        bigger = add(a=n)
        return (
            conditional("outer")
            .if_(n > 10)
            .then(
                conditional("upper").if_(bigger > 100).then(say(what="huge")).else_().then(say(what="big")),
            )
            .else_()
            .then(
                conditional("lower").if_(bigger < 5).then(say(what="small")).else_().fail("neither small nor big"),
            )
        )

    assert (wf(n=200), wf(n=50), wf(n=1)) == ("huge", "big", "small")
    with pytest.raises(UserError, match="neither small nor big"):
        wf(n=7)
    assert ran == ["huge", "big", "small"]


def test_arms_may_be_workflows_plans_and_maps() -> None:
    """W-30: whatever can be called."""

    @workflow
    def sub(n: int) -> list[int]:
        return [add(a=n)]

    plan = LaunchPlan.get_or_create(sub, "rows.arms.sub")

    @workflow
    def wf(n: int) -> list[int]:
        return (
            conditional("c")
            .if_(n == 1)
            .then(sub(n=n))
            .elif_(n == 2)
            .then(plan(n=n))
            .else_()
            .then(map_task(add)(a=[n, n]))
        )

    assert (wf(n=1), wf(n=2), wf(n=3)) == ([3], [4], [5, 5])


# ── dynamic ──────────────────────────────────────────────────────────────────


def test_dynamic_task_loops_over_values_and_makes_a_graph() -> None:
    """W-40, W-45: its nodes are recorded below its own."""

    @dynamic
    def grow(n: int) -> list[int]:
        return [add(a=i) for i in range(n)]

    recorded = record(grow, n=3)

    assert recorded.value == [2, 3, 4]
    assert sum(node.startswith("n0-") for node in recorded.nodes) == 3


def test_result_of_a_call_in_a_dynamic_task_is_no_value() -> None:
    """W-40."""

    @dynamic
    def choose(n: int) -> int:
        return add(a=n) if add(a=n) > 3 else 0

    with pytest.raises(PromiseMisuse):
        choose(n=1)


def test_dynamic_task_that_calls_nothing_gives_its_value() -> None:
    """W-41."""

    @dynamic
    def constant(n: int) -> int:
        return n * 2

    assert constant(n=4) == 8


def test_dynamic_task_may_use_everything_that_workflows_may() -> None:
    """W-42: itself, maps, sub-workflows, launch plans, conditionals."""

    @workflow
    def sub(n: int) -> int:
        return add(a=n)

    plan = LaunchPlan.get_or_create(sub, "rows.dynamic.sub")

    @dynamic
    def down(n: int) -> list[int]:
        if n == 0:
            return [0]
        chosen: Any = conditional("c").if_(sub(n=n) > 3).then(plan(n=n)).else_().then(add(a=n, b=100))
        return total(parts=[down(n=n - 1), map_task(add)(a=[n]), [chosen]])

    @task
    def total(parts: list[list[int]]) -> list[int]:
        return [n for part in parts for n in part]

    assert down(n=2) == [0, 3, 101, 4, 4]


def test_failure_inside_a_dynamic_task_is_raised_as_it_was() -> None:
    """W-41."""

    @dynamic
    def fragile(n: int) -> list[int]:
        return [odd_fails(n=i) for i in range(n)]

    with pytest.raises(ValueError, match="1 is odd"):
        fragile(n=3)


def test_dynamic_body_that_raises_is_retried() -> None:
    """W-40: it is an attempt like any other."""

    @dynamic(retries=1)
    def flaky(n: int) -> int:
        if current_context().attempt == 0:
            raise RuntimeError("not yet")
        return add(a=n)

    assert flaky(n=1) == 3


# ── eager ────────────────────────────────────────────────────────────────────


def test_eager_task_decides_by_results_and_awaits_several_at_once() -> None:
    """W-50."""

    @eager
    async def search(limit: int) -> list[int]:
        reached = 0
        while reached < limit:
            reached = await add.aio(a=reached)
        return list(await asyncio.gather(add.aio(a=reached), add.aio(a=reached, b=10)))

    assert asyncio.run(search(limit=5)) == [8, 16]


def test_eager_task_can_catch_the_failure_of_a_child() -> None:
    """W-50: it is the exception that the child raised."""

    @eager
    async def careful(n: int) -> int:
        try:
            return await odd_fails.aio(n=n)
        except ValueError:
            return await odd_fails.aio(n=n + 1)

    assert asyncio.run(careful(n=3)) == 40


def test_failure_of_a_child_that_nobody_catches_fails_the_eager_task() -> None:
    """W-50."""

    @eager
    async def careless(n: int) -> int:
        return await odd_fails.aio(n=n)

    with pytest.raises(ValueError, match="3 is odd"):
        asyncio.run(careless(n=3))


def test_eager_tasks_may_start_workflows_plans_maps_and_each_other() -> None:
    """W-50."""

    @workflow
    def sub(n: int) -> int:
        return add(a=n)

    plan = LaunchPlan.get_or_create(sub, "rows.eager.sub")

    @dynamic
    def many(n: int) -> list[int]:
        return [add(a=i) for i in range(n)]

    @eager
    async def inner(n: int) -> int:
        return await add.aio(a=n)

    @eager
    async def outer(n: int) -> list[list[int]]:
        first = await asyncio.gather(sub.aio(n=n), plan.aio(n=n))
        waited: Any = inner(n=n)
        return [list(first), await map_task(add).aio(a=[n]), await many.aio(n=n), [await waited]]

    assert asyncio.run(outer(n=1)) == [[3, 3], [3], [2], [3]]


def test_eager_task_works_in_a_plain_workflow() -> None:
    """W-51."""

    @eager
    async def twice(n: int) -> int:
        return await add.aio(a=await add.aio(a=n))

    waited: Any = twice

    @workflow
    def wf(n: int) -> int:
        return add(a=waited(n=n))

    assert wf(n=1) == 7


def test_large_values_and_files_pass_through_eager_tasks() -> None:
    """W-50: also those that are stored apart."""

    @task
    def count(ns: list[int]) -> list[int]:
        return [*ns, len(ns)]

    @task
    def write(text: str) -> File:
        path = current_context().working_directory / "text"
        path.write_text(text)
        return File(str(path))

    @task
    def read(file: File) -> str:
        with file.open() as stream:
            text: str = stream.read()
        return text

    @eager
    async def relay(n: int) -> str:
        counted = await count.aio(ns=list(range(n)))
        return await read.aio(file=await write.aio(text=str(counted[-1])))

    assert asyncio.run(relay(n=50_000)) == "50000"


def test_retried_eager_task_does_not_repeat_the_children_that_are_done() -> None:
    """W-52: a replay finds them again."""

    @eager(retries=1)
    async def flaky() -> int:
        first = await odd_fails.aio(n=2)
        if current_context().attempt == 0:
            raise RuntimeError("after the first child")
        return first + await odd_fails.aio(n=4)

    assert asyncio.run(flaky()) == 60
    assert ran == [2, 4]


def test_another_engine_goes_on_with_an_eager_task(tmp_path: Any) -> None:
    """W-52: after the first one is gone; what was done is not done again."""
    url = f"sqlite:///{tmp_path}/plait.db"
    between = asyncio.Event()

    @eager
    async def halting() -> int:
        first = await odd_fails.aio(n=2)
        if not between.is_set():
            between.set()
            await asyncio.Event().wait()
        return first + await odd_fails.aio(n=4)

    async def run() -> Any:
        async with engine_on(process_plugins().database(url)) as engine:
            execution = await begin(engine, halting)
            await between.wait()
        async with engine_on(process_plugins().database(url)) as engine:
            await engine.resume(execution, target=halting)
            return (await finished(engine, halting, execution)).value

    assert asyncio.run(run()) == 60
    assert ran == [2, 4]


# ── maps ─────────────────────────────────────────────────────────────────────


def test_map_runs_once_per_element_and_keeps_the_order() -> None:
    """W-70: with shared inputs from a partial and inputs at their default."""

    @workflow
    def wf(ns: list[int]) -> tuple[list[int], list[int]]:
        return map_task(partial(add, b=100))(a=ns), map_task(add)(a=ns)

    assert tuple(wf(ns=[3, 1, 2])) == ([103, 101, 102], [5, 3, 4])


def test_map_takes_several_lists_and_promises_as_shared_inputs() -> None:
    """W-70."""

    @task
    def join(a: int, b: int, c: int) -> int:
        return a * 100 + b * 10 + c

    @workflow
    def wf(shared: int) -> list[int]:
        return map_task(partial(join, c=add(a=shared)))(a=[1, 2], b=[3, add(a=2)])

    assert wf(shared=1) == [133, 243]


def test_map_in_plain_python_returns_the_list() -> None:
    """W-70, W-73: none for no element."""
    assert map_task(add)(a=[1, 2]) == [3, 4]
    assert map_task(add)(a=[]) == []


def test_map_of_an_empty_list_runs_nothing() -> None:
    """W-73."""

    @workflow
    def wf(ns: list[int]) -> list[int]:
        return map_task(odd_fails)(n=ns)

    assert wf(ns=[]) == []
    assert ran == []


def test_map_over_a_task_without_outputs_gives_none() -> None:
    """W-70."""

    @workflow
    def wf(texts: list[str]) -> None:
        map_task(note)(what=texts)

    wf(texts=["a", "b"])
    assert ran == ["a", "b"]


def test_map_runs_no_more_than_its_concurrency_at_once() -> None:
    """W-71."""
    running: list[int] = []

    @task
    async def work(n: int) -> int:
        running.append(n)
        most = len(running)
        await asyncio.sleep(0.001)
        running.remove(n)
        return most

    @workflow
    def limited() -> list[int]:
        counts: Any = map_task(work, concurrency=2)(n=[0, 1, 2, 3, 4])
        return counts  # type: ignore[no-any-return]  # of coroutines, to type checkers

    @workflow
    def unlimited() -> list[int]:
        counts: Any = map_task(work, concurrency=0)(n=[0, 1, 2, 3, 4])
        return counts  # type: ignore[no-any-return]  # of coroutines, to type checkers

    assert (max(limited()), max(unlimited())) == (2, 5)


@pytest.mark.parametrize("settings", [{"min_success_ratio": 0.5}, {"min_successes": 2}])
def test_tolerated_failures_leave_none_in_their_places(settings: Any) -> None:
    """W-72."""

    @workflow
    def wf() -> list[Optional[int]]:
        return map_task(odd_fails, **settings)(n=[0, 1, 2, 3])

    assert wf() == [0, None, 20, None]


@pytest.mark.parametrize("settings", [{}, {"min_success_ratio": 0.6}, {"min_successes": 3}])
def test_too_many_failures_fail_the_map_with_one_of_them(settings: Any) -> None:
    """W-72: the ratio is rounded up."""

    @workflow
    def wf() -> list[Optional[int]]:
        return map_task(odd_fails, **settings)(n=[0, 1, 2, 3])

    with pytest.raises(ValueError, match="is odd"):
        wf()


def test_number_of_successes_wins_over_the_ratio() -> None:
    """W-72."""

    @workflow
    def wf() -> list[Optional[int]]:
        return map_task(odd_fails, min_successes=1, min_success_ratio=1.0)(n=[0, 1])

    assert wf() == [0, None]


def test_elements_go_on_after_the_map_has_failed_where_that_is_asked() -> None:
    """W-77."""

    @workflow
    def wf(everything: list[int]) -> list[int]:
        return map_task(odd_fails, run_all_sub_nodes=True, concurrency=1)(n=everything)

    with pytest.raises(ValueError, match="is odd"):
        wf(everything=[1, 2, 4])
    assert ran == [1, 2, 4]


def test_lists_of_different_length_are_refused_when_they_are_known() -> None:
    """W-74, Q-20: in the workflow where they are written down, else when the node starts."""

    @workflow
    def written() -> list[int]:
        return map_task(add)(a=[1, 2], b=[3])

    @workflow
    def given(a: list[int], b: list[int]) -> list[int]:
        return map_task(add)(a=a, b=b)

    with pytest.raises(InvalidMap, match="length"):
        written()
    with pytest.raises(UserError, match="length"):
        given(a=[1, 2], b=[3])


def test_overrides_of_a_map_apply_to_each_element() -> None:
    """W-76: retries are per element."""

    @task
    def flaky(n: int) -> int:
        ran.append((n, current_context().attempt))
        if current_context().attempt < n:
            raise RuntimeError
        return n

    @workflow
    def wf() -> list[int]:
        return map_task(flaky).with_overrides(retries=2)(n=[0, 1, 2])

    assert wf() == [0, 1, 2]
    assert sorted(ran) == [(0, 0), (1, 0), (1, 1), (2, 0), (2, 1), (2, 2)]


def test_map_over_a_launch_plan_starts_an_execution_per_element() -> None:
    """W-78, Q-19: over a promise as over a list; failures are tolerated alike."""

    @workflow
    def sub(n: int) -> int:
        return odd_fails(n=n)

    plan = LaunchPlan.get_or_create(sub, "rows.map.sub")

    @task
    def numbers() -> list[int]:
        return [1, 2]

    @workflow
    def wf() -> list[Optional[int]]:
        return map_task(plan, min_success_ratio=0.5)(n=numbers())

    assert wf() == [None, 20]


def test_map_over_large_elements_hands_each_its_own() -> None:
    """W-70: lists that are stored apart, in and out."""

    @task
    def make(n: int) -> list[list[int]]:
        return [list(range(20_000)) for _ in range(n)]

    @task
    def extend(ns: list[int]) -> list[int]:
        return [*ns, len(ns)]

    @task
    def sizes(lists: list[list[int]]) -> list[int]:
        return [len(ns) for ns in lists]

    @workflow
    def wf() -> list[int]:
        return sizes(lists=map_task(extend)(ns=make(n=3)))

    assert wf() == [20_001] * 3


# ── gates ────────────────────────────────────────────────────────────────────


async def _opened(engine: Any, execution: ExecutionId, signal: str) -> None:
    """Wait until the gate waits."""
    while signal not in (await engine.state(execution)).waiting:  # noqa: ASYNC110  # a gate is no event of asyncio
        await asyncio.sleep(0)


def _answered(entity: Any, signal: str, value: Any, **inputs: Any) -> Record:
    """Run *entity* and answer its gate."""

    async def run() -> Record:
        async with engine_on(MemoryDatabase()) as engine:
            execution = await begin(engine, entity, **inputs)
            await _opened(engine, execution, signal)
            await engine.signal(execution, signal, value(engine) if callable(value) else value)
            return await finished(engine, entity, execution)

    return asyncio.run(run())


@workflow
def approved(a: int) -> int:
    return add(a=approve(add(a=a), "proceed", timeout=timedelta(hours=2)))


@workflow
def asked() -> int:
    return add(a=wait_for_input("how_many", timeout=timedelta(hours=1), expected_type=int))


def test_approval_passes_the_value_on() -> None:
    """W-81, W-83: nothing after it runs before."""
    assert _answered(approved, "proceed", boolean(True), a=1).value == 5


def test_refusal_fails_the_gate() -> None:
    """W-81, W-83."""
    recorded = _answered(approved, "proceed", boolean(False), a=1)

    assert recorded.error.code == "ReceivedRejectSignal"
    assert recorded.phases == {"n0": "SUCCEEDED", "n1": "FAILED"}


def test_value_that_is_supplied_goes_on() -> None:
    """W-80."""
    value = lambda engine: _integer(engine, 41)  # shorter than a function

    assert _answered(asked, "how_many", value).value == 43


def test_signal_may_come_before_its_gate() -> None:
    """W-83: it is kept."""

    async def run() -> Any:
        async with engine_on(MemoryDatabase()) as engine:
            execution = await begin(engine, asked)
            await engine.signal(execution, "how_many", _integer(engine, 1))
            return (await finished(engine, asked, execution)).value

    assert asyncio.run(run()) == 3


def test_signal_reaches_a_run_of_another_process_through_the_inbox(tmp_path: Any) -> None:
    """W-83: whoever drives the execution picks it up."""
    url = f"sqlite:///{tmp_path}/plait.db"

    async def run() -> Any:
        async with (
            engine_on(process_plugins().database(url)) as driver,
            engine_on(process_plugins().database(url)) as other,
        ):
            execution = await begin(driver, asked)
            await _opened(driver, execution, "how_many")
            await other.signal(execution, "how_many", _integer(other, 5))
            return (await finished(driver, asked, execution)).value

    assert asyncio.run(run()) == 7


@pytest.mark.parametrize(("entity", "inputs", "hours"), [(approved, {"a": 1}, 2), (asked, {}, 1)])
def test_gate_that_nobody_answers_times_out(entity: Any, inputs: Any, hours: int) -> None:
    """W-80, W-81."""
    clock = VirtualClock()

    async def run() -> tuple[Record, float]:
        async with engine_on(MemoryDatabase(clock), clock=clock) as engine:
            began_ns = clock.now_ns()
            execution = await begin(engine, entity, **inputs)
            await clock.run_until_idle()
            return await finished(engine, entity, execution), (clock.now_ns() - began_ns) / 3.6e12

    recorded, waited_hours = asyncio.run(run())
    assert recorded.error.code == "TimedOut"
    assert waited_hours == hours


def test_sleep_waits_as_long_as_it_says() -> None:
    """W-82."""
    clock = VirtualClock()

    @task
    def now() -> int:
        return clock.now_ns() // 10**9

    @workflow
    def wf() -> tuple[int, int]:
        before: Any = now()
        napping: Any = sleep
        pause = napping(timedelta(minutes=5))
        after: Any = now()
        before >> pause >> after
        return before, after

    async def run() -> Any:
        async with engine_on(MemoryDatabase(clock), clock=clock) as engine:
            execution = await begin(engine, wf)
            await clock.run_until_idle()
            return (await finished(engine, wf, execution)).value

    before, after = asyncio.run(run())
    assert after - before == 300


def _integer(engine: Any, value: int) -> Literal:
    return literals(engine, add, {"a": value})["a"]
