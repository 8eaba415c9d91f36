"""
A workflow with a node of every kind, whose tasks leave one line per finished body in a ledger.

Imported by the tests, which launch it, and by the workers of engines that are killed; it is on the path of all of them.
"""

import asyncio
import os
import signal
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from plait import (
    LaunchPlan,
    RecoverableError,
    TaskFailure,
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

LEDGER = "PLAIT_TEST_LEDGER"
MURDEROUS = "PLAIT_TEST_MURDEROUS"
"""Set where each body kills its own process when it is about to finish for the first time."""


def wrote(what: str) -> int:
    """Note that the body of an attempt has come to its end: who, and which attempt of it. Returns how many did so before."""
    ledger = Path(os.environ[LEDGER])
    if os.environ.get(MURDEROUS):
        victims = ledger.with_suffix(".victims") / f"{what}"
        victims.parent.mkdir(exist_ok=True)
        if not victims.exists():
            victims.touch()
            os.kill(os.getpid(), signal.SIGKILL)
    n_before = ledger.read_text().count(f"{what} ") if ledger.exists() else 0
    line = f"{what} {current_context().attempt_id}\n"
    handle = os.open(ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(handle, line.encode())
    os.close(handle)
    return n_before


@task
def double(label: str, x: int) -> int:
    wrote(label)
    return 2 * x


@task
def square(x: int) -> int:
    wrote(f"square-{x}")
    return x * x


@task
def total(xs: list[int]) -> int:
    wrote("total")
    return sum(xs)


@task(retries=2)
def shaky(x: int) -> int:
    if wrote("shaky") == 0:
        raise RecoverableError("the first time")
    return x + 1


@task(cache=True, cache_version="1", cache_serialize=True)
def dear(x: int) -> int:
    wrote("dear")
    return 100 * x


@workflow
def inner(x: int) -> int:
    return double(label="inner", x=x)


@workflow
def noted(label: str) -> int:
    return double(label=label, x=1)


@workflow
def planned(x: int) -> int:
    return double(label="planned", x=x)


plan = LaunchPlan.get_or_create(planned, "planned_plan")


@dynamic
def growing(n: int) -> int:
    return total(xs=[double(label=f"grown-{i}", x=i) for i in range(n)])


@eager
async def curious(x: int) -> int:
    one, other = await asyncio.gather(double.aio(label="eager-1", x=x), double.aio(label="eager-2", x=x + 1))
    return await double.aio(label="eager-3", x=one + other)


@workflow
def every_kind(x: int) -> int:
    """Call, choose, ask, wait, nest, launch, grow, wonder, stumble and reuse."""
    first = double(label="first", x=x)
    squares = map_task(square)(x=[1, 2, 3])
    chosen = (
        conditional("size")
        .if_(first > 10)
        .then(double(label="big", x=first))
        .else_()
        .then(double(label="small", x=first))
    )
    approved = approve(chosen, "go on")
    given = wait_for_input("more", timeout=timedelta(days=1), expected_type=int)
    sleep(timedelta(milliseconds=50))
    parts: list[Any] = [
        approved,
        double(label="rested", x=given),
        inner(x=first),
        plan(x=first),
        growing(n=3),
        curious(x=x),
        shaky(x=x),
        dear(x=x),
        dear(x=x),
    ]
    return collect(squares=squares, parts=parts)


@task
def collect(squares: list[int], parts: list[int]) -> int:
    wrote("collect")
    return sum(squares) + sum(parts)


@task
def until_told(label: str, x: int) -> int:
    """End once the tests say so."""
    while not Path(os.environ[LEDGER]).with_suffix(".go").exists():
        time.sleep(0.02)
    wrote(label)
    return x


@workflow
def held(label: str) -> int:
    return double(label=label, x=until_told(label=label, x=1))


@task
def give_back(x: int, err: TaskFailure | None = None) -> None:
    wrote("give_back")


@task
def breaks(x: int) -> int:
    wrote("breaks")
    raise ValueError(f"{x} is too much")


@workflow(on_failure=give_back)
def doomed(x: int) -> int:
    return breaks(x=x)
