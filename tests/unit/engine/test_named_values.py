"""Values that a task has named are read with the rights of its project, where a blob store keeps projects apart."""

import asyncio
from typing import Any

from plait import map_task, task, workflow
from plait_core.authoring.entities import Entity
from plait_core.engine import Engine
from plait_core.ir.literals import Literal, LiteralMap, Primitive
from plait_core.ir.types import SimpleType
from plait_core.plugins import Plugins, Settings
from plait_core.testing.memory import MemoryBlobStore, MemoryDatabase

MANY = 40_000
"""Numbers that are too many to be passed on but by reference."""


@task
def numbers(n: int) -> list[int]:
    return list(range(n))


@task
def negative(x: int) -> int:
    return -x


@workflow
def first(n: int) -> int:
    """Read a part of a value."""
    return negative(x=numbers(n=n)[1])


@task
def texts(n: int) -> list[str]:
    return ["x" * n, "y" * n]


@task
def length(text: str) -> int:
    return len(text)


@workflow
def lengths(n: int) -> list[int]:
    """Read a value as a whole."""
    return map_task(length)(text=texts(n=n))


class ApartStore(MemoryBlobStore):
    """Notes on whose behalf it is read."""

    def __init__(self) -> None:
        super().__init__()
        self.readers: list[str] = []

    def on_behalf_of(self, project: str) -> "ApartStore":
        self.readers.append(project)
        return self


def test_engine_reads_what_a_task_has_named_as_its_project() -> None:
    """The place comes from the task, and may be another project's."""
    assert readers(first) == ["billing"]
    assert readers(lengths) == ["billing"]


def readers(target: Entity[Any, Any]) -> list[str]:
    """Run *target* in a project; returns on whose behalf stored values were read."""

    async def story() -> list[str]:
        store = ApartStore()
        settings = Settings(blobs="memory://blobs")
        inputs: LiteralMap = {"n": Literal(value=Primitive(kind=SimpleType.INTEGER, value=MANY))}
        plugins = Plugins.load(settings)
        async with Engine(
            settings=settings, plugins=plugins, database=MemoryDatabase(), blobs=lambda _: store
        ) as engine:
            ending = await engine.run(target, inputs, project="billing")
        assert ending.error is None, ending
        return store.readers

    return asyncio.run(story())
