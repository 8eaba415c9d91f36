"""
Tracing: an entity with everything it can reach, as templates.

The result depends on the entity alone and is kept with it; nothing here runs a task.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from plait_core.authoring.entities import Entity
from plait_core.authoring.launch_plans import LaunchPlan, default_plan
from plait_core.authoring.references import ReferenceLaunchPlan
from plait_core.authoring.tasks import PythonFunctionTask, Task
from plait_core.authoring.workflows import Workflow
from plait_core.ir.executions import Closure
from plait_core.ir.ids import EntityId
from plait_core.ir.workflows import WorkflowTemplate


class Traced(NamedTuple):
    """The templates, and the entities they came from, by id."""

    closure: Closure
    entities: Mapping[EntityId, Entity[Any, Any]]


def trace(entity: Entity[Any, Any]) -> Traced:
    """
    Collect the templates of *entity* and of all it can reach, once per entity.

    Every workflow comes with its default launch plan. ``entities`` also holds what the code of dynamic and eager tasks
    names, so that a worker in this process finds even what it could not import.

    Raises:
        UserError: a body cannot be traced.
    """
    kept = vars(entity)
    if "_traced" not in kept:
        kept["_traced"] = _trace(entity)
    traced: Traced = kept["_traced"]
    return traced


def collected(
    main: EntityId, reached: Mapping[EntityId, Entity[Any, Any]], extra: Iterable[WorkflowTemplate] = ()
) -> Closure:
    """Make the closure of the entities *reached*, with anonymous workflows besides."""
    workflows = [entity for entity in reached.values() if isinstance(entity, Workflow)]
    plans = {
        plan.id: plan.template
        for plan in (*[default_plan(workflow) for workflow in workflows], *reached.values())
        if isinstance(plan, (LaunchPlan, ReferenceLaunchPlan))
    }
    return Closure(
        main=main,
        tasks=tuple(entity.template for entity in reached.values() if isinstance(entity, Task)),
        workflows=(
            *(template for workflow in workflows for template in (workflow.template, *workflow.graph.extra)),
            *extra,
        ),
        launch_plans=tuple(plans.values()),
    )


def reach(roots: Iterable[Entity[Any, Any]]) -> dict[EntityId, Entity[Any, Any]]:
    """Find everything that *roots* can run, themselves first, in order of discovery."""
    found: dict[EntityId, Entity[Any, Any]] = {}
    waiting = list(roots)
    while waiting:
        entity = waiting.pop(0)
        if entity.id in found:
            continue
        found[entity.id] = entity
        if isinstance(entity, Workflow):
            waiting += entity.graph.entities.values()
        elif isinstance(entity, LaunchPlan):
            waiting.append(entity.workflow)
    return found


def _trace(entity: Entity[Any, Any]) -> Traced:
    root = entity.standalone()
    reached = reach([root])
    named = reach(
        [other for task in reached.values() if isinstance(task, PythonFunctionTask) for other in task.named_entities()]
    )
    return Traced(collected(root.id, reached), {**named, **reached})
