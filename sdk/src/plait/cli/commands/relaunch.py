"""
``plait relaunch``: what an execution ran, once more from the beginning.

On this machine it runs in this process, like ``plait run``. Exit codes: 0 started, or succeeded where it is waited for; 1 it failed,
or cannot be started; 2 usage.
"""

from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import click

from plait.cli.earlier import run_again
from plait.cli.repeating import repeat_options
from plait.cli.session import Session, with_place
from plait.control.plane import interface_of
from plait_core.authoring.typesystem import process_types
from plait_core.errors import UserError
from plait_core.ir.interfaces import TypedInterface
from plait_core.ir.launch_plans import ExecutionOptions

if TYPE_CHECKING:
    from plait.remote.asynchronous import AsyncRemote
    from plait.remote.executions import RemoteExecution
    from plait_core.authoring.entities import Entity
    from plait_core.engine import Engine


@click.command()
@with_place
@click.option(
    "-i", "--input", "texts", multiple=True, metavar="NAME=VALUE", help="Another value for an input, as on `plait run`."
)
@click.option("--overwrite-cache", is_flag=True, help="Run cached tasks anew, and keep what they return.")
@repeat_options
@click.argument("id", metavar="EXECUTION")
@click.argument("target", required=False, default="", metavar="[FILE_OR_MODULE]")
@click.pass_context
def command(ctx: click.Context, /, id: str, target: str, texts: Sequence[str], **params: Any) -> None:
    """Run again what an execution ran, with its inputs and options."""
    session: Session = ctx.obj
    overwrites = params["overwrite_cache"] or None
    execution = session.execution_id(id)
    interface = interface_of(session.ask(lambda plane: plane.execution_closure(execution)))
    values = _values(texts, interface)
    if session.is_remote():
        from plait.cli.following import follow

        async def start(remote: "AsyncRemote") -> "RemoteExecution":
            found = await remote.fetch_execution(execution.name, project=execution.project, domain=execution.domain)
            return await remote.relaunch(found, values, execution_name=params["name"], overwrite_cache=overwrites)

        ctx.exit(follow(session, start, waits=params["waits"], as_json=params["as_json"]))

    async def begin(engine: "Engine", entity: "Entity[Any, Any]", name: str) -> None:
        place = f"{session.settings.blobs}/raw/inputs/{uuid4().hex}"
        with closing(process_types().context(place, session.plugins.blob_store)) as context:
            literals = {
                key: process_types().converter(_type(interface, key)).to_literal(value, context)
                for key, value in values.items()
            }
        options = ExecutionOptions(overwrite_cache=overwrites)
        await engine.relaunch(execution, literals, options=options, target=entity, name=name)

    ctx.exit(run_again(session, execution, target, begin, name=params["name"], as_json=params["as_json"]))


def _values(texts: Sequence[str], interface: TypedInterface) -> Mapping[str, Any]:
    """Read ``NAME=VALUE``; raises ``click.BadParameter`` for what does not fit."""
    values = {}
    for text in texts:
        name, is_pair, value = text.partition("=")
        if not is_pair or name not in interface.input_types:
            known = ", ".join(interface.input_types) or "none"
            raise click.BadParameter(
                f"{text!r} does not read NAME=VALUE; its inputs are: {known}", param_hint="'--input'"
            )
        try:
            values[name] = process_types().converter(_type(interface, name)).parse(value)
        except UserError as error:
            raise click.BadParameter(f"{error.problem}; {error.remedy}", param_hint=f"'--input {name}'") from error
    return values


def _type(interface: TypedInterface, name: str) -> Any:
    return process_types().guess(interface.input_types[name])
