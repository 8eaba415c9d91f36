"""The simulated cluster: its weather is a matter of the seed."""

import asyncio

import pytest

from plait_core.errors.running import Saturated
from plait_core.ir.ids import AttemptId, ExecutionId, NodeId
from plait_core.ir.units import FunctionCall, Result, Unit
from plait_core.ports.executors import Ended, Lost, Performed, Progress, Report
from plait_core.testing import worker_samples
from plait_core.testing.clocks import VirtualClock
from plait_core.testing.cluster import STORMY, Cluster, ClusterExecutor, Weather


def make_unit(n: int) -> Unit:
    add = worker_samples.add
    return Unit(
        attempt=AttemptId(execution=ExecutionId(name="run"), node=NodeId(f"n{n}"), task=add.id),
        template=add.template,
        action=FunctionCall(entity=add.id, location=add.location),
        inputs={},
    )


UNITS = [make_unit(n) for n in range(12)]


class Machine:
    """Performs nothing, and keeps the units it was given."""

    def __init__(self) -> None:
        self.units: list[Unit] = []

    async def __call__(self, given: Unit) -> Performed:
        self.units.append(given)
        return Performed(result=Result(outputs={}), exception=ValueError("never leaves the pod"))


async def play(seed: int, weather: Weather) -> tuple[list[Report], Machine]:
    """Submit all units, trying again where there is no room, and listen until nothing more comes."""
    clock, machine = VirtualClock(), Machine()
    cluster = Cluster(machine, clock=clock, seed=seed, weather=weather)
    executor = ClusterExecutor(cluster)
    reports: list[Report] = []

    async def listen() -> None:
        async for report in executor.reports():
            reports.append(report)  # noqa: PERF401  # as they come

    async def submit_all() -> None:
        for n in range(len(UNITS)):
            while True:
                try:
                    await executor.submit(UNITS[n])
                    break
                except Saturated as full:
                    await clock.sleep_until(clock.now_ns() + round(full.delay_s * 1e9))

    listening, submitting = asyncio.create_task(listen()), asyncio.create_task(submit_all())
    await clock.run_until_idle()
    await submitting
    await executor.close()
    await listening
    await cluster.close()
    return reports, machine


def test_every_attempt_ends_in_any_weather() -> None:
    """Whatever is lost, repeated or late, each attempt has one end, told at least once."""
    reports, _ = asyncio.run(play(7, STORMY))

    ends: dict[AttemptId, set[str]] = {}
    for report in reports:
        if not isinstance(report, Progress):
            ends.setdefault(report.attempt, set()).add(type(report).__name__)
    assert set(ends) == {unit.attempt for unit in UNITS}
    assert all(len(kinds) == 1 for kinds in ends.values())


def test_storm_does_what_storms_do() -> None:
    """Over some seeds there are crashes of both sorts, repeated reports, and reports that overtake others."""
    stories = [asyncio.run(play(seed, STORMY))[0] for seed in range(8)]
    reports = [report for story in stories for report in story]

    assert any(isinstance(report, Lost) for report in reports)
    assert any(isinstance(report, Ended) and report.result.error is not None for report in reports)
    assert any(len(story) != len({repr(report) for report in story}) for story in stories)
    assert any(
        isinstance(late, Progress) and _had_ended(story, at, late) for story in stories for at, late in enumerate(story)
    )


def _had_ended(story: list[Report], at: int, late: Report) -> bool:
    return any(report.attempt == late.attempt and not isinstance(report, Progress) for report in story[:at])


def test_one_seed_is_one_story() -> None:
    """The same seed tells the same reports in the same order, another seed others."""
    first, again, other = (asyncio.run(play(seed, STORMY))[0] for seed in (3, 3, 4))

    assert first == again
    assert first != other


def test_quota_holds() -> None:
    """No more pods run than the quota allows; the rest are told to wait."""

    async def fill() -> Saturated:
        executor = ClusterExecutor(Cluster(Machine(), clock=VirtualClock(), weather=Weather(quota=2)))
        for n in range(2):
            await executor.submit(UNITS[n])
        with pytest.raises(Saturated) as full:
            await executor.submit(UNITS[2])
        await executor._cluster.close()
        return full.value

    assert asyncio.run(fill()).limit == 2


def test_nothing_is_shared_with_the_engine() -> None:
    """The pod gets a copy of the unit, and no exception object comes back."""
    reports, machine = asyncio.run(play(0, Weather()))

    assert machine.units == UNITS
    assert all(given is not sent for given, sent in zip(machine.units, UNITS, strict=True))
    assert all(report.exception is None for report in reports if isinstance(report, Ended))
