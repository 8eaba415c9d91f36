"""Workers whose engine is gone."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from plait_core.ir.units import Unit
from plait_core.ports.executors import Ended
from plait_local.traces import Traces
from tests.architecture.layout import ROOT
from tests.plugins.local import misdeeds, samples
from tests.plugins.local.staging import (
    PATIENCE_S,
    Process,
    error_of,
    gone,
    is_running,
    log_of,
    only_password,
    pid_of,
    pids_of,
    started,
    value_of,
    with_secret,
)

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
    """The engine that looks for its result shows that again and again, whatever it takes; and the log is whole."""
    path = tmp_path / "go"
    unit, _ = abandoned(tmp_path, misdeeds.print_slowly, {"path": str(path)}, None)
    (sign,) = tmp_path.glob("executor/workers/*/alive")

    async def touched() -> None:
        before = sign.stat().st_mtime_ns
        async with asyncio.timeout(PATIENCE_S):
            while sign.stat().st_mtime_ns == before:  # noqa: ASYNC110  # no event tells
                await asyncio.sleep(0.01)

    async def story() -> tuple[object, bytes]:
        async with Process().stage(tmp_path) as stage:
            await stage.executor.reconcile([unit.attempt])
            await touched()
            await touched()
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


def test_orphan_that_stands_still_is_killed_by_the_next_engine(tmp_path: Path) -> None:
    """It cannot end by itself."""
    path = tmp_path / "here"
    unit, pid = abandoned(tmp_path, samples.wait_at, {"path": str(path)}, path)
    os.kill(pid, signal.SIGSTOP)

    async def story() -> str:
        async with Process(settings={"frozen_s": 0.2}).stage(tmp_path) as stage:
            await stage.executor.reconcile([unit.attempt])
            report = await stage.end_of(unit.attempt)
            assert isinstance(report, Ended), report
            assert report.result.error is not None
            return report.result.error.code

    assert asyncio.run(story()) == "Interrupted"


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


def test_orphan_whose_folder_is_deleted_ends_at_once(tmp_path: Path) -> None:
    """Whoever deletes what the executor keeps wants no result, and finds none later."""
    path = tmp_path / "here"
    _, pid = abandoned(tmp_path, samples.wait_at, {"path": str(path)}, path)

    (sign,) = tmp_path.glob("executor/workers/*/alive")
    shutil.rmtree(sign.parent)

    asyncio.run(gone(pid))
    assert path.read_text() == ""


KILLED_ENGINE = """
import asyncio
import sys
from pathlib import Path

from plait_local import outputs
from tests.plugins.local import misdeeds
from tests.plugins.local.staging import Process, started

outputs.STORE_AFTER_S = 600.0  # what an engine has read, and has not stored yet when it is killed, is lost


async def begin(folder: Path) -> None:
    async with Process().stage(folder) as stage:
        for n in range(4):
            await stage.executor.submit(stage.unit(misdeeds.count_and_wait, {"folder": str(folder), "n": n}, n=n))
        await started(folder / "began-0")
        await started(folder / "began-1")
        print("begun", flush=True)
        await asyncio.sleep(600)


asyncio.run(begin(Path(sys.argv[1])))
"""


def test_engine_is_killed_and_nothing_is_repeated(tmp_path: Path) -> None:
    """What ran goes on, its result and log are found by the next engine; what waited was never begun, and says so."""
    command = [sys.executable, "-c", KILLED_ENGINE, str(tmp_path)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}
    ) as engine:
        assert engine.stdout is not None
        assert engine.stdout.readline() == b"begun\n"
        engine.kill()

    async def next_engine() -> tuple[list[str], list[str], list[bytes]]:
        async with Process().stage(tmp_path) as stage:
            units = [stage.unit(misdeeds.count_and_wait, {"folder": str(tmp_path), "n": n}, n=n) for n in range(4)]
            standing = await stage.executor.reconcile([unit.attempt for unit in units])
            (tmp_path / "go").touch()
            ends = [type(await stage.ended(unit)).__name__ for unit in units]
            return [type(report).__name__ for report in standing], ends, [await log_of(stage, unit) for unit in units]

    standing, ends, logs = asyncio.run(next_engine())

    assert standing == ["Progress", "Progress", "Lost", "Lost"]
    assert ends == ["Ended"] * 4
    assert sorted((tmp_path / "ledger").read_text().split()) == ["0", "1", "2", "3"]
    assert logs == [f"began {n}\nended {n}\n".encode() for n in range(4)]


def test_attempt_of_another_engine_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two engines that give away the same attempt at the same time: it runs once, and both hear how it ended."""
    path = tmp_path / "go"

    async def story() -> list[str]:
        async with Process().stage(tmp_path) as first, Process().stage(tmp_path) as second:
            units = [stage.unit(misdeeds.print_slowly, {"path": str(path)}) for stage in (first, second)]
            await first.executor.submit(units[0])
            monkeypatch.setattr(Traces, "has", lambda *_: False)
            await second.executor.submit(units[1])
            path.touch()
            reports = [await stage.end_of(unit.attempt) for stage, unit in zip((first, second), units, strict=True)]
            return [type(report).__name__ for report in reports]

    assert asyncio.run(story()) == ["Ended", "Ended"]


def test_worker_of_another_engine_keeps_its_folder(tmp_path: Path) -> None:
    """An engine that took over what another began, and is done with that, leaves alone the worker that goes on for the other."""

    async def story() -> list[int]:
        async with Process(settings={"concurrency": 1}).stage(tmp_path) as first, Process().stage(tmp_path) as second:
            unit = first.unit(misdeeds.pid)
            pids = [await value_of(first, unit)]
            await second.executor.reconcile([unit.attempt])
            await second.executor.release([unit.attempt])
            return [*pids, await value_of(first, first.unit(misdeeds.pid, n=1))]

    before, after = asyncio.run(story())

    assert before == after


def test_worker_whose_folder_is_deleted_gets_no_more(tmp_path: Path) -> None:
    """The attempt that meets it is not begun, and the next one has a worker of its own."""

    async def story() -> tuple[str, list[int]]:
        async with Process(settings={"concurrency": 1}).stage(tmp_path) as stage:
            unit = stage.unit(misdeeds.pid)
            pids = [await value_of(stage, unit)]
            shutil.rmtree(tmp_path / "executor" / "workers")
            error = await error_of(stage, stage.unit(misdeeds.pid, n=1))
            return error.code, [*pids, await value_of(stage, stage.unit(misdeeds.pid, n=2))]

    code, (before, after) = asyncio.run(story())

    assert code == "WorkerNotStarted"
    assert before != after


def test_folders_of_those_who_ended_unseen_go(tmp_path: Path) -> None:
    """As those of a killed engine, when the next one starts a worker; one with a result that was not released stays."""

    async def first(n: int, *, releases: bool) -> int:
        async with Process().stage(tmp_path) as stage:
            unit = stage.unit(misdeeds.pid, n=n)
            pid: int = await value_of(stage, unit)
            if releases:
                await stage.executor.release([unit.attempt])
        await gone(pid)
        return pid

    async def second() -> tuple[int, set[int]]:
        async with Process().stage(tmp_path) as stage:
            pid = await value_of(stage, stage.unit(misdeeds.pid, n=2))
            return pid, {*pids_of(stage)}

    kept = asyncio.run(first(0, releases=False))
    asyncio.run(first(1, releases=True))
    assert len([*tmp_path.glob("executor/workers/*")]) == 2
    present, left = asyncio.run(second())

    assert left == {kept, present}


def test_secret_is_kept_from_the_log_while_the_engine_goes(tmp_path: Path) -> None:
    """When one half of it is printed before and the other after that, they do not meet in the log."""
    path = tmp_path / "go"

    async def first() -> Unit:
        async with Process(secrets=only_password).stage(tmp_path) as stage:
            unit = with_secret(stage, misdeeds.print_secret_in_halves, {"path": str(path), "key": "password"})
            await stage.executor.submit(unit)
            async for chunk in stage.executor.logs(unit.attempt):
                assert chunk == b"<"
                break
            return unit

    async def second(unit: Unit) -> bytes:
        async with Process().stage(tmp_path) as stage:
            await stage.executor.reconcile([unit.attempt])
            path.touch()
            await stage.end_of(unit.attempt)
            return await log_of(stage, unit)

    assert asyncio.run(second(asyncio.run(first()))) == b"<r3t>"
