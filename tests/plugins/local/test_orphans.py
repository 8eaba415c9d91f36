"""Workers whose engine is gone."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from plait_core.ir.units import Unit
from tests.plugins.local import misdeeds, samples
from tests.plugins.local.staging import Process, gone, is_running, log_of, pid_of, started, value_of

pytestmark = pytest.mark.slow


def abandoned(
    tmp_path: Path, entity: Any, inputs: dict[str, Any], ready: Path | None, **settings: Any
) -> tuple[Unit, int]:
    """Begin an attempt, and let the engine go; returns the process of its worker."""

    async def begin() -> tuple[Unit, int]:
        async with Process(settings=settings).stage(tmp_path) as stage:
            unit = stage.unit(entity, inputs)
            await stage.executor.submit(unit)
            if ready is not None:
                await started(ready)
            return unit, pid_of(stage)

    return asyncio.run(begin())


def test_orphan_that_nobody_wants_ends(tmp_path: Path) -> None:
    """It is asked first, so that it may clean up."""
    path = tmp_path / "here"

    _, pid = abandoned(tmp_path, samples.wait_at, {"path": str(path)}, path, orphan_s=0.3)

    asyncio.run(gone(pid))
    assert path.read_text() == "cleaned up"


def test_orphan_that_an_engine_wants_goes_on(tmp_path: Path) -> None:
    """As long as another engine looks for its result, whatever it takes; and its log is whole."""
    path = tmp_path / "go"
    unit, _ = abandoned(tmp_path, misdeeds.print_slowly, {"path": str(path)}, None, orphan_s=2.0)

    async def story() -> tuple[object, bytes]:
        async with Process(settings={"orphan_s": 2.0}).stage(tmp_path) as stage:
            await stage.executor.reconcile([unit.attempt])
            await asyncio.sleep(3.0)
            path.touch()
            report = await stage.end_of(unit.attempt)
            return type(report).__name__, await log_of(stage, unit)

    assert asyncio.run(story()) == ("Ended", b"first\nlast\n")


def test_orphan_goes_with_its_children(tmp_path: Path) -> None:
    """Those that refuse to end, too."""
    path = tmp_path / "pid"

    _, pid = abandoned(tmp_path, misdeeds.refuse_with_child, {"path": str(path)}, path, orphan_s=0.2)

    asyncio.run(gone(pid))
    asyncio.run(gone(int(path.read_text())))


def test_idle_workers_end_with_their_engine(tmp_path: Path) -> None:
    """Nothing is left running."""

    async def story() -> Any:
        async with Process().stage(tmp_path) as stage:
            return await value_of(stage, stage.unit(misdeeds.pid))

    asyncio.run(gone(asyncio.run(story())))


def test_worker_is_known_by_more_than_its_number(tmp_path: Path) -> None:
    """A process that got the number of a dead worker is not taken for it."""

    async def first() -> Unit:
        async with Process().stage(tmp_path) as stage:
            unit = stage.unit(samples.wait_at, {"path": str(tmp_path / "here")})
            await stage.executor.submit(unit)
            await started(tmp_path / "here")
            return unit

    async def second(unit: Unit) -> object:
        async with Process().stage(tmp_path) as stage:
            (report,) = await stage.executor.reconcile([unit.attempt])
            return report

    unit = asyncio.run(first())
    (sign,) = tmp_path.glob("executor/workers/*/alive")
    name, pid, born = sign.read_text().split()
    os.kill(int(pid), signal.SIGKILL)
    sign.write_text(f"{name} {os.getpid()} {born}")

    report = asyncio.run(second(unit))

    assert type(report).__name__ == "Lost"
    assert is_running(os.getpid())
