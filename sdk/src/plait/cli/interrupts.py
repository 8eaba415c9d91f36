"""
Ctrl-C while an execution runs: the first one stops the engine in order, another one stops everything at once.

What is committed stays, so the execution can be resumed. The body of a task that runs in the main thread is broken off
at once, because an engine that waits for it could not do anything else meanwhile.
"""

import asyncio
import signal
from collections.abc import Coroutine
from types import FrameType
from typing import Any, TypeVar

T = TypeVar("T")

_RUNS_BODIES = "plait_core.worker.performing"


class Interrupted(BaseException):
    """The user asked to stop; no ``Exception``, so that nobody takes it for a failure of the run."""


def run_interruptibly(main: Coroutine[Any, Any, T]) -> T:
    """
    Run *main* in an event loop of its own, and raise what it raises; of tasks that failed together, the first failure.

    Raises:
        Interrupted: Ctrl-C stopped it; its ``finally`` blocks have run.
    """
    press = _Press()
    before = signal.signal(signal.SIGINT, press.hear)
    try:
        with asyncio.Runner() as runner:
            return runner.run(press.watched(main))
    except (asyncio.CancelledError, KeyboardInterrupt):
        raise Interrupted from None
    except BaseExceptionGroup as failures:
        raise _first(failures) from None
    finally:
        signal.signal(signal.SIGINT, before)


def _first(failure: BaseException) -> BaseException:
    while isinstance(failure, BaseExceptionGroup):
        failure = failure.exceptions[0]
    return failure


class _Press:
    """Hears Ctrl-C on behalf of one task of the loop."""

    def __init__(self) -> None:
        self._task: asyncio.Task[Any] | None = None

    async def watched(self, main: Coroutine[Any, Any, T]) -> T:
        self._task = asyncio.current_task()
        return await main

    def hear(self, _: int, frame: FrameType | None) -> None:
        task, self._task = self._task, None
        if task is None or _is_in_a_body(frame):
            raise KeyboardInterrupt
        task.cancel()
        task.get_loop().call_soon_threadsafe(lambda: None)  # wakes a loop that waits


def _is_in_a_body(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_globals.get("__name__") == _RUNS_BODIES:
            return True
        frame = frame.f_back
    return False
