"""Engines that share a pool: what they claim, leave, lose and put aside, on virtual time over one store in memory."""

import asyncio
from collections.abc import Sequence

import pytest

from plait_core.engine import Engine
from plait_core.engine._adopting import FIRST_PAUSE_S, LOOK_EVERY_S
from plait_core.engine._leases import TTL_S
from plait_core.engine._run import LINGER_S
from plait_core.errors.engine import ExecutionExists, ExecutionOwned
from plait_core.errors.running import AttemptSuperseded, EngineGone
from plait_core.ir import events as ev
from plait_core.ir.ids import AttemptId, ExecutionId, NodeId
from plait_core.ir.phases import ExecutionPhase
from plait_core.ir.units import Unit
from plait_core.ports.channels import ChildCall
from plait_core.ports.databases import Append
from plait_core.ports.executors import Report
from plait_core.testing.mishaps import Process
from plait_core.testing.simulated_executor import SimulatedExecutor
from tests.unit.engine.pools import BUSY, BUSY_TASK, NUMBERS, SEVEN, Pool, asking, nap, story
from tests.unit.ports.endings import a_dead_process

HOUR_S = 3600.0


@story
async def test_what_sleeps_leaves_memory_and_comes_back_when_it_is_due(pool: Pool) -> None:
    """An hour is too long to keep an execution; nobody owns it in the meantime."""
    async with pool.engine() as engine:
        execution = await engine.launch(nap, {})
        await pool.clock.advance(LINGER_S + 1)
        while_asleep = engine.driving(), await pool.database.leases.lease_of(execution)

        await pool.clock.advance(HOUR_S)

        assert while_asleep == ([], None)
        assert await pool.phase(execution) is ExecutionPhase.SUCCEEDED


@story
async def test_a_message_brings_back_what_has_left_memory(pool: Pool) -> None:
    """Whoever looks next hears it, long before the time that the gate would wait."""
    async with pool.engine() as engine:
        execution = await engine.launch(asking, {})
        await pool.clock.advance(LINGER_S + 1)
        assert engine.driving() == []

        await engine.signal(execution, "number", SEVEN)
        await pool.clock.advance(2)

        assert (await engine.wait(execution)).phase is ExecutionPhase.SUCCEEDED


@story
async def test_an_engine_that_closes_leaves_its_executions_to_others_at_once(pool: Pool) -> None:
    """No lease must run out first."""
    async with pool.engine() as heir:
        async with pool.engine() as leaving:
            execution = await leaving.launch(BUSY, NUMBERS)
        await pool.clock.advance(1)

        assert heir.driving() == [execution]


@story
async def test_what_a_dead_engine_had_is_taken_within_the_lease_time(pool: Pool) -> None:
    """Not before, for it might live."""
    async with pool.engine() as heir, pool.engine() as dying:
        execution = await dying.launch(BUSY, NUMBERS)
        await dying.stop_renewing()
        await pool.clock.advance(TTL_S - 2)
        early = heir.driving()

        await pool.clock.advance(3)

        assert (early, heir.driving()) == ([], [execution])


async def is_killed(pool: Pool, engine: Engine) -> None:
    """Have the lease of an engine, which lasts for hours, be that of a process of this machine which is gone."""
    await engine.stop_renewing()
    owner = engine._services.owner
    await pool.database.leases.renew(owner, pool=engine._services.pool, ttl_s=HOUR_S, process=a_dead_process())


@story
async def test_what_a_killed_engine_of_this_machine_had_is_taken_at_once(pool: Pool) -> None:
    """That it does not live can be seen, so nobody waits for its lease to run out."""
    async with pool.engine() as heir, pool.engine() as dying:
        execution = await dying.launch(BUSY, NUMBERS)
        await is_killed(pool, dying)
        await pool.clock.advance(LOOK_EVERY_S + 0.1)

        assert heir.driving() == [execution]


@story
async def test_what_a_killed_engine_had_for_itself_is_resumed_at_once(pool: Pool) -> None:
    """No engine adopts a local run; who names it has it."""
    async with pool.engine(adopts=False, name="local:here:1") as dying, pool.engine() as heir:
        execution = await dying.launch(BUSY, NUMBERS)
        with pytest.raises(ExecutionOwned):
            await heir.resume(execution)
        await is_killed(pool, dying)

        await heir.resume(execution)

        assert heir.driving() == [execution]


@story
async def test_an_engine_that_was_away_breaks_off_what_others_took(pool: Pool) -> None:
    """It hears of the theft when it renews its lease, and drives nothing that it does not own."""
    async with pool.engine() as thief, pool.engine() as away:
        execution = await away.launch(BUSY, NUMBERS)
        await away.stop_renewing()
        await pool.clock.advance(TTL_S + 1)
        assert thief.driving() == [execution]

        await away._parts.lessee.start()
        await away._driving.look_at_owners()
        await pool.clock.advance(1)

        assert (away.driving(), thief.driving()) == ([], [execution])


class Counting(SimulatedExecutor):
    """An executor that counts what it is given."""

    n_submitted = 0

    async def submit(self, unit: Unit) -> Report | None:
        self.n_submitted += 1
        return await super().submit(unit)


@story
async def test_an_engine_that_was_frozen_after_a_commit_begins_nothing_that_others_have(pool: Pool) -> None:
    """The attempt that it had scheduled may have ended by then, elsewhere, without a trace for its executor to find."""
    thawed = asyncio.Event()
    append = pool.database.log.append

    async def append_and_freeze(batches: Sequence[Append]) -> Sequence[ExecutionId]:
        refused = await append(batches)
        scheduled = any(isinstance(decision, ev.AttemptScheduled) for batch in batches for decision in batch.decisions)
        if scheduled and batches[0].owner == away._services.owner:
            await thawed.wait()
        return refused

    pool.database.log.append = append_and_freeze  # type: ignore[method-assign]
    mine, others = Counting(Process(pool.world)), Counting(Process(pool.world))
    async with pool.engine(executor=others) as thief, pool.engine(executor=mine) as away:
        launched = pool.begin(away.launch(BUSY, NUMBERS))
        await pool.clock.advance(1)
        await away.stop_renewing()
        await pool.clock.advance(TTL_S + 1)
        thawed.set()
        await pool.clock.advance(1)

        assert (away.driving(), thief.driving()) == ([], [await launched])
        assert (mine.n_submitted, others.n_submitted) == (0, 1)


@story
async def test_an_attempt_that_waits_for_a_call_hears_that_its_engine_lost_it(pool: Pool) -> None:
    """It may be followed by the new owner from another process, and would wait for ever."""
    async with pool.engine(), pool.engine() as away:
        execution = await away.launch(BUSY, NUMBERS)
        following = away._driving.runs[execution].acting.following
        call = ChildCall(key="busy-1", target=BUSY.main, closure=BUSY, inputs=NUMBERS)
        asked = pool.begin(following.call(NodeId("n0"), 0, call))
        await away.stop_renewing()
        await pool.clock.advance(TTL_S + 1)
        assert not asked.done()

        await away._parts.lessee.start()
        await away._driving.look_at_owners()
        await pool.clock.advance(1)

        for late in (asked, following.call(NodeId("n0"), 0, call)):
            with pytest.raises(EngineGone):
                await late


@story
async def test_what_is_enlisted_is_driven_by_whoever_adopts(pool: Pool) -> None:
    """Who enlists need not drive; nothing but the store is between the two."""
    async with pool.engine(adopts=False) as front, pool.engine() as back:
        execution = await front.enlist(BUSY, NUMBERS, name="one")
        await pool.clock.advance(1)

        assert (front.driving(), back.driving()) == ([], [execution])
        with pytest.raises(ExecutionExists):
            await front.enlist(BUSY, NUMBERS, name="one")


@story
async def test_what_cannot_be_driven_is_tried_again_later_each_time(pool: Pool) -> None:
    """Others may do better, and the rest of the pool is not held up."""
    async with pool.engine(adopts=False) as front:
        broken = await front.enlist(BUSY, NUMBERS, name="broken")
        sound = await front.enlist(BUSY, NUMBERS, name="sound")
    read, damaged = pool.database.log.read, {broken}

    async def fail(execution: ExecutionId, *, after: int = 0, limit: int | None = None) -> Sequence[ev.Event]:
        if execution in damaged:
            raise ValueError("a page is damaged")
        return await read(execution, after=after, limit=limit)

    pool.database.log.read = fail  # type: ignore[method-assign]  # a fault
    async with pool.engine() as engine:
        await pool.clock.advance(FIRST_PAUSE_S * 16)
        assert engine.driving() == [sound]

        damaged.clear()
        tries = await pool.owners(broken)
        await pool.clock.advance(FIRST_PAUSE_S * 32)

        assert 2 <= tries <= 5
        assert engine.driving() == [sound, broken]


@story
async def test_a_child_that_another_engine_drives_is_waited_for(pool: Pool) -> None:
    """Who waits for an execution hears of its end, wherever it is driven."""
    async with pool.engine() as here, pool.engine() as there:
        execution = await here.launch(asking, {})
        waiting = asyncio.create_task(there.wait(execution))
        await here.signal(execution, "number", SEVEN)

        await pool.clock.advance(11)

        assert (await waiting).phase is ExecutionPhase.SUCCEEDED


@story
async def test_an_attempt_whose_execution_went_elsewhere_is_told_so(pool: Pool) -> None:
    """Its worker may ask the engine that started it, which has nothing more to say."""
    async with pool.engine() as engine:
        attempt = AttemptId(execution=ExecutionId(name="gone"), node=NodeId("n0"), task=BUSY_TASK.id, n=0)

        with pytest.raises(AttemptSuperseded):
            engine._parts.channel(attempt)


@story
async def test_a_launch_does_not_take_the_place_of_what_was_adopted(pool: Pool) -> None:
    """Two may launch under one name at a time; the one that comes later finds that out, and the other goes on."""
    async with pool.engine(adopts=False) as front, pool.engine() as back:
        execution = await front.enlist(BUSY, NUMBERS, name="one")
        await pool.clock.advance(1)
        run = back._driving.runs[execution]
        assert run.state.spec is not None

        with pytest.raises(ExecutionExists):
            await back._driving.begin(execution, BUSY, run.state.spec)

        assert back._driving.runs[execution] is run
        assert back.driving() == [execution]
