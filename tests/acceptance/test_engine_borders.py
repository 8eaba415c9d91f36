"""What an engine takes and refuses at its border: inputs of launches, and answers to gates."""

import asyncio
from pathlib import Path

import pytest

from plait import task, wait_for_input, workflow
from plait_core.engine import Engine
from plait_core.errors.engine import InvalidInputs, InvalidSignal
from plait_core.ir.ids import ExecutionId
from plait_core.ir.literals import Literal, Primitive
from plait_core.ir.types import SimpleType
from plait_core.plugins import Plugins
from plait_core.plugins.settings import Settings


@task
def double(x: int = 21) -> int:
    return x * 2


@workflow
def asks() -> int:
    return wait_for_input("how many", expected_type=int)


def engine(home: Path) -> Engine:
    settings = Settings(home=str(home), store="memory://")
    return Engine(settings=settings, plugins=Plugins.load(settings))


def integer(value: int) -> Literal:
    return Literal(value=Primitive(kind=SimpleType.INTEGER, value=value))


def text(value: str) -> Literal:
    return Literal(value=Primitive(kind=SimpleType.STRING, value=value))


def test_launch_of_a_task_takes_its_defaults(tmp_path: Path) -> None:
    """As a call does."""

    async def launched() -> object:
        async with engine(tmp_path) as running:
            return (await running.run(double, {})).outputs

    assert asyncio.run(launched()) == {"o0": integer(42)}


def test_launch_refuses_inputs_of_another_type(tmp_path: Path) -> None:
    """Before anything is recorded, naming each."""

    async def launched() -> None:
        async with engine(tmp_path) as running:
            await running.launch(double, {"x": text("many"), "y": integer(1)})

    with pytest.raises(InvalidInputs) as refused:
        asyncio.run(launched())

    assert [fault.split()[0] for fault in refused.value.faults] == ["y", "x"]


def test_answer_of_another_type_is_refused_and_the_gate_waits_on(tmp_path: Path) -> None:
    """Whoever answers hears of it; the next answer counts."""

    async def answered() -> object:
        async with engine(tmp_path) as running:
            execution: ExecutionId = await running.launch(asks, {})
            while not (await running.state(execution)).waiting:  # noqa: ASYNC110  # no event tells of an open gate
                await asyncio.sleep(0)
            with pytest.raises(InvalidSignal):
                await running.signal(execution, "how many", text("many"))
            await running.signal(execution, "how many", integer(3))
            return (await running.wait(execution)).outputs

    assert asyncio.run(answered()) == {"o0": integer(3)}
