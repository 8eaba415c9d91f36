"""The pages that list: projects, executions, workflows, tasks, launch plans, tokens, and the audit trail."""

from typing import Any
from urllib.parse import urlencode

import attrs
from starlette.responses import Response

from plait_core.compiler.graphs import signature_text
from plait_core.ir.ids import EntityId, EntityKind
from plait_core.ir.interfaces import TypedInterface
from plait_core.ir.launch_plans import LaunchPlanTemplate, ScheduleSpec
from plait_core.ir.phases import ExecutionPhase
from plait_core.ir.tasks import TaskTemplate
from plait_core.ir.workflows import WorkflowTemplate
from plait_core.ports.databases import ExecutionFilter, Page
from plait_server.console.phases import look_of
from plait_server.console.rendering import crumbs_of, page, place_of, visible_projects
from plait_server.console.summaries import Summary, runs_of, summary_of
from plait_server.console.visits import KINDS, Visit

PAGE_SIZE = 50
STRIP = 10
"""How many of the latest executions of an entity its row shows."""
HEADINGS = {"workflows": "Workflows", "tasks": "Tasks", "launch_plans": "Launch plans"}
_PHASES = tuple((phase.value, look_of(phase).word) for phase in ExecutionPhase if phase.value != "INTERRUPTED")


@attrs.frozen(kw_only=True)
class ExecutionQuery:
    """What the list of executions is narrowed to, as it was typed."""

    name: str
    target: str
    phase: str
    archived: bool

    @property
    def is_narrowed(self) -> bool:
        """Whether anything was asked for."""
        return bool(self.name or self.target or self.phase or self.archived)


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
    """Show all projects with their domains."""
    projects = await visible_projects(visit)
    return page(visit, "projects.html", projects=projects, page="projects", crumbs=[("Projects", "")])


async def executions_page(visit: Visit) -> Response:
    """List executions of a project and domain, newest first."""
    query = ExecutionQuery(
        name=visit.query("name").strip(),
        target=visit.query("target").strip(),
        phase=visit.query("phase"),
        archived=visit.query("archived") == "yes",
    )
    known = {value for value, _ in _PHASES}
    inspector = visit.server.inspector
    targets = await inspector.targets(visit.project, visit.domain, query.target) if query.target else ()
    where = ExecutionFilter(
        project=visit.project,
        domain=visit.domain,
        phases=(ExecutionPhase(query.phase),) if query.phase in known else (),
        targets=targets,
        name_contains=query.name,
        include_archived=query.archived,
    )
    token = visit.query("token")
    rows, following = await visit.server.database.views.executions(where, Page(limit=PAGE_SIZE, token=token))
    items = [await summary_of(visit, row) for row in rows]
    return page(
        visit,
        "executions.html",
        place=await place_of(visit, "executions"),
        crumbs=crumbs_of(visit, "executions"),
        query=query,
        items=items,
        targets=sorted({item.row.target.name for item in items}),
        phase_choices=_PHASES,
        next_url=_following(visit, following),
        first_url=_following(visit, "", is_first=True),
        is_first=not token,
        events="" if token else visit.api_url("events"),
        event_names="execution",
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
        items=[await _line(visit, id_) for id_ in ids],
        has_runs=kind is not EntityKind.LAUNCH_PLAN,
        has_plans=kind is EntityKind.LAUNCH_PLAN,
        next_url=_following(visit, following),
        first_url=_following(visit, "", is_first=True),
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
    more: dict[str, Any] = {"next_url": _following(visit, following), "is_first": not token}
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


async def _line(visit: Visit, id_: EntityId) -> EntityLine:
    registry = visit.server.database.registry
    template = await registry.get(id_)
    short, long = described(template)
    if isinstance(template, LaunchPlanTemplate):
        active = await registry.active(project=id_.project, domain=id_.domain, name=id_.name)
        fires = await registry.get(active) if active is not None else template
        return EntityLine(
            id=id_,
            description=f"runs {template.workflow.name}",
            active_version=active.version if active is not None else "",
            schedule=schedule_text(fires.schedule if isinstance(fires, LaunchPlanTemplate) else None),
        )
    interface = template.interface if template is not None else TypedInterface()
    runs = await runs_of(visit, id_, limit=STRIP)
    return EntityLine(id=id_, description=short or long, signature=signature_text(interface), runs=tuple(runs))


def _following(visit: Visit, token: str, *, is_first: bool = False) -> str:
    """Return the address of another page of the same list, or nothing when there is none."""
    kept = {name: value for name, value in visit.request.query_params.items() if name != "token"}
    if token or is_first:
        return f"?{urlencode(kept | ({'token': token} if token else {}))}"
    return ""
