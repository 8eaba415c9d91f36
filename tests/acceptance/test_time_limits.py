"""The time limit of an attempt is for running: waiting for room among the workers does not use it up."""

import asyncio
from datetime import timedelta
from pathlib import Path
from time import sleep

import pytest

from plait import dynamic, map_task, task, workflow
from plait_core.engine import Engine
from plait_core.plugins import Plugins, Settings
from tests.acceptance.test_recover import integers

pytestmark = pytest.mark.slow

NAP_S = 0.8


@task(timeout=timedelta(seconds=2 * NAP_S))
def nap(x: int) -> int:
    """Take half of the time there is."""
    sleep(NAP_S)
    return x


@dynamic
def naps(xs: list[int]) -> list[int]:
    return [nap(x=x) for x in xs]


@workflow
def by_node(xs: list[int]) -> list[int]:
    return naps(xs=xs)


@workflow
def by_element(xs: list[int]) -> list[int]:
    return map_task(nap)(x=xs)


@pytest.mark.parametrize("entity", [by_node, by_element])
def test_attempt_that_waits_for_a_worker_keeps_its_time(tmp_path: Path, entity: object) -> None:
    """One worker and four attempts: the last begins when more than its time has passed."""
    settings = Settings(home=str(tmp_path), executors=("process",), plugins={"local": {"concurrency": 1}})

    async def run() -> object:
        async with Engine(settings=settings, plugins=Plugins.load(settings)) as engine:
            ending = await engine.wait(await engine.launch(entity, {"xs": integers(1, 2, 3, 4)}))  # type: ignore[arg-type]  # a workflow
            return ending.outputs

    assert asyncio.run(run()) == {"o0": integers(1, 2, 3, 4)}
