"""Projects and entities as documents and as text: what ``plait get`` and ``plait describe`` show of them."""

from collections.abc import Iterator, Sequence
from typing import Any

import attrs

from plait.cli.documents import of_value, time_text
from plait.cli.tables import table
from plait.control.plane import interface_of
from plait_core.compiler.graphs import render_text, signature_text
from plait_core.ir.codec import to_json
from plait_core.ir.executions import Closure
from plait_core.ir.ids import EntityKind
from plait_core.ir.json import Json
from plait_core.ir.launch_plans import LaunchPlanTemplate, ScheduleSpec
from plait_core.ir.tasks import TaskTemplate
from plait_core.ports.api import EntitySummary, ProjectList
from plait_core.ports.databases import Project


def project_document(project: Project) -> dict[str, Any]:
    """Render a project."""
    return {
        "id": project.id,
        "name": project.name,
        "description": project.description,
        "labels": dict(project.labels),
        "is_archived": project.is_archived,
    }


def render_projects(found: ProjectList) -> str:
    """Render projects, one line each."""
    if not found.items:
        return "no projects"
    rows = [("PROJECT", "NAME", "DESCRIPTION")]
    rows += [(one.id, one.name, f"{one.description}{' (archived)' if one.is_archived else ''}") for one in found.items]
    return table(rows)


def render_project(project: Project, domains: Sequence[str]) -> str:
    """Render all that is known of a project."""
    lines = [
        f"project {project.id}{' (archived)' if project.is_archived else ''}",
        *([f"  name         {project.name}"] if project.name else []),
        *([f"  description  {project.description}"] if project.description else []),
        *(f"  label        {key}={value}" for key, value in project.labels.items()),
        *([f"  domains      {', '.join(domains)}"] if domains else []),
    ]
    return "\n".join(lines)


def entity_document(summary: EntitySummary) -> dict[str, Any]:
    """Render an entity as an entry of a list."""
    document: dict[str, Any] = {
        "name": summary.id.name,
        "version": summary.id.version,
        "kind": summary.id.kind.value,
        "project": summary.id.project,
        "domain": summary.id.domain,
        "signature": signature_text(summary.interface),
        "documentation": summary.documentation,
        "registered_at": None if summary.registered_at_ns is None else time_text(summary.registered_at_ns),
    }
    if summary.id.kind is EntityKind.TASK:
        document["type"] = summary.type
    if summary.id.kind is EntityKind.LAUNCH_PLAN:
        document["workflow"] = None if summary.workflow is None else summary.workflow.name
        document["schedule"] = None if summary.schedule is None else schedule_text(summary.schedule)
        document["is_active"] = summary.is_active
        document["active_version"] = summary.active_version
    return document


def render_entities(found: Sequence[EntitySummary]) -> str:
    """Render entities, one line each."""
    rows = [("NAME", "VERSION", "REGISTERED", *_headings(found), "SIGNATURE")]
    rows += [
        (
            one.id.name,
            f"{one.id.version}{_activity(one)}",
            "" if one.registered_at_ns is None else time_text(one.registered_at_ns)[:19],
            *_particulars(one),
            signature_text(one.interface),
        )
        for one in found
    ]
    return table(rows)


def _headings(found: Sequence[EntitySummary]) -> Sequence[str]:
    return {EntityKind.TASK: ("TYPE",), EntityKind.LAUNCH_PLAN: ("SCHEDULE",)}.get(found[0].id.kind, ())


def _particulars(one: EntitySummary) -> Sequence[str]:
    """Return what the list tells of an entity that not every kind has, in the order of ``_headings``."""
    if one.id.kind is EntityKind.TASK:
        return (one.type,)
    if one.id.kind is EntityKind.LAUNCH_PLAN:
        return ("" if one.schedule is None else schedule_text(one.schedule),)
    return ()


def schedule_text(schedule: ScheduleSpec) -> str:
    """Render a schedule: its kind, and what it says."""
    return f"{schedule.kind}: {', '.join(f'{key} {value}' for key, value in schedule.spec.items())}"


def _activity(one: EntitySummary) -> str:
    if one.is_active:
        return " (active)"
    return f" (active: {one.active_version})" if one.active_version else ""


def closure_document(closure: Closure) -> dict[str, Json]:
    """Render an entity in full: its template as the API has it, and the ids of what it reaches."""
    main = closure.main
    templates = {**closure.task_by_id, **closure.workflow_by_id, **closure.launch_plan_by_id}
    return {
        "name": main.name,
        "version": main.version,
        "kind": main.kind.value,
        "project": main.project,
        "domain": main.domain,
        "signature": signature_text(interface_of(closure)),
        "template": to_json(templates[main]),
        "reaches": [str(id_) for id_ in templates if id_ != main],
    }


def render_closure(closure: Closure) -> str:
    """Render an entity, and the graph of what it runs."""
    main = closure.main
    lines = [
        f"{main.kind.value.replace('_', ' ')} {main.name}",
        f"  version    {main.version}",
        f"  signature  {signature_text(interface_of(closure))}",
        *(_task_lines(closure.task_by_id[main]) if main.kind is EntityKind.TASK else ()),
        *(_plan_lines(closure.launch_plan_by_id[main]) if main.kind is EntityKind.LAUNCH_PLAN else ()),
        render_text(_drawn(closure)).rstrip(),
    ]
    return "\n".join(lines)


def render_drawing(closure: Closure, form: str) -> str:
    """Draw the graph of an entity; *form* is ``mermaid`` or ``dot``."""
    from plait_core.compiler.drawings import render_dot, render_mermaid

    return {"mermaid": render_mermaid, "dot": render_dot}[form](_drawn(closure)).rstrip()


def _drawn(closure: Closure) -> Closure:
    """Return what has a graph to draw: of a launch plan, its workflow."""
    plan = closure.launch_plan_by_id.get(closure.main)
    return closure if plan is None else attrs.evolve(closure, main=plan.workflow)


def _task_lines(task: TaskTemplate) -> Iterator[str]:
    yield f"  type       {task.type}"
    if (cache := task.metadata.cache) is not None:
        yield f"  cached     version {cache.version}"


def _plan_lines(plan: LaunchPlanTemplate) -> Iterator[str]:
    yield f"  runs       {plan.workflow.name} {plan.workflow.version}"
    for parameter in plan.parameters:
        if parameter.default is not None:
            yield f"  default    {parameter.variable.name} = {of_value(parameter.default)}"
    for name, value in plan.fixed_inputs.items():
        yield f"  fixed      {name} = {of_value(value)}"
    if plan.schedule is not None:
        yield f"  schedule   {schedule_text(plan.schedule)}"
