"""Clocks that are set while engines and leases depend on them: nothing is lost or done twice, at worst it is late."""

import asyncio
import time
from datetime import timedelta
from pathlib import Path

import pytest

from plait import sleep, task, workflow
from plait_core.engine import Engine, _clocks
from plait_core.engine._clocks import HostClock
from plait_core.ir.phases import ExecutionPhase
from plait_core.plugins import Plugins
from plait_core.plugins.settings import Settings
from plait_core.testing._samples import POOL, started, turn
from plait_core.testing.databases import ShiftedClock
from plait_core.testing.memory import MemoryDatabase
from tests.durability.stories import integer

DAY_S = 86_400.0
jumps: list[float] = []
clock = ShiftedClock()


class SetClock(ShiftedClock):
    """A clock that notices at once when it is set."""

    async def sleep_until(self, at_ns: int) -> None:
        while self.now_ns() < at_ns:  # noqa: ASYNC110  # nobody tells a host of it either
            await asyncio.sleep(0.001)


@task
def jump(x: int) -> int:
    clock.pass_s(jumps.pop(0))
    return x + 1


@workflow
def jumping(x: int) -> int:
    y = jump(x=jump(x=jump(x=x)))
    sleep(timedelta(days=1))
    return jump(x=y)


@pytest.mark.parametrize("there_and_back", [[DAY_S, -DAY_S, DAY_S / 2, DAY_S], [-DAY_S, DAY_S, -DAY_S, 3 * DAY_S]])
def test_an_execution_ends_whatever_the_time(
    there_and_back: list[float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Days forth and back between its steps change nothing; a time that was waited for has come when the clock says so."""
    monkeypatch.setattr(f"{__name__}.clock", set_clock := SetClock())
    monkeypatch.setattr(f"{__name__}.jumps", there_and_back.copy())
    settings = Settings(home=str(tmp_path))

    async def run() -> None:
        plugins, database = Plugins.load(settings), MemoryDatabase(set_clock)
        async with Engine(settings=settings, plugins=plugins, database=database, clock=set_clock) as engine:
            execution = await engine.launch(jumping, {"x": integer(1)})
            while len(jumps) > 0:  # noqa: ASYNC110  # the fourth body ends while the sleep goes on
                await asyncio.sleep(0.001)
            set_clock.pass_s(DAY_S)
            ending = await asyncio.wait_for(engine.wait(execution), timeout=60)
            assert (ending.phase, ending.outputs) == (ExecutionPhase.SUCCEEDED, {"o0": integer(5)})

    asyncio.run(run())


def test_whoever_took_over_too_early_is_the_only_one_heard() -> None:
    """A clock set forward ends leases of engines that live; the fence, not the lease, says who may write."""

    async def run() -> None:
        shifted = ShiftedClock()
        database = MemoryDatabase(shifted)
        await database.leases.renew("engine-1", pool=POOL, ttl_s=15)
        await database.leases.renew("engine-2", pool=POOL, ttl_s=10 * DAY_S)
        execution = await started(database)
        shifted.pass_s(DAY_S)
        assert list(await database.leases.claim("engine-2", pool=POOL, limit=9)) == [(execution, 3)]
        shifted.pass_s(-DAY_S)
        assert list(await database.log.append([turn(execution, 3)])) == [execution]
        assert await database.leases.renew("engine-1", pool=POOL, ttl_s=15) is False
        assert not await database.log.append([turn(execution, 4, owner="engine-2")])

    asyncio.run(run())


def test_a_clock_that_is_set_forward_wakes_sleepers(monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a night in which the machine was suspended."""
    monkeypatch.setattr(_clocks, "LONGEST_NAP_S", 0.01)
    ahead_ns = 0
    now_ns = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: now_ns() + ahead_ns)

    async def run() -> None:
        nonlocal ahead_ns
        host = HostClock()
        sleeping = asyncio.ensure_future(host.sleep_until(host.now_ns() + int(DAY_S * 1e9)))
        await asyncio.sleep(0.05)
        assert not sleeping.done()
        ahead_ns = int(DAY_S * 1e9)
        await asyncio.wait_for(sleeping, timeout=60)

    asyncio.run(run())
