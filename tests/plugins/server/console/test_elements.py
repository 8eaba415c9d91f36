"""The summary of elements says how far they have come, and after the end what became of all of them."""

from plait_core.ir.ids import ExecutionId, NodeId
from plait_core.ir.phases import NodePhase
from plait_core.ports.databases import NodeRow
from plait_server.console.elements import elements_of


def row(phase: NodePhase, *, n_elements: int | None = 20, n_done: int = 5, ended_at_ns: int | None = None) -> NodeRow:
    node = NodeId("n0")
    return NodeRow(
        execution=ExecutionId(name="e"),
        node=node,
        definition=node,
        parent=None,
        phase=phase,
        kind="map",
        entity="one",
        name="",
        started_at_ns=1,
        ended_at_ns=ended_at_ns,
        n_elements=n_elements,
        n_elements_done=n_done,
    )


def test_elements_of_a_running_node_are_to_go() -> None:
    """How they ended is told where it is known."""
    running = row(NodePhase.RUNNING)

    some, known = elements_of(running), elements_of(running, n_failed=1)

    assert some is not None
    assert some.words == "20 elements: 5 ended, 15 to go"
    assert some.stretches == ((0.0, 25.0, "ended"), (25.0, 75.0, "running"))
    assert known is not None
    assert known.words == "20 elements: 4 succeeded, 1 failed, 15 to go"


def test_elements_of_a_node_that_failed_are_given_up() -> None:
    """Nothing more comes of them."""
    failed = elements_of(row(NodePhase.FAILED, ended_at_ns=9), n_failed=1)

    assert failed is not None
    assert failed.words == "20 elements: 4 succeeded, 1 failed, 15 given up"
    assert failed.stretches[-1] == (25.0, 75.0, "warn")


def test_other_nodes_have_no_elements() -> None:
    """And a map of nothing has none of them."""
    nothing = elements_of(row(NodePhase.SUCCEEDED, n_elements=0, n_done=0, ended_at_ns=9))

    assert elements_of(row(NodePhase.RUNNING, n_elements=None, n_done=0)) is None
    assert nothing is not None
    assert nothing.words == "0 elements: none"
