"""
A store that is waited for: what may succeed in a moment is asked again, for a while.

Made by ``Engine`` around a durable store once that is open. Every call of these ports may be repeated: reads change nothing,
posts and reservations are known by their keys, and an append that was committed and not confirmed is refused the second time.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from plait_core.errors import Retryable
from plait_core.ports.clock import Clock
from plait_core.ports.databases import Accounts, Database, Schedules, Upkeep

PATIENCE_S = 30.0
"""How long a store may be unavailable before a call fails; what was committed can be resumed later."""


class PatientDatabase:
    """A database whose ports wait for an answer; what they raise in the end is what the store said last. Ports that a run may not need are looked at on request."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self.is_durable, self.has_views = database.is_durable, database.has_views
        self.log: Any = _Patient(database, "log", clock)
        self.views: Any = _Patient(database, "views", clock)
        self.leases: Any = _Patient(database, "leases", clock)
        self.inbox: Any = _Patient(database, "inbox", clock)
        self.cache: Any = _Patient(database, "cache", clock)
        self.registry: Any = _Patient(database, "registry", clock)
        self.open, self.close = database.open, database.close

    @property
    def schedules(self) -> Schedules:
        return self._database.schedules

    @property
    def accounts(self) -> Accounts:
        return self._database.accounts

    @property
    def upkeep(self) -> Upkeep:
        return self._database.upkeep


class _Patient:
    def __init__(self, database: Database, port: str, clock: Clock) -> None:
        self._database = database
        self._port = port
        self._clock = clock

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        call = getattr(getattr(self._database, self._port), name)

        async def patiently(*args: Any, **kwargs: Any) -> Any:
            give_up_at = None
            while True:
                try:
                    return await call(*args, **kwargs)
                except Retryable as busy:
                    now = self._clock.now_ns()
                    give_up_at = give_up_at or now + int(PATIENCE_S * 1e9)
                    if now >= give_up_at:
                        raise
                    await self._clock.sleep_until(now + int(busy.delay_s * 1e9))

        setattr(self, name, patiently)
        return patiently
