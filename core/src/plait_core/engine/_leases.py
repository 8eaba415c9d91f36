"""
Leases: that of the engine, and those of engines whose process is gone.

The engine's own is renewed from a thread of its own, so that a long synchronous task does not cost the engine its executions.
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from contextlib import suppress

from plait_core.engine._clocks import HostClock
from plait_core.errors import Retryable
from plait_core.ports.clock import Clock
from plait_core.ports.databases import Database, Leases
from plait_core.ports.databases.leases import FORGOTTEN_AFTER_S
from plait_core.ports.processes import is_gone, this_process

TTL_S = 15.0
RENEW_EVERY_S = 5.0
FOREVER_S = 100 * 365 * 86_400.0
"""How long a lease in a store lasts that ends with the process anyway."""

log = logging.getLogger("plait.engine")


class Lessee:
    """
    Holds one engine's lease while it is open.

    On the host's clock the lease is renewed by a thread with an event loop of its own; on any other clock by a task, so that
    whoever owns the time owns the lease too.
    """

    def __init__(
        self, database: Database, clock: Clock, *, owner: str, pool: str, on_theft: Callable[[], None]
    ) -> None:
        """Hold the lease of *owner*, whose executions belong to *pool*; call *on_theft* when others took some of them."""
        self._database = database
        self._clock = clock
        self._owner = owner
        self._pool = pool
        self._process = this_process() if database.is_durable else ""
        self._on_theft = on_theft
        self._renewed_at_ns = 0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Take the lease and keep it."""
        if not self._database.is_durable:
            await self._database.leases.renew(self._owner, pool=self._pool, ttl_s=FOREVER_S)
            return
        await self._renew()
        if isinstance(self._clock, HostClock):
            loop = asyncio.get_running_loop()
            self._thread = threading.Thread(target=self._keep, args=(loop,), name="lease", daemon=True)
            self._thread.start()
        else:
            self._task = asyncio.get_running_loop().create_task(self._keep_by_clock(), name="lease")

    async def stop(self, *, releases: bool = True) -> None:
        """Stop renewing, and give the lease up at once unless it is to run out by itself."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        if self._task is not None:
            self._task.cancel()
        if releases:
            with suppress(Retryable):  # then it runs out by itself
                await self._database.leases.release(self._owner)

    async def _renew(self) -> bool:
        """Extend the lease; False when it had run out and others took over, or may have: a store forgets who was away for long."""
        is_known = await self._database.leases.renew(self._owner, pool=self._pool, ttl_s=TTL_S, process=self._process)
        before_ns, self._renewed_at_ns = self._renewed_at_ns, self._clock.now_ns()
        return is_known and self._renewed_at_ns - before_ns < FORGOTTEN_AFTER_S / 2 * 1e9

    def _keep(self, loop: asyncio.AbstractEventLoop) -> None:
        while not self._stop.wait(RENEW_EVERY_S):
            if asyncio.run(self._hears_of_theft()):
                loop.call_soon_threadsafe(self._on_theft)

    async def _keep_by_clock(self) -> None:
        while True:
            await self._clock.sleep_until(self._clock.now_ns() + int(RENEW_EVERY_S * 1e9))
            if await self._hears_of_theft():
                self._on_theft()

    async def _hears_of_theft(self) -> bool:
        """Renew, and say whether others took over. What fails is tried in the next round; the lease outlives a few of them."""
        try:
            return not await self._renew()
        except Retryable:
            return False
        except Exception:
            log.exception("the lease of this engine was not renewed", extra={"owner": self._owner})
            return False


async def end_leases_of_the_gone(leases: Leases) -> bool:
    """
    Free at once what engines of this machine owned that were killed; those of other machines are waited for.

    Returns whether there was one.
    """
    gone = [lease.owner for lease in await leases.living() if is_gone(lease.process)]
    for owner in gone:
        await leases.expire(owner)
    return bool(gone)
