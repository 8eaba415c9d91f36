"""``plait demo``: the whole platform on this machine, in the background."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import attrs
import click
from click.core import ParameterSource

from plait_server.demo import Demo
from plait_server.journal import readable


@click.group()
def command() -> None:
    """Start and stop a platform on this machine."""


INTERRUPTED_EXIT = 130
"""The exit code of what Ctrl-C ends, as shells count it."""

_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@command.command(short_help="Start the demo, or go on with the one that was stopped.")
@click.option("--port", type=click.IntRange(1, 65535), default=30080, show_default=True, help="Port to listen on.")
@_json
@click.pass_context
def start(ctx: click.Context, port: int, as_json: bool) -> None:
    """Start the demo, or go on with the one that was stopped; exit 1 when it does not come up."""
    demo = _demo(ctx.obj)
    is_new = demo.start(port=port)
    if (
        not is_new
        and ctx.get_parameter_source("port") is ParameterSource.COMMANDLINE
        and port != urlsplit(demo.url).port
    ):
        click.echo(f"It keeps its address, {demo.url}; stop it first to give it port {port}.", err=True)
    if not as_json:
        click.echo("The demo runs." if is_new else "The demo runs already.")
    _show(demo, as_json=as_json)
    if not as_json and (link := demo.login_link()):
        click.echo(f"Log in:  {link}")


@command.command(short_help="Show the demo's services.")
@_json
@click.pass_context
def status(ctx: click.Context, as_json: bool) -> None:
    """Show the demo's services; exit 1 unless all are well."""
    demo = _demo(ctx.obj)
    _show(demo, as_json=as_json)
    ctx.exit(0 if demo.is_running() and all(service.is_ok for service in demo.services()) else 1)


@command.command(short_help="Print a link that logs in to the console.")
@_json
@click.pass_context
def console(ctx: click.Context, as_json: bool) -> None:
    """Print a link that logs a browser in to the console, once and within five minutes."""
    link = _demo(ctx.obj).login_link()
    if not link:
        click.echo("The demo does not run; `plait demo start` starts it.", err=True)
        ctx.exit(1)
    click.echo(json.dumps({"login": link}, indent=2) if as_json else link)


@command.command()
@_json
@click.pass_obj
def stop(session: Any, as_json: bool) -> None:
    """Stop the demo; nothing is lost, and `plait demo start` goes on where it was."""
    was_running = _demo(session).stop()
    if as_json:
        click.echo(json.dumps({"was_running": was_running}, indent=2))
        return
    click.echo("The demo has stopped; `plait demo start` goes on." if was_running else "The demo does not run.")


@command.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@_json
@click.pass_obj
def teardown(session: Any, yes: bool, as_json: bool) -> None:
    """Stop the demo and delete all its executions, entities and files."""
    demo = _demo(session)
    if as_json and not yes:
        raise click.UsageError("--json asks nothing; add --yes to delete")
    if not demo.folder.exists():
        click.echo(json.dumps({"deleted": None}, indent=2) if as_json else "There is no demo to delete.")
        return
    if not yes:
        click.confirm(f"Delete {demo.folder} with everything that ran there?", abort=True)
    demo.teardown()
    click.echo(json.dumps({"deleted": str(demo.folder)}, indent=2) if as_json else f"Deleted {demo.folder}.")


@command.command()
@click.option("-f", "--follow", "follows", is_flag=True, help="Go on as the server writes.")
@click.option("--json", "as_json", is_flag=True, help="Print the lines as they are: one JSON document each.")
@click.pass_context
def logs(ctx: click.Context, follows: bool, as_json: bool) -> None:
    """Show what the server wrote."""
    demo = _demo(ctx.obj)
    if not demo.log.exists():
        click.echo("The demo was never started.", err=True)
        ctx.exit(1)
    try:
        for line in demo.lines(follows=follows):
            click.echo(line.rstrip("\n") if as_json else readable(line))
    except KeyboardInterrupt:
        ctx.exit(INTERRUPTED_EXIT)


def _demo(session: Any) -> Demo:
    return Demo(Path(session.settings.home))


def _show(demo: Demo, *, as_json: bool) -> None:
    services = demo.services()
    console = f"{demo.url}/console" if services else ""
    if as_json:
        document = {
            "services": [attrs.asdict(service) for service in services],
            "url": demo.url,
            "console": console,
            "has_died": demo.has_died(),
        }
        click.echo(json.dumps(document, indent=2))
        return
    if not services:
        why = "Its server ended without having been stopped. " if demo.has_died() else ""
        does = "goes on at once with what ran there" if why else "starts it"
        click.echo(f"The demo does not run. {why}`plait demo start` {does}.")
        return
    width = max(len(service.name) for service in services)
    click.echo(f"{'SERVICE':{width}}  STATUS   DETAIL")
    for service in services:
        click.echo(f"{service.name:{width}}  ", nl=False)
        click.secho(f"{'running' if service.is_ok else 'failing':7}", fg="green" if service.is_ok else "red", nl=False)
        click.echo(f"  {service.detail}")
    click.echo(f"\nConsole: {console}")
