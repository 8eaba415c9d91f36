"""
Edges: which nodes wait for which, worked out once per workflow.

``link`` never refuses: ids that name nothing are left out, and nodes in or behind a cycle are missing from ``order``. The
checks report both; the engine only ever sees what passed them. Time and space are linear in the size of the template.
"""

from collections.abc import Iterator, Mapping
from typing import TypeVar

import attrs

from plait_core.ir.ids import NodeId
from plait_core.ir.workflows import (
    BindingCollection,
    BindingData,
    BindingMap,
    Branch,
    Combine,
    Condition,
    Const,
    Node,
    Promise,
    WorkflowTemplate,
)

_Key = TypeVar("_Key")


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CompiledWorkflow:
    """
    A template with its edges. Mappings run over ``template.nodes`` in their order; the failure node is in none of them.

    ``index`` numbers the nodes from 0. ``pending`` counts the distinct nodes that each one waits for, ``order`` is
    topological. A branch waits for whatever its conditions and arms refer to; arms are no nodes of their own here.
    """

    template: WorkflowTemplate
    node_by_id: Mapping[NodeId, Node]
    index: Mapping[NodeId, int]
    upstream: Mapping[NodeId, tuple[NodeId, ...]]
    downstream: Mapping[NodeId, tuple[NodeId, ...]]
    pending: Mapping[NodeId, int]
    order: tuple[NodeId, ...]


def link(template: WorkflowTemplate) -> CompiledWorkflow:
    """Work out the edges of *template*."""
    nodes = {node.id: node for node in template.nodes}
    upstream = {
        id_: tuple(above for above in dict.fromkeys(waits_for(node)) if above in nodes) for id_, node in nodes.items()
    }
    downstream: dict[NodeId, list[NodeId]] = {id_: [] for id_ in nodes}
    for id_, above in upstream.items():
        for one in above:
            downstream[one].append(id_)
    below = {id_: tuple(ids) for id_, ids in downstream.items()}
    return CompiledWorkflow(
        template=template,
        node_by_id=nodes,
        index={id_: place for place, id_ in enumerate(nodes)},
        upstream=upstream,
        downstream=below,
        pending={id_: len(above) for id_, above in upstream.items()},
        order=topological_order(upstream, below),
    )


def waits_for(node: Node) -> Iterator[NodeId]:
    """Yield the nodes that *node* waits for, with repetitions; ``""`` stands for the inputs of the workflow."""
    yield from node.upstream
    for binding in node.inputs:
        for promise in promises(binding.data):
            yield promise.node
    if isinstance(node.target, Branch):
        for arm in node.target.arms:
            for operand in operands(arm.condition):
                if isinstance(operand, Promise):
                    yield operand.node
        for inner in arm_nodes(node.target):
            yield from waits_for(inner)


def promises(data: BindingData) -> Iterator[Promise]:
    """Yield the promises in *data*, from left to right."""
    match data:
        case Promise():
            yield data
        case BindingCollection(items=items):
            for item in items:
                yield from promises(item)
        case BindingMap(items=pairs):
            for _, item in pairs:
                yield from promises(item)


def operands(condition: Condition) -> Iterator[Promise | Const]:
    """Yield the operands of *condition*, from left to right."""
    if isinstance(condition, Combine):
        yield from operands(condition.left)
        yield from operands(condition.right)
    else:
        yield condition.left
        yield condition.right


def arm_nodes(branch: Branch) -> Iterator[Node]:
    """Yield the nodes one of which runs: those of the arms, then the else node."""
    for arm in branch.arms:
        yield arm.node
    if branch.otherwise is not None:
        yield branch.otherwise


def topological_order(
    upstream: Mapping[_Key, tuple[_Key, ...]], downstream: Mapping[_Key, tuple[_Key, ...]]
) -> tuple[_Key, ...]:
    """Put every key after those it waits for, otherwise as *upstream* has them; keys in or behind a cycle are left out."""
    missing = {key: len(above) for key, above in upstream.items()}
    order = [key for key, count in missing.items() if not count]
    for key in order:  # grows while it is walked
        for below in downstream[key]:
            missing[below] -= 1
            if not missing[below]:
                order.append(below)
    return tuple(order)
