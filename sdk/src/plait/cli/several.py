"""Changes of several executions in one call: each is made, in spite of one that cannot be."""

from collections.abc import Awaitable, Callable, Sequence

import click

from plait.cli.failures import report
from plait.cli.session import Session
from plait.control.plane import ControlPlane
from plait_core.errors import UserError
from plait_core.ir.ids import ExecutionId

Change = Callable[[ControlPlane, ExecutionId], Awaitable[None]]


def change_each(session: Session, names: Sequence[str], change: Change, outcome: str, *, is_told: bool) -> list[str]:
    """
    Change the executions *names*, and return those for which that succeeded.

    With *is_told* standard output says ``NAME is`` *outcome* of each; standard error says why another one could not be changed.
    """
    ids = {name: session.execution_id(name) for name in names}

    async def change_all(plane: ControlPlane) -> list[str]:
        changed = []
        for name, id_ in ids.items():
            try:
                await change(plane, id_)
            except UserError as error:
                report(error)
                continue
            changed.append(name)
            if is_told:
                click.echo(f"{name} is {outcome}")
        return changed

    return session.ask(change_all)
