"""
``Remote``: a server, for Python programs and notebooks that wait for it.

Every method is that of ``AsyncRemote``; it runs in a loop of this process that is there for such calls, so that it makes no difference
whether the calling thread has one.
"""

from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager
from functools import wraps
from threading import Thread
from typing import Any, Concatenate, ParamSpec, TypeVar
from weakref import finalize

from plait.control.connection import Connection
from plait.remote.asynchronous import AsyncRemote
from plait.remote.executions import RemoteEntity, RemoteExecution
from plait_core.ir.ids import EntityId
from plait_core.plugins import Settings
from plait_core.types.blocking import run

P = ParamSpec("P")
R = TypeVar("R")


def _hang_up(twin: AsyncRemote) -> None:
    """Close the connection of a client that nobody has closed, without waiting: who knows in which thread it is collected."""
    Thread(target=run, args=(twin.hang_up(),), name="plait hangs up", daemon=True).start()


def _synced(
    method: "Callable[Concatenate[AsyncRemote, P], Coroutine[Any, Any, R]]",
) -> "Callable[Concatenate[Remote, P], R]":
    """Make the method of ``Remote`` that waits for *method*."""

    @wraps(method)
    def wait_for(self: "Remote", /, *args: P.args, **kwargs: P.kwargs) -> R:
        return run(method(self.twin, *args, **kwargs))

    return wait_for


class Remote(AbstractContextManager["Remote"]):
    """
    A server, for programs and notebooks: register entities, run them there, wait for them, and read what comes of it.

    The methods are those of ``AsyncRemote``, and wait for their result in the calling thread; the arguments are the same. Use as
    a context manager, or ``close`` it.

        remote = Remote("http://localhost:30080", default_project="lab")
        execution = remote.execute(wf, {"n": 3}, wait=True)
        print(execution.outputs["o0"])
    """

    def __init__(
        self,
        endpoint: str = "",
        default_project: str = "",
        default_domain: str = "",
        *,
        token: str = "",
        settings: Settings | None = None,
        connect: Callable[[], Connection] | None = None,
    ) -> None:
        self.twin = AsyncRemote(
            endpoint, default_project, default_domain, token=token, settings=settings, connect=connect
        )
        finalize(self, _hang_up, self.twin).atexit = False

    def __exit__(self, *_: object) -> None:
        """Hang up."""
        self.close()

    close = _synced(AsyncRemote.close)
    identity = _synced(AsyncRemote.identity)
    register = _synced(AsyncRemote.register)
    register_task = _synced(AsyncRemote.register_task)
    register_workflow = _synced(AsyncRemote.register_workflow)
    register_launch_plan = _synced(AsyncRemote.register_launch_plan)
    register_script = _synced(AsyncRemote.register_script)
    fetch_task = _synced(AsyncRemote.fetch_task)
    fetch_workflow = _synced(AsyncRemote.fetch_workflow)
    fetch_launch_plan = _synced(AsyncRemote.fetch_launch_plan)
    fetch_active_launchplan = _synced(AsyncRemote.fetch_active_launchplan)
    fetch_execution = _synced(AsyncRemote.fetch_execution)
    list_projects = _synced(AsyncRemote.list_projects)
    get_domains = _synced(AsyncRemote.get_domains)
    list_tasks = _synced(AsyncRemote.list_tasks)
    list_tasks_by_version = _synced(AsyncRemote.list_tasks_by_version)
    list_workflows = _synced(AsyncRemote.list_workflows)
    list_launch_plans = _synced(AsyncRemote.list_launch_plans)
    list_executions = _synced(AsyncRemote.list_executions)
    recent_executions = list_executions
    execute = _synced(AsyncRemote.execute)
    wait = _synced(AsyncRemote.wait)
    sync = _synced(AsyncRemote.sync)
    terminate = _synced(AsyncRemote.terminate)
    archive = _synced(AsyncRemote.archive)
    relaunch = _synced(AsyncRemote.relaunch)
    recover = _synced(AsyncRemote.recover)
    rerun = _synced(AsyncRemote.rerun)
    plan_rerun = _synced(AsyncRemote.plan_rerun)
    list_signals = _synced(AsyncRemote.list_signals)
    set_input = _synced(AsyncRemote.set_input)
    approve = _synced(AsyncRemote.approve)
    reject = _synced(AsyncRemote.reject)
    activate_launchplan = _synced(AsyncRemote.activate_launchplan)
    deactivate_launchplan = _synced(AsyncRemote.deactivate_launchplan)
    upload_file = _synced(AsyncRemote.upload_file)
    get = _synced(AsyncRemote.get)
    download = _synced(AsyncRemote.download)

    def generate_console_url(self, subject: RemoteExecution | RemoteEntity | EntityId) -> str:
        """Return the address of the console's page about an execution, or about a version of an entity, whose id names project and domain."""
        return self.twin.generate_console_url(subject)
