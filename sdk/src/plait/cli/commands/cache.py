"""
``plait cache``: cached outputs of this machine's store.

Exit codes: 0 done, 1 the store cannot be reached, 2 usage.
"""

import asyncio

import click

from plait.cli import documents
from plait.cli.groups import Group
from plait.cli.session import Session, with_settings


@click.group(cls=Group)
def command() -> None:
    """Look after cached outputs."""


@command.command()
@with_settings
@click.option("--task", default="", metavar="NAME", help="Only those of this task.")
@click.option("--all", "everywhere", is_flag=True, help="Those of every project and domain.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def clear(session: Session, task: str, everywhere: bool, as_json: bool) -> None:
    """Forget cached outputs, so that tasks run anew."""
    settings = session.settings
    project, domain = ("", "") if everywhere else (settings.project, settings.domain)

    async def run() -> int:
        async with session.store() as database:
            return await database.cache.clear(project=project, domain=domain, task=task)

    n_cleared = asyncio.run(run())
    if as_json:
        documents.show({"n_cleared": n_cleared})
        return
    click.echo(f"{n_cleared} cached {'output' if n_cleared == 1 else 'outputs'} forgotten")
