"""
``plait cancel``, and ``plait abort``: the end of an execution, on request.

Exit codes: 0 it is asked to end, 1 it is not there, has ended, or cannot be reached, 2 usage.
"""

import click

from plait.cli import documents
from plait.cli.session import Session, with_place


@click.command()
@with_place
@click.option(
    "--reason", default="asked for on the command line", show_default=True, metavar="TEXT", help="Why, for the record."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.argument("id", metavar="EXECUTION")
@click.pass_obj
def command(session: Session, id: str, reason: str, as_json: bool) -> None:
    """Ask an execution to end; its attempts are stopped."""
    session.ask(lambda plane: plane.abort(session.execution_id(id), reason=reason))
    if as_json:
        documents.show({"execution": id, "reason": reason})
    else:
        click.echo(f"{id} is asked to end")
