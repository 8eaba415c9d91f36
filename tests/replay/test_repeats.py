"""
Stimuli that come twice: over random histories, telling an engine again what it was told changes nothing.

The histories are those of simulations, whose turns are played once more, on a state of its own, with every stimulus doubled.
"""

from collections.abc import Iterable
from typing import Any

import pytest

from plait_core.engine import ExecutionState, _run
from plait_core.engine._stimuli import Stimulus
from plait_core.engine._turns import fold, open_commands, take_turn
from plait_core.ir import events as ev
from plait_core.plugins import Plugins
from plait_core.testing.simulation import Simulation, plugins


@pytest.fixture(scope="module")
def registry() -> Plugins:
    return plugins()


@pytest.mark.parametrize("seed", range(25))
def test_what_is_told_twice_is_decided_once(seed: int, registry: Plugins, monkeypatch: pytest.MonkeyPatch) -> None:
    """Right after it, and when the execution has ended, a stimulus is answered by nothing."""
    told: list[tuple[ExecutionState, Stimulus]] = []
    repeated: list[tuple[Stimulus, list[ev.Decision]]] = []

    def take_turn_twice(state: ExecutionState, stimuli: Iterable[Stimulus], at_ns: int) -> list[ev.Decision]:
        decisions = []
        for stimulus in stimuli:
            decisions += take_turn(state, [stimulus], at_ns)
            told.append((state, stimulus))
            if again := take_turn(state, [stimulus], at_ns):
                repeated.append((stimulus, again))
        return decisions

    monkeypatch.setattr(_run, "take_turn", take_turn_twice)
    Simulation(seed, registry=registry).run()

    assert repeated == []
    late = [stimulus for state, stimulus in told if state.is_terminal and take_turn(state, [stimulus], 0)]
    assert late == []


@pytest.mark.parametrize("seed", range(25))
def test_a_fold_opens_the_commands_that_deciding_opened(
    seed: int, registry: Plugins, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After every turn, the log alone leads to the same open commands, in the same order."""
    heads: dict[int, tuple[ExecutionState, ExecutionState]] = {}
    differing: list[Any] = []

    def take_turn_and_fold(state: ExecutionState, stimuli: Iterable[Stimulus], at_ns: int) -> list[ev.Decision]:
        if id(state) not in heads and state.seq == 0:
            heads[id(state)] = (state, ExecutionState(id=state.id, library=state.library))
        decisions = take_turn(state, stimuli, at_ns)
        if id(state) in heads:
            _, head = heads[id(state)]
            fold(head, [ev.Event(seq=head.seq + i, at_ns=at_ns, decision=d) for i, d in enumerate(decisions, 1)])
            if [c.key for c in open_commands(state)] != [c.key for c in open_commands(head)]:
                differing.append(decisions)
        return decisions

    monkeypatch.setattr(_run, "take_turn", take_turn_and_fold)
    Simulation(seed, registry=registry).run()

    assert heads
    assert differing == []
