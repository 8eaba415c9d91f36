"""
``plait doctor``: what would keep plait from working here, and what to do about it.

Exit codes: 0 all is well, 1 something is not, 2 usage.
"""

import asyncio
from collections.abc import Sequence

import attrs
import click

from plait.cli import documents
from plait.cli.session import Session, with_settings
from plait_core.errors import PlaitError
from plait_core.ports.specs import HealthCheck
from plait_core.ports.urls import shown_url


@click.command()
@with_settings
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """Check the settings, the store, and what plugins check; exit 1 when something is wrong."""
    checks = _checks(ctx.obj)
    if as_json:
        documents.show([attrs.asdict(check) for check in checks])
    else:
        for check in checks:
            click.secho("✔ " if check.is_ok else "✘ ", fg="green" if check.is_ok else "red", nl=False)
            click.echo(f"{check.name}: {check.detail}")
            if check.remedy:
                click.echo(f"    → {check.remedy}")
    ctx.exit(0 if all(check.is_ok for check in checks) else 1)


def _checks(session: Session) -> Sequence[HealthCheck]:
    settings = session.settings
    environment = f"environment {settings.environment}" if settings.environment else "no environment"
    rejected = [
        HealthCheck(name=f"plugin {error.plugin}", is_ok=False, detail=error.reason, remedy=error.remedy)
        for error in session.plugins.quarantined()
    ]
    return [
        HealthCheck(name="settings", is_ok=True, detail=f"{environment}, home {settings.home}"),
        _executors(session),
        asyncio.run(_store(session)),
        *([asyncio.run(_server(session))] if session.is_remote() else []),
        *rejected,
        *session.plugins.check_health(),
    ]


def _executors(session: Session) -> HealthCheck:
    known = session.plugins.executor_specs()
    listed = ", ".join(session.settings.executors)
    if unknown := [name for name in session.settings.executors if name not in known]:
        remedy = f"install the plugin that offers it, or choose from: {', '.join(sorted(known)) or 'none'}"
        return HealthCheck(name="executors", is_ok=False, detail=f"nobody offers {', '.join(unknown)}", remedy=remedy)
    return HealthCheck(name="executors", is_ok=True, detail=listed)


async def _server(session: Session) -> HealthCheck:
    """Ask the server that settings name for its release, and who the caller is to it."""
    endpoint = shown_url(session.settings.endpoint)
    try:
        async with session.server() as server:
            identity = await server.identity()
    except PlaitError as error:
        return HealthCheck(name="server", is_ok=False, detail=error.problem, remedy=error.remedy)
    roles = ", ".join(f"{role} of {'all projects' if it == '*' else it}" for it, role in identity.roles.items())
    detail = (
        f"plait {identity.server_version} at {endpoint} knows you as {identity.principal}, {roles or 'without a role'}"
    )
    return HealthCheck(name="server", is_ok=True, detail=detail)


async def _store(session: Session) -> HealthCheck:
    try:
        async with session.store():
            return HealthCheck(name="store", is_ok=True, detail=shown_url(session.settings.store))
    except PlaitError as error:
        return HealthCheck(name="store", is_ok=False, detail=error.problem, remedy=error.remedy)
