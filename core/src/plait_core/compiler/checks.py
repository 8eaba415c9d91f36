"""
All checks over a closure, in one pass that stops at nothing.

Called by ``closures.compile_closure`` and by ``plait check``. A check that cannot be made because of another fault (the
type of an output of an unknown task) is passed over, so that one mistake makes one fault.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from plait_core.compiler.assignability import Assignability
from plait_core.compiler.cycles import cycles
from plait_core.compiler.edges import output_faults
from plait_core.compiler.linking import CompiledWorkflow, arm_nodes, link, topological_order
from plait_core.compiler.nodes import workflow_node_faults
from plait_core.compiler.scopes import Scope, lines
from plait_core.compiler.signatures import Signatures
from plait_core.compiler.templates import interface_problems, plan_faults, task_faults
from plait_core.compiler.wording import entity_text
from plait_core.errors.compiling import Fault
from plait_core.ir.canonical import digest
from plait_core.ir.executions import Closure
from plait_core.ir.ids import EntityId
from plait_core.ir.references import templates
from plait_core.ir.workflows import Branch, Node, SubWorkflowRef


def check(closure: Closure) -> tuple[Fault, ...]:
    """Find everything that is wrong with *closure*, in the order in which its parts are listed."""
    return tuple(faults_of(closure, {template.id: link(template) for template in closure.workflows}))


def check_all(closures: Sequence[Closure]) -> tuple[Fault, ...]:
    """Find everything that is wrong with *closures* that are to be registered together, each fault once."""
    definitions: dict[EntityId, set[str]] = {}
    for closure in closures:
        for template in templates(closure):
            definitions.setdefault(template.id, set()).add(digest(template))
    clashes = [_duplicate(id_, len(found)) for id_, found in definitions.items() if len(found) > 1]
    return tuple(dict.fromkeys([*clashes, *(fault for closure in closures for fault in check(closure))]))


def faults_of(closure: Closure, linked: Mapping[EntityId, CompiledWorkflow]) -> Iterator[Fault]:
    """Yield everything that is wrong with *closure*, whose workflows are *linked*."""
    yield from _entity_faults(closure)
    for task in closure.tasks:
        yield from task_faults(task)
    for plan in closure.launch_plans:
        yield from plan_faults(plan, closure)
    yield from _recursion(closure)
    signatures, fits = Signatures(closure), Assignability()
    for template in closure.workflows:
        scope = Scope(linked[template.id], signatures, fits)
        yield from (scope.fault(*problem) for problem in interface_problems(template.interface))
        yield from _cycles(scope, linked[template.id])
        yield from workflow_node_faults(scope)
        yield from output_faults(scope)


def _entity_faults(closure: Closure) -> Iterator[Fault]:
    """One id, one template; and what is to run must be among them."""
    counts = Counter(template.id for template in templates(closure))
    for id_, count in counts.items():
        if count > 1:
            yield _duplicate(id_, count)
    if closure.main not in counts:
        message = f"{closure.main} is to run, but its definition is not there"
        remedy = "register it first, or correct its name and version"
        yield Fault(code="missing-entity", entity=entity_text(closure.main), message=message, remedy=remedy)


def _duplicate(id_: EntityId, count: int) -> Fault:
    message = f"{count} definitions share the id {id_}"
    return Fault(code="duplicate-entity", entity=entity_text(id_), message=message, remedy="rename all but one")


def _recursion(closure: Closure) -> Iterator[Fault]:
    """Workflows run as sub-workflows are opened within one execution, so none may contain itself."""
    inner = {template.id: tuple(_sub_workflows(template.nodes, closure)) for template in closure.workflows}
    outer: dict[EntityId, tuple[EntityId, ...]] = dict.fromkeys(inner, ())
    for id_, ids in inner.items():
        for contained in ids:
            outer[contained] += (id_,)
    for cycle in cycles(inner, topological_order(inner, outer)):
        yield Fault(
            code="recursive-workflow",
            entity=entity_text(cycle[0]),
            message="the workflow contains itself: " + " in ".join(id_.name for id_ in (*cycle, cycle[0])),
            remedy="recurse through a @dynamic task or a launch plan",
        )


def _sub_workflows(nodes: tuple[Node, ...], closure: Closure) -> dict[EntityId, None]:
    found: dict[EntityId, None] = {}
    for node in nodes:
        if isinstance(node.target, SubWorkflowRef) and node.target.id in closure.workflow_by_id:
            found[node.target.id] = None
        elif isinstance(node.target, Branch):
            found |= _sub_workflows(tuple(arm_nodes(node.target)), closure)
    return found


def _cycles(scope: Scope, linked: CompiledWorkflow) -> Iterator[Fault]:
    """Two nodes of one id look like one that waits for itself, so nothing is said about cycles where ids are repeated."""
    if len(linked.node_by_id) < len(scope.template.nodes):
        return
    for cycle in cycles(linked.upstream, linked.order):
        yield Fault(
            code="cycle",
            entity=scope.place,
            message="these nodes wait for each other: " + " → ".join((*cycle, cycle[0])),
            remedy="remove one of these edges",
            node=cycle[0],
            sources=lines(linked.node_by_id[id_].source for id_ in cycle),
        )
