"""
``plait launch-plan``: which version of a launch plan is active, so that its schedule runs.

On the server unless ``--local`` is given. Exit codes: 0 done, 1 refused, not there or not reachable, 2 usage.
"""

import click

from plait.cli import documents
from plait.cli.groups import Group
from plait.cli.session import Session, with_place
from plait.control.plane import ControlPlane, resolved
from plait_core.errors.stores import EntityUnknown
from plait_core.ir.ids import EntityId, EntityKind

_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@click.group(cls=Group)
def command() -> None:
    """Switch launch plans on and off."""


@command.command()
@with_place
@_json
@click.argument("name")
@click.argument("version", required=False, default="")
@click.pass_obj
def activate(session: Session, name: str, version: str, as_json: bool) -> None:
    """Switch a version on, by default the newest, and the one that was active off."""
    _switch(session, name, version, is_active=True, as_json=as_json)


@command.command()
@with_place
@_json
@click.argument("name")
@click.argument("version", required=False, default="")
@click.pass_obj
def deactivate(session: Session, name: str, version: str, as_json: bool) -> None:
    """Switch a version off, by default the active one."""
    _switch(session, name, version, is_active=False, as_json=as_json)


def _switch(session: Session, name: str, version: str, *, is_active: bool, as_json: bool) -> None:
    settings = session.settings
    wanted = EntityId(
        kind=EntityKind.LAUNCH_PLAN, project=settings.project, domain=settings.domain, name=name, version=version
    )

    async def switch(plane: ControlPlane) -> EntityId:
        found = await resolved(plane, wanted, prefers_active=not is_active)
        if found is None:
            raise EntityUnknown(id=str(wanted).removesuffix("@"))
        await plane.activate(found, is_active=is_active)
        return found

    switched = session.ask(switch, remote_by_default=True)
    if as_json:
        documents.show({"name": name, "version": switched.version, "is_active": is_active})
    else:
        click.echo(f"{name} {switched.version} is {'active' if is_active else 'not active'}")
