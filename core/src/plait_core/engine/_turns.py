"""
A turn: everything that follows from a few stimuli, decided and folded in one go.

The shell commits a turn's decisions together before it acts on any of them, so nothing is visible outside before its
append; if the append is refused, the state is dropped and read again from the log (docs/adr/turns-fold-before-they-append.md).
"""

from collections.abc import Iterable

from plait_core.engine._apply import apply
from plait_core.engine._commands import Command
from plait_core.engine._decide import advance, decide
from plait_core.engine._state import ExecutionState
from plait_core.engine._stimuli import Stimulus
from plait_core.ir.events import Decision, Event


def take_turn(state: ExecutionState, stimuli: Iterable[Stimulus], at_ns: int) -> list[Decision]:
    """Decide on *stimuli* in order, each with all that follows from it; returns the decisions in order."""
    decisions: list[Decision] = []
    for stimulus in stimuli:
        for decision in decide(state, stimulus):
            apply(state, at_ns, decision)
            decisions.append(decision)
        while (following := advance(state, at_ns)) is not None:
            for decision in following:
                apply(state, at_ns, decision)
                decisions.append(decision)
    return decisions


def open_commands(state: ExecutionState) -> tuple[Command, ...]:
    """List every command that has not been answered, in the order in which they were opened."""
    return tuple(state.open.values())


def fold(state: ExecutionState, events: Iterable[Event]) -> ExecutionState:
    """Bring *state* to where *events* lead; its ``fresh`` commands are all that are open."""
    for event in events:
        apply(state, event.at_ns, event.decision)
    state.fresh = list(state.open.values())
    return state
