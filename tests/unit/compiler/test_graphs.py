"""Graphs are drawn as text, Mermaid and DOT; the drawings are kept beside this file."""

from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from plait_core.compiler.checks import check
from plait_core.compiler.drawings import render_dot, render_mermaid
from plait_core.compiler.graphs import render_text
from plait_core.ir.executions import Closure
from plait_core.ir.ids import NodeId
from plait_core.ir.types import INTEGER, STRING
from plait_core.ir.workflows import (
    Approve,
    Array,
    BindingCollection,
    Combine,
    Conjunction,
    Gate,
    Sleep,
    TaskRef,
    WaitForInput,
)
from plait_core.testing.graphs import random_case
from tests.unit.compiler.making import (
    T,
    branch,
    child,
    closure,
    compare,
    const,
    list_of,
    node,
    plan,
    source,
    sub_workflow,
    task,
    workflow,
)

GOLDEN = Path(__file__).parent / "drawings"
FORMATS: dict[str, Callable[[Closure], str]] = {"txt": render_text, "mmd": render_mermaid, "dot": render_dot}


def every_kind() -> Closure:
    """A sound closure with every kind of node."""
    either = Combine(left=compare("n0.o0", ">", 10), operator=Conjunction.OR, right=compare("x", "==", 0))
    inner = workflow(node("n0", a="x"), name="inner", inputs={"x": INTEGER}, outputs={"o0": (INTEGER, "n0.o0")})
    array = Array(target=TaskRef(id=T))
    main = workflow(
        node("n0", "add", a="x", b=2),
        node("n1", sub_workflow("inner"), x="n0.o0"),
        node("n2", child("p")),
        node("n3", branch((either, node("n0", a="n1.o0")), otherwise=node("n1", sub_workflow("inner"), x="n2.o0"))),
        attrs.evolve(node("n4", Gate(condition=Sleep(duration_ns=90_000_000_000))), upstream=(NodeId("n3"),)),
        node("n5", Gate(condition=Approve(signal_id="go")), o0="n3.o0"),
        node("n6", Gate(condition=WaitForInput(signal_id="rows", type=list_of(INTEGER)))),
        node("n7", array, a=BindingCollection(items=(source("n5.o0"), const(7)))),
        node("n8", "say", text=const('so "far" <b>')),
        inputs={"x": INTEGER},
        outputs={"o0": (list_of(INTEGER), "n7.o0"), "o1": (INTEGER, "x")},
        failure_node=node("fn0", "clean_up", x="x"),
    )
    return closure(
        task({"a": INTEGER, "b": INTEGER}, {"o0": INTEGER}, name="add"),
        task({"a": INTEGER}, {"o0": INTEGER}),
        task({"text": STRING}, name="say"),
        task({"x": INTEGER}, name="clean_up"),
        inner,
        plan({"x": (INTEGER, 3)}, workflow="inner"),
        main,
    )


@pytest.mark.parametrize("suffix", FORMATS)
def test_drawing_of_every_kind_of_node(suffix: str) -> None:
    """What changes in a drawing is seen in review."""
    drawn = every_kind()

    assert check(drawn) == ()
    assert FORMATS[suffix](drawn) == (GOLDEN / f"every_kind.{suffix}").read_text()


def test_workflow_inside_itself_is_drawn_once() -> None:
    """A workflow may start itself through a launch plan; the drawing ends there."""
    drawn = closure(plan(), workflow(node("n0", child("p"))))

    assert render_text(drawn) == "workflow w()\n└─ n0  launch plan p\n   └─ … as above\n"
    assert render_mermaid(drawn) == 'flowchart TD\n  w__n0["n0: launch plan p"]\n'


def test_names_that_mean_something_to_the_languages_are_harmless() -> None:
    """Node ids are the user's; `end` and `graph` are keywords, and quotes end strings."""
    drawn = closure(
        task({"a": STRING}),
        workflow(node("end", Gate(condition=Approve(signal_id='a "b" #1'))), node("a-b", a=const("x"))),
    )

    assert render_mermaid(drawn) == (
        'flowchart TD\n  w__end["end: approve a #quot;b#quot; #35;1"]\n  w__a_2d_b["a-b: task t"]\n'
    )
    assert render_dot(drawn) == (
        'digraph "w" {\n  node [shape=box];\n  w__end [label="end: approve a \\"b\\" #1"];\n'
        '  w__a_2d_b [label="a-b: task t"];\n}\n'
    )


def test_task_alone_is_drawn_as_its_signature() -> None:
    """What runs need not be a workflow."""
    assert render_text(closure(task({"a": INTEGER}, {"o0": STRING}), main=T)) == "task t(a: int) -> o0: str\n"


@pytest.mark.parametrize("seed", range(20))
def test_every_node_of_any_graph_is_in_its_drawings(seed: int) -> None:
    """Nothing is left out, however deep; edges connect what is drawn."""
    drawn = random_case(seed).closure
    mermaid = render_mermaid(drawn)
    keys = {line.split('["')[0].split()[-1] for line in mermaid.splitlines() if '["' in line}
    ends = {end for line in mermaid.splitlines() if ">" in line for end in (line.split()[0], line.split()[-1])}

    main = drawn.workflow_by_id[drawn.main]

    assert {f"w__{node.id}" for node in main.nodes} <= keys
    assert ends - {"flowchart"} <= keys
    assert all(f" {node.id}  " in render_text(drawn) for node in main.nodes)
