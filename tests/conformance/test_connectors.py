"""The fake connector passes the suite for connectors, and the suite catches connectors that are broken."""

from typing import Any

import attrs
import pytest

from plait_core.ir.ids import EntityId, EntityKind
from plait_core.ir.interfaces import TypedInterface, Variable
from plait_core.ir.json import Json
from plait_core.ir.literals import Literal, LiteralMap, Primitive
from plait_core.ir.phases import AttemptPhase
from plait_core.ir.tasks import TaskTemplate
from plait_core.ir.types import INTEGER, SimpleType
from plait_core.ports.tasks import RemoteJob
from plait_core.testing.connectors import FAKE_REMOTE, ConnectorCase, FakeConnector, FakeService
from plait_core.testing.connectors import ConnectorConformance as Suite

ECHO = TaskTemplate(
    id=EntityId(kind=EntityKind.TASK, name="echo"),
    type=FAKE_REMOTE,
    interface=TypedInterface(inputs=(Variable(name="x", type=INTEGER),), outputs=(Variable(name="o0", type=INTEGER),)),
)
FOUR = Literal(value=Primitive(kind=SimpleType.INTEGER, value=4))


class OfFake(Suite):
    connector: type[FakeConnector] = FakeConnector

    def make_case(self) -> ConnectorCase:
        service = FakeService()
        return ConnectorCase(
            connect=lambda: self.connector(service),
            n_jobs=lambda: len(service.jobs),
            template=ECHO,
            inputs={"x": FOUR},
            outputs={"o0": FOUR},
            failing=attrs.evolve(ECHO, custom={"fail": "no luck"}),
            lasting=attrs.evolve(ECHO, custom={"n_questions": 10_000}),
        )


class TestFake(OfFake):
    pass


class StartsTwice(FakeConnector):
    async def create(self, template: TaskTemplate, inputs: LiteralMap, *, key: str, output_prefix: str) -> Json:
        key = f"{key}/{len(self._service.jobs)}"
        return await super().create(template, inputs, key=key, output_prefix=output_prefix)


class SharesJobs(FakeConnector):
    async def create(self, template: TaskTemplate, inputs: LiteralMap, *, key: str, output_prefix: str) -> Json:
        return await super().create(template, inputs, key="one", output_prefix=output_prefix)


class RemembersJobs(FakeConnector):
    def __init__(self, service: FakeService) -> None:
        super().__init__(service)
        self.mine: set[str] = set()

    async def create(self, template: TaskTemplate, inputs: LiteralMap, *, key: str, output_prefix: str) -> Json:
        self.mine.add(key)
        return await super().create(template, inputs, key=key, output_prefix=output_prefix)

    async def get(self, handle: Json) -> RemoteJob:
        assert isinstance(handle, dict)
        return await super().get(handle) if handle["job"] in self.mine else RemoteJob(phase=AttemptPhase.QUEUED)


class NeverEnds(FakeConnector):
    async def get(self, handle: Json) -> RemoteJob:
        return RemoteJob(phase=AttemptPhase.RUNNING)


class HidesFailure(FakeConnector):
    async def get(self, handle: Json) -> RemoteJob:
        job = await super().get(handle)
        return attrs.evolve(job, error=None) if job.error else job


class ForgetsTheEnd(FakeConnector):
    async def get(self, handle: Json) -> RemoteJob:
        job = await super().get(handle)
        if job.outputs is not None:
            self._job(handle).is_deleted = True
        return job


class OnlyMarks(FakeConnector):
    async def delete(self, handle: Json) -> None:
        pass


class DeletesOnce(FakeConnector):
    async def delete(self, handle: Json) -> None:
        if self._job(handle).is_deleted:
            raise KeyError("gone")
        await super().delete(handle)


class DeletesOnlyWhatRuns(FakeConnector):
    async def delete(self, handle: Json) -> None:
        if self._job(handle).n_questions == 0:
            raise KeyError("over")
        await super().delete(handle)


@pytest.mark.parametrize(
    ("broken", "caught_by"),
    [
        (NeverEnds, Suite.test_job_gives_its_outputs),
        (HidesFailure, Suite.test_failure_is_told),
        (StartsTwice, Suite.test_one_key_starts_one_job),
        (SharesJobs, Suite.test_keys_start_jobs_of_their_own),
        (RemembersJobs, Suite.test_handle_is_all_it_knows),
        (ForgetsTheEnd, Suite.test_end_is_final),
        (OnlyMarks, Suite.test_deleted_job_ends),
        (DeletesOnce, Suite.test_deleted_job_ends),
        (DeletesOnlyWhatRuns, Suite.test_deleting_what_has_ended_is_no_error),
    ],
)
def test_broken_connector_is_caught(broken: type[FakeConnector], caught_by: Any) -> None:
    """Each test of the suite fails for a connector that breaks what it tells."""

    class OfBroken(OfFake):
        connector = broken

    with pytest.raises((AssertionError, KeyError)):
        caught_by(OfBroken())
