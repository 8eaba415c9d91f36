"""
``plait explain``: what an execution waits for, what the cache had to say, and what went wrong.

Exit codes: 0 shown, 1 it is not there or cannot be reached, 2 usage.
"""

from collections.abc import Mapping
from typing import Any

import click

from plait.cli import documents
from plait.cli.messages import answering_command
from plait.cli.records import execution_document
from plait.cli.session import Session, with_place
from plait.control.plane import ControlPlane, Waiting
from plait_core.ir.ids import ExecutionId
from plait_core.ir.types import LiteralType


@click.command()
@with_place
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.argument("id", metavar="EXECUTION")
@click.pass_obj
def command(session: Session, id: str, as_json: bool) -> None:
    """Say what every unfinished node waits for, why the cache was or was not used, and what failed."""
    document = session.ask(lambda plane: _explanation(plane, session.execution_id(id), session.flags))
    if as_json:
        documents.show(document)
    else:
        click.echo(_rendered(document))


async def _explanation(plane: ControlPlane, execution: ExecutionId, flags: str) -> dict[str, Any]:
    whole = await execution_document(plane, execution)
    found = await plane.waits(execution)
    gates = await plane.gates(execution) if any(wait.signal for wait in found) else {}
    waits = [_wait(wait, execution, gates.get(wait.signal), flags) for wait in found]
    return {
        "name": whole["name"],
        "phase": whole["phase"],
        "resume": whole.get("resume"),
        "waits_for": whole.get("waits_for"),
        "waits": waits,
        "cache": [{"node": node["id"], **node["cache"]} for node in whole["nodes"] if node["cache"]],
        "errors": [
            {**attempt["error"], "node": node["id"], "attempt": attempt["n"], "element": attempt["element"]}
            for node in whole["nodes"]
            for attempt in node["attempts"]
            if attempt["error"]
        ],
        "error": whole["error"],
    }


def _wait(wait: Waiting, execution: ExecutionId, kind: LiteralType | None, flags: str) -> dict[str, Any]:
    document: dict[str, Any] = {"node": wait.node, "waits_for": wait.what, "until": wait.until}
    if wait.signal:
        document["answer"] = f"{answering_command(execution, wait.signal, kind)}{flags}"
    return document


def _rendered(document: Mapping[str, Any]) -> str:
    lines = [f"{document['name']} is {document['phase']}"]
    if document["resume"]:
        lines.append(f"its process is gone; go on with `{document['resume']}`")
    if document["waits_for"]:
        lines.append(f"it waits for {document['waits_for']}")
    for wait in document["waits"]:
        until = f" until {wait['until']}" if wait["until"] else ""
        answer = f"; answer with `{wait['answer']}`" if "answer" in wait else ""
        lines.append(f"  {wait['node']} waits for {wait['waits_for']}{until}{answer}")
    for verdict in document["cache"]:
        why = f": {verdict['reason']}" if verdict["reason"] else ""
        source = f", from {verdict['source']}" if verdict["source"] else ""
        lines.append(f"  {verdict['node']} cache {verdict['status'].upper()}{why}{source}")
    for error in document["errors"]:
        element = "" if error["element"] is None else f", element {error['element']}"
        lines.append(
            f"  {error['node']} attempt {error['attempt']}{element} failed: [{error['code']}] {error['message']}"
        )
    if document["error"] and not document["errors"]:
        lines.append(f"  failed: [{document['error']['code']}] {document['error']['message']}")
    return "\n".join(lines)
