"""A chain of tasks, each handing one integer to the next: the engine's own cost per task."""

import os

from plait import task, workflow

N_TASKS = int(os.environ["N_ITEMS"])


@task
def increment(x: int) -> int:
    """Add one."""
    return x + 1


@workflow
def chain(x: int) -> int:
    """Add one, N_TASKS times."""
    for _ in range(N_TASKS):
        x = increment(x=x)
    return x


def run() -> None:
    """Run the chain once and check its answer."""
    assert chain(x=0) == N_TASKS
