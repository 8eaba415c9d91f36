"""A map of which the first half is cached and one element in a hundred fails once."""

import os

from plait import RecoverableError, map_task, task, workflow

N_ELEMENTS = int(os.environ["N_ITEMS"])
HALF = N_ELEMENTS // 2

has_failed: set[int] = set()


@task
def count_to(n: int) -> list[int]:
    """Make the elements."""
    return list(range(n))


@task(cache=True, cache_version="1", retries=1)
def increment(x: int) -> int:
    """Add one; every fiftieth element of the second half fails at its first attempt."""
    if x >= HALF and x % 50 == 0 and x not in has_failed:
        has_failed.add(x)
        raise RecoverableError("the first attempt always fails")
    return x + 1


@task
def total(xs: list[int]) -> int:
    """Sum up the results."""
    return sum(xs)


@workflow
def wf(n: int) -> int:
    """Sum up 1 … n."""
    return total(xs=map_task(increment)(x=count_to(n=n)))


def prepare() -> None:
    """Fill the cache with the first half."""
    assert wf(n=HALF) == HALF * (HALF + 1) // 2


def run() -> None:
    """Run the whole map once and check its answer."""
    assert wf(n=N_ELEMENTS) == N_ELEMENTS * (N_ELEMENTS + 1) // 2
    assert len(has_failed) == N_ELEMENTS // 100
