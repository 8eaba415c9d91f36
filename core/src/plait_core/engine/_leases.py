"""
The engine's lease: renewed from a thread of its own, so that a long synchronous task does not cost the engine its executions.
"""

import asyncio
import threading

from plait_core.ports.databases import Database

TTL_S = 15.0
RENEW_EVERY_S = 5.0


class Lessee:
    """Holds one engine's lease while it is open."""

    def __init__(self, database: Database, *, owner: str, pool: str) -> None:
        """Hold the lease of *owner*, whose executions belong to *pool*."""
        self._database = database
        self._owner = owner
        self._pool = pool
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    async def start(self) -> None:
        """Take the lease and keep it."""
        await self._renew()
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        """Give the lease up."""
        if self._thread is None:
            return
        self._stop.set()
        self._thread.join()
        await self._database.leases.release(self._owner)

    async def _renew(self) -> None:
        await self._database.leases.renew(self._owner, pool=self._pool, ttl_s=TTL_S)

    def _keep(self) -> None:
        while not self._stop.wait(RENEW_EVERY_S):
            asyncio.run(self._renew())
