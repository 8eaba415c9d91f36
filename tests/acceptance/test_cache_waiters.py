"""Identical calls at once: one computes, and the others are woken when it has, wherever they wait."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from plait import RecoverableError, map_task, task, workflow
from plait_core.engine import Engine, _searching
from plait_core.ir.events import CacheAnswered
from plait_core.ir.ids import ExecutionId
from plait_core.ir.phases import ExecutionPhase
from plait_core.plugins import Plugins
from plait_core.plugins.settings import Settings
from plait_core.ports.databases import CacheEntry, CacheKey, Database, Reservation
from plait_core.testing._memory_ownership import MemoryCache
from plait_core.testing.arithmetic import literal_of
from plait_core.testing.clocks import VirtualClock
from plait_core.testing.memory import MemoryDatabase
from tests.postgres import Cluster
from tests.unit.ports.endings import a_dead_process

LONG_S = 60.0
FAR_OFF_S = 3600.0

started: list[int] = []


class Stage:
    """Tells when a body has begun, and lets bodies end."""

    has_begun: asyncio.Event
    may_end: asyncio.Event


@pytest.fixture(autouse=True)
def afresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was started, nothing may end, and nobody asks again before the end of the world."""
    started.clear()
    Stage.has_begun, Stage.may_end = asyncio.Event(), asyncio.Event()
    monkeypatch.setattr(_searching, "RESERVATION_POLL_S", FAR_OFF_S)


async def begin(x: int) -> None:
    started.append(x)
    Stage.has_begun.set()
    await Stage.may_end.wait()


@task(cache=True, cache_version="1", cache_serialize=True)
async def slow(x: int) -> int:
    await begin(x)
    return x * 2


@task(cache=True, cache_version="1", cache_serialize=True, retries=2)
async def shaky(x: int) -> int:
    await begin(x)
    if len(started) < 3:
        raise RecoverableError("not yet")
    return x * 2


@task(cache=True, cache_version="1", cache_serialize=True)
async def slow_at_first(x: int) -> int:
    await begin(x)
    if len(started) == 1:
        raise ValueError("the first one")
    return x * 2


@task(cache=True, cache_version="1", cache_serialize=True)
def quick(x: int) -> int:
    started.append(x)
    return x * 2


@task(cache=True, cache_version="1", cache_serialize=True)
def breaks_at_first(x: int) -> int:
    started.append(x)
    if len(started) == 1:
        raise ValueError("the first one")
    return x * 2


@workflow
def doubled(xs: list[int]) -> list[int]:
    return map_task(quick)(x=xs)


@workflow
def doubled_two_at_a_time(xs: list[int]) -> list[int]:
    return map_task(quick, concurrency=2)(x=xs)


@workflow
def most(xs: list[int]) -> list[int | None]:
    return map_task(breaks_at_first, min_success_ratio=0.5)(x=xs)


class LooksAway(MemoryCache):
    """A cache in which a value appears right after one asker was told that there is none."""

    has_looked = False

    async def get(self, key: CacheKey) -> CacheEntry | None:
        has_looked, self.has_looked = self.has_looked, True
        return await super().get(key) if has_looked else None


def test_what_was_made_while_one_looked_is_found(tmp_path: Path) -> None:
    """Who gets the right to make a value looks once more, and gives it up: the one who had it before may have made it."""

    async def again() -> list[int]:
        settings = Settings(home=str(tmp_path))
        database = MemoryDatabase(VirtualClock())
        async with Engine(settings=settings, plugins=Plugins.load(settings), database=database) as engine:
            first = await engine.call(quick, (), {"x": 5})
            database.cache.__class__ = LooksAway
            second = await engine.call(quick, (), {"x": 5})
            assert database._records.reservations == {}
            return [first, second]

    assert asyncio.run(again()) == [10, 10]
    assert started == [5]


def test_waiter_is_woken_without_waiting_for_its_time(tmp_path: Path) -> None:
    """On a clock that stands still, polling would never end."""

    async def both() -> list[int]:
        clock = VirtualClock()
        settings = Settings(home=str(tmp_path))
        engine = Engine(settings=settings, plugins=Plugins.load(settings), database=MemoryDatabase(clock), clock=clock)
        async with engine:
            calls = [asyncio.create_task(engine.call(slow, (), {"x": 3})) for _ in range(2)]
            await clock.advance(0)
            Stage.may_end.set()
            return list(await asyncio.wait_for(asyncio.gather(*calls), timeout=LONG_S))

    assert asyncio.run(both()) == [6, 6]
    assert started == [3]


@pytest.mark.parametrize(("many", "more"), [(doubled, 0), (doubled_two_at_a_time, 10)], ids=["all at once", "by twos"])
def test_equal_elements_of_one_map_run_once(many: Any, more: int) -> None:
    """The others wait for the first of their kind, and take its answer."""
    xs = [more + x for x in (4, 7, 4, 4, 7, 1)] * 30

    assert many(xs=xs) == [2 * x for x in xs]
    assert sorted(started) == sorted({*xs})


class Counting(MemoryCache):
    """A cache that counts how often the right to make a value was asked for, by key."""

    asked: Counter[str] = Counter()

    async def reserve(self, reservation: Reservation) -> Reservation:
        self.asked[reservation.key.digest] += 1
        return await super().reserve(reservation)


@pytest.mark.parametrize("many", [doubled, doubled_two_at_a_time], ids=["all at once", "by twos"])
def test_equal_elements_of_one_map_reserve_once(many: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever knows that a value is being made need not ask the store, which would be a statement for each of them."""
    monkeypatch.setattr(Counting, "asked", asked := Counter[str]())
    xs = [4, 7, 4, 4, 7, 1] * 30

    async def run() -> Any:
        settings, database = Settings(home=str(tmp_path)), MemoryDatabase()
        database.cache.__class__ = Counting
        async with Engine(settings=settings, plugins=Plugins.load(settings), database=database) as engine:
            return await engine.call(many, (), {"xs": xs})

    assert asyncio.run(run()) == [2 * x for x in xs]
    assert sorted(asked.values()) == [1, 1, 1]


def test_an_element_takes_over_from_one_that_failed() -> None:
    """Its value is not there yet, so one of those that wait makes it."""
    assert most(xs=[4, 4, 4]) == [None, 8, 8]
    assert started == [4, 4]


# ── engines that share a store ───────────────────────────────────────────────


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings of engines that share a store."""
    url = f"sqlite:///{tmp_path}/plait.db"
    if request.param == "postgresql":
        cluster: Cluster = request.getfixturevalue("postgres")
        url = cluster.url_of_new_schema()
    return Settings(home=str(tmp_path), store=url, blobs=f"file://{tmp_path}/blobs", executors=("inline",))


@asynccontextmanager
async def two_engines(settings: Settings) -> AsyncIterator[tuple[Engine, Engine]]:
    """Open two engines, each with executions of its own."""
    async with AsyncExitStack() as stack:
        engines = [Engine(settings=settings, plugins=Plugins.load(settings)) for _ in range(2)]
        one, other = [await stack.enter_async_context(engine) for engine in engines]
        yield one, other


async def until_it_waits(database: Database, execution: ExecutionId) -> None:
    """Return once the only task of an execution waits for somebody else to make its value."""
    async with asyncio.timeout(LONG_S):
        with database.log.listening(execution) as bell:
            is_asked = False
            while not is_asked:
                bell.hush()
                events = await database.log.read(execution)
                is_asked = any(isinstance(event.decision, CacheAnswered) for event in events)
                await bell.wait(asyncio.sleep(0 if is_asked else LONG_S))


@pytest.mark.parametrize(
    ("entity", "times"), [(slow, 1), (shaky, 3)], ids=["made at once", "made by the third attempt"]
)
def test_waiter_of_another_engine_is_told(entity: Any, times: int, settings: Settings) -> None:
    """Once the value is there, and not before; that an attempt has failed makes nobody begin who was waiting."""

    async def both() -> list[Any]:
        async with two_engines(settings) as (one, other):
            inputs = {"x": literal_of(3)}
            first = await one.launch(entity, inputs)
            await Stage.has_begun.wait()
            second = await other.launch(entity, inputs)
            await until_it_waits(other.database, second)
            Stage.may_end.set()
            async with asyncio.timeout(LONG_S):
                endings = await one.wait(first), await other.wait(second)
            rows = await other.database.views.nodes(second)
            assert [row.cache for row in rows if row.kind == "task"] == ["hit"]
            return [ending.outputs for ending in endings]

    assert asyncio.run(both()) == [{"o0": literal_of(6)}] * 2
    assert started == [3] * times


def test_what_a_killed_run_was_making_is_made_by_others(settings: Settings) -> None:
    """Nobody resumes it perhaps, and on its machine it can be seen that it does not go on."""

    async def both() -> ExecutionPhase:
        async with two_engines(settings) as (one, other):
            await one.launch(slow, {"x": literal_of(3)})
            await Stage.has_begun.wait()
            await one.stop_renewing()
            (lease,) = [lease for lease in await one.database.leases.living() if lease.owner == one._services.owner]
            await one.database.leases.renew(lease.owner, pool=lease.pool, ttl_s=FAR_OFF_S, process=a_dead_process())
            Stage.has_begun.clear()
            second = await other.launch(slow, {"x": literal_of(3)})
            async with asyncio.timeout(LONG_S):
                await Stage.has_begun.wait()
            Stage.may_end.set()
            async with asyncio.timeout(LONG_S):
                return (await other.wait(second)).phase

    assert asyncio.run(both()) is ExecutionPhase.SUCCEEDED
    assert started == [3, 3]


def test_waiter_of_another_engine_takes_over_from_one_that_failed(settings: Settings) -> None:
    """It is told of that, too."""

    async def both() -> list[ExecutionPhase]:
        async with two_engines(settings) as (one, other):
            first = await one.launch(slow_at_first, {"x": literal_of(3)})
            await Stage.has_begun.wait()
            second = await other.launch(slow_at_first, {"x": literal_of(3)})
            await until_it_waits(other.database, second)
            Stage.may_end.set()
            async with asyncio.timeout(LONG_S):
                return [(await engine.wait(execution)).phase for engine, execution in ((one, first), (other, second))]

    assert asyncio.run(both()) == [ExecutionPhase.FAILED, ExecutionPhase.SUCCEEDED]
    assert started == [3, 3]
