"""Branches: the arm that runs, those that do not, and conditions on values that are not at hand."""

import attrs

from plait_core.engine import _stimuli as st
from plait_core.engine._commands import LoadValue
from plait_core.ir import events as ev
from plait_core.ir.executions import TaskError
from plait_core.ir.ids import NodeId
from plait_core.ir.literals import Literal, Offloaded
from plait_core.ir.phases import NodePhase
from plait_core.ir.types import INTEGER, CollectionType, LiteralType
from plait_core.ir.workflows import Arm, Branch, Compare, Comparison, Node, Promise
from plait_core.testing.arithmetic import literal_of
from tests.unit.engine.play import NOON, Play, const, kinds, node, of, task, workflow

MAKE = task("make")
LIST = LiteralType(type=CollectionType(element=INTEGER))
STORED = Literal(value=Offloaded(uri="memory://list", size_bytes=99, type=LIST, digest="d", length=3))


def arm(id_: str, above: int, left: Promise | None = None) -> Arm:
    """Runs MAKE as *id_* if the input ``x`` is greater."""
    condition = Compare(left=left or of("", var="x"), operator=Comparison.GT, right=const(above))
    return Arm(condition=condition, node=node(id_, MAKE))


def branching(x: int, *arms: Arm, otherwise: Node | None = None, error: str = "nothing") -> Play:
    branch = node("n0", Branch(arms=arms, otherwise=otherwise, error="" if otherwise else error))
    after = workflow(branch, node("n1", MAKE, after=["n0"]), inputs={"x": INTEGER})
    return Play(after, MAKE, inputs={"x": literal_of(x)})


def test_the_first_arm_that_holds_runs_and_the_others_are_skipped() -> None:
    """Also one that would hold further down."""
    play = branching(5, arm("a0", 9), arm("a1", 4), arm("a2", 3))

    assert play.phases == {
        "n0": NodePhase.RUNNING,
        "n0-0-a0": NodePhase.SKIPPED,
        "n0-0-a1": NodePhase.RUNNING,
        "n0-0-a2": NodePhase.SKIPPED,
    }


def test_a_branch_ends_with_the_outputs_of_its_arm() -> None:
    """The arm's outputs are the branch's, and what waits for the branch starts."""
    play = branching(5, arm("a0", 4), otherwise=node("a1", MAKE))

    decisions = play.succeed("n0-0-a0")

    assert kinds(decisions) == ["NodeSucceeded n0-0-a0", "NodeSucceeded n0", "AttemptScheduled n1"]
    assert play["n0"].outputs == play["n0-0-a0"].outputs


def test_without_an_arm_that_holds_the_else_node_runs() -> None:
    """It counts as the arm after the last."""
    play = branching(1, arm("a0", 4), otherwise=node("a1", MAKE))

    assert ev.BranchTaken(node=NodeId("n0"), arm=1) in play.first
    assert play.open == [("attempt", "n0-0-a1", None, 0)]


def test_nothing_that_holds_fails_the_branch_with_its_own_words() -> None:
    """`fail("…")` is an error of the user that no retry helps."""
    play = branching(1, arm("a0", 4), error="x is too small")

    assert play["n0-0-a0"].phase is NodePhase.SKIPPED
    assert play.state.error == TaskError(
        code="UserProvidedError", message="x is too small", is_recoverable=False, node="n0"
    )


def test_a_branch_in_a_branch_decides_when_it_is_reached() -> None:
    """Arms of an arm that is not taken are never judged, and do not exist."""
    nested = Node(id=NodeId("inner"), target=Branch(arms=(arm("b0", 0),), otherwise=node("b1", MAKE)))
    outer = Arm(condition=Compare(left=of("", var="x"), operator=Comparison.GT, right=const(9)), node=nested)

    assert set(branching(5, outer, otherwise=node("a1", MAKE)).phases) == {"n0", "n0-0-inner", "n0-0-a1"}
    assert branching(10, outer, otherwise=node("a1", MAKE)).open == [("attempt", "n0-0-inner-0-b0", None, 0)]


def test_an_arm_that_fails_fails_the_branch() -> None:
    """With the error of the arm."""
    play = branching(5, arm("a0", 4), otherwise=node("a1", MAKE))

    play.fail("n0-0-a0")

    assert play["n0"].phase is NodePhase.FAILED
    assert play.state.error is not None
    assert play.state.error.node == "n0-0-a0"


def on_stored_list() -> Play:
    part = Promise(node=NodeId(""), var="xs", path=(1,))
    branch = node("n0", Branch(arms=(arm("a0", 4, part),), otherwise=node("a1", MAKE)))
    return Play(workflow(branch, inputs={"xs": LIST}), MAKE, inputs={"xs": STORED})


def test_a_part_of_a_large_value_is_asked_for() -> None:
    """The branch waits for the selected scalar alone, and decides when it is there."""
    play = on_stored_list()
    wanted = ("load", "n0", "memory://list", 1)
    assert play.open == [wanted]
    assert play.command(*wanted) == LoadValue(NodeId("n0"), "memory://list", (1,))

    play.tell(st.ValueRead(NOON, NodeId("n0"), "memory://list", (1,), literal_of(7)))

    assert play.open == [("attempt", "n0-0-a0", None, 0)]


def test_a_value_that_cannot_be_read_fails_the_node() -> None:
    """With what the store said."""
    play = on_stored_list()
    error = TaskError(code="BlobMissing", message="gone", is_recoverable=False)

    play.tell(st.ValueRead(NOON, NodeId("n0"), "memory://list", (1,), None, error))

    assert play.state.error == attrs.evolve(error, node="n0")
    assert play.open == []
