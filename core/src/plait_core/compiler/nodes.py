"""
Nodes: whether each is of a shape that can run, apart from the types on its edges.

Called once per workflow. The nodes of a branch's arms are checked like the others, in the scope that encloses the branch.
"""

from collections.abc import Iterable, Iterator

from plait_core.compiler.assignability import is_optional
from plait_core.compiler.branches import branch_faults
from plait_core.compiler.edges import input_faults
from plait_core.compiler.linking import arm_nodes, waits_for
from plait_core.compiler.scopes import Scope, lines, shown
from plait_core.compiler.signatures import Signature
from plait_core.compiler.templates import cache_problems, resource_problems, run_problems
from plait_core.compiler.wording import entity_text
from plait_core.errors.compiling import Fault
from plait_core.ir.ids import NodeId
from plait_core.ir.tasks import RetryPolicy
from plait_core.ir.types import LiteralType, SimpleType
from plait_core.ir.workflows import (
    WORKFLOW_INPUT,
    Approve,
    Array,
    Branch,
    Gate,
    LaunchPlanRef,
    Node,
    NodeMetadata,
    NodeTarget,
    Sleep,
    SubWorkflowRef,
    TaskRef,
)

_PLAIN = NodeMetadata()
_NO_INPUTS = Signature(inputs={}, outputs={}, required=())


def workflow_node_faults(scope: Scope) -> Iterator[Fault]:
    """Yield what is wrong with the nodes of the workflow, the failure node included."""
    yield from _repeated_ids(scope, scope.template.nodes)
    for node in scope.template.nodes:
        yield from node_faults(scope, node)
    if scope.template.failure_node:
        yield from _failure_faults(scope, scope.template.failure_node)


def node_faults(scope: Scope, node: Node) -> Iterator[Fault]:
    """Yield what is wrong with *node* and, for a branch, with the nodes of its arms."""
    for above in node.upstream:
        if above not in scope.node_by_id:
            remedy = f"the nodes here are {shown(scope.node_by_id)}"
            yield scope.fault("unknown-node", f"it waits for node {above!r}, which does not exist", remedy, node)
    if node.metadata is not _PLAIN and node.metadata != _PLAIN:
        yield from _metadata_faults(scope, node)
    match node.target:
        case TaskRef(id=id_) | SubWorkflowRef(id=id_) | LaunchPlanRef(id=id_):
            signature = scope.signatures.of(id_)
            if signature is None:
                yield _absent(scope, node, str(id_))
            yield from input_faults(scope, node, signature, entity_text(id_))
            yield from _override_faults(scope, node, node.target)
        case Array() as array:
            yield from _array_faults(scope, node, array)
        case Branch() as branch:
            yield from input_faults(scope, node, None, "the branch")
            yield from branch_faults(scope, node, branch)
            yield from _repeated_ids(scope, arm_nodes(branch))
            for inner in arm_nodes(branch):
                yield from node_faults(scope, inner)
        case Gate() as gate:
            yield from _gate_faults(scope, node, gate)


def _metadata_faults(scope: Scope, node: Node) -> Iterator[Fault]:
    metadata, signature = node.metadata, scope.signature_of(node)
    problems = list(run_problems(metadata.retry or RetryPolicy(), metadata.timeout_ns))
    if metadata.cache and signature:
        problems += cache_problems(metadata.cache, signature.inputs)
    yield from (scope.fault(*problem, node) for problem in problems)


def _override_faults(scope: Scope, node: Node, target: NodeTarget) -> Iterator[Fault]:
    if isinstance(target, TaskRef) and target.overrides.resources:
        yield from (scope.fault(*problem, node) for problem in resource_problems(target.overrides.resources))


def _array_faults(scope: Scope, node: Node, array: Array) -> Iterator[Fault]:
    owner = f"the map over {entity_text(array.target.id)}"
    signature = scope.signatures.of_array(array)
    if signature is None:
        yield _absent(scope, node, str(array.target.id))
    yield from input_faults(scope, node, signature, owner)
    yield from _override_faults(scope, node, array.target)
    if signature:
        for problem, remedy in _array_problems(signature, array):
            yield scope.fault("bad-map", f"{owner} {problem}", remedy, node)
    if (task := scope.task_by_id.get(array.target.id)) and (task.metadata.is_dynamic or task.metadata.is_eager):
        kind = "dynamic" if task.metadata.is_dynamic else "eager"
        message = f"{owner} runs a task that is {kind}, and such a task cannot be mapped over"
        yield scope.fault("bad-map", message, "map over a plain task, or over a launch plan", node)


def _array_problems(signature: Signature, array: Array) -> Iterator[tuple[str, str]]:
    if unknown := [name for name in array.bound_inputs if name not in signature.inputs]:
        yield f"binds {shown(unknown)}, which it does not take", f"it takes {shown(signature.inputs)}"
    if all(name in array.bound_inputs for name in signature.inputs):
        yield "has no list to run over", "leave at least one input unbound, and pass a list for it"
    if len(signature.outputs) > 1:
        yield f"yields {shown(signature.outputs)}, and a map yields one list at most", "return one value from the task"
    if array.min_success_ratio is not None and not 0 <= array.min_success_ratio <= 1:
        yield f"asks for a success ratio of {array.min_success_ratio}", "give a min_success_ratio from 0 to 1"
    if array.min_successes is not None and array.min_successes < 0:
        yield f"asks for {array.min_successes} successes", "give a min_successes of 0 or more"
    if array.parallelism is not None and array.parallelism < 0:
        yield f"asks for a concurrency of {array.parallelism}", "give a concurrency of 0 (unlimited) or more"


def _gate_faults(scope: Scope, node: Node, gate: Gate) -> Iterator[Fault]:
    match gate.condition:
        case Sleep(duration_ns=duration):
            yield from input_faults(scope, node, _NO_INPUTS, "the sleep")
            if duration < 0:
                yield scope.fault("bad-gate", f"it sleeps for {duration} ns", "give a duration of 0 or more", node)
            return
        case Approve():
            yield from input_faults(scope, node, None, "the approval")
        case _:
            yield from input_faults(scope, node, _NO_INPUTS, "the wait for input")
    if not gate.condition.signal_id:
        yield scope.fault("bad-gate", "it waits for a signal without a name", "name the gate", node)


def _failure_faults(scope: Scope, handler: Node) -> Iterator[Fault]:
    """The handler runs after anything may have failed: it sees the workflow's inputs, and the error, and nothing else."""
    if handler.id in scope.node_by_id:
        message = f"the failure node and another node are both called {handler.id!r}"
        yield scope.fault("duplicate-node", message, "rename the other", handler, handler.id)
    if not isinstance(handler.target, TaskRef | SubWorkflowRef | LaunchPlanRef):
        message = "the failure handler is neither a task nor a workflow"
        yield scope.fault(
            "bad-failure-handler", message, "pass on_failure a task, a workflow or a launch plan", handler
        )
        return
    if reads := [id_ for id_ in dict.fromkeys(waits_for(handler)) if id_ != WORKFLOW_INPUT]:
        message = f"the failure handler reads {shown(reads)}, which may not have run"
        yield scope.fault("bad-failure-handler", message, "give it workflow inputs only", handler, *reads)
        return
    owner = entity_text(handler.target.id)
    signature = scope.signatures.of(handler.target.id)
    if signature is None:
        yield _absent(scope, handler, str(handler.target.id))
        return
    taken = scope.template.interface.input_types
    if unheard := [name for name in taken if name not in signature.inputs]:
        message = f"{owner} does not take {shown(unheard)}, and a failure handler takes every input of its workflow"
        yield scope.fault("bad-failure-handler", message, "add these inputs to the handler", handler)
    extra = {name for name, type_ in signature.inputs.items() if name not in taken and _may_be_missing(type_)}
    yield from input_faults(scope, handler, signature, owner, extra)


def _may_be_missing(type_: LiteralType) -> bool:
    return type_.type is SimpleType.ERROR or is_optional(type_)


def _repeated_ids(scope: Scope, nodes: Iterable[Node]) -> Iterator[Fault]:
    first: dict[NodeId, Node] = {}
    for node in nodes:
        if node.id in first or node.id == WORKFLOW_INPUT:
            yield Fault(
                code="duplicate-node",
                entity=scope.place,
                message=f"two nodes are called {node.id!r}" if node.id else "a node has an empty id",
                remedy="give one of them another name with with_overrides(node_name=…)",
                node=node.id,
                sources=lines([node.source, first.get(node.id, node).source]),
            )
        first.setdefault(node.id, node)


def _absent(scope: Scope, node: Node, id_: str) -> Fault:
    message = f"it refers to {id_}, which is not there"
    return scope.fault("missing-entity", message, "register it first, or correct its name and version", node)
