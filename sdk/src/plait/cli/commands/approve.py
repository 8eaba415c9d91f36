"""
``plait approve``: the answer to an approval gate.

Exit codes: 0 answered, 1 the execution is not there, has ended, or cannot be reached, 2 usage: no such gate, or one that wants a value.
"""

import click

from plait.cli import documents
from plait.cli.messages import settle
from plait.cli.session import Session, with_place


@click.command()
@with_place
@click.option("--reject", is_flag=True, help="Refuse instead, which fails the node.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.argument("id", metavar="EXECUTION")
@click.argument("name", metavar="GATE")
@click.pass_obj
def command(session: Session, id: str, name: str, reject: bool, as_json: bool) -> None:
    """Approve what waits at a gate."""
    execution, flags = session.execution_id(id), session.flags
    session.ask(lambda plane: settle(plane, execution, name, is_approved=not reject, flags=flags))
    if as_json:
        documents.show({"execution": id, "gate": name, "is_approved": not reject})
    else:
        click.echo(f"{name} {'rejected' if reject else 'approved'}")
