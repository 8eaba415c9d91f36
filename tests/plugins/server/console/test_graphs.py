"""Graphs are boxes in boxes whose keys are the ids that nodes have at run time."""

from typing import Any

from plait_core.authoring.tracing import trace
from plait_server.console.drawings import draw
from plait_server.console.graphs import Graph, count_nodes, graph_of
from tests.plugins.server.console import samples


def graph(entity: Any, *, is_open: bool = True) -> Graph:
    closure = trace(entity).closure
    return graph_of(closure, closure.workflow_by_id[closure.main], is_open=lambda _: is_open)


def test_sub_workflow_holds_its_nodes() -> None:
    """With the ids that they have in an execution."""
    outer, last = graph(samples.sums).boxes

    assert (outer.key, outer.kind, outer.title, last.key) == ("n0", "workflow", "inner", "n1")
    assert outer.inner is not None
    assert [box.key for box in outer.inner.boxes] == ["n0-0-n0", "n0-0-n1"]
    assert outer.inner.edges == (("n0-0-n0", "n0-0-n1"),)


def test_closed_sub_workflow_says_how_much_it_holds() -> None:
    """And can be opened."""
    outer, _ = graph(samples.sums, is_open=False).boxes

    assert (outer.inner, outer.n_inner) == (None, 2)


def test_branch_holds_its_arms_under_their_conditions() -> None:
    """Opened or not: it is one step of the graph around it."""
    (branch,) = graph(samples.choice, is_open=False).boxes

    assert branch.inner is not None
    assert [(box.key, box.caption) for box in branch.inner.boxes] == [
        ("n0-0-n0", "if age < 18"),
        ("n0-0-n1", "else"),
    ]


def test_map_is_one_box() -> None:
    """However many elements it has."""
    (box,) = graph(samples.doubled).boxes

    assert (box.kind, box.title, box.inner) == ("map", "one_more", None)


def test_gates_are_boxes_of_their_own() -> None:
    """Named for what they wait for."""
    kinds = {box.title: box.kind for box in graph(samples.asking).boxes}

    assert kinds == {"add": "task", "sure": "gate", "more": "gate"}


def test_nodes_of_sub_workflows_are_counted() -> None:
    """Two inside, two outside."""
    closure = trace(samples.sums).closure

    assert count_nodes(closure, closure.workflow_by_id[closure.main]) == 4


def test_drawing_has_room_for_what_boxes_hold() -> None:
    """What is inside lies within the box, below its title."""
    outer = draw(graph(samples.sums)).boxes[0]

    assert outer.inner is not None
    assert outer.inner.width < outer.width
    assert outer.inner.height < outer.height - 40
