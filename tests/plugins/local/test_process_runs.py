"""Whole executions over the process executor."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from plait_core.engine import Engine
from plait_core.plugins import Plugins, Settings
from plait_core.testing import worker_samples
from plait_core.testing.memory import MemoryDatabase
from tests.plugins.local import misdeeds, samples

pytestmark = pytest.mark.slow


async def outcome(entity: Any, inputs: dict[str, Any], **settings: Any) -> Any:
    """Run *entity* in processes and return what it returns."""
    plugins = Plugins.load(
        Settings.discover(overrides={"executors": ["process"], "plugins": {"local": settings}}), extra=[]
    )
    async with Engine(plugins=plugins, database=MemoryDatabase()) as engine:
        return await engine.call(entity, (), inputs)


def test_attempt_that_waits_for_a_child_leaves_it_its_place() -> None:
    """With room for one attempt, eager tasks that call each other still come to an end."""
    assert asyncio.run(asyncio.wait_for(outcome(samples.descend, {"depth": 3}, concurrency=1), 120)) == 3


@pytest.mark.parametrize("name", ["crash_once", "killed_once"])
def test_attempt_is_repeated_from_the_budget_of_whose_fault_it_was(tmp_path: Path, name: str) -> None:
    """A crash costs one of the retries that the task has; a kill from outside costs none, and this task has none."""
    entity = getattr(misdeeds, name)

    assert asyncio.run(outcome(entity, {"path": str(tmp_path / "once")})) == entity.template.metadata.retry.retries


def test_crash_without_retries_fails_the_execution(tmp_path: Path) -> None:
    """With the error of the crash."""
    with pytest.raises(Exception, match="exited with status 7"):
        asyncio.run(outcome(worker_samples.die, {}))
