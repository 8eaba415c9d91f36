"""``plait serve``: the API, the console and an engine, in the foreground."""

from typing import Any

import click


@click.command()
@click.option("--env", metavar="NAME", help="Use the settings of this environment.")
@click.option("--host", metavar="ADDRESS", help="Address to listen on; by default only this machine can reach it.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 for any that is free.")
@click.option(
    "--part",
    "parts",
    multiple=True,
    type=click.Choice(["api", "engine"]),
    help="Be only this part; other processes on the same database are the rest.",
)
@click.pass_obj
def command(session: Any, env: str | None, host: str | None, port: int | None, parts: tuple[str, ...]) -> None:
    """Serve the HTTP API and the console, and drive executions, until stopped."""
    from plait_server.daemon import PARTS, run

    choices = {"environment": env, "plugins.server.host": host, "plugins.server.port": port}
    for key, value in choices.items():
        if value is not None:
            session.choose(key, value)
    run(session.settings, parts=parts or PARTS)
