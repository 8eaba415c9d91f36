"""A process executor on a stage, and what several tests ask of it."""

import asyncio
from pathlib import Path
from typing import Any

import attrs

from plait_core.ir.executions import TaskError
from plait_core.ir.tasks import SecretRequest, SecurityContext
from plait_core.ir.units import Unit
from plait_core.ports.executors import Ended, Executor
from plait_core.ports.secrets import SecretAnswer
from plait_core.ports.specs import ExecutorContext
from plait_core.testing.executors import ExecutorConformance, Stage
from plait_local.process import ProcessExecutor
from plait_local.settings import LocalSettings

PATIENCE_S = 120.0
PASSWORD = SecretRequest(group="db", key="password")


class Process(ExecutorConformance):
    """The stage of the suite, without its tests. ``settings`` are of this plugin, ``changes`` of the context."""

    def __init__(self, *, settings: dict[str, Any] | None = None, **changes: Any) -> None:
        self._settings = settings or {}
        self._changes = changes

    def make_executor(self, context: ExecutorContext) -> Executor:
        return ProcessExecutor(attrs.evolve(context, **self._changes))

    def settings(self) -> LocalSettings:
        return LocalSettings(**{"concurrency": 2, **self._settings})


async def value_of(stage: Stage, unit: Unit) -> Any:
    """Run *unit* and return the value of its one output."""
    result = await stage.result(unit)
    assert result.error is None, result.error
    return (result.outputs or {})["o0"].value.value  # type: ignore[union-attr]  # a primitive


async def text_of(stage: Stage, unit: Unit) -> str:
    """Run *unit* and return the text that it returns."""
    return str(await value_of(stage, unit))


async def error_of(stage: Stage, unit: Unit) -> TaskError:
    """Run *unit*, which must fail."""
    report = await stage.ended(unit)
    assert isinstance(report, Ended), report
    assert report.result.error is not None, report.result
    return report.result.error


async def log_of(stage: Stage, unit: Unit) -> bytes:
    """Return the log of an attempt, so far as there is one."""
    return b"".join([chunk async for chunk in stage.executor.logs(unit.attempt)])


def pids_of(stage: Stage) -> list[int]:
    """Return the processes that workers were, if they left something."""
    return [int(sign.read_text().split()[1]) for sign in stage.folder.glob("executor/workers/*/alive")]


def pid_of(stage: Stage) -> int:
    """Return the process of the only worker."""
    (pid,) = pids_of(stage)
    return pid


async def started(path: Path) -> None:
    """Wait until a task has made the file *path*."""
    async with asyncio.timeout(PATIENCE_S):
        while not await asyncio.to_thread(path.exists):  # noqa: ASYNC110  # another process makes it
            await asyncio.sleep(0.01)


async def gone(pid: int) -> None:
    """Wait until a process has ended."""
    async with asyncio.timeout(PATIENCE_S):
        while is_running(pid):  # noqa: ASYNC110  # no event tells
            await asyncio.sleep(0.01)


def is_running(pid: int) -> bool:
    """Whether there is a process of that number that is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


async def only_password(request: SecretRequest) -> SecretAnswer:
    """Answer like an engine that knows one secret."""
    if request.key == "password":
        return SecretAnswer(value="s3cr3t")
    return SecretAnswer(value=None, places=("the test",))


def with_secret(stage: Stage, entity: Any, inputs: dict[str, Any], request: SecretRequest = PASSWORD) -> Unit:
    """Make an attempt of a task that asks for a secret."""
    template = attrs.evolve(entity.template, security=SecurityContext(secrets=(request,)))
    return stage.unit(entity, inputs, template=template, secrets=(request,))
