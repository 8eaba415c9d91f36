"""
Outputs: reading what a worker prints and keeping it as the log of the attempt that runs.

What was printed stays in the pipe until there is enough of it, or it has waited long enough, to be stored at once: a worker whose
engine dies still has it there. An attempt that has printed more than is kept is read slowly, so that a task that prints without
end is held up rather than everybody else.
"""

import asyncio
import fcntl
import os
import termios
from array import array
from collections.abc import Awaitable, Callable
from contextlib import suppress

from plait_core.errors import PlaitError
from plait_core.worker.logs import PIECE_BYTES, STDERR, STDOUT, LogWriter
from plait_local.launching import GROWN_PIPE_BYTES

STORE_AFTER_S = 1.0
"""How long what was printed waits for more before it is stored."""

LOOK_S = 0.05
"""How often is looked whether a pipe in which something waits has more."""

SLOW_S = 0.02
"""How often a pipe is emptied whose text is not kept any more."""

Store = Callable[[str, bytes], Awaitable[object]]


class Outputs:
    """The pipes of one worker, and the log that takes what comes through them: that of its attempt, if it has one."""

    def __init__(self, pipes: tuple[int, int], store: Store) -> None:
        self._streams = dict(zip(pipes, (STDOUT, STDERR), strict=True))
        self._store = store
        self._loop = asyncio.get_running_loop()
        self._storing: asyncio.Task[None] | None = None
        self.log: LogWriter | None = None
        for pipe in pipes:
            self._loop.add_reader(pipe, self._read, pipe)

    async def finish(self) -> None:
        """Take in what the attempt has printed so far, which is all of it, and store it."""
        self.drain()
        if self.log is not None:
            self.log.finish()
            if self._storing is not None:
                await self._storing
            await self._put(self.log)
            self.log = None

    async def leave(self) -> None:
        """Store what was read so far, and read no more: the rest is for the worker, whose engine is about to go."""
        if self._storing is not None:
            await self._storing
        if self.log is not None:
            await self._put(self.log)
        self.close()

    @property
    def is_silent(self) -> bool:
        """Whether the attempt has printed nothing that is still to be stored."""
        return self._storing is None and (self.log is None or not self.log.has_news)

    def drain(self) -> None:
        """Read what is in the pipes now."""
        for pipe in [*self._streams]:
            self._empty(pipe)

    def close(self) -> None:
        """Read no more."""
        for pipe in [*self._streams]:
            self._hang_up(pipe)

    def _read(self, pipe: int) -> None:
        """Read what has come, unless it is so little that it may wait."""
        if self.log is None or not 0 < _n_ready(pipe) < PIECE_BYTES:
            self._read_and_store(pipe)
        else:
            self._loop.remove_reader(pipe)
            self._wait_for_more(pipe, self._loop.time() + STORE_AFTER_S)

    def _wait_for_more(self, pipe: int, until: float) -> None:
        if pipe not in self._streams:
            return
        if self.log is not None and _n_ready(pipe) < PIECE_BYTES and self._loop.time() < until:
            self._loop.call_later(LOOK_S, self._wait_for_more, pipe, until)
            return
        self._loop.add_reader(pipe, self._read, pipe)
        self._read_and_store(pipe)

    def _read_and_store(self, pipe: int) -> None:
        self._read_once(pipe)
        if self.log is None:
            return
        if self.log.is_full and pipe in self._streams:
            self._loop.remove_reader(pipe)
            self._loop.call_later(SLOW_S, self._read_slowly, pipe)
        if self.log.n_waiting:
            self._begin_to_store()

    def _read_slowly(self, pipe: int) -> None:
        """Empty the pipe, and wait again as long as it fills faster than is of use."""
        if pipe not in self._streams:
            return
        self._empty(pipe)
        if pipe not in self._streams:
            return
        if self.log is not None and self.log.is_full:
            self._loop.call_later(SLOW_S, self._read_slowly, pipe)
        else:
            self._loop.add_reader(pipe, self._read, pipe)

    def _empty(self, pipe: int) -> None:
        """Read what a full pipe holds, but not for ever what comes after."""
        for _ in range(GROWN_PIPE_BYTES // PIECE_BYTES + 1):
            if not self._read_once(pipe):
                return

    def _read_once(self, pipe: int) -> bool:
        """Read at most once; says whether there may be more."""
        try:
            data = os.read(pipe, PIECE_BYTES)
        except BlockingIOError:
            return False
        if not data:
            self._hang_up(pipe)
            return False
        if self.log is not None:
            self.log.feed(self._streams[pipe], data)
        return len(data) == PIECE_BYTES

    def _hang_up(self, pipe: int) -> None:
        self._loop.remove_reader(pipe)
        del self._streams[pipe]
        os.close(pipe)

    def _begin_to_store(self) -> None:
        if self._storing is None and self.log is not None:
            self._storing = self._loop.create_task(self._store_now(self.log))

    async def _store_now(self, log: LogWriter) -> None:
        try:
            await self._put(log)
        finally:
            self._storing = None

    async def _put(self, log: LogWriter) -> None:
        """Store what waits; a store that fails costs the log, not the attempt."""
        while (piece := log.take()) is not None:
            with suppress(PlaitError):
                await self._store(*piece)


def _n_ready(pipe: int) -> int:
    """Return how many bytes wait in a pipe; 0 at its end."""
    answer = array("i", [0])
    fcntl.ioctl(pipe, termios.FIONREAD, answer)
    return answer[0]
