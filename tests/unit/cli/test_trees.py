"""The tree of an execution shows what its document has."""

from typing import Any

from plait.cli.trees import render_execution, render_table


def make_node(id: str, parent: str | None = None, **fields: Any) -> dict[str, Any]:
    """Make the document of a node."""
    node: dict[str, Any] = {
        "id": id,
        "parent": parent,
        "kind": "task",
        "entity": f"m.{id}",
        "name": "",
        "phase": "SUCCEEDED",
        "duration_s": 0.002,
        "inputs": {},
        "outputs": {},
        "cache": None,
        "child": None,
        "error": None,
        "attempts": [],
    }
    return {**node, **fields}


def make_execution(*nodes: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Make the document of an execution."""
    execution: dict[str, Any] = {
        "name": "run",
        "phase": "SUCCEEDED",
        "kind": "workflow",
        "target": "m.wf",
        "duration_s": 1.5,
        "created_at": "2026-01-31T12:00:00Z",
        "inputs": {"x": 1},
        "outputs": {"o0": 2},
        "error": None,
        "nodes": list(nodes),
    }
    return {**execution, **fields}


def test_children_hang_below_their_parent() -> None:
    """The last branch of each level is drawn as such."""
    document = make_execution(make_node("n0", kind="workflow"), make_node("n0-n0", parent="n0"), make_node("n1"))

    assert render_execution(document).splitlines() == [
        "run  SUCCEEDED  workflow m.wf  1.5 s",
        "  started  2026-01-31T12:00:00Z",
        "  inputs   x = 1",
        "  outputs  o0 = 2",
        "├─ n0  workflow m.n0  SUCCEEDED  2 ms",
        "│  └─ n0-n0  task m.n0-n0  SUCCEEDED  2 ms",
        "└─ n1  task m.n1  SUCCEEDED  2 ms",
    ]


def test_every_attempt_of_a_node_that_was_tried_again_is_shown() -> None:
    """With its phase, time and error."""
    failed = {
        "n": 0,
        "element": None,
        "phase": "RETRYABLE_FAILED",
        "duration_s": 0.001,
        "message": "",
        "error": {"message": "no luck"},
    }
    passed = {"n": 1, "element": None, "phase": "SUCCEEDED", "duration_s": 0.001, "message": "", "error": None}

    drawn = render_execution(make_execution(make_node("n0", attempts=[failed, passed]))).splitlines()

    assert drawn[-2:] == ["     attempt  0  RETRYABLE_FAILED  1 ms  no luck", "     attempt  1  SUCCEEDED  1 ms"]


def test_an_interrupted_execution_says_how_it_goes_on() -> None:
    """The command that resumes it is among its lines."""
    document = make_execution(phase="INTERRUPTED", duration_s=None, resume="plait run --resume run")

    assert "  go on    plait run --resume run" in render_execution(document).splitlines()


def test_a_table_is_as_wide_as_its_cells() -> None:
    """Columns line up below their headings."""
    assert render_table([make_execution()]).splitlines() == [
        "NAME  PHASE      TARGET  STARTED              TOOK",
        "run   SUCCEEDED  m.wf    2026-01-31T12:00:00  1.5 s",
    ]
