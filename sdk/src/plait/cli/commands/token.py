"""
``plait token``: what callers of a server identify themselves with.

Only administrators of all projects may. Exit codes: 0 done, 1 refused or not reachable, 2 usage.
"""

from datetime import timedelta
from typing import Any

import click

from plait.cli import documents
from plait.cli.groups import Group
from plait.cli.launching import pairs
from plait.cli.session import Session, with_settings
from plait.cli.tables import table
from plait_core.authoring.typesystem import process_types
from plait_core.errors import UserError
from plait_core.ports.api import TokenInfo, TokenRequest
from plait_core.ports.principals import ROLES

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(cls=Group)
def command() -> None:
    """Make, list and delete tokens of a server."""


def _duration_s(_: click.Context, __: click.Parameter, text: str | None) -> float | None:
    if text is None:
        return None
    try:
        duration: timedelta = process_types().converter(timedelta).parse(text)
    except UserError as error:
        raise click.BadParameter(f"{error.problem}; {error.remedy}") from error
    return duration.total_seconds()


@command.command()
@with_settings
@click.option(
    "--role",
    "roles",
    multiple=True,
    required=True,
    metavar="PROJECT=ROLE",
    callback=pairs(must_have_value=True),
    help=f"A role in a project, * for all: {', '.join(ROLES)}.",
)
@click.option(
    "--expires-in", "expires_in_s", metavar="DURATION", callback=_duration_s, help="How long it is valid: 30d."
)
@_json
@click.argument("principal")
@click.pass_obj
def create(session: Session, principal: str, roles: dict[str, str], expires_in_s: float | None, as_json: bool) -> None:
    """Make a token for somebody; its secret is shown now and never again."""
    request = TokenRequest(principal=principal, roles=roles, expires_in_s=expires_in_s)
    made = session.ask_server(lambda server: server.create_token(request))
    if as_json:
        documents.show({**_document(made.info), "secret": made.secret})
    else:
        click.echo(f"Token {made.info.id} of {principal}; this is the only time that it is shown:", err=True)
        click.echo(made.secret)


@command.command("list")
@with_settings
@_json
@click.pass_obj
def list_(session: Session, as_json: bool) -> None:
    """List tokens, without their secrets."""
    found = session.ask_server(lambda server: server.tokens()).items
    if as_json:
        documents.show([_document(info) for info in found])
        return
    rows = [("TOKEN", "PRINCIPAL", "ROLES", "EXPIRES")]
    rows += [(info.id, info.principal, _roles(info), _expiry(info) or "never") for info in found]
    click.echo(table(rows))


@command.command()
@with_settings
@_json
@click.argument("id", metavar="TOKEN")
@click.pass_obj
def delete(session: Session, id: str, as_json: bool) -> None:
    """Delete a token, so that it is good for nothing any more."""
    session.ask_server(lambda server: server.delete_token(id))
    if as_json:
        documents.show({"deleted": id})
    else:
        click.echo(f"token {id} is deleted")


def _document(info: TokenInfo) -> dict[str, Any]:
    return {
        "id": info.id,
        "principal": info.principal,
        "roles": dict(info.roles),
        "created_at": documents.time_text(info.created_at_ns),
        "expires_at": _expiry(info),
    }


def _expiry(info: TokenInfo) -> str | None:
    return None if info.expires_at_ns is None else documents.time_text(info.expires_at_ns)


def _roles(info: TokenInfo) -> str:
    return ", ".join(f"{project}={role}" for project, role in info.roles.items())
