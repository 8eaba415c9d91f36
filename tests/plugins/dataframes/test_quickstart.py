"""The workflow of the README: a dataframe is made by one task and measured by the next."""

import asyncio
from typing import Any

from examples.quickstart import wf
from plait_core.engine import Engine
from plait_core.testing.memory import MemoryDatabase


def test_quickstart_measures_the_sample_that_it_draws() -> None:
    """The frame crosses from task to task through the store, without a change."""

    async def run() -> Any:
        async with Engine(database=MemoryDatabase()) as engine:
            return await engine.call(wf, (), {"n": 500, "mean": 42.0, "sigma": 2.0})

    mean, deviation = asyncio.run(run())

    assert (round(mean, 6), round(deviation, 6)) == (42.031917, 2.048682)
