"""References that a task, or whoever launches, made up: what they say of a stored value is not believed beyond what can be held."""

import asyncio
from typing import Any

import pytest

from plait import map_task, task, workflow
from plait_core.engine import Engine
from plait_core.errors.stores import NotReadable
from plait_core.ir.codec import dumps, loads
from plait_core.ir.literals import Literal, Offloaded
from plait_core.ir.types import INTEGER, CollectionType, LiteralType
from plait_core.plugins import Plugins, Settings
from plait_core.testing.arithmetic import literal_of
from plait_core.testing.memory import MemoryBlobStore, MemoryDatabase

URI = "memory://blobs/raw/value"


@task
def negative(x: int) -> int:
    return -x


@workflow
def negatives(xs: list[int]) -> list[int]:
    return map_task(negative)(x=xs)


def reference(length: int) -> Literal:
    """A reference to what is at ``URI``."""
    list_type = LiteralType(type=CollectionType(element=INTEGER))
    return Literal(value=Offloaded(uri=URI, size_bytes=1, type=list_type, digest="", length=length))


async def ending_of(given: Literal, stored: Literal) -> Any:
    """Map over what *given* refers to, where *stored* is."""
    store = MemoryBlobStore()
    await store.put(URI, dumps(stored))
    settings = Settings(blobs="memory://blobs")
    plugins = Plugins.load(settings)
    async with Engine(settings=settings, plugins=plugins, database=MemoryDatabase(), blobs=lambda _: store) as engine:
        return await engine.run(negatives, {"xs": given})


@pytest.mark.parametrize(
    ("length", "stored", "code", "message"),
    [
        (3, literal_of([1]), "NotReadable", "this is no list of 3: what is stored is a list of 1"),
        (1, literal_of([1, 2]), "NotReadable", "this is no list of 1: what is stored is a list of 2"),
        (1, literal_of(1), "NotReadable", "this is no list of 1: what is stored is no list"),
        (10**9, literal_of([1]), "TooManyElements", "there are 1000000000 elements to map over"),
    ],
)
def test_list_that_is_none_fails_the_map(length: int, stored: Literal, code: str, message: str) -> None:
    """And nobody else; a length that nobody could hold is not tried."""
    ending = asyncio.run(ending_of(reference(length), stored))

    assert ending.error.code == code
    assert ending.error.message.startswith(message)


def test_negative_length_is_refused() -> None:
    """Wherever such a reference comes from."""
    document = dumps(reference(7)).replace(b"length\x07", b"length\xff")

    with pytest.raises(NotReadable):
        loads(Literal, document)
