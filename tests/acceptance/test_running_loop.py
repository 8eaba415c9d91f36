"""Calling entities where an event loop runs already, as in Jupyter or inside an ASGI application."""

import asyncio
import threading

from plait import dynamic, task, workflow


@task
def where(x: int) -> tuple[int, str]:
    return x + 1, threading.current_thread().name


@task
async def later(x: int) -> int:
    await asyncio.sleep(0)
    return x * 2


@dynamic
def chain(n: int) -> int:
    x = 0
    for _ in range(n):
        x, _ = where(x=x)
    return x


@workflow
def wf(x: int) -> tuple[int, int, str]:
    y, name = where(x=x)
    return later(x=y), chain(n=3), name  # type: ignore[return-value]  # in a workflow, a coroutine stands for its value


def test_sync_bodies_come_back_to_the_thread_that_called() -> None:
    """A workflow called inside a running loop runs, and its sync tasks see the caller's thread."""

    async def cell() -> tuple[int, int, str]:
        return tuple(wf(x=1))  # type: ignore[return-value]  # a named tuple of the three

    assert asyncio.run(cell()) == (4, 3, threading.main_thread().name)


def test_errors_of_sync_bodies_reach_the_caller() -> None:
    """The exception is the task's own."""

    @task
    def boom() -> int:
        raise LookupError("no such thing")

    async def cell() -> str:
        try:
            boom()
        except LookupError as error:
            return str(error)
        return ""

    assert asyncio.run(cell()) == "no such thing"
