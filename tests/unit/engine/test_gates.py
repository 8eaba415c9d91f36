"""Gates: answers early and late, refusals, time."""

from plait_core.engine import _stimuli as st
from plait_core.ir import events as ev
from plait_core.ir.executions import TaskError
from plait_core.ir.ids import NodeId
from plait_core.ir.literals import Literal, Offloaded
from plait_core.ir.phases import NodePhase
from plait_core.ir.types import INTEGER, CollectionType, LiteralType
from plait_core.ir.workflows import Approve, Gate, NodeMetadata, Sleep, WaitForInput
from plait_core.testing.arithmetic import literal_of
from plait_core.testing.evaluation import NO, YES
from tests.unit.engine.play import NOON, ONE, SECOND_NS, Play, kinds, node, of, task, workflow

MAKE = task("make")
ASK = Gate(condition=WaitForInput(signal_id="how-many", type=INTEGER))
APPROVE = Gate(condition=Approve(signal_id="fine"))
LIST = LiteralType(type=CollectionType(element=INTEGER))


def signal(play: Play, signal_id: str, value: Literal) -> list[ev.Decision]:
    return play.tell(st.Signalled(NOON, signal_id, value))


def test_a_value_that_is_waited_for_becomes_the_output() -> None:
    """What somebody gives is what the next node is given."""
    add = task("add", "a")
    play = Play(workflow(node("n0", ASK), node("n1", add, a=of("n0"))), add)
    assert play.open == []

    signal(play, "how-many", literal_of(7))

    assert play["n1"].inputs() == {"a": literal_of(7)}


def test_an_answer_before_the_gate_opens_is_kept() -> None:
    """The gate opens and ends in one turn."""
    play = Play(workflow(node("n0", MAKE), node("n1", ASK, after=["n0"])), MAKE)

    assert kinds(signal(play, "how-many", literal_of(7))) == ["SignalReceived"]
    decisions = play.succeed("n0")

    assert kinds(decisions) == ["NodeSucceeded n0", "GateOpened n1", "NodeSucceeded n1", "ExecutionEnded"]
    assert play["n1"].outputs == {"o0": literal_of(7)}


def test_the_first_answer_counts() -> None:
    """Another value for the same gate changes nothing."""
    play = Play(workflow(node("n0", ASK), node("n1", MAKE)), MAKE)
    signal(play, "how-many", literal_of(7))

    assert signal(play, "how-many", literal_of(8)) == []
    assert play["n0"].outputs == {"o0": literal_of(7)}


def test_an_approval_passes_its_inputs_through() -> None:
    """What was approved is what goes on."""
    play = Play(workflow(node("n0", MAKE), node("n1", APPROVE, o0=of("n0"))), MAKE)
    play.succeed("n0")

    signal(play, "fine", YES)

    assert play["n1"].outputs == ONE


def test_a_refusal_fails_the_gate() -> None:
    """It is nobody's mistake to be retried."""
    play = Play(workflow(node("n0", MAKE), node("n1", APPROVE, o0=of("n0"))), MAKE)
    play.succeed("n0")

    signal(play, "fine", NO)

    message = "'fine' was not approved"
    assert play.state.error == TaskError(code="ReceivedRejectSignal", message=message, is_recoverable=False, node="n1")


def test_an_approval_of_a_part_reads_it_before_it_opens() -> None:
    """So that an answer can be given effect at once."""
    stored = Literal(value=Offloaded(uri="memory://list", size_bytes=99, type=LIST, digest="d", length=3))
    play = Play(workflow(node("n0", APPROVE, o0=of("", 1, var="xs")), inputs={"xs": LIST}), inputs={"xs": stored})
    assert play.open == [("load", "n0", "memory://list", 1)]

    decisions = play.tell(st.ValueRead(NOON, NodeId("n0"), "memory://list", (1,), literal_of(7)))

    assert kinds(decisions) == ["ValueLoaded n0", "GateOpened n0"]
    signal(play, "fine", YES)
    assert play["n0"].outputs == {"o0": literal_of(7)}


def test_a_gate_that_nobody_answers_times_out() -> None:
    """The timeout of the node counts from when it opened."""
    gate = node("n0", ASK, metadata=NodeMetadata(timeout_ns=60 * SECOND_NS))
    play = Play(workflow(gate))
    assert play.first[-1] == ev.GateOpened(node=NodeId("n0"), due_at_ns=NOON + 60 * SECOND_NS, signal_id="how-many")

    play.fire("n0", "gate")

    assert play["n0"].phase is NodePhase.TIMED_OUT
    assert play.state.error is not None
    assert play.state.error.message == "nobody answered 'how-many' in time"


def test_an_answer_closes_the_timer() -> None:
    """Nothing is left open, and a timer that goes off all the same changes nothing."""
    gate = node("n0", ASK, metadata=NodeMetadata(timeout_ns=60 * SECOND_NS))
    play = Play(workflow(gate, node("n1", MAKE)), MAKE)

    signal(play, "how-many", literal_of(7))

    assert play.open == [("attempt", "n1", None, 0)]
    assert play.fire("n0", "gate") == []


def test_a_sleep_is_due_at_a_time() -> None:
    """It is stored when it ends, not how long it lasts, so a restart does not begin it again."""
    play = Play(workflow(node("n0", Gate(condition=Sleep(duration_ns=90 * SECOND_NS)))))
    assert play.first[-1] == ev.GateOpened(node=NodeId("n0"), due_at_ns=NOON + 90 * SECOND_NS)

    assert kinds(play.fire("n0", "gate")) == ["NodeSucceeded n0", "ExecutionEnded"]


def test_an_abort_ends_a_gate_at_once() -> None:
    """There is nothing to be stopped."""
    play = Play(workflow(node("n0", ASK)))

    decisions = play.tell(st.AbortAsked(NOON, "enough"))

    assert kinds(decisions) == ["AbortRequested", "NodeEnded n0", "ExecutionEnded"]
