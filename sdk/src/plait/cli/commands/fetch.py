"""
``plait fetch``: the outputs or inputs of an execution, or of one of its nodes, as files in a folder of this machine.

Exit codes: 0 fetched, 1 it is not there, has none, or cannot be read, 2 usage.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from plait.cli import documents
from plait.cli.session import Session, with_place
from plait.control.plane import ControlPlane
from plait.errors import NothingToFetch
from plait_core.ir.ids import ExecutionId, NodeId
from plait_core.ir.literals import LiteralMap

if TYPE_CHECKING:
    from plait_core.ports.specs import BlobAccess


@click.command()
@with_place
@click.option("--inputs", "wants_inputs", is_flag=True, help="Its inputs, in place of its outputs.")
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Where to; by default a folder of the execution's name.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.argument("id", metavar="EXECUTION")
@click.argument("node", required=False, default="", metavar="[NODE]")
@click.pass_context
def command(
    ctx: click.Context, /, id: str, node: str, folder: Path | None, *, wants_inputs: bool, as_json: bool
) -> None:
    """Download what came out of an execution, or of one of its nodes."""
    session: Session = ctx.obj
    execution = session.execution_id(id)
    folder = folder or Path(execution.name)
    if folder.exists() and any(folder.iterdir()):
        raise click.UsageError(f"{folder} is not empty; -o names another folder", ctx)

    async def fetch(plane: ControlPlane) -> Mapping[str, Any]:
        from plait.cli.fetching import fetch_values

        values, deck_uri = await _values(plane, execution, NodeId(node), wants_inputs=wants_inputs)
        return await fetch_values(values, folder, _blobs(session, execution), deck_uri=deck_uri)

    document = session.ask(fetch)
    if as_json:
        documents.show({"folder": str(folder), "values": document})
    else:
        click.echo(f"{', '.join(sorted(path.name for path in folder.iterdir()))} in {folder}")


async def _values(plane: ControlPlane, id: ExecutionId, node: NodeId, *, wants_inputs: bool) -> tuple[LiteralMap, str]:
    """
    Return what is to be fetched, and the URI of the deck that belongs to it; that of a node that failed comes alone.

    Raises ``NothingToFetch`` while there is neither, and ``click.UsageError`` for an unknown node.
    """
    detail, deck_uri = await plane.execution(id), ""
    if node:
        found = await plane.node(id, node)
        if found is None:
            raise click.UsageError(f"execution {id.name!r} has no node {node!r}")
        values, phase = found.inputs if wants_inputs else found.outputs, found.row.phase.value
        deck_uri = "" if wants_inputs else found.row.deck_uri
    else:
        values, phase = detail.spec.inputs if wants_inputs else detail.outputs, detail.phase.value
    if values is None and not deck_uri:
        what = f"node {node!r} of execution {id.name!r}" if node else f"execution {id.name!r}"
        raise NothingToFetch(what=what, kind="inputs" if wants_inputs else "outputs", phase=phase)
    return values or {}, deck_uri


def _blobs(session: Session, execution: ExecutionId) -> "BlobAccess":
    if not session.is_remote():
        return session.plugins.blob_store
    from plait.remote.blobs import ServerBlobs

    return ServerBlobs(session.connection, execution.project, session.plugins.blob_store).access
