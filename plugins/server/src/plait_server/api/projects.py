"""Projects: named places for entities and executions."""

import re

from plait_core.ports.api import ProjectList, ProjectRequest
from plait_core.ports.databases import Project
from plait_server.errors import MalformedRequest
from plait_server.pages import ShortListQuery, page_by_id
from plait_server.routing import Call, Route

_ID = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
"""A DNS label, because namespaces of a cluster are named after projects."""

MAX_NAME = 64
MAX_DESCRIPTION = 300
MAX_LABELS = 16


async def list_projects(call: Call[ShortListQuery, None]) -> ProjectList:
    """List the projects in which the caller has a role."""
    projects = await call.server.database.accounts.projects()
    seen = [project for project in projects if call.principal.may("viewer", project.id)]
    shown, token = page_by_id(seen, lambda project: project.id, call.query)
    return ProjectList(items=shown, domains=call.server.settings.domains, token=token)


async def put_project(call: Call[None, ProjectRequest]) -> Project:
    """Create a project, or replace what is said of it."""
    body = call.body
    if faults := _faults(call.project, body):
        raise MalformedRequest(what="project", faults=faults)
    project = Project(
        id=call.project,
        name=body.name,
        description=body.description,
        labels=body.labels,
        is_archived=body.is_archived,
    )
    await call.server.database.accounts.put_project(project, audit=call.line())
    return project


def _faults(id_: str, body: ProjectRequest) -> tuple[str, ...]:
    rules = {
        "id: lower-case letters, digits and hyphens, at most 63, no hyphen at either end": _ID.fullmatch(id_),
        f"$.name: at most {MAX_NAME} printable characters": len(body.name) <= MAX_NAME and body.name.isprintable(),
        f"$.description: at most {MAX_DESCRIPTION} characters": len(body.description) <= MAX_DESCRIPTION,
        f"$.labels: at most {MAX_LABELS}": len(body.labels) <= MAX_LABELS,
    }
    return tuple(rule for rule, is_kept in rules.items() if not is_kept)


ROUTES = (
    Route(
        method="GET",
        path="/projects",
        operation="list_projects",
        summary="The projects in which the caller has a role, and the domains that each of them has.",
        permission="known",
        handler=list_projects,
        query=ShortListQuery,
        reply=ProjectList,
    ),
    Route(
        method="PUT",
        path="/projects/{project}",
        operation="put_project",
        summary="Create a project, or replace what is said of it; an archived one takes no new executions.",
        permission="admin",
        handler=put_project,
        body=ProjectRequest,
        reply=Project,
    ),
)
