"""What keeps an attempt from being submitted: the executor, or inputs that storage does not hand out."""

import pytest

from plait_core.errors.running import RequestTooLarge, Saturated
from plait_core.errors.stores import BlobUnavailable
from plait_core.ir.executions import Closure
from plait_core.ir.ids import NodeId
from plait_core.ir.literals import Literal, LiteralMap, Offloaded
from plait_core.ir.phases import AttemptPhase, ExecutionPhase, NodePhase
from plait_core.ir.tasks import CachePolicy, TaskMetadata, TaskTemplate
from plait_core.ir.units import Unit
from plait_core.ir.workflows import Array, TaskRef
from plait_core.ports.executors import Report
from plait_core.testing.arithmetic import INTEGERS, arithmetic_task, literal_of
from plait_core.testing.mishaps import Process
from plait_core.testing.simulated_executor import SimulatedExecutor
from plait_core.types.offloading import offload
from tests.unit.engine.play import const, node, of, workflow
from tests.unit.engine.pools import NUMBERS, Pool, story

ADD = arithmetic_task("add", "add")
N0 = NodeId("n0")


class FullExecutor(SimulatedExecutor):
    """An executor for which every unit is too large."""

    async def submit(self, unit: Unit) -> Report | None:
        raise RequestTooLarge(executor="simulated", asked_bytes=99, limit_bytes=1)


class BusyExecutor(SimulatedExecutor):
    """An executor that never has room."""

    async def submit(self, unit: Unit) -> Report | None:
        raise Saturated(executor="simulated", limit=0, delay_s=1.0)


def mapped(target: TaskTemplate = ADD) -> Closure:
    """A map of *target* over the input ``xs``."""
    array = Array(target=TaskRef(id=target.id), bound_inputs=("b",))
    graph = workflow(node("n0", array, a=of("", var="xs"), b=const(1)), inputs={"xs": INTEGERS})
    return Closure(main=graph.id, tasks=(target,), workflows=(graph,))


@story
async def test_a_task_that_its_executor_refuses_fails(pool: Pool) -> None:
    """Trying again would not help."""
    async with pool.engine(executor=FullExecutor(Process(pool.world))) as engine:
        execution = await engine.launch(Closure(main=ADD.id, tasks=(ADD,)), NUMBERS)
        await pool.clock.advance(5)

        assert await pool.phase(execution) is ExecutionPhase.FAILED


@story
async def test_a_map_whose_elements_its_executor_refuses_fails(pool: Pool) -> None:
    """As a task does, and the error says why."""
    async with pool.engine(executor=FullExecutor(Process(pool.world))) as engine:
        execution = await engine.launch(mapped(), {"xs": literal_of([1, 2, 3])})
        await pool.clock.advance(5)

        row = await pool.database.views.execution(execution)
        assert row is not None
        assert row.error is not None
        assert (row.phase, row.error.code) == (ExecutionPhase.FAILED, "RequestTooLarge")


async def stored(pool: Pool, *, size: int = 3) -> Literal:
    """A list that is kept in storage."""
    return await offload(
        literal_of([*range(size)]), INTEGERS, "memory://blobs/tests", lambda _: pool.world.blobs, limit=1
    )


CACHED_ADD = arithmetic_task("add", "add", TaskMetadata(cache=CachePolicy(version="1")))


@pytest.mark.parametrize("target", [ADD, CACHED_ADD], ids=["plain", "cached"])
def test_a_map_over_a_list_that_is_gone_fails(target: TaskTemplate) -> None:
    """Nobody could ever submit its elements."""

    @story
    async def told(pool: Pool) -> None:
        async with pool.engine() as engine:
            xs = await stored(pool)
            assert isinstance(xs.value, Offloaded)
            await pool.world.blobs.delete(xs.value.uri)
            execution = await engine.launch(mapped(target), {"xs": xs})
            await pool.clock.advance(60)

            row = await pool.database.views.execution(execution)
            assert row is not None
            assert row.error is not None
            assert (row.phase, row.error.code) == (ExecutionPhase.FAILED, "BlobMissing")

    told()


@story
async def test_storage_that_does_not_answer_is_asked_again(pool: Pool) -> None:
    """What is passing makes nothing fail: neither the map over a stored list, nor what reads a part of one."""
    xs, get, left = await stored(pool), pool.world.blobs.get, 2

    async def fail(uri: str) -> bytes:
        nonlocal left
        left -= 1
        if left >= 0:
            raise BlobUnavailable(uri=uri, detail="no answer", delay_s=2.0)
        return await get(uri)

    pool.world.blobs.get = fail  # type: ignore[method-assign]  # a fault
    async with pool.engine() as engine:
        execution = await engine.launch(mapped(), {"xs": xs})
        await pool.clock.advance(100)

        nodes = await pool.database.views.nodes(execution)
        assert {row.node: row.phase for row in nodes}[N0] is NodePhase.SUCCEEDED
        assert {row.phase for row in await pool.database.views.attempts(execution)} == {AttemptPhase.SUCCEEDED}
        events = await pool.database.log.read(execution)
        assert sum("LeaseTaken" in repr(event.decision) for event in events) == 0


@pytest.mark.parametrize(
    ("closure", "inputs"),
    [(Closure(main=ADD.id, tasks=(ADD,)), NUMBERS), (mapped(), {"xs": literal_of([1, 2, 3])})],
    ids=["task", "map"],
)
def test_what_waits_for_room_is_stopped_at_once(closure: Closure, inputs: LiteralMap) -> None:
    """No executor has it, so none has to confirm that."""

    @story
    async def told(pool: Pool) -> None:
        async with pool.engine(executor=BusyExecutor(Process(pool.world))) as engine:
            execution = await engine.launch(closure, inputs)
            await pool.clock.advance(3)
            await engine.abort(execution, reason="enough")
            await pool.clock.advance(2)

            assert await pool.phase(execution) is ExecutionPhase.ABORTED

    told()
