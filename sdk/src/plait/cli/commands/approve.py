"""``plait approve``: the answer to an approval gate."""

import click

from plait.cli.messages import answer, deliver
from plait.cli.session import Session, with_settings


@click.command()
@with_settings
@click.option("--reject", is_flag=True, help="Refuse instead, which fails the node.")
@click.argument("id", metavar="EXECUTION")
@click.argument("name", metavar="GATE")
@click.pass_obj
def command(session: Session, id: str, name: str, reject: bool) -> None:
    """Approve what waits at a gate."""
    deliver(session, id, lambda engine, execution: answer(engine, execution, name, "no" if reject else "yes"))
    click.echo(f"{name} {'rejected' if reject else 'approved'}")
