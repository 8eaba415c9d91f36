"""
``plait gc``: executions that ended long ago, what they left in storage, and unused templates, put away for good.

Works on the store of this machine's settings, or by the server on its own, a step at a time. What is kept for how long is a setting. Exit
codes: 0 done or shown, 1 not confirmed, refused, or the store or server cannot be reached, 2 usage.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import attrs
import click

from plait.cli import documents
from plait.cli.numbers import counted
from plait.cli.session import Session, with_place
from plait.cli.tables import table
from plait.control.plane import ControlPlane
from plait_core.authoring.typesystem import process_types
from plait_core.errors import UserError
from plait_core.ports.api import LONGEST_S, SweepReply, SweepRequest
from plait_core.ports.urls import shown_url


def _seconds(_: click.Context, __: click.Parameter, text: str | None) -> float | None:
    if text is None:
        return None
    try:
        duration: timedelta = process_types().converter(timedelta).parse(text)
    except UserError as error:
        raise click.BadParameter(f"{error.problem}; {error.remedy}") from error
    if not timedelta() <= duration <= timedelta(seconds=LONGEST_S):
        raise click.BadParameter(f"{text!r} is not between nothing and a hundred years")
    return duration.total_seconds()


@click.command()
@with_place
@click.option(
    "--older-than",
    "age_s",
    metavar="DURATION",
    callback=_seconds,
    help="How long everything is kept after the end of an execution, in place of what settings say.",
)
@click.option("--all", "everywhere", is_flag=True, help="Those of every project and domain.")
@click.option("--dry-run", is_flag=True, help="Show what would be deleted, and delete nothing.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def command(
    ctx: click.Context, /, *, age_s: float | None, everywhere: bool, dry_run: bool, yes: bool, as_json: bool
) -> None:
    """Delete executions that ended long ago, their files, and templates that nothing uses any more."""
    if as_json and not (yes or dry_run):
        raise click.UsageError("--json asks nobody; give --yes or --dry-run", ctx)
    session: Session = ctx.obj
    settings = session.settings
    project, domain = ("", "") if everywhere else (settings.project, settings.domain)
    request = SweepRequest(project=project, domain=domain, older_than_s=age_s)
    place = f"the server {settings.endpoint}" if session.is_remote() else f"the store {shown_url(settings.store)}"

    found = session.ask(lambda plane: _sweep(plane, request))
    if as_json and dry_run:
        documents.show({"place": place, **_document(found), "is_deleted": False})
    if not as_json:
        _show(found, place)
    if dry_run or found == SweepReply():
        return
    if not yes:
        click.confirm("Delete them?", abort=True, err=True)
    deleted = session.ask(lambda plane: _sweep(plane, attrs.evolve(request, dry_run=False)))
    if as_json:
        documents.show({"place": place, **_document(deleted), "is_deleted": True})
    else:
        click.echo(f"deleted {_told(deleted)}")


async def _sweep(plane: ControlPlane, request: SweepRequest) -> SweepReply:
    """Take all steps of a sweep."""
    found = step = await plane.sweep(request)
    while step.token:
        step = await plane.sweep(attrs.evolve(request, token=step.token))
        found = SweepReply(
            executions=(*found.executions, *step.executions),
            closures=(*found.closures, *step.closures),
            n_files=found.n_files + step.n_files,
            size_bytes=found.size_bytes + step.size_bytes,
            n_snapshots=found.n_snapshots + step.n_snapshots,
        )
    return found


def _document(found: SweepReply) -> Mapping[str, Any]:
    return {
        "executions": [
            {"execution": str(one.id), "phase": one.phase.value, "ended_at": documents.time_text(one.ended_at_ns or 0)}
            for one in found.executions
        ],
        "closures": [{"digest": one.digest, "size_bytes": one.size_bytes} for one in found.closures],
        "n_files": found.n_files,
        "size_bytes": found.size_bytes,
        "n_snapshots": found.n_snapshots,
    }


def _show(found: SweepReply, place: str) -> None:
    if found.executions:
        rows = [("EXECUTION", "PHASE", "ENDED")]
        rows += [
            (str(one.id), one.phase.value, documents.time_text(one.ended_at_ns or 0)[:19]) for one in found.executions
        ]
        click.echo(table(rows))
    click.echo(f"{_told(found)}, in {place}")


def _told(found: SweepReply) -> str:
    """Say how much there is of what, and leave out what there is none of."""
    closures_kib = sum(one.size_bytes for one in found.closures) / 1024
    parts = [
        (len(found.executions), "execution", ""),
        (found.n_files, "file", f" of {found.size_bytes / 1024:.1f} KiB"),
        (found.n_snapshots, "snapshot", " of what stays"),
        (len(found.closures), "graph", f" of {closures_kib:.1f} KiB"),
    ]
    return ", ".join(f"{counted(n, kind)}{more}" for n, kind, more in parts if n) or "nothing"
