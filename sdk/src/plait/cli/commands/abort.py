"""``plait abort``: the end of an execution, on request."""

import click

from plait.cli.messages import deliver
from plait.cli.session import Session, with_settings


@click.command()
@with_settings
@click.option(
    "--reason", default="asked for on the command line", show_default=True, metavar="TEXT", help="Why, for the record."
)
@click.argument("id", metavar="EXECUTION")
@click.pass_obj
def command(session: Session, id: str, reason: str) -> None:
    """Ask an execution to end; its attempts are stopped."""
    deliver(session, id, lambda engine, execution: engine.abort(execution, reason=reason))
    click.echo(f"{id} is asked to end")
