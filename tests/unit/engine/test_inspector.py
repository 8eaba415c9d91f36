"""``Inspector`` sees what is in the store, whoever drives an execution."""

import asyncio
from typing import Any

import pytest

from plait import task, wait_for_input, workflow
from plait_core.engine import Engine, Inspector, Wait, _inspector, waits_of
from plait_core.errors.engine import UnknownExecution
from plait_core.ir.events import ExecutionEnded
from plait_core.ir.ids import ExecutionId, NodeId
from plait_core.ir.literals import Literal, Primitive
from plait_core.ir.types import SimpleType
from plait_core.testing.memory import MemoryDatabase


@task
def double(x: int) -> int:
    return 2 * x


@workflow
def asking(x: int) -> int:
    answer = wait_for_input("size", expected_type=int)
    return double(x=answer)


@workflow
def doubled(x: int) -> int:
    return double(x=x)


@workflow
def quadrupled(x: int) -> int:
    return double(x=double(x=x))


def integer(value: int) -> Literal:
    return Literal(value=Primitive(kind=SimpleType.INTEGER, value=value))


async def opened_gate(engine: Engine, inspector: Inspector) -> ExecutionId:
    """Launch ``asking`` and return once its gate is open."""
    execution = await engine.launch(asking, {"x": integer(1)})
    async for _ in inspector.follow(execution):
        async with inspector.state(execution) as state:
            if state.waiting.get("size"):
                return execution
    raise AssertionError("it ended")


def test_another_reader_sees_what_an_execution_waits_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The state comes from the log, in parts of any size, and later parts are added to what was folded before."""
    monkeypatch.setattr(_inspector, "EVENTS_AT_ONCE", 2)

    async def story() -> tuple[Any, Any]:
        database = MemoryDatabase()
        async with Engine(database=database) as engine:
            inspector = Inspector(database)
            execution = await opened_gate(engine, inspector)
            async with inspector.state(execution) as state:
                waits = waits_of(state)
            await engine.signal(execution, "size", integer(4))
            await engine.wait(execution)
            async with inspector.state(execution) as state:
                return waits, (state.outputs, waits_of(state))

    waits, ended = asyncio.run(story())

    assert waits[1:] == (  # the first is the time limit of the gate
        Wait(node=NodeId("n0"), what="an answer to 'size'", signal="size"),
        Wait(node=NodeId("n1"), what="node n0"),
    )
    assert ended == ({"o0": integer(8)}, ())


def test_followers_get_every_event_once_until_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """From where they left off, without gaps, and at once: nobody looks again before the bell rings."""
    monkeypatch.setattr(_inspector, "EVENTS_AT_ONCE", 2)

    async def story() -> tuple[list[int], list[int], object]:
        database = MemoryDatabase()
        async with Engine(database=database) as engine:
            inspector = Inspector(database)
            execution = await opened_gate(engine, inspector)

            async def followed(after: int) -> list[Any]:
                parts = [part async for part in inspector.follow(execution, after=after, look_every_s=60)]
                return [event for part in parts for event in part]

            following = asyncio.create_task(followed(2))
            await asyncio.sleep(0)
            await engine.signal(execution, "size", integer(4))
            live = await asyncio.wait_for(following, 60)
            return [e.seq for e in live], [e.seq for e in await followed(live[-1].seq - 1)], live[-1].decision

    live, tail, last = asyncio.run(story())

    assert live == list(range(3, live[-1] + 1))
    assert tail == [live[-1]]
    assert isinstance(last, ExecutionEnded)


def test_nobody_follows_what_does_not_exist() -> None:
    """An unknown execution is an error, for states and for events."""

    async def story() -> None:
        nobody = ExecutionId(name="nobody")
        inspector = Inspector(MemoryDatabase())
        with pytest.raises(UnknownExecution):
            async with inspector.state(nobody):
                pass
        with pytest.raises(UnknownExecution):
            await anext(inspector.follow(nobody))

    asyncio.run(story())


def test_end_is_waited_for_no_longer_than_asked() -> None:
    """Who waits is told at once when it comes, and told that it did not when time is up."""

    async def story() -> tuple[bool, bool]:
        database = MemoryDatabase()
        async with Engine(database=database) as engine:
            inspector = Inspector(database)
            execution = await opened_gate(engine, inspector)
            in_time = await inspector.wait_end(execution, timeout_s=0)
            waiting = asyncio.create_task(inspector.wait_end(execution, timeout_s=600, look_every_s=600))
            await asyncio.sleep(0)
            await engine.signal(execution, "size", integer(4))
            return in_time, await asyncio.wait_for(waiting, 60)

    assert asyncio.run(story()) == (False, True)


def test_what_was_asked_for_is_told_without_the_inputs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which may be large: it is read once, and forgotten when others were asked about."""
    monkeypatch.setattr(_inspector, "HEADS_KEPT", 1)

    async def story() -> tuple[Any, Any]:
        database = MemoryDatabase()
        async with Engine(database=database) as engine:
            inspector = Inspector(database)
            first, second = [await engine.launch(asking, {"x": integer(n)}, principal=f"p{n}") for n in (1, 2)]
            about = [await inspector.about(it) for it in (first, first, second, first)]
            return [(it.principal, it.inputs, it.user_inputs) for it in about], len(inspector._heads)

    assert asyncio.run(story()) == ([(name, {}, {}) for name in ("p1", "p1", "p2", "p1")], 1)


def test_a_name_that_is_used_again_is_another_execution() -> None:
    """Nothing that was remembered of one that was deleted is told of its namesake."""

    async def story() -> list[Any]:
        database, told = MemoryDatabase(), []
        inspector = Inspector(database)
        for target in (doubled, quadrupled):
            async with Engine(database=database) as engine:
                execution = await engine.launch(target, {"x": integer(1)}, name="same", principal=target.name)
                await engine.wait(execution)
                async with inspector.state(execution) as state:
                    outputs = state.outputs
                about, closure = await inspector.about(execution), await inspector.closure(execution)
                told.append((outputs, about.principal, closure.main.name))
                await database.upkeep.delete([execution])
        return told

    assert asyncio.run(story()) == [
        ({"o0": integer(2)}, doubled.name, doubled.name),
        ({"o0": integer(4)}, quadrupled.name, quadrupled.name),
    ]
