"""
Bells: how a store tells a waiting engine of its own process that something arrived.

Used by the implementations of ``Inbox``. A ring is remembered until ``hush``, so none is missed between looking and
waiting; it may come from any thread and reaches waiters on any loop.
"""

import asyncio
from collections.abc import Awaitable


class Bell:
    """One bell for one engine's messages."""

    def __init__(self) -> None:
        self._has_rung = False
        self._waiting: set[asyncio.Future[None]] = set()

    def ring(self) -> None:
        """Wake whoever waits, and whoever waits next."""
        self._has_rung = True
        for heard in tuple(self._waiting):
            loop = heard.get_loop()
            if not loop.is_closed():
                loop.call_soon_threadsafe(_settle, heard)

    def hush(self) -> None:
        """Forget past rings; called before looking at what has arrived."""
        self._has_rung = False

    async def wait(self, patience: Awaitable[None]) -> bool:
        """Return True once it rings, or False when *patience* is over; what is left of that is cancelled."""
        heard = asyncio.get_running_loop().create_future()
        patient = asyncio.ensure_future(patience)
        self._waiting.add(heard)
        try:
            if not self._has_rung:
                await asyncio.wait((heard, patient), return_when=asyncio.FIRST_COMPLETED)
            return self._has_rung
        finally:
            self._waiting.discard(heard)
            patient.cancel()


def _settle(heard: "asyncio.Future[None]") -> None:
    if not heard.done():
        heard.set_result(None)
