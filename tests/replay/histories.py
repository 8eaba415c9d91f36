"""
Stored histories: the log of one execution with the closures it names, and what it folds to.

`golden/NAME.msgpack` holds the log in its stored form, `golden/NAME.json` what came of it, for people to read. Both were
written once, by the engine of their day; `python -m tests.replay.histories SEED` adds another from a simulation.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import msgpack

from plait_core.compiler.closures import CompiledClosure, compile_closure
from plait_core.engine import ExecutionState
from plait_core.engine._turns import fold, open_commands
from plait_core.ir.codec import dumps, loads, to_json
from plait_core.ir.events import Event
from plait_core.ir.executions import Closure
from plait_core.ir.ids import ExecutionId
from plait_core.testing.simulation import Simulation

GOLDEN = Path(__file__).with_name("golden")


@attrs.frozen
class History:
    """The log of *execution*, and closures by digest."""

    execution: ExecutionId
    events: Sequence[Event]
    closures: Mapping[str, Closure]

    def folded(self, n_events: int | None = None) -> ExecutionState:
        """Fold the first *n_events*, by default all."""
        library = self.library()
        return fold(ExecutionState(id=self.execution, library=library), self.events[:n_events])

    def library(self) -> Mapping[str, CompiledClosure]:
        """Compile the closures."""
        return {digest: compile_closure(closure) for digest, closure in self.closures.items()}

    def outcome(self) -> Any:
        """Say what the log folds to, and what was open in the middle of it."""
        state, half = self.folded(), self.folded(len(self.events) // 2)
        return {
            "phase": state.phase.value,
            "outputs": None
            if state.outputs is None
            else {name: to_json(value) for name, value in state.outputs.items()},
            "nodes": {node.id: node.phase.value for node in state.nodes.values() if node.scope is not None},
            "open": len(open_commands(state)),
            "open half-way": [list(command.key) for command in open_commands(half)],
        }


def simulated(simulation: Simulation) -> Sequence[History]:
    """Return what a simulation that was run has left, one history per execution."""
    records = simulation.world.database._records
    return [
        History(
            execution,
            [
                Event(seq=seq, at_ns=at_ns, decision=decision)
                for first_seq, at_ns, decisions in record.turns
                for seq, decision in enumerate(decisions, first_seq)
            ],
            records.closures,
        )
        for execution, record in records.executions.items()
    ]


def stored(name: str) -> History:
    """Read a golden history."""
    document = msgpack.unpackb((GOLDEN / f"{name}.msgpack").read_bytes())
    closures = {digest: loads(Closure, data) for digest, data in document["closures"].items()}
    events = [loads(Event, data) for data in document["events"]]
    return History(loads(ExecutionId, document["execution"]), events, closures)


def store(name: str, history: History) -> None:
    """Write a golden history."""
    document = {
        "execution": dumps(history.execution),
        "closures": {digest: dumps(closure) for digest, closure in history.closures.items()},
        "events": [dumps(event) for event in history.events],
    }
    (GOLDEN / f"{name}.msgpack").write_bytes(msgpack.packb(document))
    (GOLDEN / f"{name}.json").write_text(json.dumps(history.outcome(), indent=1) + "\n")


if __name__ == "__main__":
    simulation = Simulation(int(sys.argv[1]))
    simulation.run()
    store(f"seed-{sys.argv[1]}", simulated(simulation)[0])
