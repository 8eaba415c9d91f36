"""
``plait package``: entities with their code, as one file that ``plait register`` takes on any machine.

The same code gives the same bytes. Exit codes: 0 written, 1 something cannot be imported or has faults, or the file
cannot be written, 2 usage.
"""

from collections.abc import Sequence
from pathlib import Path

import click

from plait.cli import documents
from plait.cli.failures import report
from plait.cli.numbers import counted
from plait.cli.session import Session
from plait_core.authoring.bundles import Copy


@click.command()
@click.option(
    "-s", "--source", "sources", multiple=True, metavar="FILE|FOLDER|MODULE", help="What to package; repeatable."
)
@click.option(
    "-o",
    "--output",
    default="plait-package.tgz",
    show_default=True,
    metavar="FILE",
    help="The file to write; its folder is made.",
)
@click.option("-f", "--force", is_flag=True, help="Replace the file.")
@click.option(
    "--version", default="", metavar="VERSION", help="Version to register as, unless registering says otherwise."
)
@click.option(
    "--copy",
    type=click.Choice([copy.value for copy in Copy]),
    default=Copy.AUTO.value,
    show_default=True,
    help="Code to take along: imported modules, every file below the root, or none.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what was packaged as one JSON document.")
@click.argument("targets", nargs=-1, metavar="[FILE|FOLDER|MODULE]...")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    sources: Sequence[str],
    targets: Sequence[str],
    *,
    output: str,
    copy: str,
    version: str,
    force: bool,
    as_json: bool,
) -> None:
    """Write entities and their code to one file."""
    from plait.code.discovery import discover
    from plait.packages import pack

    session: Session = ctx.obj
    session.load_plugins()  # before user code asks for any
    if not (sources or targets):
        raise click.UsageError("name what to package: a file, a folder or a module", ctx)
    path = Path(output)
    if path.exists() and not force:
        raise click.UsageError(f"{output} exists already; -f replaces it", ctx)
    if copy == Copy.NONE.value and not version:
        raise click.UsageError("--copy none leaves no code for a version to follow from; give --version", ctx)
    registrations, failures = discover([*sources, *targets], Copy(copy), version=version)
    for failure in failures:
        report(failure)
    if failures:
        ctx.exit(1)
    if len(registrations) != 1:
        raise click.UsageError(f"a package has one source root with entities in it; here are {len(registrations)}", ctx)
    (registration,) = registrations
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pack(registration))
    except OSError as error:
        raise click.FileError(output, hint=error.strerror) from error
    bundle = registration.bundle
    if as_json:
        mains = [str(closure.main) for closure in registration.closures]
        files = list(bundle.files) if bundle else []
        documents.show({"path": str(path), "version": registration.own_version, "entities": mains, "files": files})
    else:
        entities = counted(len(registration.closures), "entity", "entities")
        click.echo(f"{entities} and {counted(len(bundle.files) if bundle else 0, 'file')} in {path}")
