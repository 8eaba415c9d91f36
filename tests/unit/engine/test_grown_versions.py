"""What a registered task makes while it runs belongs to the version of its own code."""

import asyncio
from typing import Any

import pytest

from plait import dynamic, eager, task
from plait_core.authoring.entities import Entity
from plait_core.authoring.tracing import trace
from plait_core.compiler.versions import versioned
from plait_core.engine import Engine
from plait_core.ir.ids import EntityId, EntityKind, ExecutionId
from plait_core.ir.workflows import TaskRef
from plait_core.plugins import Plugins
from plait_core.testing.arithmetic import literal_of
from plait_core.testing.memory import MemoryDatabase


@task
def add(x: int) -> int:
    return x + 1


@task
async def add_soon(x: int) -> int:
    return x + 1


@dynamic
def grow(x: int) -> int:
    return add(x=x)


@eager
async def call(x: int) -> int:
    return await add_soon(x=x)


@pytest.mark.parametrize(("entity", "within"), [(grow, add), (call, add_soon)])
def test_grown_graph_has_the_version_of_the_task_that_grew_it(
    entity: Entity[..., Any], within: Entity[..., Any]
) -> None:
    """So a worker finds its tasks in the same bundle, and every page shows the version that ran."""

    async def story() -> set[EntityId]:
        (closure,) = versioned([trace(entity).closure], project="lab", domain="production", version="v7")
        async with Engine(plugins=Plugins.load(), database=MemoryDatabase()) as engine:
            ending = await engine.run(closure, {"x": literal_of(1)}, name="grown")
            assert ending.outputs == {"o0": literal_of(2)}, ending.error
            state = await engine.state(ExecutionId(name="grown"))
        targets = [node.node.target for node in state.nodes.values()]
        return {target.id for target in targets if isinstance(target, TaskRef)}

    place = {"project": "lab", "domain": "production", "version": "v7"}
    assert asyncio.run(story()) == {
        EntityId(kind=EntityKind.TASK, name=task.name, **place) for task in (entity, within)
    }
