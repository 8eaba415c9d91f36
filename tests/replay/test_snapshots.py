"""
Snapshots: a state that is read back and goes on is the state that folds from the whole log.
"""

from collections.abc import Iterator, Mapping, Sequence

import attrs
import pytest

from plait_core.compiler.closures import CompiledClosure, compile_closure
from plait_core.engine import _run
from plait_core.engine._snapshot_records import VERSION, ArrayRecord, NodeRecord, ScopeRecord, StateRecord
from plait_core.engine._snapshots import read, take
from plait_core.engine._state import ArrayState, ExecutionState, NodeState, Scope
from plait_core.engine._turns import fold
from plait_core.ir.events import Event
from plait_core.ir.ids import ExecutionId
from plait_core.plugins import Plugins
from plait_core.testing.simulation import Simulation, plugins

History = tuple[ExecutionId, Sequence[Event], Mapping[str, CompiledClosure]]


@pytest.fixture(scope="module")
def registry() -> Plugins:
    return plugins()


def histories(seed: int, registry: Plugins) -> Iterator[History]:
    """Yield every execution of a simulation with its events and the closures these name."""
    simulation = Simulation(seed, registry=registry)
    simulation.run()
    records = simulation.world.database._records
    library = {digest: compile_closure(closure) for digest, closure in records.closures.items()}
    for execution, record in records.executions.items():
        turns = [(first + i, at, decision) for first, at, made in record.turns for i, decision in enumerate(made)]
        yield execution, [Event(seq=seq, at_ns=at, decision=decision) for seq, at, decision in turns], library


@pytest.mark.parametrize("seed", range(12))
def test_a_snapshot_and_the_tail_are_the_whole_log(seed: int, registry: Plugins) -> None:
    """Wherever a log is cut, reading the snapshot of its head and folding its tail gives the same state."""
    for execution, events, library in histories(seed, registry):
        head = ExecutionState(id=execution, library=library)
        whole = fold(ExecutionState(id=execution, library=library), events)
        for place, event in enumerate(events):
            fold(head, [event])
            reading = read(take(head))
            assert reading is not None
            assert reading.closures <= library.keys()

            state = reading.state(execution, library)
            assert take(state) == take(head)
            if place % 7 == 0:
                assert take(fold(state, events[place + 1 :])) == take(whole)


@pytest.mark.parametrize("seed", range(20))
def test_the_laws_hold_for_engines_that_read_snapshots(
    seed: int, registry: Plugins, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Engines that take a snapshot every other event, and begin from it after each crash, end like any other."""
    monkeypatch.setattr(_run, "SNAPSHOT_AFTER", 2)

    Simulation(seed, registry=registry).run()


def test_a_snapshot_of_another_version_is_left_aside(registry: Plugins) -> None:
    """What another version of the engine wrote is not read at all."""
    execution, events, library = next(histories(1, registry))
    snapshot = take(fold(ExecutionState(id=execution, library=library), events))

    assert read(attrs.evolve(snapshot, version=VERSION + 1, state=b"what it likes")) is None


@pytest.mark.parametrize(
    ("state", "record", "derived"),
    [
        (ExecutionState, StateRecord, {"id", "library", "root", "fresh", "text", "_executors"}),
        (NodeState, NodeRecord, {"node", "scope", "commands", "_template"}),
        (Scope, ScopeRecord, {"owner", "nodes"}),
        (ArrayState, ArrayRecord, set()),
    ],
    ids=lambda part: getattr(part, "__name__", ""),
)
def test_no_field_of_the_state_is_forgotten(state: type, record: type, derived: set[str]) -> None:
    """A field is either in the record, under its own name, or known to follow from what is."""
    fields = {field.name for field in attrs.fields(state)}

    assert fields - derived == fields & {field.name for field in attrs.fields(record)}
