"""
``plait plugins``: what is installed, what it offers, whether it keeps its promises, and a start for a new one.

Exit codes: 0 shown or made, 1 a promise is broken, or there is no such plugin, 2 usage.
"""

from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any

import attrs
import click

from plait.cli import documents
from plait.cli.groups import Group
from plait.cli.session import Session, with_settings
from plait_core.plugins.listing import PluginLine, PluginState, list_plugins, show_plugin
from plait_core.plugins.scaffold import KINDS, scaffold

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(cls=Group)
def command() -> None:
    """List, show, check and make plugins."""


@command.command("list")
@with_settings
@_json
@click.pass_obj
def list_(session: Session, as_json: bool) -> None:
    """List plugins, what they offer, and how long importing their hooks took."""
    lines = list_plugins(session.plugins)
    if as_json:
        documents.show([_document(line) for line in lines])
        return
    for line in lines:
        click.echo(_line(line))
        for what, names in line.offers.items():
            click.echo(f"    {what}: {', '.join(names)}")
        if line.problem:
            click.echo(f"    {line.problem}\n    → {line.remedy}")


@command.command()
@with_settings
@_json
@click.argument("name")
@click.pass_obj
def show(session: Session, name: str, as_json: bool) -> None:
    """Show a plugin: its offers with their factories, its settings and where each was set."""
    details = show_plugin(session.plugins, name)
    if as_json:
        documents.show(_document(details))
        return
    click.echo(_line(details.line))
    for offer in details.factories:
        click.echo(f"    {offer.what} {offer.name}: {offer.factory}")
    for setting in details.settings:
        click.echo(f"    {setting.key} = {setting.value!r}  ({setting.type}, {setting.origin})")
    if details.line.problem:
        click.echo(f"    {details.line.problem}\n    → {details.line.remedy}")


@command.command()
@with_settings
@_json
@click.argument("name")
@click.pass_context
def check(ctx: click.Context, name: str, as_json: bool) -> None:
    """Check a plugin, conformance of what it offers included; exit 1 when it breaks a promise."""
    from plait_core.testing.plugin_check import check_plugin

    checks = check_plugin(ctx.obj.plugins, name)
    if as_json:
        documents.show([_document(found) for found in checks])
    else:
        for found in checks:
            click.echo(f"{'✔' if found.is_ok else '✘'} {found.name}: {found.detail}")
            if found.remedy:
                click.echo(f"    → {found.remedy}")
    ctx.exit(0 if all(found.is_ok for found in checks) else 1)


@command.command()
@click.option(
    "--kind", type=click.Choice(list(KINDS)), default=next(iter(KINDS)), show_default=True, help="What it adds."
)
@click.option(
    "--folder", type=click.Path(path_type=Path), metavar="DIR", help="Where to write it; plait-NAME by default."
)
@_json
@click.argument("name")
def new(name: str, kind: str, folder: Path | None, as_json: bool) -> None:
    """Write a new plugin that passes its check as it is."""
    folder = folder or Path(f"plait-{name.replace('_', '-')}")
    paths = [str(path) for path in scaffold(name, kind=kind, folder=folder)]
    if as_json:
        documents.show({"folder": str(folder), "files": paths})
        return
    click.echo("\n".join(paths))
    click.echo(f"  → pip install -e '{folder}[test]' && plait plugins check {name.replace('-', '_')}")


def _line(line: PluginLine) -> str:
    state = "" if line.state is PluginState.LOADED else f"  {line.state.value.upper()}"
    return f"{line.name}  {line.distribution} {line.version}{state}  {line.import_ms:.1f} ms"


def _document(data: Any) -> Mapping[str, Any]:
    return attrs.asdict(data, value_serializer=lambda _, __, value: value.value if isinstance(value, Enum) else value)
