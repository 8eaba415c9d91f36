"""
``plait cancel``, and ``plait abort``: the end of executions, on request.

All that are named are asked to end, in spite of one that cannot be. Exit codes: 0 they are asked to end, 1 one is not there, has ended, or
cannot be reached, 2 usage.
"""

from collections.abc import Sequence

import click

from plait.cli import documents
from plait.cli.failures import report
from plait.cli.session import Session, with_place
from plait.control.plane import ControlPlane
from plait_core.errors import UserError


@click.command()
@with_place
@click.option(
    "--reason", default="asked for on the command line", show_default=True, metavar="TEXT", help="Why, for the record."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document; a list, if several are named.")
@click.argument("ids", nargs=-1, required=True, metavar="EXECUTION...")
@click.pass_context
def command(ctx: click.Context, /, ids: Sequence[str], reason: str, as_json: bool) -> None:
    """Ask executions to end; their attempts are stopped."""
    session: Session = ctx.obj
    named = {text: session.execution_id(text) for text in ids}

    async def abort(plane: ControlPlane) -> list[str]:
        asked = []
        for text, execution in named.items():
            try:
                await plane.abort(execution, reason=reason)
            except UserError as error:
                report(error)
            else:
                asked.append(text)
                if not as_json:
                    click.echo(f"{text} is asked to end")
        return asked

    asked = session.ask(abort)
    told = [{"execution": text, "reason": reason} for text in asked]
    if as_json and (told or len(named) > 1):
        documents.show(told if len(named) > 1 else told[0])
    ctx.exit(0 if len(asked) == len(named) else 1)
