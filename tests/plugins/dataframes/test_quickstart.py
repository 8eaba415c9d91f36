"""The workflow of the README: a dataframe is made by one task and measured by the next."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import pytest

from examples.quickstart import wf
from plait_core.engine import Engine
from plait_core.plugins import Plugins, Settings
from plait_core.testing.memory import MemoryDatabase


def run(executor: str, blobs: Path) -> Any:
    async def call() -> Any:
        plugins = Plugins.load(Settings(executors=(executor,), blobs=f"file://{blobs}"))
        async with Engine(plugins=plugins, database=MemoryDatabase()) as engine:
            return await engine.call(wf, (), {"n": 500, "mean": 42.0, "sigma": 2.0})

    return asyncio.run(call())


@pytest.mark.parametrize("executor", ["inline", "process"])
def test_quickstart_measures_the_sample_that_it_draws(executor: str, tmp_path: Path) -> None:
    """The frame crosses from task to task through the store, without a change, wherever tasks run."""
    mean, deviation = run(executor, tmp_path)

    assert (round(mean, 6), round(deviation, 6)) == (42.031917, 2.048682)


def test_attempts_leave_no_local_copies_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written or downloaded for a conversion is deleted with its attempt."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    run("inline", tmp_path / "blobs")

    assert [path.name for path in tmp_path.iterdir()] == ["blobs"]
