"""
Alarms: waking a run in time, without a timer of its own for each time that it waits.

Used by ``Run``, which waits after every turn, mostly for what comes long before its time is over.
"""

import asyncio
from collections.abc import Callable

from plait_core.ports.clock import Clock


class Alarm:
    """One timer that is left running while it is early enough; who is rung up looks whether the time has come."""

    def __init__(self, clock: Clock, ring: Callable[[], None]) -> None:
        """Call *ring* at a time of *clock*."""
        self._clock = clock
        self._ring = ring
        self._at_ns = 0
        self._waiting: asyncio.Task[None] | None = None

    def set(self, at_ns: int) -> None:
        """See to it that it rings by *at_ns*; it may ring earlier, at a time for which it was set before."""
        if self._waiting is not None and self._at_ns <= at_ns:
            return
        self.stop()
        self._at_ns = at_ns
        self._waiting = asyncio.get_running_loop().create_task(self._wait(at_ns))

    def stop(self) -> None:
        """Ring no more."""
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    async def _wait(self, at_ns: int) -> None:
        await self._clock.sleep_until(at_ns)
        self._waiting = None
        self._ring()
