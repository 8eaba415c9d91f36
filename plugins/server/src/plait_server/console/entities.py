"""The page of a task, workflow or launch plan: what it is, its graph, its versions and its latest executions."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import attrs
from starlette.responses import RedirectResponse, Response

from plait_core.errors.stores import EntityUnknown
from plait_core.ir.executions import Closure
from plait_core.ir.ids import EntityId, EntityKind, NodeId
from plait_core.ir.interfaces import TypedInterface
from plait_core.ir.launch_plans import LaunchPlanTemplate
from plait_core.ir.tasks import Container, TaskTemplate
from plait_core.ir.workflows import WorkflowTemplate
from plait_core.ports.databases import Page
from plait_server.console.charts import chart_of
from plait_server.console.drawings import MOST_BOXES, Drawing, draw
from plait_server.console.forms import text_of
from plait_server.console.graphs import Box, count_nodes, graph_of
from plait_server.console.lists import EntityLine, described, line_of, schedule_text
from plait_server.console.panels import panels_of
from plait_server.console.rendering import crumbs_of, page, place_of
from plait_server.console.summaries import runs_of
from plait_server.console.values import show_all
from plait_server.console.visits import SECTIONS, Visit

RECENT = 20
"""How many of its latest executions the page of an entity shows."""
MOST_PLANS = 100
"""How many of its launch plans, the newest, the page of a workflow shows."""
OPENS_ALL = 24
"""A graph of so many nodes at most is shown with every sub-workflow open."""


async def newest_page(visit: Visit) -> Response:
    """Show the newest version of an entity."""
    template = await visit.server.database.registry.get(visit.entity)
    if template is None:
        raise EntityUnknown(id=str(visit.entity))
    return await _page(visit, template.id)


async def version_page(visit: Visit) -> Response:
    """Show one version of an entity."""
    return await _page(visit, visit.entity)


async def activate(visit: Visit) -> Response:
    """Switch a version of a launch plan on or off."""
    is_active = visit.typed().get("active") == "yes"
    registry = visit.server.database.registry
    line = visit.line({"is_active": is_active})
    await registry.activate(visit.entity, is_active=is_active, at_ns=visit.now_ns(), audit=line)
    return RedirectResponse(visit.version_url(visit.entity), status_code=303)


async def _page(visit: Visit, id_: EntityId) -> Response:
    registry = visit.server.database.registry
    closure = await registry.closure(id_)
    if closure is None:
        raise EntityUnknown(id=str(id_))
    template = template_of(closure, id_)
    interface = interface_of(closure, id_)
    runs = await runs_of(visit, id_, limit=RECENT)
    short, long = described(template)
    section = SECTIONS[id_.kind]
    token = visit.query("token")
    versions, following = await registry.list(
        id_.kind, project=id_.project, domain=id_.domain, name=id_.name, page=Page(limit=10, token=token)
    )
    is_plan = id_.kind is EntityKind.LAUNCH_PLAN
    active = await registry.active(project=id_.project, domain=id_.domain, name=id_.name) if is_plan else None
    drawn = _drawing(visit, closure, id_)
    return page(
        visit,
        "entity.html",
        place=await place_of(visit, section),
        crumbs=crumbs_of(visit, section, (id_.name, "")),
        id=id_,
        summary=short,
        description=long,
        inputs=interface.inputs,
        outputs=interface.outputs,
        facts=_facts(template),
        workflow=template.workflow if isinstance(template, LaunchPlanTemplate) else None,
        can_launch=visit.may("runner"),
        is_plan=is_plan,
        can_switch=is_plan and visit.may("author"),
        is_active=active == id_,
        active_elsewhere=active if active != id_ else None,
        versions=[{"id": version, "is_active": version == active} for version in versions],
        versions_next=f"?{urlencode({'token': following})}" if following else "",
        versions_token=token,
        defaults=await _defaults(visit, id_),
        runs=runs,
        chart=chart_of(runs, visit.now_ns()),
        plans=await _plans(visit, id_) if id_.kind is EntityKind.WORKFLOW else (),
        fixed=show_all(template.fixed_inputs) if isinstance(template, LaunchPlanTemplate) else (),
        panels=await panels_of(visit, id_.kind.value, id_),
        **drawn,
    )


async def _plans(visit: Visit, workflow: EntityId) -> list[EntityLine]:
    """Return the launch plans whose newest version runs a workflow, in whichever version."""
    ids, _ = await visit.server.database.registry.list(
        EntityKind.LAUNCH_PLAN,
        project=workflow.project,
        domain=workflow.domain,
        workflow=workflow,
        page=Page(limit=MOST_PLANS),
    )
    return [await line_of(visit, id_) for id_ in ids]


async def _defaults(visit: Visit, id_: EntityId) -> dict[str, str]:
    """Return the default of each input that has one, as a form would fill it in; a workflow has those of its own plan."""
    plan = await visit.server.database.registry.get(attrs.evolve(id_, kind=EntityKind.LAUNCH_PLAN))
    parameters = plan.parameters if isinstance(plan, LaunchPlanTemplate) else ()
    return {it.variable.name: text_of(it.default) for it in parameters if it.default is not None}


def template_of(closure: Closure, id_: EntityId) -> TaskTemplate | WorkflowTemplate | LaunchPlanTemplate:
    """Return the template of an entity of *closure*."""
    match id_.kind:
        case EntityKind.TASK:
            return closure.task_by_id[id_]
        case EntityKind.WORKFLOW:
            return closure.workflow_by_id[id_]
        case EntityKind.LAUNCH_PLAN:
            return closure.launch_plan_by_id[id_]


def interface_of(closure: Closure, id_: EntityId) -> TypedInterface:
    """Return the interface of an entity of *closure*; that of a launch plan is what may still be given."""
    template = template_of(closure, id_)
    if isinstance(template, LaunchPlanTemplate):
        inputs = tuple(parameter.variable for parameter in template.parameters)
        return TypedInterface(inputs=inputs, outputs=template.expected_outputs)
    return template.interface


def opened(visit: Visit, *, is_small: bool) -> Callable[[NodeId], bool]:
    """Return a function that says which nodes are shown open: those that the address names, else all of a small graph."""
    asked = visit.request.query_params.get("open")
    if asked is None:
        return lambda _key: is_small
    keys = set(filter(None, asked.split(",")))
    return lambda key: key in keys


def toggle_of(visit: Visit, drawing: Drawing, here: str) -> Any:
    """Return a function from a box to the address below *here* where it is open instead of closed, or the other way around."""
    open_now = set(_open_keys(drawing))

    def toggled(box: Box) -> str:
        keys = sorted(open_now ^ {str(box.key)})
        kept = {name: value for name, value in visit.request.query_params.items() if name != "open"}
        return f"{here}?{urlencode(kept | {'open': ','.join(keys)})}"

    return toggled


def _open_keys(drawing: Drawing) -> list[str]:
    keys = []
    for placed in drawing.boxes:
        if placed.inner is not None:
            keys += [str(placed.box.key)] if placed.box.kind != "branch" else []
            keys += _open_keys(placed.inner)
    return keys


def _drawing(visit: Visit, closure: Closure, id_: EntityId) -> dict[str, Any]:
    workflow = closure.workflow_by_id.get(id_)
    if workflow is None:
        return {"drawing": None, "n_boxes": 0}
    is_small = count_nodes(closure, workflow) <= OPENS_ALL
    graph = graph_of(closure, workflow, is_open=opened(visit, is_small=is_small))
    if graph.n_boxes > MOST_BOXES:
        return {"drawing": None, "n_boxes": graph.n_boxes}
    drawing = draw(graph)

    def link(box: Box) -> str:
        return visit.version_url(box.entity) if box.entity is not None else "#canvas"

    return {"drawing": drawing, "graph_link": link, "graph_toggle": toggle_of(visit, drawing, visit.version_url(id_))}


def _facts(template: TaskTemplate | WorkflowTemplate | LaunchPlanTemplate) -> list[tuple[str, str]]:
    match template:
        case TaskTemplate():
            return [(name, text) for name, text in _task_facts(template) if text]
        case LaunchPlanTemplate():
            facts = [("Schedule", schedule_text(template.schedule))]
        case WorkflowTemplate():
            policy = template.failure_policy.value.replace("_", " ").lower()
            facts = [("Nodes", str(len(template.nodes))), ("On failure", policy)]
    return [(name, text) for name, text in facts if text]


def _task_facts(template: TaskTemplate) -> list[tuple[str, str]]:
    about, target = template.metadata, template.target
    container = target if isinstance(target, Container) else Container()
    requests = ", ".join(f"{entry.name.value} {entry.quantity}" for entry in container.resources.requests)
    limits = ", ".join(f"{entry.name.value} {entry.quantity}" for entry in container.resources.limits)
    secrets = ", ".join(f"{secret.group}/{secret.key}".strip("/") for secret in template.security.secrets)
    return [
        ("Type", template.type),
        ("Location", template.location),
        ("Retries", str(about.retry.retries) if about.retry.retries else ""),
        ("Timeout", f"{about.timeout_ns / 1e9:g} s" if about.timeout_ns else ""),
        ("Cache", f"version {about.cache.version}" if about.cache else ""),
        ("Image", container.image),
        ("Command", " ".join((*container.command, *container.args))),
        ("Variables", ", ".join(name for name, _ in container.env)),
        ("Requests", requests),
        ("Limits", limits),
        ("Secrets asked for", secrets),
        ("Source", about.source_link),
        ("Deprecated", about.deprecated),
    ]
