"""
The simulation, put to the test: engines with one deliberate fault each, all of which it must notice.
"""

from collections.abc import Callable
from typing import Any

import attrs
import pytest

from plait_core.engine import (
    _apply,
    _books,
    _cache,
    _decide,
    _driving,
    _endings,
    _lookups,
    _policies,
    _run,
    _snapshots,
)
from plait_core.engine import _stimuli as st
from plait_core.engine._adopting import Adopting
from plait_core.engine._keeping import Keeping
from plait_core.engine._run import Run
from plait_core.engine._submitting import Submitting
from plait_core.ir import events as ev
from plait_core.ir.executions import Fault
from plait_core.ir.ids import ExecutionId
from plait_core.ir.phases import TERMINAL_ATTEMPT
from plait_core.plugins import Plugins
from plait_core.ports.databases import Reservation
from plait_core.testing._memory_ownership import MemoryCache
from plait_core.testing.simulation import Simulation, plugins, shrunk

SEEDS = 60
"""Within how many seeds a fault must be noticed."""

Mutation = Callable[[pytest.MonkeyPatch], None]


def one_retry_too_many(patch: pytest.MonkeyPatch) -> None:
    sound = _policies.may_retry
    patch.setattr(_endings, "may_retry", lambda policy, error, user, system: sound(policy, error, user - 1, system - 1))


def one_retry_too_few(patch: pytest.MonkeyPatch) -> None:
    sound = _policies.may_retry
    patch.setattr(_endings, "may_retry", lambda policy, error, user, system: sound(policy, error, user + 1, system))


def one_budget_for_both_faults(patch: pytest.MonkeyPatch) -> None:
    sound = _policies.may_retry
    patch.setattr(
        _endings,
        "may_retry",
        lambda policy, error, user, system: sound(policy, attrs.evolve(error, fault=Fault.USER), user + system, 0),
    )


def successors_are_admitted_twice(patch: pytest.MonkeyPatch) -> None:
    sound = _books.admit

    def admit(*args: Any, **kwargs: Any) -> Any:
        sound(*args, **kwargs)
        return sound(*args, **kwargs)

    patch.setattr(_books, "admit", admit)


def successors_start_too_early(patch: pytest.MonkeyPatch) -> None:
    sound = _books.open_scope

    def open_scope(state: Any, at_ns: int, scope: Any) -> None:
        scope.pending = {node: min(n, 1) for node, n in scope.pending.items()}
        sound(state, at_ns, scope)

    patch.setattr(_books, "open_scope", open_scope)


def cancellation_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    def cancel_requested(state: Any, at_ns: int, event: ev.CancelRequested) -> None:
        state.nodes[event.node].is_cancelling = True
        state.n_stopping += 1

    patch.setitem(_apply._FOLDS, ev.CancelRequested, cancel_requested)


def abandoned_attempts_run_on(patch: pytest.MonkeyPatch) -> None:
    sound = _apply._FOLDS[ev.AttemptFailed]
    patch.setitem(
        _apply._FOLDS,
        ev.AttemptFailed,
        lambda state, at_ns, event: sound(state, at_ns, attrs.evolve(event, is_abandoned=False)),
    )


def old_attempts_count(patch: pytest.MonkeyPatch) -> None:
    sound = _decide._RULES[st.AttemptEnded]

    def attempt_ended(state: Any, stimulus: st.AttemptEnded) -> Any:
        node = state.nodes[stimulus.node]
        return sound(state, stimulus._replace(n=stimulus.n if node.attempt is None else node.attempt))

    patch.setitem(_decide._RULES, st.AttemptEnded, attempt_ended)


def takeovers_are_not_folded(patch: pytest.MonkeyPatch) -> None:
    def lease_taken(state: Any, at_ns: int, event: ev.LeaseTaken) -> None:
        state.seq -= 1

    patch.setitem(_apply._FOLDS, ev.LeaseTaken, lease_taken)


def refused_turns_count(patch: pytest.MonkeyPatch) -> None:
    async def commit(run: Run, append: Any) -> None:
        await run.services.database.log.append([append])

    patch.setattr(Run, "_commit", commit)


def recovery_opens_nothing(patch: pytest.MonkeyPatch) -> None:
    async def reopen(run: Run) -> None:
        run.state.fresh = []

    patch.setattr(_driving, "reopen", reopen)


def cache_ignores_inputs(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(_lookups, "keyed", lambda template, policy, inputs: _cache.keyed(template, policy, {}))


def lost_reports_are_not_asked_for(patch: pytest.MonkeyPatch) -> None:
    async def reconcile(_attempts: Submitting) -> None:
        """Ask nobody."""

    patch.setattr(Submitting, "reconcile", reconcile)


def snapshots_lose_commands(patch: pytest.MonkeyPatch) -> None:
    sound = _snapshots.Reading.state

    def state(reading: _snapshots.Reading, *args: Any) -> Any:
        restored = sound(reading, *args)
        restored.open.clear()
        return restored

    patch.setattr(_run, "SNAPSHOT_AFTER", 2)
    patch.setattr(_snapshots.Reading, "state", state)


def what_a_grown_graph_makes_is_not_cached(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Keeping, "_keyed_in_an_earlier_life", lambda *_: None)


MUTATIONS: list[Mutation] = [
    one_retry_too_many,
    one_retry_too_few,
    one_budget_for_both_faults,
    successors_are_admitted_twice,
    successors_start_too_early,
    cancellation_is_forgotten,
    abandoned_attempts_run_on,
    old_attempts_count,
    takeovers_are_not_folded,
    refused_turns_count,
    recovery_opens_nothing,
    cache_ignores_inputs,
    lost_reports_are_not_asked_for,
    snapshots_lose_commands,
    what_a_grown_graph_makes_is_not_cached,
]


def sleepers_are_kept(patch: pytest.MonkeyPatch) -> None:
    def rest(adopting: Adopting, execution: ExecutionId, **_: Any) -> None:
        adopting._held.add(execution)

    patch.setattr(Adopting, "_rest", rest)


def unconfirmed_claims_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    async def unheard_of(_adopting: Adopting) -> list[ExecutionId]:
        return []

    patch.setattr(Adopting, "_unheard_of", unheard_of)


def a_lost_attempt_loses_its_key(patch: pytest.MonkeyPatch) -> None:
    sound = MemoryCache._is_valid

    def is_valid(cache: MemoryCache, held: Reservation) -> bool:
        attempt = held.attempt
        row = cache._records.executions[attempt.execution].attempts.get((attempt.node, attempt.element, attempt.n))
        return sound(cache, held) and (row is None or row.phase not in TERMINAL_ATTEMPT)

    patch.setattr(MemoryCache, "_is_valid", is_valid)


def elements_wait_for_nobody(patch: pytest.MonkeyPatch) -> None:
    sound = _lookups.Lookups.ask

    async def ask(lookups: _lookups.Lookups, *asked: Any) -> Any:
        verdict, outputs, is_held = await sound(lookups, *asked)
        return verdict, outputs, is_held and asked[1] is None

    patch.setattr(_lookups.Lookups, "ask", ask)


SHARING_MUTATIONS: list[Mutation] = [
    sleepers_are_kept,
    unconfirmed_claims_are_forgotten,
    a_lost_attempt_loses_its_key,
    elements_wait_for_nobody,
]


@pytest.fixture(scope="module")
def registry() -> Plugins:
    return plugins()


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_a_faulty_engine_is_noticed(mutation: Mutation, registry: Plugins, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some simulation of the first few fails for every fault that is put in."""
    monkeypatch.setattr("plait_core.testing.simulation.PATIENCE_S", 3600)
    mutation(monkeypatch)

    assert any(fails(seed, registry) for seed in range(SEEDS))


@pytest.mark.parametrize("mutation", SHARING_MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_a_faulty_pool_is_noticed(mutation: Mutation, registry: Plugins, monkeypatch: pytest.MonkeyPatch) -> None:
    """So does one where engines share a pool, of which little is left undone for long."""
    monkeypatch.setattr("plait_core.testing.simulation.PATIENCE_S", 900)
    mutation(monkeypatch)

    assert any(fails(seed, registry, n=3) for seed in range(SEEDS))


def fails(seed: int, registry: Plugins, *, n: int = 1) -> bool:
    try:
        Simulation(seed, registry=registry, n_engines=n, n_executions=n).run()
    except Exception:  # noqa: BLE001  # whatever goes wrong is noticed
        return True
    return False


def test_a_failing_seed_is_shrunk(registry: Plugins, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is shown is the smallest and calmest simulation that still fails."""
    successors_are_admitted_twice(monkeypatch)

    assert shrunk(0, registry).startswith("smallest: size 0, no mishaps: LawBroken")
