"""Which nodes wait for which."""

from plait_core.compiler.linking import link
from plait_core.ir.ids import EntityId, EntityKind, NodeId
from plait_core.ir.interfaces import TypedInterface
from plait_core.ir.literals import Literal, Primitive
from plait_core.ir.types import SimpleType
from plait_core.ir.workflows import (
    WORKFLOW_INPUT,
    Arm,
    Binding,
    BindingCollection,
    BindingMap,
    Branch,
    Compare,
    Comparison,
    Const,
    Node,
    Promise,
    TaskRef,
    WorkflowTemplate,
)

TASK = TaskRef(id=EntityId(kind=EntityKind.TASK, name="t"))
N0, N1, N2, N3 = (NodeId(f"n{i}") for i in range(4))
ZERO = Const(value=Literal(value=Primitive(kind=SimpleType.INTEGER, value=0)))


def node(id_: NodeId, *inputs: Promise | BindingCollection | BindingMap, upstream: tuple[NodeId, ...] = ()) -> Node:
    bindings = tuple(Binding(var=f"x{i}", data=data) for i, data in enumerate(inputs))
    return Node(id=id_, target=TASK, inputs=bindings, upstream=upstream)


def out(id_: NodeId) -> Promise:
    return Promise(node=id_, var="o0")


def workflow(*nodes: Node) -> WorkflowTemplate:
    return WorkflowTemplate(id=EntityId(kind=EntityKind.WORKFLOW, name="w"), interface=TypedInterface(), nodes=nodes)


def test_edges_run_both_ways_and_each_counts_once() -> None:
    """Two inputs from one node and an explicit edge to it make one edge; workflow inputs make none."""
    linked = link(
        workflow(node(N0, out(WORKFLOW_INPUT)), node(N1, out(N0), out(N0), upstream=(N0,)), node(N2, out(N1), out(N0)))
    )

    assert linked.upstream == {N0: (), N1: (N0,), N2: (N1, N0)}
    assert linked.downstream == {N0: (N1, N2), N1: (N2,), N2: ()}
    assert linked.pending == {N0: 0, N1: 1, N2: 2}
    assert linked.index == {N0: 0, N1: 1, N2: 2}


def test_order_is_topological_whatever_the_order_of_declaration() -> None:
    """A node comes after those it waits for, also when it was declared before them."""
    linked = link(workflow(node(N2, out(N1)), node(N1, out(N0)), node(N0), node(N3)))

    assert linked.order == (N0, N3, N1, N2)


def test_promises_inside_lists_and_maps_make_edges() -> None:
    """However deep a promise lies in a binding, its node is waited for."""
    nested = BindingCollection(items=(ZERO, BindingMap(items=(("k", out(N1)), ("l", out(N0))))))

    linked = link(workflow(node(N0), node(N1), node(N2, nested)))

    assert linked.upstream[N2] == (N1, N0)


def test_branch_waits_for_its_conditions_and_its_arms() -> None:
    """A branch starts when all that it may need is there; nodes of arms are not nodes of the workflow."""
    condition = Compare(left=out(N0), operator=Comparison.LT, right=ZERO)
    branch = Branch(arms=(Arm(condition=condition, node=node(N0, out(N1))),), otherwise=node(N1, upstream=(N2,)))

    linked = link(workflow(node(N0), node(N1), node(N2), Node(id=N3, target=branch)))

    assert linked.upstream[N3] == (N0, N1, N2)
    assert list(linked.node_by_id) == [N0, N1, N2, N3]


def test_cycle_and_what_is_behind_it_have_no_place_in_the_order() -> None:
    """The checks find cycles by what the order lacks."""
    linked = link(workflow(node(N0), node(N1, out(N2)), node(N2, out(N1), out(N0)), node(N3, out(N2))))

    assert linked.order == (N0,)
