"""A map whose elements each append one fixed-size line to ``elements.log``, in the working directory."""

import os

from plait import map_task, task, workflow

LOG = os.open("elements.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)


@task
def count_to(n: int) -> list[int]:
    """Make the elements."""
    return list(range(n))


@task
def increment(x: int) -> int:
    """Leave a trace and add one."""
    os.write(LOG, f"{x:07}\n".encode())
    return x + 1


@task
def total(xs: list[int]) -> int:
    """Sum up the results."""
    return sum(xs)


@workflow
def wf(n: int) -> int:
    """Sum up 1 … n."""
    return total(xs=map_task(increment)(x=count_to(n=n)))
