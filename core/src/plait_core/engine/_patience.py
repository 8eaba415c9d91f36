"""
A store that is waited for: what may succeed in a moment is asked again, for a while.

Made by ``Engine`` around a durable store once that is open. These calls may be repeated: reads change nothing, posts and
reservations are known by their keys, and an append that was committed and not confirmed is refused the second time. But who claims
whatever is due would not be told the second time what it has since the first, so that is for the claimant to find out.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from plait_core.errors import Retryable
from plait_core.ir.ids import ExecutionId
from plait_core.ports.clock import Clock
from plait_core.ports.databases import Accounts, Database, Schedules, Upkeep

Call: TypeAlias = Callable[..., Awaitable[Any]]

PATIENCE_S = 30.0
"""How long a store may be unavailable before a call fails; what was committed can be resumed later."""


class PatientDatabase:
    """A database whose ports wait for an answer; what they raise in the end is what the store said last. Ports that a run may not need are looked at on request."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self.is_durable, self.has_views = database.is_durable, database.has_views
        self.log: Any = _Patient(database, "log", clock)
        self.views: Any = _Patient(database, "views", clock)
        self.leases: Any = _PatientLeases(database, "leases", clock)
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

    def __getattr__(self, name: str) -> Call:
        patient = _patient(getattr(getattr(self._database, self._port), name), self._clock)
        setattr(self, name, patient)
        return patient


class _PatientLeases(_Patient):
    async def claim(self, owner: str, *, execution: ExecutionId | None = None, **rest: Any) -> Any:
        claim: Call = self._database.leases.claim
        if execution is not None:
            claim = _patient(claim, self._clock)
        return await claim(owner, execution=execution, **rest)


def _patient(call: Call, clock: Clock) -> Call:
    async def patient(*args: Any, **kwargs: Any) -> Any:
        give_up_at = None
        while True:
            try:
                return await call(*args, **kwargs)
            except Retryable as busy:
                now = clock.now_ns()
                give_up_at = give_up_at or now + int(PATIENCE_S * 1e9)
                if now >= give_up_at:
                    raise
                await clock.sleep_until(now + int(busy.delay_s * 1e9))

    return patient
