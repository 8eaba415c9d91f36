"""Workflows of a few tasks: one that runs through, one that waits for an answer, one that sleeps."""

import os
import time
from datetime import timedelta

from plait import approve, sleep, task, workflow

N_TASKS = int(os.environ.get("N_ITEMS", "1"))
TASK_S = float(os.environ.get("TASK_S", "0"))


@task
def increment(x: int) -> int:
    """Add one."""
    return x + 1


@workflow
def quick(x: int) -> int:
    """Add two."""
    return increment(x=increment(x=x))


@workflow
def held(x: int) -> int:
    """Add one, wait for an answer, and add one."""
    return increment(x=approve(increment(x=x), "go"))


@workflow
def asleep(x: int) -> int:
    """Sleep for some seconds, and add one."""
    increment(x=x)
    sleep(timedelta(seconds=5))
    return increment(x=x)


@task
def slowly(x: int) -> int:
    """Add one in TASK_S seconds."""
    time.sleep(TASK_S)
    return x + 1


@workflow
def alone(x: int) -> int:
    """Add one."""
    return slowly(x=x)


@workflow
def crowd(x: int) -> list[int]:
    """Add one to the same number, N_TASKS times."""
    return [slowly(x=x) for _ in range(N_TASKS)]
