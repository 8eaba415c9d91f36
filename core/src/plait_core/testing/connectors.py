"""
A fake remote service with its connector, and the conformance suite of connectors.

The service echoes: a job's outputs are its inputs, by position, after as many questions as the template says. The suite is subclassed
in pytest:

    class TestBigQuery(ConnectorConformance):
        def make_case(self) -> ConnectorCase: ...
"""

import asyncio
import json
from collections.abc import Callable, Sequence

import attrs

from plait_core.hookspecs import hookimpl
from plait_core.ir.executions import TaskError
from plait_core.ir.json import Json
from plait_core.ir.literals import LiteralMap
from plait_core.ir.phases import TERMINAL_ATTEMPT, AttemptPhase
from plait_core.ir.tasks import TaskTemplate
from plait_core.ports.specs import ConnectorSpec
from plait_core.ports.tasks import Connector, RemoteJob

FAKE_REMOTE = "fake-remote"
"""The task type of the fake service. ``custom`` may hold ``fail`` (a message) and ``n_questions`` (before it ends, 2 by default)."""

MANY_QUESTIONS = 100


@attrs.define(eq=False)
class FakeJob:
    """One job of the fake service."""

    template: TaskTemplate
    inputs: LiteralMap
    n_questions: int
    is_deleted: bool = False

    def ask(self) -> RemoteJob:
        """Say where the job stands; being asked is what brings it on."""
        if self.is_deleted:
            return RemoteJob(phase=AttemptPhase.ABORTED, message="deleted")
        if self.n_questions > 0:
            self.n_questions -= 1
            return RemoteJob(phase=AttemptPhase.RUNNING, message=f"{self.n_questions} to go")
        if message := self.template.custom.get("fail"):
            error = TaskError(code="FAKE", message=str(message), is_recoverable=False)
            return RemoteJob(phase=AttemptPhase.FAILED, error=error)
        names = [variable.name for variable in self.template.interface.outputs]
        return RemoteJob(phase=AttemptPhase.SUCCEEDED, outputs=dict(zip(names, self.inputs.values(), strict=False)))


@attrs.define(eq=False)
class FakeService:
    """Jobs by key; outlives the connectors that speak to it."""

    jobs: dict[str, FakeJob] = attrs.field(factory=dict)


class FakeConnector:
    """``Connector`` to a ``FakeService``."""

    def __init__(self, service: FakeService) -> None:
        """Speak to *service*."""
        self._service = service

    async def create(self, template: TaskTemplate, inputs: LiteralMap, *, key: str, output_prefix: str) -> Json:
        n_questions = template.custom.get("n_questions", 2)
        assert isinstance(n_questions, int)
        self._service.jobs.setdefault(key, FakeJob(template, inputs, n_questions))
        return {"job": key}

    async def get(self, handle: Json) -> RemoteJob:
        return self._job(handle).ask()

    async def delete(self, handle: Json) -> None:
        self._job(handle).is_deleted = True

    def _job(self, handle: Json) -> FakeJob:
        assert isinstance(handle, dict)
        return self._service.jobs[str(handle["job"])]


_SERVICE = FakeService()


def fake_connector(settings: object) -> FakeConnector:  # noqa: ARG001  # the fake has none
    """Make a connector to this process's fake service."""
    return FakeConnector(_SERVICE)


class FakeRemotePlugin:
    """The plugin that offers the fake connector."""

    @hookimpl
    def plait_connectors(self) -> Sequence[ConnectorSpec]:
        """Offer it."""
        return (ConnectorSpec(type=FAKE_REMOTE, factory="plait_core.testing.connectors:fake_connector"),)


# ── the suite ────────────────────────────────────────────────────────────────


@attrs.frozen(kw_only=True)
class ConnectorCase:
    """
    What the suite needs of one service.

    Attributes:
        connect: Makes a connector; all of them speak to the same service.
        n_jobs: Counts the jobs that the service has ever started.
        template: A task that succeeds soon, with what it is given and gives.
        inputs: What it is given.
        outputs: What it gives.
        failing: A task that fails, with the same inputs.
        lasting: A task that goes on for longer than the test, with the same inputs.
    """

    connect: Callable[[], Connector]
    n_jobs: Callable[[], int]
    template: TaskTemplate
    inputs: LiteralMap
    outputs: LiteralMap
    failing: TaskTemplate
    lasting: TaskTemplate


class ConnectorConformance:
    """Proves a ``Connector``."""

    def make_case(self) -> ConnectorCase:
        """Make a service with nothing in it."""
        raise NotImplementedError

    def test_job_gives_its_outputs(self) -> None:
        """A job that is asked for long enough succeeds."""
        case = self.make_case()

        ended = asyncio.run(_ended(case, case.template))

        assert (ended.phase, ended.outputs, ended.error) == (AttemptPhase.SUCCEEDED, case.outputs, None)

    def test_failure_is_told(self) -> None:
        """A job that fails has no outputs, and an error or a message for people."""
        case = self.make_case()

        ended = asyncio.run(_ended(case, case.failing))

        assert ended.phase in {AttemptPhase.FAILED, AttemptPhase.RETRYABLE_FAILED}
        assert ended.outputs is None
        assert ended.error or ended.message

    def test_one_key_starts_one_job(self) -> None:
        """An engine that is not sure whether it created a job creates it again."""
        case = self.make_case()

        async def create_twice() -> list[Json]:
            return [await _create(case.connect(), case, case.template) for _ in range(2)]

        handles = asyncio.run(create_twice())

        assert handles[0] == handles[1]
        assert case.n_jobs() == 1

    def test_keys_start_jobs_of_their_own(self) -> None:
        """Attempts do not share jobs, however equal their inputs."""
        case = self.make_case()

        async def create_two() -> None:
            for key in ("a/0", "a/1"):
                await _create(case.connect(), case, case.template, key=key)

        asyncio.run(create_two())

        assert case.n_jobs() == 2

    def test_handle_is_all_it_knows(self) -> None:
        """The handle is JSON, and a connector made later goes on with it."""
        case = self.make_case()

        async def hand_over() -> RemoteJob:
            handle = json.loads(json.dumps(await _create(case.connect(), case, case.template)))
            return await _follow(case.connect(), handle)

        assert asyncio.run(hand_over()).outputs == case.outputs

    def test_end_is_final(self) -> None:
        """A job that has ended says the same whenever it is asked."""
        case = self.make_case()

        async def ask_again() -> tuple[RemoteJob, RemoteJob]:
            connector = case.connect()
            handle = await _create(connector, case, case.template)
            return await _follow(connector, handle), await connector.get(handle)

        first, second = asyncio.run(ask_again())

        assert first == second

    def test_deleted_job_ends(self) -> None:
        """Deleting stops a job, and deleting it again is no error."""
        case = self.make_case()

        async def delete() -> RemoteJob:
            connector = case.connect()
            handle = await _create(connector, case, case.lasting)
            await connector.delete(handle)
            await connector.delete(handle)
            return await _follow(connector, handle)

        ended = asyncio.run(delete())

        assert ended.phase in TERMINAL_ATTEMPT
        assert ended.outputs is None

    def test_deleting_what_has_ended_is_no_error(self) -> None:
        """A job may end while somebody decides to stop it."""
        case = self.make_case()

        async def delete_late() -> None:
            connector = case.connect()
            handle = await _create(connector, case, case.template)
            await _follow(connector, handle)
            await connector.delete(handle)

        asyncio.run(delete_late())


async def _create(connector: Connector, case: ConnectorCase, template: TaskTemplate, *, key: str = "a/0") -> Json:
    return await connector.create(template, case.inputs, key=key, output_prefix="memory://out")


async def _ended(case: ConnectorCase, template: TaskTemplate) -> RemoteJob:
    connector = case.connect()
    return await _follow(connector, await _create(connector, case, template))


async def _follow(connector: Connector, handle: Json) -> RemoteJob:
    for _ in range(MANY_QUESTIONS):
        job = await connector.get(handle)
        if job.phase in TERMINAL_ATTEMPT:
            return job
        await asyncio.sleep(0)
    raise AssertionError(f"the job has not ended after {MANY_QUESTIONS} questions")
