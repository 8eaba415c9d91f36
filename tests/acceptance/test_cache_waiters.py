"""Identical calls at once: one computes, and the others are woken when it has."""

import asyncio
from pathlib import Path

from plait import task
from plait_core.engine import Engine
from plait_core.plugins import Plugins
from plait_core.plugins.settings import Settings
from plait_core.testing.clocks import VirtualClock
from plait_core.testing.memory import MemoryDatabase

started: list[int] = []
may_end = asyncio.Event()


@task(cache=True, cache_version="1", cache_serialize=True)
async def slow(x: int) -> int:
    started.append(x)
    await may_end.wait()
    return x * 2


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
            return list(await asyncio.wait_for(asyncio.gather(*calls), timeout=10))

    assert asyncio.run(both()) == [6, 6]
    assert started == [3]
