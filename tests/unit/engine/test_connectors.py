"""A remote service behind the port of executors."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import attrs

from plait_core.engine._connectors import ConnectorExecutor
from plait_core.errors import Retryable, UserError
from plait_core.ir.executions import Fault, TaskError
from plait_core.ir.ids import AttemptId, ExecutionId, NodeId
from plait_core.ir.json import Json
from plait_core.ir.phases import AttemptPhase
from plait_core.ir.units import CommandLine, Result, Unit
from plait_core.ports.executors import Cancelled, Ended, Lost, Progress, Report
from plait_core.ports.tasks import RemoteJob
from plait_core.testing.clocks import NOON_NS, VirtualClock
from plait_core.testing.connectors import FakeConnector, FakeService
from plait_core.testing.memory import MemoryBlobStore
from tests.conformance.test_connectors import ECHO, FOUR

UNIT = Unit(
    attempt=AttemptId(execution=ExecutionId(name="run"), node=NodeId("n0"), task=ECHO.id),
    template=ECHO,
    action=CommandLine(argv=()),
    inputs={"x": FOUR},
    output_prefix="memory://out",
)
ID = UNIT.attempt


class Busy(Retryable):
    """The service has no time."""

    delay_s = 5.0
    problem = "the service is busy"
    remedy = "wait"


class Refused(UserError):
    """The service does not want the job."""

    problem = "the query is wrong"
    remedy = "correct it"


@attrs.define(eq=False)
class World:
    """A service, and the engine-side things that talk to it."""

    clock: VirtualClock = attrs.field(factory=VirtualClock)
    service: FakeService = attrs.field(factory=FakeService)
    store: MemoryBlobStore = attrs.field(factory=MemoryBlobStore)
    reports: list[Report] = attrs.field(factory=list)

    @asynccontextmanager
    async def executor(self, connector: type[FakeConnector] = FakeConnector) -> AsyncIterator[ConnectorExecutor]:
        made = ConnectorExecutor(
            connector(self.service), clock=self.clock, blobs=lambda uri: self.store, prefix="memory://blobs"
        )
        listening = asyncio.create_task(self._listen(made))
        try:
            yield made
        finally:
            await made.close()
            await listening

    async def _listen(self, executor: ConnectorExecutor) -> None:
        async for report in executor.reports():
            self.reports.append(report)


def told(story: Callable[[World], Coroutine[Any, Any, None]]) -> list[Report]:
    """Play *story* and return what was reported."""
    world = World()
    asyncio.run(story(world))
    return world.reports


def test_job_is_followed_to_its_outputs() -> None:
    """Progress is told when it changes, then the outputs with the times of the clock."""

    async def story(world: World) -> None:
        async with world.executor() as executor:
            assert await executor.submit(UNIT) is None
            await world.clock.run_until_idle()

    reports = told(story)

    running = [Progress(attempt=ID, phase=AttemptPhase.RUNNING, message=f"{n} to go") for n in (1, 0)]
    result = Result(outputs={"o0": FOUR}, started_at_ns=NOON_NS, ended_at_ns=NOON_NS + 2_500_000_000)
    assert reports == [*running, Ended(attempt=ID, result=result)]


def test_second_submit_starts_no_second_job() -> None:
    """One attempt is one job."""

    async def story(world: World) -> None:
        async with world.executor() as executor:
            await executor.submit(UNIT)
            await executor.submit(UNIT)
            await world.clock.run_until_idle()
        assert list(world.service.jobs) == [str(ID)]

    assert sum(isinstance(report, Ended) for report in told(story)) == 1


def error_of(connector: type[FakeConnector], template: Any = ECHO) -> TaskError:
    async def story(world: World) -> None:
        async with world.executor(connector) as executor:
            await executor.submit(attrs.evolve(UNIT, template=template))
            await world.clock.run_until_idle()

    report = told(story)[-1]
    assert isinstance(report, Ended)
    assert report.result.error is not None
    return report.result.error


def test_failed_job_ends_with_its_own_error() -> None:
    """What the service said is what the user reads."""
    error = error_of(FakeConnector, attrs.evolve(ECHO, custom={"fail": "no such table"}))

    assert (error.code, error.message, error.is_recoverable) == ("FAKE", "no such table", False)


def test_busy_service_is_asked_again() -> None:
    """What may pass costs no attempt."""

    class BusyOnce(FakeConnector):
        n = 0

        async def create(self, *args: Any, **kwargs: Any) -> Json:
            self.n += 1
            if self.n == 1:
                raise Busy
            return await super().create(*args, **kwargs)

    async def story(world: World) -> None:
        async with world.executor(BusyOnce) as executor:
            await executor.submit(UNIT)
            await world.clock.run_until_idle()
        assert world.clock.now_ns() >= NOON_NS + 5 * 10**9

    report = told(story)[-1]
    assert isinstance(report, Ended)
    assert report.result.outputs == {"o0": FOUR}


def test_refused_job_is_the_users_fault() -> None:
    """A user error of the connector ends the attempt, and trying again is pointless."""

    class Refusing(FakeConnector):
        async def create(self, *args: Any, **kwargs: Any) -> Json:
            raise Refused

    error = error_of(Refusing)

    assert (error.code, error.fault, error.is_recoverable) == ("USER:Refused", Fault.USER, False)


def test_bug_in_a_connector_ends_the_attempt() -> None:
    """Whatever a plugin raises, the attempt is not stuck."""

    class Buggy(FakeConnector):
        async def get(self, handle: Json) -> RemoteJob:
            raise ZeroDivisionError("oops")

    error = error_of(Buggy)

    assert (error.code, error.fault, error.is_recoverable) == ("SYSTEM:ZeroDivisionError", Fault.SYSTEM, True)


def test_job_that_somebody_else_deleted_is_the_systems_fault() -> None:
    """A job that vanishes without our asking costs no retry of the user's."""

    class Vanishing(FakeConnector):
        async def get(self, handle: Json) -> RemoteJob:
            return RemoteJob(phase=AttemptPhase.ABORTED)

    error = error_of(Vanishing)

    assert (error.code, error.fault, error.is_recoverable) == ("ResourceDeletedExternally", Fault.SYSTEM, True)


def test_cancel_deletes_the_job() -> None:
    """The service stops it, and the attempt is reported as cancelled, once."""

    async def story(world: World) -> None:
        async with world.executor() as executor:
            await executor.submit(attrs.evolve(UNIT, template=attrs.evolve(ECHO, custom={"n_questions": 10_000})))
            await world.clock.advance(3)
            await executor.cancel([ID], grace_s=1)
            await executor.cancel([ID], grace_s=1)
            await world.clock.run_until_idle()
            assert await executor.reconcile([ID]) == [Cancelled(attempt=ID)]
        assert world.service.jobs[str(ID)].is_deleted

    reports = told(story)

    assert [report for report in reports if not isinstance(report, Progress)] == [Cancelled(attempt=ID)]


def test_cancel_while_the_job_is_created_deletes_it_afterwards() -> None:
    """A job whose handle is not known yet is not left behind."""

    class Slow(FakeConnector):
        async def create(self, *args: Any, **kwargs: Any) -> Json:
            if not self._service.jobs:
                await super().create(*args, **kwargs)
                raise Busy
            return await super().create(*args, **kwargs)

    async def story(world: World) -> None:
        async with world.executor(Slow) as executor:
            await executor.submit(UNIT)
            await world.clock.advance(1)
            await executor.cancel([ID], grace_s=1)
            await world.clock.run_until_idle()
        assert world.service.jobs[str(ID)].is_deleted

    assert told(story) == [Cancelled(attempt=ID)]


def test_engine_that_starts_again_finds_its_job() -> None:
    """The handle is in blob storage, so the job goes on and its end is heard."""

    async def story(world: World) -> None:
        async with world.executor() as executor:
            await executor.submit(UNIT)
            await world.clock.advance(0.5)
        async with world.executor() as executor:
            (standing,) = await executor.reconcile([ID])
            assert isinstance(standing, Progress)
            await world.clock.run_until_idle()
        assert len(world.service.jobs) == 1

    report = told(story)[-1]
    assert isinstance(report, Ended)
    assert report.result.outputs == {"o0": FOUR}


def test_released_job_is_forgotten() -> None:
    """After release neither memory nor storage holds anything of it."""

    async def story(world: World) -> None:
        async with world.executor() as executor:
            await executor.submit(UNIT)
            await world.clock.run_until_idle()
            await executor.release([ID])
            (standing,) = await executor.reconcile([ID])
            assert isinstance(standing, Lost)
        assert not [info async for info in world.store.list("memory://blobs")]

    told(story)
