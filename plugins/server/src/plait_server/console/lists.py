"""The pages that list: projects, workflows, tasks, launch plans, tokens, and the audit trail."""

from typing import Any
from urllib.parse import urlencode

import attrs
from starlette.responses import Response

from plait_core.compiler.graphs import signature_text
from plait_core.ir.ids import EntityId, EntityKind
from plait_core.ir.interfaces import TypedInterface
from plait_core.ir.launch_plans import LaunchPlanTemplate, ScheduleSpec
from plait_core.ir.tasks import TaskTemplate
from plait_core.ir.workflows import WorkflowTemplate
from plait_core.ports.databases import Page
from plait_server.console.rendering import crumbs_of, page, place_of, visible_projects
from plait_server.console.summaries import Summary, runs_of
from plait_server.console.visits import KINDS, Visit

PAGE_SIZE = 50
STRIP = 10
"""How many of the latest executions of an entity its row shows."""
HEADINGS = {"workflows": "Workflows", "tasks": "Tasks", "launch_plans": "Launch plans"}


@attrs.frozen(kw_only=True)
class EntityLine:
    """An entity as a row of a list."""

    id: EntityId
    description: str
    signature: str = ""
    runs: tuple[Summary, ...] = ()
    active_version: str = ""
    schedule: str = ""


async def projects_page(visit: Visit) -> Response:
    """Show projects with their domains, those alone whose id or name contains what was typed."""
    query, projects = visit.query("name").strip(), await visible_projects(visit)
    found = [it for it in projects if query.lower() in f"{it.id} {it.name}".lower()]
    crumbs = [("Projects", "")]
    return page(
        visit, "projects.html", projects=found, n_all=len(projects), query=query, page="projects", crumbs=crumbs
    )


async def entities_page(visit: Visit) -> Response:
    """List the newest version of each workflow, task or launch plan."""
    section = visit.path("section")
    kind, query, token = KINDS[section], visit.query("name").strip(), visit.query("token")
    ids, following = await _ids(visit, kind, query, token)
    return page(
        visit,
        "entities.html",
        place=await place_of(visit, section),
        crumbs=crumbs_of(visit, section),
        heading=HEADINGS[section],
        query=query,
        items=[await line_of(visit, id_) for id_ in ids],
        has_plans=kind is EntityKind.LAUNCH_PLAN,
        next_url=next_page_url(visit, following),
        first_url=next_page_url(visit, "", is_first=True),
        is_first=not token,
    )


async def tokens_page(visit: Visit) -> Response:
    """List tokens, without their secrets."""
    tokens = await visit.server.database.accounts.tokens()
    crumbs = [("Projects", f"{visit.base}/"), ("Tokens", "")]
    return page(visit, "tokens.html", tokens=tokens, page="tokens", crumbs=crumbs)


async def audit_page(visit: Visit) -> Response:
    """List who changed what."""
    token = visit.query("token")
    lines, following = await visit.server.database.accounts.audited(Page(limit=PAGE_SIZE, token=token))
    crumbs = [("Projects", f"{visit.base}/"), ("Audit trail", "")]
    more: dict[str, Any] = {"next_url": next_page_url(visit, following), "is_first": not token}
    return page(visit, "audit.html", lines=lines, page="audit", crumbs=crumbs, **more)


def described(template: TaskTemplate | WorkflowTemplate | LaunchPlanTemplate | None) -> tuple[str, str]:
    """Return the short and the long description of an entity."""
    match template:
        case TaskTemplate(metadata=about) | (WorkflowTemplate() as about):
            return about.short_description, about.long_description
    return "", ""


def schedule_text(schedule: ScheduleSpec | None) -> str:
    """Say when a launch plan fires."""
    if schedule is None:
        return ""
    words = " ".join(str(value) for value in schedule.spec.values() if value not in ("", None))
    return f"{schedule.kind.replace('_', ' ')}: {words}"


async def _ids(visit: Visit, kind: EntityKind, query: str, token: str) -> tuple[list[EntityId], str]:
    """Return a page of the entities whose name contains *query*."""
    registry, found = visit.server.database.registry, list[EntityId]()
    while True:
        some, token = await registry.list(
            kind, project=visit.project, domain=visit.domain, page=Page(limit=PAGE_SIZE, token=token)
        )
        found += [id_ for id_ in some if query.lower() in id_.name.lower()]
        if not token or len(found) >= PAGE_SIZE:
            return found, token


async def line_of(visit: Visit, id_: EntityId) -> EntityLine:
    """Return what a list shows of an entity."""
    registry = visit.server.database.registry
    template = await registry.get(id_)
    short, long = described(template)
    runs = tuple(await runs_of(visit, id_, limit=STRIP))
    if isinstance(template, LaunchPlanTemplate):
        active = await registry.active(project=id_.project, domain=id_.domain, name=id_.name)
        fires = await registry.get(active) if active is not None else template
        return EntityLine(
            id=id_,
            description=f"runs {template.workflow.name}",
            runs=runs,
            active_version=active.version if active is not None else "",
            schedule=schedule_text(fires.schedule if isinstance(fires, LaunchPlanTemplate) else None),
        )
    interface = template.interface if template is not None else TypedInterface()
    return EntityLine(id=id_, description=short or long, signature=signature_text(interface), runs=runs)


def next_page_url(visit: Visit, token: str, *, is_first: bool = False) -> str:
    """Return the address of another page of the same list, or nothing when there is none."""
    kept = {name: value for name, value in visit.request.query_params.items() if name != "token"}
    if token or is_first:
        return f"?{urlencode(kept | ({'token': token} if token else {}))}"
    return ""
