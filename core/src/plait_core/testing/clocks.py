"""
Clocks: the host's, and one that stands still until a test tells it to move.

``VirtualClock`` is an implementation of the ``Clock`` port for one event loop. Sleepers wake in the order of their times, and whatever a
sleeper wakes runs until it waits again before time moves on. Work in other threads is not waited for.
"""

import asyncio
import heapq
import time
from itertools import count

NOON_NS = 1_767_268_800_000_000_000
"""2026-01-01 12:00 UTC."""


class HostClock:
    """Time as the host tells it."""

    def now_ns(self) -> int:
        return time.time_ns()

    async def sleep_until(self, at_ns: int) -> None:
        await asyncio.sleep(max(0.0, (at_ns - self.now_ns()) / 1e9))


class VirtualClock:
    """A clock that starts at *now_ns* and moves by ``advance`` only."""

    def __init__(self, now_ns: int = NOON_NS) -> None:
        self._now_ns = now_ns
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = count()

    def now_ns(self) -> int:
        return self._now_ns

    async def sleep_until(self, at_ns: int) -> None:
        if at_ns <= self._now_ns:
            await asyncio.sleep(0)
            return
        waking = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (at_ns, next(self._order), waking))
        await waking

    @property
    def next_wake_ns(self) -> int | None:
        """When the next sleeper wakes; ``None`` when nobody sleeps."""
        while self._sleepers and self._sleepers[0][2].done():  # cancelled
            heapq.heappop(self._sleepers)
        return self._sleepers[0][0] if self._sleepers else None

    async def advance(self, seconds: float) -> None:
        """Let *seconds* pass, >= 0. When cancelled, time has come as far as the sleepers woken so far."""
        until_ns = self._now_ns + round(seconds * 1e9)
        await _settle()
        while (at_ns := self.next_wake_ns) is not None and at_ns <= until_ns:
            await self._wake(at_ns)
        self._now_ns = until_ns

    async def run_until_idle(self, limit_s: float = 7 * 86_400) -> None:
        """
        Let time pass until nobody sleeps.

        Raises:
            TimeoutError: somebody still sleeps after *limit_s* seconds.
        """
        until_ns = self._now_ns + round(limit_s * 1e9)
        await _settle()
        while (at_ns := self.next_wake_ns) is not None:
            if at_ns > until_ns:
                raise TimeoutError(f"somebody still sleeps after {limit_s} s of virtual time")
            await self._wake(at_ns)

    async def _wake(self, at_ns: int) -> None:
        self._now_ns = at_ns
        while self.next_wake_ns == at_ns:
            heapq.heappop(self._sleepers)[2].set_result(None)
            await _settle()


async def _settle() -> None:
    """Let everything run that can run without time passing."""
    ready = asyncio.get_running_loop()._ready  # type: ignore[attr-defined]  # what every loop of asyncio calls it
    await asyncio.sleep(0)
    while ready:  # noqa: ASYNC110  # there is no event for "nothing more to do"
        await asyncio.sleep(0)
