"""The lease of an engine goes on by itself, and the engine hears when others may have taken over."""

import asyncio

import pytest

from plait_core.engine._leases import RENEW_EVERY_S, Lessee
from plait_core.ports.databases.leases import FORGOTTEN_AFTER_S
from plait_core.testing._samples import POOL
from plait_core.testing.clocks import VirtualClock
from plait_core.testing.memory import MemoryDatabase


class Stored(MemoryDatabase):
    """A database that says of itself that it outlives its process."""

    is_durable = True


class Night(VirtualClock):
    """A clock that has gone on while nothing ran."""

    away_ns = 0

    def now_ns(self) -> int:
        return super().now_ns() + self.away_ns

    async def sleep_until(self, at_ns: int) -> None:
        await super().sleep_until(at_ns - self.away_ns)


@pytest.mark.parametrize(
    ("away_s", "n_told"), [(0.0, 0), (60.0, 0), (FORGOTTEN_AFTER_S / 2 + 60, 1), (9 * FORGOTTEN_AFTER_S, 1)]
)
def test_whoever_was_away_for_so_long_that_it_may_be_forgotten_looks(away_s: float, n_told: int) -> None:
    """The store may not know it any more, and so cannot say what others took: a machine was suspended over night."""
    told: list[float] = []

    async def run() -> None:
        clock = Night()
        database = Stored(clock)
        lessee = Lessee(database, clock, owner="engine-1", pool=POOL, on_theft=lambda: told.append(clock.now_ns()))
        await lessee.start()
        await clock.advance(RENEW_EVERY_S)
        clock.away_ns = int(away_s * 1e9)
        await database.leases.renew("engine-2", pool=POOL, ttl_s=60)
        await clock.advance(10 * RENEW_EVERY_S)
        await lessee.stop()

    asyncio.run(run())

    assert len(told) == n_told
