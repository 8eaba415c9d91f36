"""``plait signal``: the value that a gate waits for."""

import click

from plait.cli.messages import answer, deliver
from plait.cli.session import Session, with_settings


@click.command()
@with_settings
@click.argument("id", metavar="EXECUTION")
@click.argument("name", metavar="GATE")
@click.argument("value")
@click.pass_obj
def command(session: Session, id: str, name: str, value: str) -> None:
    """Supply the value that a gate waits for, written as on `plait run`."""
    deliver(session, id, lambda engine, execution: answer(engine, execution, name, value))
    click.echo(f"{name} supplied")
