"""
``plait signal``: the value that a gate waits for.

Exit codes: 0 supplied, 1 the execution is not there, has ended, or cannot be reached, 2 usage: no such gate, or no value of its type.
"""

import click

from plait.cli import documents
from plait.cli.messages import answer
from plait.cli.session import Session, with_place


@click.command()
@with_place
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.argument("id", metavar="EXECUTION")
@click.argument("name", metavar="GATE")
@click.argument("value")
@click.pass_obj
def command(session: Session, id: str, name: str, value: str, as_json: bool) -> None:
    """Supply the value that a gate waits for, written as on `plait run`."""
    session.ask(lambda plane: answer(plane, session.execution_id(id), name, value))
    if as_json:
        documents.show({"execution": id, "gate": name, "value": value})
    else:
        click.echo(f"{name} supplied")
