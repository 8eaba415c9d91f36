"""
``plait archive``: executions that have ended, out of lists or back into them. Nothing is deleted.

Exit codes: 0 done, 1 one is not there, still runs, or cannot be reached, 2 usage.
"""

from collections.abc import Sequence

import click

from plait.cli import documents
from plait.cli.session import Session, with_place
from plait.cli.several import change_each


@click.command()
@with_place
@click.option("--undo", is_flag=True, help="Have lists show them again.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
@click.argument("ids", nargs=-1, required=True, metavar="EXECUTION...")
@click.pass_context
def command(ctx: click.Context, /, ids: Sequence[str], *, undo: bool, as_json: bool) -> None:
    """Leave executions that have ended out of lists."""
    session: Session = ctx.obj
    done = change_each(
        session,
        ids,
        lambda plane, id_: plane.archive(id_, is_archived=not undo),
        "shown again" if undo else "archived",
        is_told=not as_json,
    )
    if as_json:
        documents.show([{"execution": name, "is_archived": not undo} for name in done])
    ctx.exit(0 if len(done) == len(set(ids)) else 1)
