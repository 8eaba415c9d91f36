"""Whole executions over the process executor."""

import asyncio
from typing import Any

from plait_core.engine import Engine
from plait_core.plugins import Plugins, Settings
from plait_core.testing.memory import MemoryDatabase
from tests.plugins.local import samples


async def outcome(entity: Any, inputs: dict[str, Any], **settings: Any) -> Any:
    """Run *entity* in processes and return what it returns."""
    plugins = Plugins.load(
        Settings.discover(overrides={"executors": ["process"], "plugins": {"local": settings}}), extra=[]
    )
    async with Engine(plugins=plugins, database=MemoryDatabase()) as engine:
        return await engine.call(entity, (), inputs)


def test_attempt_that_waits_for_a_child_leaves_it_its_place() -> None:
    """With room for one attempt, eager tasks that call each other still come to an end."""
    assert asyncio.run(asyncio.wait_for(outcome(samples.descend, {"depth": 3}, concurrency=1), 60)) == 3
