"""
Errands: what goes on beside a run, on its behalf.

Kept by ``Acting`` for one run. An errand answers by a stimulus; one that breaks breaks the run off, for nobody else would hear of it.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any

from plait_core.engine import _commands as cmd
from plait_core.engine._host import Host


class Errands:
    """The tasks of one run."""

    def __init__(self, run: Host) -> None:
        self._run = run
        self._clock = run.services.clock
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def are_done(self) -> bool:
        """Whether nothing goes on."""
        return not self._tasks

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Have *work* done."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finish)

    def _finish(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            self._run.break_off(failure)

    async def again(self, command: cmd.Command, delay_s: float) -> None:
        """Put *command*, or what is left of it, back in line after a while."""
        await self._clock.sleep_until(self._clock.now_ns() + int(delay_s * 1e9))
        self._run.recall(command)

    async def close(self) -> None:
        """End what is still going on."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
