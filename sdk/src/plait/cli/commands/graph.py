"""
``plait graph``: a workflow as an indented tree, as Mermaid, or as DOT.

Exit codes: 0 drawn, 1 it cannot be imported or recorded, 2 usage.
"""

import click

from plait.cli import documents
from plait.cli.session import Session, with_settings
from plait.code.entities import find
from plait.code.modules import load_module, traced


@click.command()
@with_settings
@click.option(
    "--format", type=click.Choice(["text", "mermaid", "dot"]), default="text", show_default=True, help="How to draw."
)
@click.option("--json", "as_json", is_flag=True, help="Print the templates of the graph as one JSON document.")
@click.argument("target", metavar="FILE_OR_MODULE")
@click.argument("entity")
@click.pass_obj
def command(session: Session, target: str, entity: str, format: str, as_json: bool) -> None:
    """Draw what an entity runs."""
    from plait_core.compiler.drawings import render_dot, render_mermaid
    from plait_core.compiler.graphs import render_text
    from plait_core.ir.codec import to_json

    session.load_plugins()  # before user code asks for any
    closure = traced(find(load_module(target), entity)).closure
    if as_json:
        documents.show(to_json(closure))
        return
    render = {"text": render_text, "mermaid": render_mermaid, "dot": render_dot}[format]
    click.echo(render(closure), nl=False)
