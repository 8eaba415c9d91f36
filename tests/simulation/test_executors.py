"""The graphs of simulations on the executors that ship: outputs are the oracle's there, too."""

import asyncio
from pathlib import Path

import pytest

from plait_core.engine import Ending, Engine
from plait_core.plugins import Plugins
from plait_core.plugins.settings import Settings
from plait_core.testing.arithmetic_functions import as_functions
from plait_core.testing.evaluation import expected, signal_value
from plait_core.testing.graphs import Case, random_case

# What nobody answers is left to virtual time.
CASES = [case for seed in range(150) if "ignore-" not in repr((case := random_case(seed, size=8)).closure)]
SMALL_CASES = [random_case(seed, size=3) for seed in (3, 14, 27, 41)]


@pytest.mark.parametrize("case", CASES, ids=range(len(CASES)))
def test_inline_comes_to_what_the_oracle_says(case: Case, tmp_path: Path) -> None:
    """In the engine's own process, where values still cross as literals."""
    check(case, "inline", home=tmp_path)


@pytest.mark.parametrize("case", SMALL_CASES, ids=range(len(SMALL_CASES)))
def test_processes_come_to_what_the_oracle_says(case: Case, tmp_path: Path) -> None:
    """In a process per attempt, where values cross as files."""
    check(case, "process", home=tmp_path)


def check(case: Case, executor: str, *, home: Path) -> None:
    """Run a case and compare with its plain evaluation."""
    ending = asyncio.run(run(case, executor, home))

    wanted = expected(case.closure, case.inputs)
    assert (ending.phase, ending.outputs) == (wanted.phase, wanted.outputs)


async def run(case: Case, executor: str, home: Path) -> Ending:
    """Run a case to its end, answering its gates meanwhile."""
    settings = Settings(home=str(home), executors=(executor,), store="memory://")
    async with Engine(settings=settings, plugins=Plugins.load(settings)) as engine:
        running = asyncio.create_task(engine.run(as_functions(case.closure), case.inputs))
        while not running.done():
            await answer(engine)
            await asyncio.wait([running], timeout=0.01)
        return await running


async def answer(engine: Engine) -> None:
    """Be the people whom gates wait for."""
    for execution in engine.driving():
        for signal_id, nodes in list((await engine.state(execution)).waiting.items()):
            value = signal_value(signal_id)
            if value is not None and not all(node.is_terminal for node in nodes):
                await engine.signal(execution, signal_id, value)
