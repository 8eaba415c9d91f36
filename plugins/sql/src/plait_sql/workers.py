"""
Workers: threads that do what would block an event loop.

Used by connections that wait for a disk or a network. Unlike the executors of the standard library, they serve until they are
stopped, so that a store can still be written while the interpreter shuts down.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")

_Job = tuple[Callable[[], Any], "asyncio.Future[Any] | None"]


class Workers:
    """Up to *n* threads, started when there is something to do."""

    def __init__(self, n: int, *, name: str) -> None:
        self._n = n
        self._name = name
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._n_busy = 0

    async def do(self, act: Callable[[], T]) -> T:
        """Carry out *act* in a thread. When cancelled, it is carried out to its end or not at all."""
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._n_busy += 1
        if self._n_busy > len(self._threads):
            self._start()
        try:
            self._jobs.put((act, answer))
            return await answer
        finally:
            self._n_busy -= 1

    def call(self, act: Callable[[], None]) -> None:
        """Have a thread carry out *act*, which raises nothing; nobody waits for it here."""
        if not self._threads:
            self._start()
        self._jobs.put((act, None))

    def _start(self) -> None:
        if len(self._threads) < self._n:
            thread = threading.Thread(target=self._serve, name=self._name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Return when all that was begun is done; may block for as long as that takes."""
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def _serve(self) -> None:
        while job := self._jobs.get():
            act, answer = job
            if answer is None:
                act()
            elif not answer.cancelled():
                _settle(act, answer)


def _settle(act: Callable[[], T], answer: "asyncio.Future[T]") -> None:
    try:
        result, failure = act(), None
    except BaseException as error:  # noqa: BLE001  # it belongs to whoever waits
        result, failure = None, error
    tell(answer.get_loop(), _tell, answer, result, failure)


def tell(loop: asyncio.AbstractEventLoop, act: Callable[..., object], *args: object) -> None:
    """Have *loop* call *act* from any thread; where it is closed, or just being closed, nobody waits for that any more."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(act, *args)


def _tell(answer: "asyncio.Future[Any]", result: object, failure: BaseException | None) -> None:
    if answer.done():  # cancelled meanwhile
        return
    if failure is not None:
        answer.set_exception(failure)
    else:
        answer.set_result(result)
