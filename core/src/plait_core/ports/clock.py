"""Time as a port, so that tests own it."""

from typing import Protocol


class Clock(Protocol):
    """Nanoseconds since the epoch in UTC, and waiting."""

    def now_ns(self) -> int:
        """Return the present time; never goes back by more than the host's clock does."""
        ...

    async def sleep_until(self, at_ns: int) -> None:
        """Return once ``now_ns() >= at_ns``. Cancellation passes through and leaves nothing behind."""
        ...
