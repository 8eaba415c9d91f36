"""The time limit of an attempt is for running: waiting for room among the workers does not use it up."""

import asyncio
import time
from datetime import timedelta
from pathlib import Path

import pytest

from plait import map_task, task, workflow
from plait_core.engine import Engine
from plait_core.ir.literals import Literal, Primitive
from plait_core.ir.types import SimpleType
from plait_core.ir.units import Unit
from plait_core.plugins import Plugins, Settings
from plait_core.ports.executors import Report
from plait_core.testing.databases import ShiftedClock
from plait_core.testing.memory import MemoryDatabase
from plait_local.process import ProcessExecutor
from tests.acceptance.test_recover import integers

pytestmark = pytest.mark.slow

LIMIT_S = 3600


class SetClock(ShiftedClock):
    """A clock that notices at once when it is set."""

    async def sleep_until(self, at_ns: int) -> None:
        while self.now_ns() < at_ns:  # noqa: ASYNC110  # nobody tells of it
            await asyncio.sleep(0.01)


@task
def hold(path: str) -> None:
    """Keep the only worker, without a limit, until the file is there."""
    while not Path(path).exists():
        time.sleep(0.01)


@task(timeout=timedelta(seconds=LIMIT_S))
def quick(x: int) -> int:
    return x


@workflow
def by_node() -> list[int]:
    return [quick(x=1), quick(x=2), quick(x=3)]


@workflow
def by_element() -> list[int]:
    return map_task(quick)(x=[1, 2, 3])


@pytest.mark.parametrize("entity", [by_node, by_element])
def test_attempt_that_waits_for_a_worker_keeps_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entity: object
) -> None:
    """One worker, and it is free again only when more than the time of those that wait has passed."""
    settings = Settings(home=str(tmp_path), executors=("process",), plugins={"local": {"concurrency": 1}})
    path = Literal(value=Primitive(kind=SimpleType.STRING, value=str(tmp_path / "go")))
    clock, n_submitted = SetClock(), 0
    submit = ProcessExecutor.submit

    async def counted(self: ProcessExecutor, unit: Unit) -> Report | None:
        nonlocal n_submitted
        report = await submit(self, unit)
        n_submitted += 1
        return report

    async def submitted(n: int) -> None:
        while n_submitted < n:  # noqa: ASYNC110  # nothing else tells
            await asyncio.sleep(0.01)

    monkeypatch.setattr(ProcessExecutor, "submit", counted)

    async def run() -> object:
        plugins, database = Plugins.load(settings), MemoryDatabase(clock)
        async with Engine(settings=settings, plugins=plugins, database=database, clock=clock) as engine:
            holding = await engine.launch(hold, {"path": path})
            await submitted(1)
            execution = await engine.launch(entity, {})  # type: ignore[arg-type]  # a workflow
            await submitted(4)
            clock.pass_s(2 * LIMIT_S)
            (tmp_path / "go").touch()
            held, ending = await engine.wait(holding), await engine.wait(execution)
            assert (held.error, ending.error) == (None, None)
            return ending.outputs

    assert asyncio.run(run()) == {"o0": integers(1, 2, 3)}
