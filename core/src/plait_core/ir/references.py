"""
References: what a template names, and what can be reached from it.

Called by registries, which keep templates one by one and hand them out with everything they need.
"""

from collections.abc import Callable, Iterator

from plait_core.ir.executions import Closure
from plait_core.ir.ids import EntityId
from plait_core.ir.launch_plans import LaunchPlanTemplate
from plait_core.ir.tasks import TaskTemplate
from plait_core.ir.workflows import Array, Branch, Gate, Node, WorkflowTemplate

Template = TaskTemplate | WorkflowTemplate | LaunchPlanTemplate


def references(template: Template) -> Iterator[EntityId]:
    """Yield the ids that *template* names itself, in order of appearance, repeated as they are."""
    match template:
        case TaskTemplate():
            return
        case LaunchPlanTemplate():
            yield template.workflow
        case WorkflowTemplate():
            for node in template.nodes:
                yield from _of_node(node)
            if template.failure_node is not None:
                yield from _of_node(template.failure_node)


def _of_node(node: Node) -> Iterator[EntityId]:
    match node.target:
        case Gate():
            return
        case Array(target=target):
            yield target.id
        case Branch(arms=arms, otherwise=otherwise):
            for arm in arms:
                yield from _of_node(arm.node)
            if otherwise is not None:
                yield from _of_node(otherwise)
        case reference:
            yield reference.id


def reach(main: EntityId, find: Callable[[EntityId], Template | None]) -> Closure | None:
    """
    Collect the closure of *main*, breadth first.

    Args:
        main: The entity to begin with.
        find: Template by id, or ``None``; what it does not find is left out, and the compiler will say so.

    Returns:
        ``None`` when *main* itself is not found.
    """
    found: dict[EntityId, Template] = {}
    waiting = [main]
    for reached in waiting:
        template = None if reached in found else find(reached)
        if template is not None:
            found[reached] = template
            waiting += references(template)
    if main not in found:
        return None
    return Closure(
        main=main,
        tasks=tuple(template for template in found.values() if isinstance(template, TaskTemplate)),
        workflows=tuple(template for template in found.values() if isinstance(template, WorkflowTemplate)),
        launch_plans=tuple(template for template in found.values() if isinstance(template, LaunchPlanTemplate)),
    )
