"""
The floor of one engine: its runs share a loop, and one at a time has the floor.

Asked for by ``Run`` before it decides and acts. Between two holders the rest of the loop has a turn, so whatever else waits there waits
for one run at most, however many are busy. Of the runs that wait, the one that had the floor least goes next; what it had
long ago counts less and less. So a short execution is ahead of long ones, and nobody is put off for ever. One that had next to
nothing does not even wait for whoever has it.
"""

import asyncio
from heapq import heappop, heappush
from itertools import count
from math import exp2, inf, log2

from plait_core.ports.clock import Clock

MOST_NS, MOST_WHEN_WANTED_NS = 5_000_000, 1_000_000
"""How long a run that goes on without waiting for anything may keep the floor, and how long when others wait for it."""

HALF_LIFE_NS = 1_000_000_000
"""After how long what a run had of the floor counts half."""

NEXT_TO_NOTHING = 1 / 32
"""What part of what the holder had another one may have had to go on beside it."""


class Share:
    """How much of the floor one run had, as the logarithm of a sum in which what is later weighs more; sums compare alike at all times."""

    def __init__(self) -> None:
        self.had = -inf

    def charge(self, took_ns: int, now_ns: int) -> None:
        """Count that it had the floor for *took_ns* until now."""
        weighed = log2(max(1, took_ns)) + now_ns / HALF_LIFE_NS
        most = max(weighed, self.had)
        self.had = most + log2(1 + exp2(min(weighed, self.had) - most))


class Floor:
    """Who may go on."""

    def __init__(self, clock: Clock) -> None:
        """Measure what everybody takes by *clock*."""
        self._clock = clock
        self._holder: Share | None = None
        self._since_ns = 0
        self._waiting: list[tuple[float, int, Share, asyncio.Future[None]]] = []
        self._order = count()

    def is_still_of(self, share: Share) -> bool:
        """Whether *share* has it and may keep it: the loop has not had a turn since, and is not kept waiting for too long."""
        if self._holder is not share:
            return False
        return self._clock.now_ns() - self._since_ns <= (MOST_WHEN_WANTED_NS if self._waiting else MOST_NS)

    async def take(self, share: Share) -> None:
        """Wait for it, or for it again; it is held until the loop has its next turn."""
        loop = asyncio.get_running_loop()
        if self._holder is None:
            self._give(share, loop)
            return
        self._charge()
        if share.had < self._holder.had + log2(NEXT_TO_NOTHING):
            self._holder = share  # until it is passed on, which is due at the loop's next turn
            return
        given = loop.create_future()
        heappush(self._waiting, (share.had, next(self._order), share, given))
        await given
        self._since_ns = self._clock.now_ns()

    def _charge(self) -> None:
        assert self._holder is not None
        now_ns = self._clock.now_ns()
        self._holder.charge(now_ns - self._since_ns, now_ns)
        self._since_ns = now_ns

    def _give(self, share: Share, loop: asyncio.AbstractEventLoop) -> None:
        self._holder, self._since_ns = share, self._clock.now_ns()
        loop.call_soon(self._pass_on, loop)

    def _pass_on(self, loop: asyncio.AbstractEventLoop) -> None:
        """Give it to who had it least; whoever is told now goes on just before this is called again."""
        self._charge()
        self._holder = None
        while self._waiting:
            _, _, share, given = heappop(self._waiting)
            if not given.done():  # cancelled meanwhile
                given.set_result(None)
                self._give(share, loop)
                return
