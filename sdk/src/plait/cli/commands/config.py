"""
``plait config``: the settings that hold here, where each was set, and a quick way to set one.

Exit codes: 0 done, 1 the settings cannot be read or written, 2 usage.
"""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import attrs
import click

from plait.cli import documents
from plait.cli.groups import Group
from plait.cli.session import Session, with_settings
from plait.cli.setting_files import SETTABLE, set_value
from plait.cli.tables import table

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(cls=Group)
def command() -> None:
    """Show and set settings."""


@command.command()
@with_settings
@_json
@click.pass_obj
def show(session: Session, as_json: bool) -> None:
    """Show every setting with its value, and where that comes from."""
    found = _settings(session)
    if as_json:
        documents.show(found)
        return
    rows = [("KEY", "VALUE", "FROM")]
    rows += [(one["key"], _text(one["value"]), one["origin"]) for one in found]
    click.echo(table(rows))


@command.command("set")
@click.option("--env", "environment", default="", metavar="NAME", help="In the table of this environment.")
@_json
@click.argument("key", type=click.Choice(SETTABLE))
@click.argument("value")
def set_(key: str, value: str, environment: str, as_json: bool) -> None:
    """Set a setting in the `plait.toml` that holds here; one is made in this folder if there is none."""
    if key == "endpoint":
        server = urlsplit(value)
        if server.scheme not in {"http", "https"} or not server.hostname:
            raise click.BadParameter(f"{value!r} is no URL of a server; write it like http://localhost:30080")
    path = set_value(Path.cwd(), key, value, environment=environment)
    if as_json:
        documents.show({"key": key, "value": value, "environment": environment, "path": str(path)})
    else:
        click.echo(f"{key} = {value!r} in {path}{f' for environment {environment}' if environment else ''}")


def _settings(session: Session) -> list[dict[str, Any]]:
    """List all settings; of the token, only whether there is one, and of the store not its password."""
    from plait.control.connection import token_of
    from plait_core.ports.urls import shown_url

    settings = session.settings
    values = attrs.asdict(settings, filter=lambda field, _: field.name not in {"token", "origins", "plugins"})
    values["store"] = shown_url(settings.store)
    found = [{"key": key, "value": value, "origin": settings.origin(key)} for key, value in values.items()]
    kept = "kept for the endpoint" if not settings.token and token_of(settings) else settings.origin("token")
    found.append({"key": "token", "value": "set" if token_of(settings) else "", "origin": kept})
    for plugin, keys in settings.plugins.items():
        for key, value in keys.items():
            name = f"plugins.{plugin}.{key}"
            found.append({"key": name, "value": value, "origin": settings.origin(name)})
    return found


def _text(value: Any) -> str:
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
