"""Identical calls at once: one computes, and the others are woken when it has."""

import asyncio
from pathlib import Path

from plait import task
from plait_core.engine import Engine
from plait_core.plugins import Plugins
from plait_core.plugins.settings import Settings
from plait_core.ports.databases import CacheEntry, CacheKey
from plait_core.testing._memory_ownership import MemoryCache
from plait_core.testing.clocks import VirtualClock
from plait_core.testing.memory import MemoryDatabase

started: list[int] = []
may_end = asyncio.Event()


@task(cache=True, cache_version="1", cache_serialize=True)
async def slow(x: int) -> int:
    started.append(x)
    await may_end.wait()
    return x * 2


@task(cache=True, cache_version="1", cache_serialize=True)
async def quick(x: int) -> int:
    started.append(x)
    return x * 2


class LooksAway(MemoryCache):
    """A cache in which a value appears right after one asker was told that there is none."""

    has_looked = False

    async def get(self, key: CacheKey) -> CacheEntry | None:
        has_looked, self.has_looked = self.has_looked, True
        return await super().get(key) if has_looked else None


def test_what_was_made_while_one_looked_is_found(tmp_path: Path) -> None:
    """Who gets the right to make a value looks once more: the one who had it before may have made it."""

    async def again() -> list[int]:
        settings = Settings(home=str(tmp_path))
        database = MemoryDatabase(VirtualClock())
        async with Engine(settings=settings, plugins=Plugins.load(settings), database=database) as engine:
            first = await engine.call(quick, (), {"x": 5})
            database.cache.__class__ = LooksAway
            return [first, await engine.call(quick, (), {"x": 5})]

    assert asyncio.run(again()) == [10, 10]
    assert started.count(5) == 1


def test_waiter_is_woken_without_waiting_for_its_time(tmp_path: Path) -> None:
    """On a clock that stands still, polling would never end."""

    async def both() -> list[int]:
        clock = VirtualClock()
        settings = Settings(home=str(tmp_path))
        engine = Engine(settings=settings, plugins=Plugins.load(settings), database=MemoryDatabase(clock), clock=clock)
        async with engine:
            calls = [asyncio.create_task(engine.call(slow, (), {"x": 3})) for _ in range(2)]
            await clock.advance(0)
            may_end.set()
            return list(await asyncio.wait_for(asyncio.gather(*calls), timeout=60))

    assert asyncio.run(both()) == [6, 6]
    assert started.count(3) == 1
