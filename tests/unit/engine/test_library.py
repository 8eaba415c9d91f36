"""The library of compiled closures forgets what no execution needs, and nothing that one does."""

import asyncio
import gc
from pathlib import Path

from plait import dynamic, task, workflow
from plait_core.engine import Engine
from plait_core.engine._library import N_LATELY
from plait_core.ir.ids import ExecutionId
from plait_core.ir.literals import Literal
from plait_core.plugins import Settings
from plait_core.testing.arithmetic import literal_of


@task
def add(x: int, y: int) -> int:
    return x + y


@dynamic
def grow(x: int) -> int:
    return add(x=x, y=1)  # the constant is a part of the graph, so that each number makes another one


@workflow
def one(x: int) -> int:
    return grow(x=x)


@workflow
def many() -> int:
    grown = [grow(x=x) for x in range(N_LATELY + 20)]
    return grown[-1]


def engine(home: Path) -> Engine:
    """Make an engine whose store holds bytes, not objects."""
    return Engine(settings=Settings(home=str(home)))


def test_graphs_of_what_has_ended_are_forgotten(tmp_path: Path) -> None:
    """But for the latest: the same ones may be wanted again."""

    async def story() -> int:
        async with engine(tmp_path) as running:
            for x in range(2 * N_LATELY):
                assert await running.call(one, (), {"x": x}) == x + 1
            gc.collect()
            return len(running._services.library)

    assert asyncio.run(story()) <= N_LATELY


def test_execution_of_many_graphs_is_read_again(tmp_path: Path) -> None:
    """All that its log names is there when it is folded, though more than what stays for nobody."""

    async def story() -> tuple[bool, Literal]:
        async with engine(tmp_path) as running:
            await running.call(many, (), {}, name="many")
            gc.collect()
            had_to_forget = len(running._services.library) < N_LATELY + 20
            state = await running.state(ExecutionId(name="many"))
            assert state.outputs is not None
            return had_to_forget, state.outputs["o0"]

    assert asyncio.run(story()) == (True, literal_of(N_LATELY + 20))
