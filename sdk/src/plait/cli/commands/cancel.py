"""
``plait cancel``, and ``plait abort``: the end of executions, on request.

Exit codes: 0 they are asked to end, 1 one is not there, has ended, or cannot be reached, 2 usage.
"""

from collections.abc import Sequence

import click

from plait.cli import documents
from plait.cli.session import Session, with_place
from plait.cli.several import change_each


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
    asked = change_each(
        session,
        ids,
        lambda plane, id_: plane.abort(id_, reason=reason),
        "asked to end",
        is_told=not as_json,
    )
    told = [{"execution": name, "reason": reason} for name in asked]
    if as_json and (told or len(ids) > 1):
        documents.show(told if len(ids) > 1 else told[0])
    ctx.exit(0 if len(asked) == len(set(ids)) else 1)
