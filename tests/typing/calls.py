"""What type checkers infer about calls: decorated functions keep their signatures."""

from datetime import timedelta
from functools import partial
from typing import assert_type

from plait import (
    LaunchPlan,
    approve,
    conditional,
    dynamic,
    eager,
    map_task,
    reference_task,
    task,
    wait_for_input,
    workflow,
)


@task
def add(a: int, b: int = 2) -> int:
    """Declared bare."""
    return a + b


@task(retries=3, cache=True, timeout=timedelta(minutes=1))
def divide(a: int, by: int) -> tuple[int, int]:
    """Declared with arguments."""
    return divmod(a, by)


@task
async def fetch(url: str) -> bytes:
    """An async task."""
    return url.encode()


@dynamic
def unfold(n: int) -> list[int]:
    """A dynamic task."""
    return [add(a=i) for i in range(n)]


@workflow
def compute(n: int) -> tuple[int, int]:
    """A workflow."""
    return divide(a=add(n), by=2)


@eager
async def orchestrate(n: int) -> int:
    """An eager task."""
    assert_type(await add.aio(a=n), int)
    assert_type(await fetch("x"), bytes)
    assert_type(await orchestrate(n=n), int)
    return await add.aio(a=n)


@reference_task(project="p", domain="d", name="n", version="v")
def far(text: str) -> float: ...  # type: ignore[empty-body]  # only the signature counts


def results() -> None:
    """Calls return what the function does."""
    assert_type(add(1), int)
    assert_type(divide(a=1, by=2), tuple[int, int])
    assert_type(unfold(n=1), list[int])
    assert_type(compute(n=1), tuple[int, int])
    assert_type(far(text="x"), float)
    assert_type(add.with_overrides(retries=2, after=add(1))(a=1), int)


def arguments() -> None:
    """Wrong calls are errors."""
    add("x")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    add(c=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    compute()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    add.with_overrides(retrys=2)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    add.with_overrides(retries=2)(a="x")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def maps() -> None:
    """A map gives a list, of optional elements where failures are tolerated."""
    assert_type(map_task(add)(a=[1]), list[int])
    assert_type(map_task(partial(add, b=1), concurrency=2)(a=[1]), list[int])
    assert_type(map_task(add, min_success_ratio=0.5)(a=[1]), list[int | None])


def control(n: int) -> None:
    """A conditional gives what either arm gives; gates pass types on."""
    assert_type(conditional("c").if_(n > 1).then(add(1)).else_().then(far("x")), int | float)
    assert_type(conditional("c").if_(n > 1).then(add(1)).else_().fail("no"), int)
    assert_type(approve(add(1), "agree"), int)
    assert_type(wait_for_input("number", timedelta(hours=1), int), int)


def plans() -> None:
    """A plan returns what its workflow does."""
    assert_type(LaunchPlan.get_or_create(compute, "p", fixed_inputs={"n": 1})(), tuple[int, int])
