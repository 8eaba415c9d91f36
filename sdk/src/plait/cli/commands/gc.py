"""
``plait gc``: executions that ended long ago, put away for good.

Works on the store that settings name, a server's as well; what is cached, registered or still runs stays, and so do files. Exit
codes: 0 done or shown, 1 not confirmed, or the store cannot be reached, 2 usage.
"""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from time import time_ns
from typing import Any

import click

from plait.cli import documents
from plait.cli.session import Session, with_settings
from plait.cli.tables import table
from plait.control.upkeep import Rubbish, delete, find_rubbish
from plait_core.authoring.typesystem import process_types
from plait_core.errors import UserError
from plait_core.ports.urls import shown_url

KEPT_FOR = "30d"


def _ns(_: click.Context, __: click.Parameter, text: str) -> int:
    try:
        duration: timedelta = process_types().converter(timedelta).parse(text)
    except UserError as error:
        raise click.BadParameter(f"{error.problem}; {error.remedy}") from error
    if duration < timedelta():
        raise click.BadParameter(f"{text!r} is less than nothing")
    return int(duration.total_seconds() * 1e9)


@click.command()
@with_settings
@click.option(
    "--older-than",
    "age_ns",
    default=KEPT_FOR,
    show_default=True,
    metavar="DURATION",
    callback=_ns,
    help="How long an execution is kept after its end.",
)
@click.option("--all", "everywhere", is_flag=True, help="Those of every project and domain.")
@click.option("--dry-run", is_flag=True, help="Show what would be deleted, and delete nothing.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def command(ctx: click.Context, /, *, age_ns: int, everywhere: bool, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Delete executions that ended long ago, and templates that nothing uses any more."""
    if as_json and not (yes or dry_run):
        raise click.UsageError("--json asks nobody; give --yes or --dry-run", ctx)
    session: Session = ctx.obj
    settings = session.settings
    place = ("", "") if everywhere else (settings.project, settings.domain)
    now_ns = time_ns()
    store = shown_url(settings.store)

    async def find() -> Rubbish:
        async with session.store() as database:
            return await find_rubbish(database, *place, ended_before_ns=now_ns - age_ns)

    async def clear(rubbish: Rubbish) -> None:
        async with session.store() as database:
            await delete(database, rubbish, put_before_ns=now_ns)

    rubbish = asyncio.run(find())
    if as_json:
        documents.show({"store": store, **_document(rubbish), "is_deleted": not dry_run})
    else:
        _show(rubbish, store)
    if dry_run or not (rubbish.executions or rubbish.closures):
        return
    if not yes:
        click.confirm("Delete them?", abort=True, err=True)
    asyncio.run(clear(rubbish))
    if not as_json:
        click.echo("deleted")


def _document(rubbish: Rubbish) -> Mapping[str, Any]:
    return {
        "executions": [
            {"execution": str(row.id), "phase": row.phase.value, "ended_at": documents.time_text(row.ended_at_ns or 0)}
            for row in rubbish.executions
        ],
        "closures": [{"digest": one.digest, "size_bytes": one.size_bytes} for one in rubbish.closures],
    }


def _show(rubbish: Rubbish, store: str) -> None:
    if rubbish.executions:
        rows = [("EXECUTION", "PHASE", "ENDED")]
        rows += [
            (str(row.id), row.phase.value, documents.time_text(row.ended_at_ns or 0)[:19]) for row in rubbish.executions
        ]
        click.echo(table(rows))
    size_bytes = sum(one.size_bytes for one in rubbish.closures)
    templates = f"{len(rubbish.closures)} sets of templates of {size_bytes / 1024:.1f} KiB"
    click.echo(f"{len(rubbish.executions)} executions, and {templates}, in the store {store}")
