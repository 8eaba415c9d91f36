"""The host's clock, as a port."""

import asyncio
import time

LONGEST_NAP_S = 20.0
"""How soon it is noticed that somebody has set the clock, or that the machine was suspended: sleeping counts neither."""


class HostClock:
    """Time as the host tells it."""

    def now_ns(self) -> int:
        """Return nanoseconds since the epoch."""
        return time.time_ns()

    async def sleep_until(self, at_ns: int) -> None:
        """Sleep; returns at once when the time is past."""
        left_s = (at_ns - time.time_ns()) / 1e9
        while left_s > LONGEST_NAP_S:
            await asyncio.sleep(LONGEST_NAP_S)
            left_s = (at_ns - time.time_ns()) / 1e9
        await asyncio.sleep(max(0.0, left_s))
