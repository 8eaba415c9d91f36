"""The host's clock, as a port."""

import asyncio
import time


class HostClock:
    """Time as the host tells it."""

    def now_ns(self) -> int:
        """Return nanoseconds since the epoch."""
        return time.time_ns()

    async def sleep_until(self, at_ns: int) -> None:
        """Sleep; returns at once when the time is past."""
        await asyncio.sleep(max(0.0, (at_ns - time.time_ns()) / 1e9))
