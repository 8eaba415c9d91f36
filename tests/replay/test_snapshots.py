"""
Snapshots: a state that is read back and goes on is the state that folds from the whole log.
"""

from collections.abc import Sequence

import attrs
import pytest

from plait_core.engine import _run
from plait_core.engine._snapshot_records import VERSION, ArrayRecord, NodeRecord, ScopeRecord, StateRecord
from plait_core.engine._snapshots import read, take
from plait_core.engine._state import ArrayState, ExecutionState, NodeState, Scope
from plait_core.engine._turns import fold
from plait_core.plugins import Plugins
from plait_core.ports.databases import Snapshot
from plait_core.testing.simulation import Simulation, plugins
from tests.replay.histories import History, simulated


@pytest.fixture(scope="module")
def registry() -> Plugins:
    return plugins()


def histories(seed: int, registry: Plugins) -> Sequence[History]:
    simulation = Simulation(seed, registry=registry)
    simulation.run()
    return simulated(simulation)


@pytest.mark.parametrize("seed", range(12))
def test_a_snapshot_and_the_tail_are_the_whole_log(seed: int, registry: Plugins) -> None:
    """Wherever a log is cut, reading the snapshot of its head and folding its tail gives the same state."""
    for history in histories(seed, registry):
        library, whole = history.library(), history.folded()
        head = ExecutionState(id=history.execution, library=library)
        for place, event in enumerate(history.events):
            fold(head, [event])
            reading = read(take(head))
            assert reading is not None
            assert reading.closures <= library.keys()

            state = reading.state(history.execution, library)
            assert take(state) == take(head)
            if place % 7 == 0:
                assert take(fold(state, history.events[place + 1 :])) == take(whole)


@pytest.mark.parametrize("seed", range(20))
def test_the_laws_hold_for_engines_that_read_snapshots(
    seed: int, registry: Plugins, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Engines that take a snapshot every other event, and begin from it after each crash, end like any other."""
    monkeypatch.setattr(_run, "SNAPSHOT_AFTER", 2)

    Simulation(seed, registry=registry).run()


def test_a_snapshot_of_another_version_is_left_aside(registry: Plugins) -> None:
    """What another version of the engine wrote is not read at all."""
    snapshot = take(histories(1, registry)[0].folded())

    assert read(attrs.evolve(snapshot, version=VERSION + 1, state=b"what it likes")) is None


@pytest.mark.parametrize("damaged", [b"", b"{}", b"[1, 2]", b"what a disk made of it"])
def test_a_damaged_snapshot_is_left_aside(damaged: bytes) -> None:
    """The log is still there, and says the same."""
    assert read(Snapshot(seq=7, version=VERSION, state=damaged)) is None


@pytest.mark.parametrize(
    ("state", "record", "derived"),
    [
        (ExecutionState, StateRecord, {"id", "library", "root", "fresh", "text", "_executors", "n_timers"}),
        (NodeState, NodeRecord, {"node", "scope", "commands", "_template", "replaced_scheduled_at_ns"}),
        (Scope, ScopeRecord, {"owner", "nodes"}),
        (ArrayState, ArrayRecord, set()),
    ],
    ids=lambda part: getattr(part, "__name__", ""),
)
def test_no_field_of_the_state_is_forgotten(state: type, record: type, derived: set[str]) -> None:
    """A field is either in the record, under its own name, or known to follow from what is, or needed within a turn alone."""
    fields = {field.name for field in attrs.fields(state)}

    assert fields - derived == fields & {field.name for field in attrs.fields(record)}
