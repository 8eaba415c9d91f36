"""A checkpoint outlives the process that saved it."""

import asyncio
import os
from pathlib import Path

from plait import current_context, task
from plait_core.engine import Engine
from plait_core.plugins import Plugins
from plait_core.plugins.settings import Settings


@task(retries=1)
def counts(x: int) -> str:
    """Save, and die without a word; the next attempt finds what was saved."""
    checkpoint = current_context().checkpoint
    saved = checkpoint.read()
    if saved is None:
        checkpoint.write(b"half way")
        os._exit(1)
    return f"{saved.decode()}, then {x}"


def test_next_attempt_reads_what_a_crashed_one_saved(tmp_path: Path) -> None:
    """Though the attempt left no result that could say where."""
    settings = Settings(home=str(tmp_path), executors=("process",))

    async def run() -> str:
        async with Engine(settings=settings, plugins=Plugins.load(settings)) as engine:
            answer: str = await engine.call(counts, (), {"x": 3})
            return answer

    assert asyncio.run(run()) == "half way, then 3"
