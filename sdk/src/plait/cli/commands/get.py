"""``plait get``: executions as a list, one execution as a tree."""

import asyncio
from typing import Any

import click

from plait.cli import documents
from plait.cli.records import execution_document, list_executions
from plait.cli.session import Session, with_settings
from plait.cli.trees import render_execution, render_table
from plait_core.engine import Inspector
from plait_core.ir.phases import ExecutionPhase
from plait_core.ports.databases import ExecutionFilter


@click.group()
def command() -> None:
    """Show executions and their nodes."""


@command.command()
@with_settings
@click.option(
    "--phase",
    "phases",
    multiple=True,
    type=click.Choice([phase.value for phase in ExecutionPhase], case_sensitive=False),
    help="Only those in this phase.",
)
@click.option("--contains", default="", metavar="TEXT", help="Only those whose name has this text.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="At most so many.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
@click.pass_obj
def executions(session: Session, phases: tuple[str, ...], contains: str, limit: int, as_json: bool) -> None:
    """List executions, the newest first."""
    where = ExecutionFilter(project=session.settings.project, domain=session.settings.domain, name_contains=contains)

    async def read() -> list[dict[str, Any]]:
        async with session.store() as database:
            return await list_executions(
                database, where, phases=[ExecutionPhase(phase) for phase in phases], limit=limit
            )

    found = asyncio.run(read())
    if as_json:
        documents.show(found)
    else:
        click.echo(render_table(found) if found else "no executions")


@command.command()
@with_settings
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.argument("id", metavar="EXECUTION")
@click.pass_obj
def execution(session: Session, id: str, as_json: bool) -> None:
    """Show an execution: its nodes with phases, timings, inputs, outputs, attempts and errors."""

    async def read() -> dict[str, Any]:
        async with session.store() as database:
            return await execution_document(database, Inspector(database), session.execution_id(id))

    document = asyncio.run(read())
    if as_json:
        documents.show(document)
    else:
        click.echo(render_execution(document))
