"""``plait explain``: what an execution waits for, what the cache had to say, and what went wrong."""

import asyncio
from collections.abc import Mapping
from typing import Any

import click

from plait.cli import documents
from plait.cli.records import execution_document
from plait.cli.session import Session, with_settings
from plait.cli.waits import waits_of


@click.command()
@with_settings
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.argument("id", metavar="EXECUTION")
@click.pass_obj
def command(session: Session, id: str, as_json: bool) -> None:
    """Say what every unfinished node waits for, why the cache was or was not used, and what failed."""
    document = asyncio.run(_explanation(session, id))
    if as_json:
        documents.show(document)
    else:
        click.echo(_rendered(document))


async def _explanation(session: Session, id: str) -> dict[str, Any]:
    async with session.engine() as engine:
        execution = session.execution_id(id)
        whole = await execution_document(engine, execution)
        state = await engine.state(execution)
    return {
        "name": whole["name"],
        "phase": whole["phase"],
        "resume": whole.get("resume"),
        "waits": waits_of(state),
        "cache": [{"node": node["id"], **node["cache"]} for node in whole["nodes"] if node["cache"]],
        "errors": [
            {**attempt["error"], "node": node["id"], "attempt": attempt["n"], "element": attempt["element"]}
            for node in whole["nodes"]
            for attempt in node["attempts"]
            if attempt["error"]
        ],
        "error": whole["error"],
    }


def _rendered(document: Mapping[str, Any]) -> str:
    lines = [f"{document['name']} is {document['phase']}"]
    if document["resume"]:
        lines.append(f"its process is gone; go on with `{document['resume']}`")
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
