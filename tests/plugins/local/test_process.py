"""What is particular to the process executor: crashes, restarts, limits, and what reaches the worker."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from plait_core.errors.running import Saturated
from plait_core.ir.executions import Fault, TaskError
from plait_core.ir.phases import AttemptPhase
from plait_core.ir.tasks import MountRequirement, SecretRequest
from plait_core.plugins import process_plugins
from plait_core.ports.channels import ChildCall, ChildOutcome
from plait_core.ports.executors import Cancelled, Ended, Lost, Progress
from plait_core.testing import worker_samples
from plait_local import process
from plait_local.traces import WorkerFolder
from tests.plugins.local import misdeeds, samples
from tests.plugins.local.staging import Process, gone, only_password, pid_of, started, text_of, with_secret

pytestmark = pytest.mark.slow


def test_exit_in_the_middle_of_a_task_is_the_tasks_fault(tmp_path: Path) -> None:
    """The error has the exit status, and another attempt may be made."""

    async def play() -> TaskError | None:
        async with Process().stage(tmp_path) as stage:
            return (await stage.result(stage.unit(worker_samples.die))).error

    error = asyncio.run(play())

    assert error is not None
    assert (error.code, error.fault, error.is_recoverable) == ("USER:ProcessExited", Fault.USER, True)
    assert error.message == "the worker process exited with status 7 before it wrote a result"


def test_crash_carries_the_stack_it_left(tmp_path: Path) -> None:
    """A segmentation fault is named, with the Python stack that the interpreter printed."""

    async def play() -> TaskError | None:
        async with Process().stage(tmp_path) as stage:
            return (await stage.result(stage.unit(samples.crash))).error

    error = asyncio.run(play())

    assert error is not None
    assert (error.code, error.message) == ("USER:SIGSEGV", "the worker process crashed with SIGSEGV")
    assert "in crash" in error.traceback


def test_kill_from_outside_is_the_systems_fault(tmp_path: Path) -> None:
    """A worker that somebody kills costs the user no retry."""

    async def play() -> TaskError | None:
        async with Process().stage(tmp_path) as stage:
            unit = stage.unit(samples.wait_at, {"path": str(tmp_path / "here")})
            await stage.executor.submit(unit)
            await started(tmp_path / "here")
            os.kill(pid_of(stage), signal.SIGKILL)
            report = await stage.end_of(unit.attempt)
            assert isinstance(report, Ended)
            return report.result.error

    error = asyncio.run(play())

    assert error is not None
    assert (error.code, error.fault) == ("Interrupted", Fault.SYSTEM)


def test_cancelled_task_may_clean_up(tmp_path: Path) -> None:
    """SIGTERM runs the `finally` blocks of a sync task before the process ends."""

    async def play() -> object:
        async with Process().stage(tmp_path) as stage:
            unit = stage.unit(samples.wait_at, {"path": str(tmp_path / "here")})
            await stage.executor.submit(unit)
            await started(tmp_path / "here")
            await stage.executor.cancel([unit.attempt], grace_s=30.0)
            return await stage.end_of(unit.attempt)

    report = asyncio.run(play())

    assert isinstance(report, Cancelled)
    assert (tmp_path / "here").read_text() == "cleaned up"


def test_task_that_will_not_end_is_killed(tmp_path: Path) -> None:
    """After the grace the whole process group goes."""

    async def play() -> object:
        async with Process().stage(tmp_path) as stage:
            unit = stage.unit(samples.refuse_to_end, {"path": str(tmp_path / "here")})
            await stage.executor.submit(unit)
            await started(tmp_path / "here")
            await stage.executor.cancel([unit.attempt], grace_s=0.1)
            return await stage.end_of(unit.attempt)

    assert isinstance(asyncio.run(play()), Cancelled)


def test_full_executor_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When too many of an execution wait, a submit is refused for now, and nothing is kept of it."""
    monkeypatch.setattr(process, "MOST_WAITING", 1)

    async def play() -> tuple[Saturated, object]:
        async with Process().stage(tmp_path) as stage:
            units = [stage.unit(worker_samples.wait_for_ever, n=n) for n in range(5)]
            for unit in units[:4]:
                await stage.executor.submit(unit)
            with pytest.raises(Saturated) as full:
                await stage.executor.submit(units[4])
            (unknown,) = await stage.executor.reconcile([units[4].attempt])
            await stage.executor.cancel([unit.attempt for unit in units], grace_s=30.0)
            for unit in units[:4]:
                await stage.end_of(unit.attempt)
            return full.value, unknown

    full, unknown = asyncio.run(play())

    assert (full.executor, full.limit) == ("process", 2)
    assert isinstance(unknown, Lost)


def test_attempt_outlives_the_engine_and_is_found_again(tmp_path: Path) -> None:
    """A new executor on the same folder knows the attempt that runs, follows it, and reports its result."""

    async def first() -> Any:
        async with Process().stage(tmp_path) as stage:
            unit = stage.unit(samples.wait_for_file, {"path": str(tmp_path / "go")})
            await stage.executor.submit(unit)
            return unit

    async def second(unit: Any) -> tuple[object, object, object]:
        async with Process().stage(tmp_path) as stage:
            (running,) = await stage.executor.reconcile([unit.attempt])
            again = await stage.executor.submit(unit)
            (tmp_path / "go").touch()
            return running, again, await stage.end_of(unit.attempt)

    unit = asyncio.run(first())
    running, again, ended = asyncio.run(second(unit))

    assert running == Progress(attempt=unit.attempt, phase=AttemptPhase.RUNNING)
    assert again is None
    assert isinstance(ended, Ended)
    assert ended.result.error is None


def test_result_written_while_no_engine_ran_is_found(tmp_path: Path) -> None:
    """What ended in between is known from its folder."""

    async def first() -> Any:
        async with Process().stage(tmp_path) as stage:
            unit = stage.unit(worker_samples.add, {"a": 1, "b": 2})
            return unit, await stage.result(unit)

    async def second(unit: Any) -> object:
        async with Process().stage(tmp_path) as stage:
            (report,) = await stage.executor.reconcile([unit.attempt])
            return report

    unit, result = asyncio.run(first())

    assert asyncio.run(second(unit)) == Ended(attempt=unit.attempt, result=result)


def test_result_written_while_an_engine_looks_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when its worker ends before the engine has seen both."""
    look = WorkerFolder.pid

    async def first() -> Any:
        async with Process().stage(tmp_path) as stage:
            unit = stage.unit(worker_samples.add, {"a": 1, "b": 2})
            return unit, await stage.result(unit), pid_of(stage)

    async def second(unit: Any) -> object:
        async with Process().stage(tmp_path) as stage:
            (report,) = await stage.executor.reconcile([unit.attempt])
            return report

    unit, result, pid = asyncio.run(first())
    asyncio.run(gone(pid))
    (results,) = tmp_path.glob("executor/workers/*/results")
    later = results.replace(tmp_path / "later")

    def write_and_end(folder: WorkerFolder) -> int | None:
        later.replace(results)
        return look(folder)

    monkeypatch.setattr(WorkerFolder, "pid", write_and_end)

    assert asyncio.run(second(unit)) == Ended(attempt=unit.attempt, result=result)


def test_environment_of_the_unit_reaches_the_task(tmp_path: Path) -> None:
    """The variables that a task asked for are those of its process."""

    async def play() -> str:
        async with Process().stage(tmp_path) as stage:
            return await text_of(stage, stage.unit(samples.read_variable, {"name": "COLOUR"}, env={"COLOUR": "red"}))

    assert asyncio.run(play()) == "red"


def test_workers_give_way_to_their_engine(tmp_path: Path) -> None:
    """They have groups of their own in its session, for which the system would otherwise have processors of its own, and a lower priority."""

    async def play() -> str:
        async with Process(settings={"nice": 3}).stage(tmp_path) as stage:
            return await text_of(stage, stage.unit(misdeeds.standing))

    assert asyncio.run(play()) == f"{os.getsid(0)} True {min(19, os.getpriority(os.PRIO_PROCESS, 0) + 3)}"


def holds(folder: Path, data: bytes) -> bool:
    """Whether anything that the executor keeps on disk holds *data*."""
    return any(data in path.read_bytes() for path in folder.glob("executor/**/*") if path.is_file())


def test_secret_is_asked_for_over_the_line(tmp_path: Path) -> None:
    """The worker reads a secret from the engine that started it; nothing on disk holds it."""

    async def play() -> tuple[str, bool]:
        async with Process(secrets=only_password).stage(tmp_path) as stage:
            unit = with_secret(stage, samples.reverse_secret, {"key": "password"}, SecretRequest(group="db"))
            text = await text_of(stage, unit)
            return text, holds(tmp_path, b"s3cr3t")

    assert asyncio.run(play()) == ("t3rc3s", False)


def test_missing_secret_names_the_places_of_the_engine(tmp_path: Path) -> None:
    """Where was looked is told across the line."""

    async def play() -> TaskError | None:
        async with Process(secrets=only_password).stage(tmp_path) as stage:
            unit = with_secret(stage, samples.read_secret, {"key": "absent"}, SecretRequest(group="db"))
            return (await stage.result(unit)).error

    error = asyncio.run(play())

    assert error is not None
    assert error.message.startswith("secret db/absent was not found; looked in the test")


@pytest.mark.parametrize(
    ("mount", "env_var", "expected"),
    [
        (MountRequirement.ENV_VAR, "DB_PASSWORD", "s3cr3t"),
        (MountRequirement.FILE, "DB_PASSWORD", "file:s3cr3t"),
        (MountRequirement.ANY, "DB_PASSWORD", "file:s3cr3t"),
        (MountRequirement.ENV_VAR, "", "s3cr3t"),
    ],
)
def test_secret_is_delivered_as_its_mount_requires(
    tmp_path: Path, mount: MountRequirement, env_var: str, expected: str
) -> None:
    """A variable holds the value for ENV_VAR, and the path of a private file otherwise."""
    request = SecretRequest(group="db", key="password", mount_requirement=mount, env_var=env_var)

    async def play() -> str:
        async with Process(secrets=only_password).stage(tmp_path) as stage:
            name = env_var or "_PSEC_DB_PASSWORD"
            return await text_of(stage, with_secret(stage, samples.read_variable_or_file, {"name": name}, request))

    assert asyncio.run(play()) == expected


class Channel:
    """An engine that answers every call with what it was given."""

    async def heartbeat(self, *, progress: float | None = None, message: str = "") -> None:
        pass

    async def call(self, child: ChildCall) -> ChildOutcome:
        return ChildOutcome(outputs={"o0": child.inputs["a"]})

    async def publish_deck(self, html: str) -> str:
        return ""


def test_eager_task_calls_its_children_over_the_line(tmp_path: Path) -> None:
    """An eager task in another process starts children of the engine and gets their outputs."""

    async def play() -> str:
        async with Process(channel=lambda attempt: Channel()).stage(tmp_path) as stage:
            return await text_of(stage, stage.unit(samples.call_children, {"n": 3}))

    assert asyncio.run(play()) == "0 1 2"


def test_worker_that_cannot_start_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of the log is in the error, for a machine on which nothing works."""
    process_plugins()  # while this process finds sound settings
    (tmp_path / "plait.toml").write_text("storre = 'sqlite:///plait.db'")
    monkeypatch.chdir(tmp_path)

    async def play() -> TaskError | None:
        async with Process().stage(tmp_path) as stage:
            return (await stage.result(stage.unit(worker_samples.add, {"a": 1, "b": 2}))).error

    error = asyncio.run(play())

    assert error is not None
    assert error.code == "USER:ProcessExited"
    assert "storre" in error.traceback
