"""What a graph that grows at run time refers to is looked up in the registry, once and for all."""

import asyncio
from typing import Any

import pytest

from plait import dynamic, eager, reference_launch_plan, reference_task, task, workflow
from plait_core.authoring.entities import Entity
from plait_core.authoring.tracing import trace
from plait_core.compiler.versions import versioned
from plait_core.engine import Engine, ExecutionState, Inspector
from plait_core.ir.ids import EntityId, EntityKind, ExecutionId
from plait_core.ir.literals import LiteralMap
from plait_core.plugins import Plugins
from plait_core.ports.databases import Database, ExecutionFilter, Page
from plait_core.testing.arithmetic import literal_of
from plait_core.testing.memory import MemoryDatabase

PLACE: Any = {"project": "lab", "domain": "production"}
HERE = ExecutionId(name="grown")


@task
def double(a: int) -> int:
    return 2 * a


@workflow
def twice(a: int) -> int:
    return double(a=double(a=a))


@reference_task("lab", "production", double.name, "v1")
def double_there(a: int) -> int: ...  # type: ignore[empty-body]  # never runs


@reference_task("lab", "production", double.name, "")
def newest_there(a: int) -> int: ...  # type: ignore[empty-body]  # never runs


@reference_launch_plan("lab", "production", twice.name, "v1")
def twice_there(a: int) -> int: ...  # type: ignore[empty-body]  # never runs


@reference_task("lab", "production", double.name, "v1")
def other_there(a: str) -> int: ...  # type: ignore[empty-body]  # never runs


@reference_task("lab", "production", "nothing", "v1")
def nothing_there(a: int) -> int: ...  # type: ignore[empty-body]  # never runs


@dynamic
def grow(x: int) -> int:
    return double_there(a=double_there(a=x))


@dynamic
def grow_newest(x: int) -> int:
    return newest_there(a=x)


@dynamic
def grow_plan(x: int) -> int:
    return twice_there(a=x)


@dynamic
def grow_misfit(x: int) -> int:
    return other_there(a=f"{x}")


@dynamic
def grow_nothing(x: int) -> int:
    return nothing_there(a=x)


@eager
async def call(x: int) -> int:
    doubled_there: int = await double_there(a=x)  # type: ignore[misc]  # a task is awaited here, whatever its function is
    return doubled_there


async def fill(database: Database, *versions: str) -> None:
    """Register what is referred to."""
    for version in versions:
        for closure in versioned([trace(twice).closure], version=version, **PLACE):
            await database.registry.register(closure, at_ns=0)


async def grown(entity: Entity[..., Any], *versions: str) -> tuple[Any, ExecutionState, Database]:
    """Run *entity* over a registry with *versions*."""
    database = MemoryDatabase()
    await fill(database, *versions)
    async with Engine(plugins=Plugins.load(), database=database) as engine:
        ending = await engine.run(entity, {"x": literal_of(3)}, name=HERE.name)
    async with Inspector(database).state(HERE) as state:
        return ending, state, database


def doubled(state: ExecutionState) -> set[EntityId]:
    """Return the ids under which the registered task ran."""
    targets = [getattr(node.node.target, "id", None) for node in state.nodes.values()]
    return {id_ for id_ in targets if id_ is not None and id_.name == double.name}


@pytest.mark.parametrize(
    ("entity", "version", "output"), [(grow, "v1", 12), (grow_newest, "v2", 6), (call, "v1", 6)], ids=str
)
def test_reference_is_what_is_registered(entity: Entity[..., Any], version: str, output: int) -> None:
    """Of the version it names, or the newest."""
    ending, state, _ = asyncio.run(grown(entity, "v1", "v2"))

    assert ending.outputs == {"o0": literal_of(output)}, ending.error
    assert doubled(state) == {EntityId(kind=EntityKind.TASK, name=double.name, version=version, **PLACE)}


def test_launch_plan_elsewhere_is_a_child() -> None:
    """With the nodes of its own workflow."""
    ending, _, database = asyncio.run(grown(grow_plan, "v1"))

    rows, _ = asyncio.run(database.views.executions(ExecutionFilter(), Page()))
    assert ending.outputs == {"o0": literal_of(12)}, ending.error
    assert [row.target.name for row in rows] == [twice.name, grow_plan.name]


def test_version_that_was_found_stays() -> None:
    """What is registered later changes nothing about what ran, whoever reads it."""

    async def story() -> tuple[set[EntityId], LiteralMap | None]:
        ending, _, database = await grown(grow_newest, "v1")
        await fill(database, "v2")
        async with Inspector(database).state(HERE) as again:
            return doubled(again), ending.outputs

    found, outputs = asyncio.run(story())

    assert outputs == {"o0": literal_of(6)}
    assert {id_.version for id_ in found} == {"v1"}


@pytest.mark.parametrize(
    ("entity", "said"),
    [(grow_misfit, "does not fit what is registered"), (grow_nothing, "nothing")],
    ids=["misfit", "nothing"],
)
def test_reference_that_does_not_fit_fails_its_node(entity: Entity[..., Any], said: str) -> None:
    """In the words of the compiler, before anything of the graph runs."""
    ending, state, _ = asyncio.run(grown(entity, "v1"))

    assert ending.error is not None
    assert said in ending.error.message
    assert doubled(state) == set()


def test_graph_without_references_is_stored_once() -> None:
    """Its digest is that under which it came."""

    @dynamic
    def plain(x: int) -> int:
        return double(a=x)

    async def story() -> set[str]:
        _, _, database = await grown(plain)
        events = await database.log.read(HERE)
        return {event.decision.closure for event in events if type(event.decision).__name__.startswith("Fragment")}  # type: ignore[union-attr]  # both have one

    assert len(asyncio.run(story())) == 1
