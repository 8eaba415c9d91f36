"""A map over N_ITEMS trivial elements, between a task that makes them and one that sums them up."""

import os

from plait import map_task, task, workflow

N_ELEMENTS = int(os.environ["N_ITEMS"])


@task
def count_to(n: int) -> list[int]:
    """Make the elements."""
    return list(range(n))


@task
def increment(x: int) -> int:
    """Add one."""
    return x + 1


@task
def total(xs: list[int]) -> int:
    """Sum up the results."""
    return sum(xs)


@workflow
def wf(n: int) -> int:
    """Sum up 1 … n."""
    return total(xs=map_task(increment)(x=count_to(n=n)))


def run() -> None:
    """Run the map once and check its answer."""
    assert wf(n=N_ELEMENTS) == N_ELEMENTS * (N_ELEMENTS + 1) // 2
