"""
``plait project``: the named places for entities and executions.

On the server unless ``--local`` is given. Exit codes: 0 done, 1 refused or not reachable, 2 usage.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import click

from plait.cli import documents
from plait.cli.groups import Group
from plait.cli.launching import pairs
from plait.cli.listings import project_document, render_project, render_projects
from plait.cli.session import Session, with_place
from plait.control.plane import ControlPlane
from plait_core.ports.api import ProjectList, ProjectRequest
from plait_core.ports.databases import Project

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_name = click.option("--name", metavar="TEXT", help="What people call it.")
_description = click.option("--description", metavar="TEXT", help="What it is for.")
_labels = click.option(
    "--label", "labels", multiple=True, metavar="K=V", callback=pairs(must_have_value=False), help="Label it."
)


@click.group(cls=Group)
def command() -> None:
    """List, create and update projects."""


@command.command("list")
@with_place
@_json
@click.pass_obj
def list_(session: Session, as_json: bool) -> None:
    """List projects."""

    async def read(plane: ControlPlane) -> ProjectList:
        return await plane.projects()

    found = session.ask(read, remote_by_default=True)
    if as_json:
        documents.show([project_document(project) for project in found.items])
    else:
        click.echo(render_projects(found))


@command.command()
@with_place
@_name
@_description
@_labels
@_json
@click.argument("id", metavar="PROJECT")
@click.pass_obj
def create(session: Session, /, id: str, as_json: bool, **said: Any) -> None:
    """Create a project."""

    async def make(plane: ControlPlane) -> Project:
        if id in {project.id for project in (await plane.projects()).items}:
            raise click.UsageError(f"there is a project {id!r} already; `plait project update` changes it")
        return await plane.put_project(id, _request(Project(id=id), said))

    _show(session.ask(make, remote_by_default=True), as_json=as_json)


@command.command()
@with_place
@_name
@_description
@_labels
@click.option("--archive/--unarchive", "is_archived", default=None, help="Take no new executions, or take them again.")
@_json
@click.argument("id", metavar="PROJECT")
@click.pass_obj
def update(session: Session, /, id: str, as_json: bool, **said: Any) -> None:
    """Change what is said of a project; what is not given stays as it is."""

    async def change(plane: ControlPlane) -> Project:
        projects = (await plane.projects()).items
        found = next((project for project in projects if project.id == id), None)
        if found is None:
            raise click.UsageError(_unknown(id, projects))
        return await plane.put_project(id, _request(found, said))

    _show(session.ask(change, remote_by_default=True), as_json=as_json)


def _unknown(id: str, projects: Sequence[Project]) -> str:
    return f"there is no project {id!r}; there are: {', '.join(project.id for project in projects) or 'none'}"


def _request(project: Project, said: Mapping[str, Any]) -> ProjectRequest:
    """Say of *project* what it said, but for what is given."""
    before = ProjectRequest(
        name=project.name, description=project.description, labels=project.labels, is_archived=project.is_archived
    )
    return attrs.evolve(before, **{key: value for key, value in said.items() if value not in (None, {})})


def _show(project: Project, *, as_json: bool) -> None:
    if as_json:
        documents.show(project_document(project))
    else:
        click.echo(render_project(project, ()))
