"""How an eager task starts children through its channel."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plait_core.authoring.contexts import ExecutionContext, entered
from plait_core.authoring.eager import eager
from plait_core.authoring.tasks import task
from plait_core.errors.authoring import ChildFailed, InvalidOption, NoLocalRunner, NotAwaited
from plait_core.ir.executions import TaskError
from plait_core.ir.ids import AttemptId, ExecutionId, NodeId
from plait_core.ir.literals import Literal, Primitive
from plait_core.ir.types import SimpleType
from plait_core.ir.units import FunctionCall, Unit
from plait_core.ports.channels import ChildCall, ChildOutcome
from tests.unit.authoring.samples import add


class Answering:
    """A channel that adds the inputs of every child, or fails as told."""

    def __init__(self, error: TaskError | None = None, exception: BaseException | None = None) -> None:
        self.calls: list[ChildCall] = []
        self.error, self.exception = error, exception

    async def heartbeat(self, *, progress: float | None = None, message: str = "") -> None:
        """Nobody listens."""

    async def publish_deck(self, html: str) -> str:
        return ""

    async def call(self, child: ChildCall) -> ChildOutcome:
        self.calls.append(child)
        if self.error or self.exception:
            return ChildOutcome(error=self.error, exception=self.exception)
        value = sum(literal.value.value for literal in child.inputs.values())  # type: ignore[union-attr, misc]  # integers
        return ChildOutcome(outputs={"o0": Literal(value=Primitive(kind=SimpleType.INTEGER, value=value))})


@eager
async def twice(n: int) -> int:
    """Call the same thing twice at once, and once more."""
    first, second = await asyncio.gather(add.aio(a=n), add.aio(a=n))
    return await add.aio(a=first, b=second)


@eager
async def careful(n: int) -> int:
    """Go on without a child that failed."""
    try:
        return await add.aio(a=n)
    except ChildFailed:
        return -1


def run(eager_task: Any, channel: Answering | None, **inputs: int) -> Any:
    """Run the body as a worker does."""
    unit = Unit(
        attempt=AttemptId(execution=ExecutionId(name="e"), node=NodeId("n0"), task=eager_task.id),
        template=eager_task.template,
        action=FunctionCall(entity=eager_task.id, location=""),
        inputs={},
    )

    def no_blobs(uri: str) -> Any:
        raise AssertionError(uri)

    async def no_secret(request: Any) -> Any:
        raise AssertionError(request)

    opens = None if channel is None else lambda _: channel
    with entered(ExecutionContext(unit, blobs=no_blobs, ask_secret=no_secret, started_at_ns=0, open_channel=opens)):
        return asyncio.run(eager_task.function(**inputs))


MISUSES: dict[str, Callable[[Any], object]] = {
    "a comparison": lambda child: child < 0,
    "a truth test": bool,
    "arithmetic": lambda child: 1 + child,
    "formatting as text": lambda child: f"{child}",
    "iteration": list,
    "indexing": lambda child: child[0],
    "conversion": int,
    "`.field`": lambda child: child.field,
    "the input 'a' of tests.unit.authoring.samples.add": lambda child: add(a=child),
    "`return`": lambda child: child,
}


@pytest.mark.parametrize("operation", MISUSES)
def test_child_that_is_not_awaited_says_so(operation: str) -> None:
    """Where it is taken for its result; the error names the line of the call, and what to write there."""

    @eager
    async def forgetful(n: int) -> int:
        wrong: Any = MISUSES[operation](add(a=n))
        return wrong  # type: ignore[no-any-return]  # under test

    with pytest.raises(NotAwaited) as caught:
        run(forgetful, Answering(), n=1)

    assert caught.value.operation == operation
    assert Path(caught.value.file) == Path(__file__)
    assert caught.value.remedy.startswith("write `await add(…)`")


def test_child_is_a_coroutine_to_event_loops() -> None:
    """It can be a task, part of a group, or awaited with a limit."""

    @eager
    async def patient(n: int) -> int:
        made: Any = add
        first = await asyncio.create_task(made(a=n))
        async with asyncio.timeout(5), asyncio.TaskGroup() as group:
            second = group.create_task(made(a=first))
        return await asyncio.wait_for(made(a=second.result()), 5)

    assert run(patient, Answering(), n=1) == 7


def test_calls_become_children_and_their_outputs_values() -> None:
    """Keys count equal calls, whatever order they arrive in."""
    channel = Answering()

    assert run(twice, channel, n=1) == 6
    first, second, third = (child.key for child in channel.calls)
    assert first.removesuffix(":0") == second.removesuffix(":1")
    assert third.split(":")[1] != first.split(":")[1]
    assert {child.target for child in channel.calls} == {add.id}
    assert add.id in channel.calls[0].closure.task_by_id


def test_same_calls_have_the_same_keys_in_every_replay() -> None:
    """So that a replay finds its children."""
    one, other = Answering(), Answering()
    run(twice, one, n=1)
    run(twice, other, n=1)

    assert [child.key for child in one.calls] == [child.key for child in other.calls]


def test_failure_of_a_child_can_be_caught() -> None:
    """The task goes on."""
    assert run(careful, Answering(error=TaskError(code="USER", message="no")), n=1) == -1


def test_exception_of_a_child_is_raised_as_it_was() -> None:
    """Where the executor shares our memory."""
    with pytest.raises(ZeroDivisionError):
        run(careful, Answering(exception=ZeroDivisionError()), n=1)


def test_eager_task_without_an_engine_says_so() -> None:
    """There is nobody to run its children."""
    with pytest.raises(NoLocalRunner):
        run(twice, None, n=1)


def test_eager_task_must_be_async() -> None:
    """Its calls are awaited."""
    with pytest.raises(InvalidOption):

        @eager  # type: ignore[arg-type]  # under test
        def wrong(n: int) -> int:
            return n


def test_tasks_called_by_other_tasks_run_in_place() -> None:
    """A call inside an ordinary task is an ordinary call, also of an async task."""

    @task
    async def waits(n: int) -> int:
        return add(a=n) + 1

    assert run(waits, Answering(), n=1) == 4
