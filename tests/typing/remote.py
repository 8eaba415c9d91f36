"""What type checkers infer about clients: both twins have the same signatures, and one of them blocks."""

from collections.abc import Sequence
from typing import assert_type

from plait import AsyncRemote, Remote, workflow
from plait.remote.executions import RemoteEntity, RemoteExecution
from plait_core.ports.api import EntitySummary


@workflow
def wf(a: int = 1) -> int:
    """Something to run."""
    return a


def blocking(remote: Remote) -> None:
    """Results are there when the call returns."""
    execution = remote.execute(wf, {"a": 1}, wait=True)
    assert_type(execution, RemoteExecution)
    assert_type(remote.wait(execution, timeout=3.0), RemoteExecution)
    assert_type(remote.fetch_task("flow.double", version="v1"), RemoteEntity)
    assert_type(remote.list_tasks(limit=3), Sequence[EntitySummary])
    remote.execute(wf, {"a": 1}, waits=True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # no such option
    remote.terminate(execution)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # without a cause


async def awaited(remote: AsyncRemote) -> None:
    """The same, awaited."""
    assert_type(await remote.execute("flow.wf"), RemoteExecution)
    assert_type(await remote.fetch_active_launchplan("nightly"), RemoteEntity | None)
