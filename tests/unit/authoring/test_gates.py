"""What gates record."""

from datetime import timedelta
from typing import Any

import pytest

from plait_core.authoring.gates import approve, sleep, wait_for_input
from plait_core.authoring.workflows import workflow
from plait_core.errors.authoring import InvalidOption, OutsideWorkflow, PromiseMisuse
from plait_core.ir.types import INTEGER
from plait_core.ir.workflows import Approve, Binding, Gate, Sleep, WaitForInput
from tests.unit.authoring.samples import add, output, say, shout


def test_gates_become_nodes() -> None:
    """An approval passes its value on; a gate for input has the type it waits for; a sleep has a place in the order."""

    @workflow
    def gated() -> int:
        asked = wait_for_input("number", timeout=timedelta(minutes=2), expected_type=int)
        agreed = approve(add(a=asked), "agree", timeout=timedelta(minutes=1))
        pause: Any = sleep
        say(text="x") >> pause(timedelta(seconds=1))
        return agreed

    waiting, _, approval, _, pause = gated.template.nodes
    assert waiting.target == Gate(condition=WaitForInput(signal_id="number", type=INTEGER))
    assert waiting.metadata.timeout_ns == 120 * 10**9
    assert approval.target == Gate(condition=Approve(signal_id="agree"))
    assert approval.inputs == (Binding(var="o0", data=output("n1", "o0")),)
    assert (pause.target, pause.upstream) == (Gate(condition=Sleep(duration_ns=10**9)), ("n3",))
    assert gated.template.outputs == (Binding(var="o0", data=output("n2", "o0")),)


def test_nothing_cannot_be_approved() -> None:
    """There is no value to show."""

    @workflow
    def gated() -> None:
        approve(shout(text="x"), "agree")

    with pytest.raises(PromiseMisuse):
        _ = gated.template


def test_negative_sleep_is_refused() -> None:
    """While it is written."""

    @workflow
    def gated() -> None:
        sleep(timedelta(seconds=-1))

    with pytest.raises(InvalidOption):
        _ = gated.template


def test_gate_needs_a_workflow() -> None:
    """Nobody would open it."""
    with pytest.raises(OutsideWorkflow):
        sleep(timedelta(seconds=1))
