"""Caching, through real runs: what is reused, what is not, and what is said about it."""

import asyncio
from pathlib import Path
from typing import Annotated, Any, Optional

import attrs
import pytest

from plait import (
    Cache,
    File,
    HashMethod,
    NonRecoverableError,
    current_context,
    dynamic,
    eager,
    map_task,
    task,
    workflow,
)
from plait_core.engine import Engine
from plait_core.errors.authoring import InvalidOption
from plait_core.ir.executions import CacheStatus
from plait_core.ir.launch_plans import ExecutionOptions
from plait_core.plugins import process_plugins
from plait_core.ports.databases import Database
from plait_core.testing.clocks import VirtualClock
from plait_core.testing.memory import MemoryDatabase
from tests.acceptance.calling import Desk
from tests.acceptance.rows.recording import begin, engine_on, finished, record

ran: list[Any] = []
"""What task bodies note down; emptied before each test."""


@pytest.fixture(autouse=True)
def _nothing_ran() -> None:
    ran.clear()


@pytest.fixture
def database() -> MemoryDatabase:
    """What several runs share."""
    return MemoryDatabase()


@task(cache=True, cache_version="1.0")
def double(n: int) -> int:
    ran.append(n)
    return n * 2


def verdict(database: Database, entity: Any, **inputs: Any) -> tuple[str, Any]:
    """Run *entity*, and return what the record says about the cache of its first node, and its value."""
    recorded = record(entity, database=database, **inputs)
    return recorded.nodes["n0"].cache, recorded.value


# ── hits and misses ──────────────────────────────────────────────────────────


def test_outputs_are_reused_for_the_same_inputs(database: MemoryDatabase) -> None:
    """K-01, K-09: in another execution; the verdict is recorded, and nothing is attempted."""
    first = record(double, database=database, n=1)
    again = record(double, database=database, n=1)

    assert (first.value, again.value, ran) == (2, 2, [1])
    assert (first.nodes["n0"].cache, again.nodes["n0"].cache) == ("miss", "hit")
    assert again.attempts == []


def test_outputs_are_reused_within_one_execution(database: MemoryDatabase) -> None:
    """K-01: by a later call, wherever it is."""

    @workflow
    def inner(n: int) -> int:
        return double(n=double(n=n))

    @workflow
    def wf() -> int:
        return inner(n=double(n=1))

    record(inner, database=database, n=1)
    assert record(wf, database=database).value == 8
    assert ran == [1, 2, 4]


def test_other_inputs_miss_and_the_record_says_which_changed(database: MemoryDatabase) -> None:
    """K-03, K-09."""

    @task(cache=True, cache_version="1")
    def add(a: int, b: int) -> int:
        return a + b

    record(add, database=database, a=1, b=1)
    recorded = record(add, database=database, a=1, b=2)

    assert _reasons(recorded) == ["input b changed"]


def _reasons(recorded: Any) -> list[str]:
    """Return the reasons of the misses of a run."""
    verdicts = [getattr(decision, "verdict", None) for decision in recorded.decisions]
    return [verdict.reason for verdict in verdicts if verdict is not None and verdict.status is CacheStatus.MISS]


def test_another_version_or_another_name_misses(database: MemoryDatabase) -> None:
    """K-01, K-03: the version under which a task is registered is no part of it."""

    def make(version: str) -> Any:
        @task(cache=True, cache_version=version)
        def work(n: int) -> int:
            ran.append(version)
            return n

        return work

    def another(n: int) -> int:
        ran.append("other")
        return n

    one, again, two = make("1"), make("1"), make("2")
    other = task(cache=True, cache_version="1")(another)
    for entity in (one, again, two, other):
        record(entity, database=database, n=1)

    assert ran == ["1", "2", "other"]


def test_order_of_keys_does_not_matter(database: MemoryDatabase) -> None:
    """K-03."""

    @task(cache=True, cache_version="1")
    def size(of: dict[str, int]) -> int:
        ran.append(of)
        return len(of)

    record(size, database=database, of={"a": 1, "b": 2})
    record(size, database=database, of={"b": 2, "a": 1})

    assert len(ran) == 1


def test_cache_without_a_version_follows_the_code(database: MemoryDatabase) -> None:
    """K-01, Q-25: equal code is the same version."""

    def make(factor: int) -> Any:
        if factor == 2:

            @task(cache=True)
            def work(n: int) -> int:
                ran.append(n)
                return n * 2

        else:

            @task(cache="auto")
            def work(n: int) -> int:
                ran.append(n)
                return n * 3

        return work

    values = [record(make(factor), database=database, n=1).value for factor in (2, 2, 3)]

    assert values == [2, 2, 3]
    assert ran == [1, 1]


def test_version_alone_caches_nothing(database: MemoryDatabase) -> None:
    """K-01."""

    @task(cache_version="1")
    def work(n: int) -> int:
        ran.append(n)
        return n

    record(work, database=database, n=1)
    record(work, database=database, n=1)

    assert ran == [1, 1]


@pytest.mark.parametrize(
    "arguments",
    [
        {"cache_serialize": True},
        {"cache_ignore_input_vars": ("n",)},
        {"cache": Cache(version="1"), "cache_version": "2"},
        {"cache": Cache(version="1", ignored_inputs=("m",))},
    ],
)
def test_settings_that_contradict_each_other_are_refused(arguments: Any) -> None:
    """K-02, K-06, K-07, T-09."""

    @task(**arguments)
    def work(n: int) -> int:
        return n

    with pytest.raises(InvalidOption):
        record(work, n=1)


def test_ignored_inputs_do_not_matter(database: MemoryDatabase) -> None:
    """K-02, K-07: in either spelling."""

    @task(cache=Cache(version="1", ignored_inputs=("where",)))
    def one(n: int, where: str) -> int:
        ran.append(where)
        return n

    @task(cache=True, cache_version="1", cache_ignore_input_vars=("where",))
    def two(n: int, where: str) -> int:
        ran.append(where)
        return n

    for entity in (one, two):
        for where in ("here", "there"):
            record(entity, database=database, n=1, where=where)

    assert ran == ["here", "here"]


def test_hash_method_stands_for_the_value(database: MemoryDatabase) -> None:
    """K-04: also inside lists and maps."""

    def parity(n: int) -> str:
        return str(n % 2)

    @task
    def make(n: int) -> Annotated[int, HashMethod(parity)]:
        return n

    @task
    def several(n: int) -> list[Annotated[int, HashMethod(parity)]]:
        return [n, n]

    @task(cache=True, cache_version="1")
    def one(n: int) -> int:
        ran.append(n)
        return n

    @task(cache=True, cache_version="1")
    def many(ns: dict[str, list[int]]) -> int:
        ran.append(ns)
        return len(ns)

    @workflow
    def wf(n: int) -> tuple[int, int]:
        return one(n=make(n=n)), many(ns={"k": several(n=n)})

    for n in (1, 3, 4):
        record(wf, database=database, n=n)

    assert ran == [1, {"k": [1, 1]}, 4, {"k": [4, 4]}]


def test_equal_files_hit_although_they_lie_elsewhere(database: MemoryDatabase, tmp_path: Path) -> None:
    """K-05: by their content, which is known when they were uploaded."""

    @task
    def write(text: str) -> File:
        path = current_context().working_directory / "text"
        path.write_text(text)
        return File(str(path))

    @task(cache=True, cache_version="1")
    def read(file: File) -> str:
        with file.open() as stream:
            text: str = stream.read()
        ran.append(text)
        return text

    @workflow
    def wf(text: str) -> str:
        return read(file=write(text=text))

    values = [record(wf, database=database, text=text).value for text in ("a", "a", "b")]

    assert values == ["a", "a", "b"]
    assert ran == ["a", "b"]


def test_value_that_is_stored_apart_hits_like_any_other(database: MemoryDatabase) -> None:
    """K-05."""

    @task
    def make(n: int) -> list[int]:
        return list(range(n))

    @task(cache=True, cache_version="1")
    def extend(ns: list[int]) -> list[int]:
        ran.append(len(ns))
        return [*ns, 1]

    @task
    def size(ns: list[int]) -> int:
        return len(ns)

    @workflow
    def wf(n: int) -> int:
        return size(ns=extend(ns=make(n=n)))

    values = [record(wf, database=database, n=n).value for n in (15_000, 15_000, 15_001)]

    assert values == [15_001, 15_001, 15_002]
    assert ran == [15_000, 15_001]


def test_hit_whose_file_is_gone_is_a_miss(database: MemoryDatabase) -> None:
    """DESIGN: VANISHED, and the task runs again."""

    @task(cache=True, cache_version="1")
    def write(text: str) -> File:
        ran.append(text)
        path = current_context().working_directory / "text"
        path.write_text(text)
        return File(str(path))

    first = record(write, database=database, text="a")
    Path(first.value.remote_source.removeprefix("file://")).unlink()
    again = record(write, database=database, text="a")
    third = record(write, database=database, text="a")

    assert ran == ["a", "a"]
    assert _reasons(again) == ["VANISHED"]
    assert third.nodes["n0"].cache == "hit"


# ── what is kept ─────────────────────────────────────────────────────────────


def test_failures_are_never_kept(database: MemoryDatabase) -> None:
    """K-14: the next run tries again."""

    @task(cache=True, cache_version="1")
    def flaky(n: int) -> int:
        ran.append(n)
        if len(ran) == 1:
            raise NonRecoverableError("the first time")
        return n

    first, again = record(flaky, database=database, n=1), record(flaky, database=database, n=1)

    assert first.ending.error is not None
    assert again.value == 1


def test_retried_success_is_kept(database: MemoryDatabase) -> None:
    """K-14."""

    @task(cache=True, cache_version="1", retries=1)
    def flaky(n: int) -> int:
        ran.append(n)
        if len(ran) == 1:
            raise RuntimeError("the first time")
        return n

    record(flaky, database=database, n=1)
    again = record(flaky, database=database, n=1)

    assert again.nodes["n0"].cache == "hit"


def test_task_without_outputs_is_not_run_again(database: MemoryDatabase) -> None:
    """K-10, Q-27: one rule everywhere."""

    @task(cache=True, cache_version="1")
    def effect(n: int) -> None:
        ran.append(n)

    record(effect, database=database, n=1)
    again = record(effect, database=database, n=1)

    assert ran == [1]
    assert (again.ending.error, again.nodes["n0"].cache) == (None, "hit")


def test_none_is_kept_like_any_value(database: MemoryDatabase) -> None:
    """K-01."""

    @task(cache=True, cache_version="1")
    def maybe(n: int) -> Optional[int]:
        ran.append(n)
        return None

    values = [record(maybe, database=database, n=1).value for _ in range(2)]

    assert (values, ran) == ([None, None], [1])


def test_map_elements_are_cached_one_by_one(database: MemoryDatabase) -> None:
    """K-12: they share entries with plain calls of the task."""

    @workflow
    def wf(ns: list[int]) -> list[int]:
        return map_task(double)(n=ns)

    record(double, database=database, n=2)
    values = [record(wf, database=database, ns=ns).value for ns in ([1, 2], [1, 2, 3])]

    assert values == [[2, 4], [2, 4, 6]]
    assert ran == [2, 1, 3]


def test_children_of_dynamic_and_eager_tasks_are_cached(database: MemoryDatabase) -> None:
    """K-01."""

    @dynamic
    def many(n: int) -> list[int]:
        return [double(n=i) for i in range(n)]

    @eager
    async def one(n: int) -> int:
        return await double.aio(n=n)

    record(many, database=database, n=2)
    record(many, database=database, n=3)
    record(one, database=database, n=2)

    assert ran == [0, 1, 2]


def test_dynamic_and_eager_tasks_can_be_cached_themselves(database: MemoryDatabase) -> None:
    """K-01: what they start is not started again."""

    @dynamic(cache=True, cache_version="1")
    def many(n: int) -> list[int]:
        ran.append(("many", n))
        return [double(n=i) for i in range(n)]

    @eager(cache=True, cache_version="1")
    async def one(n: int) -> int:
        ran.append(("one", n))
        return await double.aio(n=n)

    for entity in (many, one):
        values = [record(entity, database=database, n=1).value for _ in range(2)]
        assert values[0] == values[1]
    assert ran == [("many", 1), 0, ("one", 1), 1]


def test_hit_says_where_its_outputs_come_from(database: MemoryDatabase) -> None:
    """K-13."""
    first = record(double, database=database, n=1)
    again = record(double, database=database, n=1)

    verdicts = [getattr(decision, "cache", None) or getattr(decision, "verdict", None) for decision in again.decisions]
    (source,) = {verdict.source for verdict in verdicts if verdict is not None}
    assert first.ending.execution.name in source


# ── switches ─────────────────────────────────────────────────────────────────


def test_overwriting_runs_again_and_replaces_what_is_kept(database: MemoryDatabase) -> None:
    """K-08."""

    @task(cache=True, cache_version="1")
    def count(n: int) -> int:
        ran.append(n)
        return len(ran)

    overwriting = ExecutionOptions(overwrite_cache=True)
    values = [
        record(count, database=database, n=1, options=options).value
        for options in (ExecutionOptions(), overwriting, ExecutionOptions())
    ]

    assert values == [1, 2, 2]


def test_overwriting_holds_for_map_elements(database: MemoryDatabase) -> None:
    """K-08, K-12."""

    @workflow
    def wf(ns: list[int]) -> list[int]:
        return map_task(double)(n=ns)

    record(wf, database=database, ns=[1])
    record(wf, database=database, ns=[1], options=ExecutionOptions(overwrite_cache=True))
    record(wf, database=database, ns=[1])

    assert ran == [1, 1]


def test_cache_can_be_switched_off_by_settings(database: MemoryDatabase) -> None:
    """K-11: nothing is read, and nothing written."""

    async def run(mode: Any) -> str:
        settings = attrs.evolve(process_plugins().settings, cache=mode)
        async with Engine(settings=settings, plugins=process_plugins(), database=database) as engine:
            recorded = await finished(engine, double, await begin(engine, double, n=1))
            return recorded.nodes["n0"].cache

    assert [asyncio.run(run(mode)) for mode in ("off", "on", "off", "overwrite", "on")] == [
        "disabled",
        "miss",
        "disabled",
        "skipped",
        "hit",
    ]
    assert ran == [1, 1, 1, 1]


def test_node_may_switch_the_cache_on_and_off(database: MemoryDatabase) -> None:
    """W-17: by an override, whatever the task says."""

    @task
    def plain(n: int) -> int:
        ran.append(("plain", n))
        return n

    @workflow
    def wf() -> tuple[int, int]:
        return plain.with_overrides(cache=True, cache_version="1")(n=1), double.with_overrides(cache=False)(n=1)

    record(wf, database=database)
    record(wf, database=database)

    assert sorted(ran, key=str) == [("plain", 1), 1, 1]


def test_plain_calls_of_a_process_share_what_they_keep() -> None:
    """K-01: as long as the process lives."""
    assert (double(n=4711), double(n=4711)) == (9422, 9422)
    assert ran == [4711]


def test_local_cache_outlives_the_process_until_it_is_cleared(desk: Desk) -> None:
    """K-11: runs of the command line share it; flags and the environment rule it."""
    desk.write(
        "steps.py",
        "from plait import task\n\n@task(cache=True, cache_version='1')\ndef work(n: int) -> int:\n"
        "    print('ran')\n    return n\n",
    )

    def runs(*flags: str, **env: str) -> bool:
        return "ran" in desk.plait("run", *flags, "steps.py", "work", "--n", "1", env=env).out.splitlines()

    assert [runs(), runs()] == [True, False]
    assert [runs("--overwrite-cache"), runs(PLAIT_CACHE="off"), runs()] == [True, True, False]
    assert desk.plait("cache", "clear").code == 0
    assert runs()


# ── together ─────────────────────────────────────────────────────────────────


def _at_once(entity: Any, *, times: int) -> list[Any]:
    """Run *entity* several times at once, and return the values; the bodies wait until all have been launched."""
    clock = VirtualClock()

    async def run() -> list[Any]:
        launched.append(asyncio.Event())
        async with engine_on(MemoryDatabase(clock), clock=clock) as engine:
            executions = [await begin(engine, entity, n=1) for _ in range(times)]
            await clock.advance(0)
            launched[-1].set()
            await clock.run_until_idle()
            return [(await finished(engine, entity, execution)).value for execution in executions]

    return asyncio.run(run())


launched: list[asyncio.Event] = []


@task(cache=True, cache_version="1", cache_serialize=True)
async def slow(n: int) -> int:
    ran.append(n)
    await launched[-1].wait()
    return n * 2


@task(cache=True, cache_version="1", cache_serialize=True)
async def slow_at_first(n: int) -> int:
    ran.append(n)
    await launched[-1].wait()
    if len(ran) == 1:
        raise NonRecoverableError("the first one")
    return n * 2


def test_identical_concurrent_calls_wait_for_the_first() -> None:
    """K-06: three executions at once make the value one time."""
    assert _at_once(slow, times=3) == [2, 2, 2]
    assert ran == [1]


def test_waiting_call_takes_over_when_the_first_fails() -> None:
    """K-06: a failure frees the key, for one of those that wait."""
    assert _at_once(slow_at_first, times=3) == [None, 2, 2]
    assert ran == [1, 1]
