"""
Waiting for coroutines from synchronous code, whether or not the calling thread has a running loop.

Blob stores are asynchronous and users' tasks mostly are not. One daemon thread with a loop of its own is started at the first
use and serves the whole process.
"""

from collections.abc import Coroutine
from functools import cache
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

T = TypeVar("T")

_starting = Lock()


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run *coroutine* to its end and return what it returns. An interrupt of the waiting thread cancels it."""
    from asyncio import run_coroutine_threadsafe

    with _starting:
        loop = _loop()
    future = run_coroutine_threadsafe(coroutine, loop)
    try:
        return future.result()
    except BaseException:
        future.cancel()
        raise


@cache
def _loop() -> "AbstractEventLoop":
    """Return the loop of the thread, which is started by the first caller."""
    from asyncio import new_event_loop

    loop = new_event_loop()
    Thread(target=loop.run_forever, name="plait-blocking", daemon=True).start()
    return loop
