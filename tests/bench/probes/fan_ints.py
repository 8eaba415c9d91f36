"""N_ITEMS tasks that do not depend on each other, between the input and the list of their results."""

import os

from plait import task, workflow

N_TASKS = int(os.environ["N_ITEMS"])


@task
def increment(x: int) -> int:
    """Add one."""
    return x + 1


@workflow
def fan(x: int = 0) -> list[int]:
    """Add one to the same number, N_TASKS times."""
    return [increment(x=x) for _ in range(N_TASKS)]
