"""Running an execution again in part: the plan, and the start on the server or in this process."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from plait.cli import documents
from plait.cli.earlier import run_again
from plait.cli.tables import table
from plait_core.ir.codec import to_json
from plait_core.ir.ids import ExecutionId, NodeId

if TYPE_CHECKING:
    from plait.cli.session import Session
    from plait.remote.asynchronous import AsyncRemote
    from plait.remote.executions import RemoteExecution
    from plait_core.authoring.entities import Entity
    from plait_core.engine import Engine
    from plait_core.ports.api import RerunPlan

_Command = TypeVar("_Command", bound=Callable[..., Any])


def repeat_options(command: _Command) -> _Command:
    """Give *command* the options of starting something again."""
    for option in (
        click.option("--name", default="", metavar="NAME", help="Name of the new execution; made up by default."),
        click.option(
            "--wait", "waits", is_flag=True, help="On the server, too: wait for the end, and print the result."
        ),
        click.option("--json", "as_json", is_flag=True, help="Print one JSON document."),
    ):
        command = option(command)
    return command


def plan_options(command: _Command) -> _Command:
    """Give *command* the option that shows the plan alone."""
    return click.option(
        "--dry-run", is_flag=True, help="Show what would be reused and what would run, and start nothing."
    )(command)


class Repeated:
    """The execution *id*, which is to run again from *nodes*; without any, from what did not succeed."""

    def __init__(
        self, session: "Session", id: ExecutionId, nodes: Sequence[str], target: str, params: Mapping[str, Any]
    ) -> None:
        self._session = session
        self._id = id
        self._nodes = tuple(map(NodeId, nodes))
        self._target = target
        self._params = params

    def show_plan(self, *, is_error: bool = False) -> int:
        """Show what would become of each node, on standard error if that is asked for; returns the exit code."""
        plan: RerunPlan = self._session.ask(lambda plane: plane.plan_rerun(self._id, self._nodes))
        if self._params["as_json"]:
            documents.show(to_json(plan))
            return 0
        rows = [("NODE", "NAME", "PLAN", "WHY")]
        rows += [(step.node, step.name, "reuse" if step.is_reused else "run", step.reason) for step in plan.steps]
        click.echo(table(rows), err=is_error)
        return 0

    def start(self) -> int:
        """Start it, and return the exit code."""
        params = self._params
        if not self._session.is_remote():
            return run_again(
                self._session, self._id, self._target, self._begin, name=params["name"], as_json=params["as_json"]
            )
        from plait.cli.following import follow

        return follow(self._session, self._send, waits=params["waits"], as_json=params["as_json"])

    async def _begin(self, engine: "Engine", entity: "Entity[Any, Any]", name: str) -> None:
        await engine.rerun(self._id, self._nodes, target=entity, name=name)

    async def _send(self, remote: "AsyncRemote") -> "RemoteExecution":
        found = await remote.fetch_execution(self._id.name, project=self._id.project, domain=self._id.domain)
        return await remote.rerun(found, self._nodes, execution_name=self._params["name"])
