"""``plait graph``: a workflow as an indented tree, as Mermaid, or as DOT."""

import click

from plait.cli.entities import find
from plait.cli.modules import load_module, traced
from plait.cli.session import Session, with_settings


@click.command()
@with_settings
@click.option(
    "--format", type=click.Choice(["text", "mermaid", "dot"]), default="text", show_default=True, help="How to draw."
)
@click.argument("target", metavar="FILE_OR_MODULE")
@click.argument("entity")
@click.pass_obj
def command(session: Session, target: str, entity: str, format: str) -> None:
    """Draw what an entity runs."""
    from plait_core.compiler.drawings import render_dot, render_mermaid
    from plait_core.compiler.graphs import render_text

    session.plugins  # noqa: B018  # this process's, before user code asks for any
    render = {"text": render_text, "mermaid": render_mermaid, "dot": render_dot}[format]
    click.echo(render(traced(find(load_module(target), entity)).closure), nl=False)
