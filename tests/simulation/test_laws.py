"""
The laws of the engine, held against histories by chance (`plait_core.testing.simulation`).

`--seeds N` says how many are played, `--first-seed` where they begin; a seed always plays the same.
"""

import pytest

from plait_core.plugins import Plugins
from plait_core.testing.simulation import Simulation, plugins, shrunk

BATCH = 10
"""How many seeds one test plays: enough to make pytest's own share small, few enough to spread over processes."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one test per batch of the seeds asked for."""
    if "seeds" in metafunc.fixturenames:
        first, n = (metafunc.config.getoption(option) for option in ("--first-seed", "--seeds"))
        n = max(1, n // 30) if metafunc.function is test_laws_hold_where_engines_share_a_pool else n
        batches = [range(start, min(start + BATCH, first + n)) for start in range(first, first + n, BATCH)]
        metafunc.parametrize("seeds", batches, ids=lambda seeds: f"{seeds.start}-{seeds.stop - 1}")


@pytest.fixture(scope="module")
def registry() -> Plugins:
    return plugins()


def test_laws_hold_whatever_happens(seeds: range, registry: Plugins) -> None:
    """Executions end, in bounds and alike, though engines crash, reports are lost and stores fail."""
    play(seeds, registry)


def test_laws_hold_where_engines_share_a_pool(seeds: range, registry: Plugins) -> None:
    """As above, while three engines claim, leave and lose three executions, and start children that others wait for."""
    play(seeds, registry, n=3)


def test_what_has_started_waits_for_no_place(registry: Plugins) -> None:
    """A state that was read from the log has stale entries in its queue, until it next decides something; in this one, one looks alive."""
    Simulation(727, registry=registry, n_engines=3, n_executions=3).run()


def play(seeds: range, registry: Plugins, *, n: int = 1) -> None:
    for seed in seeds:
        try:
            Simulation(seed, registry=registry, n_engines=n, n_executions=n).run()
        except Exception as failure:  # noqa: BLE001  # whatever goes wrong is a finding
            smallest = shrunk(seed, registry, n_engines=n, n_executions=n)
            pytest.fail(f"{failure!r}\n{smallest}\n{repetition(seed)}")


def repetition(seed: int) -> str:
    return f"repeat it with: uv run poe test tests/simulation --first-seed {seed} --seeds 1"


@pytest.mark.parametrize("n", [1, 3])
def test_a_seed_always_plays_the_same(n: int, registry: Plugins) -> None:
    """Two simulations of one seed write the same history, event by event."""
    first, second = (Simulation(7, registry=registry, n_engines=n, n_executions=n) for _ in range(2))

    first.run()
    second.run()

    assert first.history() == second.history()
