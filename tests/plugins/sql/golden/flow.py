"""What the runs of ``runs-*.json`` ran."""

from datetime import timedelta

from plait import map_task, task, wait_for_input, workflow


@task(cache=True, cache_version="1")
def square(x: int) -> int:
    return x * x


@task
def half(x: int) -> float:
    return 10 / x


@task
def total(values: list[int], more: int) -> int:
    return sum(values) + more


@workflow
def wf(xs: list[int]) -> int:
    more = wait_for_input("more", timeout=timedelta(days=40_000), expected_type=int)
    return total(values=map_task(square)(x=xs), more=more)


@workflow
def failing(x: int) -> float:
    return half(x=x)


@workflow
def reusing(x: int) -> int:
    return square(x=x)
