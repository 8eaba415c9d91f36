"""
References: what a template names, what can be reached from it, and the same template with other names.

Called by registries, which keep templates one by one and hand them out with everything they need, and where entities get
the ids under which they are registered.
"""

from collections.abc import Callable, Iterator, Sequence

from attrs import evolve

from plait_core.ir.executions import Closure
from plait_core.ir.ids import EntityId
from plait_core.ir.launch_plans import LaunchPlanTemplate
from plait_core.ir.tasks import TaskTemplate
from plait_core.ir.workflows import Arm, Array, Branch, Gate, Node, NodeTarget, SourceLine, WorkflowTemplate

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
    return closure_of(main, tuple(found.values())) if main in found else None


def closure_of(main: EntityId, parts: Sequence[Template]) -> Closure:
    """Make a closure of templates of any kind."""
    return Closure(
        main=main,
        tasks=tuple(template for template in parts if isinstance(template, TaskTemplate)),
        workflows=tuple(template for template in parts if isinstance(template, WorkflowTemplate)),
        launch_plans=tuple(template for template in parts if isinstance(template, LaunchPlanTemplate)),
    )


def templates(closure: Closure) -> Iterator[Template]:
    """Yield the templates of *closure*: tasks, workflows, launch plans."""
    yield from closure.tasks
    yield from closure.workflows
    yield from closure.launch_plans


def rewrite(
    template: Template,
    new_id: Callable[[EntityId], EntityId],
    new_source: Callable[[SourceLine], SourceLine] = lambda source: source,
) -> Template:
    """Return *template* with every id that it has or names replaced, and the source lines of its nodes."""
    match template:
        case LaunchPlanTemplate():
            return evolve(template, id=new_id(template.id), workflow=new_id(template.workflow))
        case TaskTemplate():
            return evolve(template, id=new_id(template.id))

    def of_node(node: Node) -> Node:
        source = node.source and new_source(node.source)
        return evolve(node, target=of_target(node.target), source=source)

    def of_target(target: NodeTarget) -> NodeTarget:
        match target:
            case Gate():
                return target
            case Array(target=inner):
                return evolve(target, target=evolve(inner, id=new_id(inner.id)))
            case Branch(arms=arms, otherwise=otherwise):
                renamed = tuple(Arm(condition=arm.condition, node=of_node(arm.node)) for arm in arms)
                return evolve(target, arms=renamed, otherwise=otherwise and of_node(otherwise))
            case reference:
                return evolve(reference, id=new_id(reference.id))

    return evolve(
        template,
        id=new_id(template.id),
        nodes=tuple(map(of_node, template.nodes)),
        failure_node=template.failure_node and of_node(template.failure_node),
    )
