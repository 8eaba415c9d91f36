"""
Lines: submissions that wait because their executor is full.

Kept by ``Acting`` for one run. Once an executor has refused a submission, those that follow wait behind it untried; after a while
the first one is tried again, and each that is taken lets the next one try. So a full executor costs one attempt at a time,
however many submissions there are.
"""

from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

import attrs

from plait_core.engine._commands import Command, Submit
from plait_core.engine._services import Services
from plait_core.engine._state import ExecutionState


class Caller(Protocol):
    """The run whose submissions wait."""

    services: Services
    state: ExecutionState

    def recall(self, command: Command, *, first: bool = False) -> None:
        """Put a command back in line."""
        ...


@attrs.define(eq=False, repr=False)
class _Line:
    waiting: deque[Submit]
    delay_s: float


class Lines:
    """What waits, by executor."""

    def __init__(self, run: Caller, spawn: Callable[[Coroutine[Any, Any, None]], None]) -> None:
        """Keep the submissions of *run*; *spawn* has something done beside it."""
        self._run = run
        self._spawn = spawn
        self._lines: dict[str, _Line] = {}
        self._called: set[object] = set()
        """Keys of those whose turn it is."""

    def has_to_wait(self, executor: str, command: Submit) -> bool:
        """Say whether others are before *command*, which then waits behind them."""
        if command.key in self._called:
            self._called.discard(command.key)
            return False
        line = self._lines.get(executor)
        if line is None:
            return False
        line.waiting.append(command)
        return True

    def refused(self, executor: str, command: Submit, delay_s: float) -> None:
        """Let *command*, for which there was no room, be the first to try again after *delay_s*."""
        line = self._lines.get(executor)
        if line is None:
            line = self._lines[executor] = _Line(deque(), delay_s)
            self._spawn(self._call_again(executor, line))
        line.waiting.appendleft(command)
        line.delay_s = delay_s

    def call_next(self, executor: str) -> None:
        """Let the first one that waits, if any, try again: there was room for the one before."""
        if (line := self._lines.get(executor)) is not None:
            self._call_first(line)

    def _call_first(self, line: _Line) -> None:
        while line.waiting:
            command = line.waiting.popleft()
            if command.key in self._run.state.open:
                self._called.add(command.key)
                self._run.recall(command, first=True)
                return

    async def _call_again(self, executor: str, line: _Line) -> None:
        """Call the first one time and again: the one that was called last may have been given up meanwhile."""
        clock = self._run.services.clock
        while line.waiting:
            await clock.sleep_until(clock.now_ns() + int(line.delay_s * 1e9))
            self._call_first(line)
        del self._lines[executor]
