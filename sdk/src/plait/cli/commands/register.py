"""
``plait register``: entities with their code, on the server or, with ``--local``, in the store of this machine.

Targets are files, folders, modules, and packages that ``plait package`` wrote. Nothing is registered when anything cannot be imported,
unless ``--skip-errors``; what is the same as before changes nothing. Exit codes: 0 registered, 1 something was refused or skipped,
2 usage.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from plait.cli import documents
from plait.cli.failures import report
from plait.cli.launching import pairs
from plait.cli.numbers import counted
from plait.cli.session import Session, with_place
from plait_core.authoring.bundles import Copy

if TYPE_CHECKING:
    from plait.code.discovery import Discovered
    from plait.registration import Registration
    from plait_core.ir.ids import EntityId
    from plait_core.ports.api import RegisterReply


@click.command()
@with_place
@click.option(
    "--version", default="", metavar="VERSION", help="Version of the entities; follows from the code by default."
)
@click.option("--service-account", default="", metavar="NAME", help="Run all launch plans as this account.")
@click.option(
    "--raw-data-prefix",
    "--raw-output-data-prefix",
    default="",
    metavar="URI",
    help="Where executions keep files and large values.",
)
@click.option(
    "--envvar",
    "--envvars",
    "envs",
    multiple=True,
    metavar="K=V",
    callback=pairs(must_have_value=True),
    help="Set a variable for tasks of all launch plans.",
)
@click.option("--activate-launchplans", "activate", is_flag=True, help="Switch on all launch plans.")
@click.option(
    "--copy",
    type=click.Choice([copy.value for copy in Copy]),
    default=Copy.AUTO.value,
    show_default=True,
    help="Code to take along: imported modules, every file below the root, or none.",
)
@click.option("--skip-errors", is_flag=True, help="Leave out files that cannot be imported, and go on.")
@click.option("--dry-run", is_flag=True, help="Check everything, and register nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print what happened as one JSON document.")
@click.argument("targets", nargs=-1, required=True, metavar="FILE|FOLDER|MODULE|PACKAGE...")
@click.pass_context
def command(
    ctx: click.Context, /, targets: Sequence[str], copy: str, *, skip_errors: bool, as_json: bool, **params: Any
) -> None:
    """Register tasks, workflows and launch plans with their code."""
    session: Session = ctx.obj
    session.load_plugins()  # before user code asks for any
    registrations, failures = _gathered(targets, Copy(copy), params["version"])
    for failure in failures:
        report(failure)
    if failures and not skip_errors:
        click.echo("Nothing was registered; --skip-errors leaves these files out.", err=True)
        ctx.exit(1)
    if not registrations:
        raise click.UsageError(f"{' '.join(targets)} declares no task, workflow or launch plan", ctx)
    results = asyncio.run(_send(session, registrations, params))
    if as_json:
        documents.show([_document(*result, dry_run=params["dry_run"]) for result in results])
    else:
        for result in results:
            _show(*result, dry_run=params["dry_run"])
    ctx.exit(1 if failures else 0)


def _gathered(targets: Sequence[str], copy: Copy, version: str) -> "Discovered":
    """Read packages and import everything else; ``files`` before the targets means nothing, as in ``register files``."""
    from plait.code.discovery import gathered
    from plait.packages import is_package

    if targets[0] == "files" and len(targets) > 1 and not Path("files").exists():
        targets = targets[1:]
    if copy is Copy.NONE and not version and not all(map(is_package, targets)):
        raise click.UsageError("--copy none leaves no code for a version to follow from; give --version")
    return gathered(targets, copy)


async def _send(
    session: Session, registrations: "Sequence[Registration]", params: dict[str, Any]
) -> "list[tuple[str, Registration, RegisterReply]]":
    from plait.registration import send

    settings, results = session.settings, []
    async with session.plane(remote_by_default=True) as registrar:
        for made in registrations:
            registration = made.with_options(
                service_account=params["service_account"],
                raw_data_prefix=params["raw_data_prefix"],
                envs=params["envs"],
            )
            version = params["version"] or registration.own_version
            reply = await send(
                registration,
                registrar,
                project=settings.project,
                domain=settings.domain,
                version=version,
                activate=params["activate"],
                dry_run=params["dry_run"],
            )
            results.append((version, registration, reply))
    return results


def _document(version: str, registration: "Registration", reply: "RegisterReply", *, dry_run: bool) -> dict[str, Any]:
    return {
        "version": version,
        "bundle": registration.bundle.digest if registration.bundle else None,
        "created": [str(id_) for id_ in reply.created],
        "unchanged": [str(id_) for id_ in reply.unchanged],
        "activated": [str(id_) for id_ in reply.activated],
        "dry_run": dry_run,
    }


def _show(version: str, registration: "Registration", reply: "RegisterReply", *, dry_run: bool) -> None:
    bundle = registration.bundle
    code = f"code {bundle.digest[:12]} of {len(bundle.data) / 1024:.1f} KiB" if bundle else "no code taken along"
    click.echo(f"Version {version}, {code}")
    for id_ in (*reply.created, *reply.unchanged):
        click.echo(f"[✔] {_line(id_, reply, dry_run=dry_run)}")
    n_created, n_unchanged = len(reply.created), len(reply.unchanged)
    if dry_run:
        click.echo(f"{counted(n_created + n_unchanged, 'entity', 'entities')} checked, none registered")
    else:
        click.echo(
            f"{counted(n_created, 'entity', 'entities')} registered"
            + (f", {n_unchanged} unchanged" if n_unchanged else "")
        )


def _line(id_: "EntityId", reply: "RegisterReply", *, dry_run: bool) -> str:
    remarks = [
        *(["unchanged"] if id_ in reply.unchanged else []),
        *(["active"] if id_ in reply.activated else []),
        *(["dry run"] if dry_run else []),
    ]
    remark = f" ({', '.join(remarks)})" if remarks else ""
    return f"{id_.kind.value.replace('_', ' ')}: {id_.name}{remark}"
