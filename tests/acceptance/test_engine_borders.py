"""What an engine takes and refuses at its border: inputs of launches, and answers to gates."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Any

import attrs
import pytest

from plait import task, wait_for_input, workflow
from plait_core.engine import Engine, Inspector
from plait_core.errors.engine import InvalidInputs, InvalidLaunch, InvalidSignal
from plait_core.ir.ids import EntityKind, ExecutionId
from plait_core.ir.launch_plans import ExecutionOptions, LaunchPlanTemplate
from plait_core.ir.literals import Literal, Primitive
from plait_core.ir.types import SimpleType
from plait_core.plugins import Plugins
from plait_core.plugins.settings import Settings
from plait_core.ports.databases import ExecutionFilter, Page


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


BAD_LAUNCHES: dict[str, dict[str, Any]] = {
    "options.labels": {"options": ExecutionOptions(labels={"a": 1})},  # type: ignore[dict-item]  # as an embedder may
    "options.max_parallelism": {"options": ExecutionOptions(max_parallelism=-1)},
    "options": {"options": None},
    "name": {"name": "a/b"},
    "project": {"project": "\0"},
    "domain": {"domain": 3},
    "principal": {"principal": "\udc80"},
    "mode": {"mode": "manual"},
    "scheduled_at_ns": {"scheduled_at_ns": datetime(2026, 1, 1)},  # naive, and no number either
    "reference": {"reference": "old"},
    "rerun": {"rerun": []},
}
"""What cannot be read back, by its field."""


@pytest.mark.parametrize(("field", "given"), BAD_LAUNCHES.items(), ids=BAD_LAUNCHES)
def test_launch_refuses_what_could_not_be_read_back(tmp_path: Path, field: str, given: dict[str, Any]) -> None:
    """Before anything is recorded, so that no list ever meets it."""

    async def launched() -> list[str]:
        async with engine(tmp_path) as running:
            with pytest.raises(InvalidLaunch) as refused:
                await running.launch(double, {}, **given)
            assert [fault.partition(":")[0] for fault in refused.value.faults] == [field]
            rows, _ = await running.database.views.executions(ExecutionFilter(include_archived=True), Page())
            return [row.id.name for row in rows]

    assert asyncio.run(launched()) == []


def test_relaunch_and_plans_refuse_it_too(tmp_path: Path) -> None:
    """Whatever the options come from."""
    wrong = ExecutionOptions(tags=("\0",))

    async def launched() -> None:
        async with engine(tmp_path) as running:
            first = await running.launch(double, {})
            await running.wait(first)
            closure = await Inspector(running.database).closure(first)
            (workflow_,) = closure.workflows
            id_ = attrs.evolve(workflow_.id, kind=EntityKind.LAUNCH_PLAN)
            plan = LaunchPlanTemplate(id=id_, workflow=workflow_.id, options=wrong)
            with pytest.raises(InvalidLaunch):
                await running.relaunch(first, {}, options=wrong)
            with pytest.raises(InvalidLaunch):
                await running.launch(attrs.evolve(closure, main=id_, launch_plans=(plan,)), {"x": integer(1)})

    asyncio.run(launched())


def test_launch_refuses_values_that_are_no_literals(tmp_path: Path) -> None:
    """Python values are for ``wf(…)`` and the client."""

    async def launched() -> None:
        async with engine(tmp_path) as running:
            await running.launch(double, {"x": 1})  # type: ignore[dict-item]  # as an embedder may

    with pytest.raises(InvalidInputs, match="no literal, but 1"):
        asyncio.run(launched())


@pytest.mark.parametrize(("signal", "value"), [("how many", 3), (3, integer(3)), ("\0", integer(3))])
def test_answer_that_could_not_be_read_back_is_refused(tmp_path: Path, signal: Any, value: Any) -> None:
    """Even before there is a gate to compare it with."""

    async def answered() -> None:
        async with engine(tmp_path) as running:
            execution = await running.launch(asks, {})
            with pytest.raises(InvalidSignal):
                await running.signal(execution, signal, value)
            await running.abort(execution, reason=3)  # type: ignore[arg-type]  # as an embedder may
            ending = await running.wait(execution)
            assert ending.error is not None
            assert "3" in ending.error.message

    asyncio.run(answered())


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
