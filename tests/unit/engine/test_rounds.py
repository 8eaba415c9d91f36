"""What an engine does beside its executions goes on, whatever fails on the way; and what did not happen is not told."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from plait_core.engine import _run
from plait_core.engine._adopting import FIRST_PAUSE_S
from plait_core.engine._executors import Executors
from plait_core.engine._leases import TTL_S
from plait_core.engine._patience import PATIENCE_S
from plait_core.errors.stores import StoreUnavailable
from plait_core.ir.events import Event
from plait_core.ir.executions import Closure
from plait_core.ir.ids import AttemptId, ExecutionId, NodeId
from plait_core.ir.phases import AttemptPhase, ExecutionPhase
from plait_core.ports.databases import Append, Posted, Snapshot
from plait_core.ports.executors import Lost, Progress, Report
from plait_core.testing.arithmetic import arithmetic_task
from plait_core.testing.mishaps import Process
from plait_core.testing.simulated_executor import SimulatedExecutor
from tests.unit.engine.play import const, node, of, workflow
from tests.unit.engine.pools import BUSY, NUMBERS, SEVEN, Pool, asking, story

ADD = arithmetic_task("add", "add")
AWAY = StoreUnavailable(url="tests", detail="no answer", delay_s=1.0)


def failing(call: Callable[..., Any], failure: Exception, *, times: int, after: bool = False) -> Callable[..., Any]:
    """Have the first *times* that *call* has something to say fail, before or *after* it was carried out."""
    left = times

    async def fail(*args: Any, **kwargs: Any) -> Any:
        nonlocal left
        if left > 0 and not after:
            left -= 1
            raise failure
        answer = await call(*args, **kwargs)
        if left > 0 and answer:
            left -= 1
            raise failure
        return answer

    return fail


@story
async def test_a_claim_whose_answer_was_lost_is_found(pool: Pool) -> None:
    """Nobody else may drive what this engine owns without knowing it."""
    async with pool.engine(adopts=False) as front:
        execution = await front.enlist(BUSY, NUMBERS, name="one")
    leases = pool.database.leases
    leases.claim = failing(leases.claim, AWAY, times=1, after=True)  # type: ignore[method-assign]  # a fault

    async with pool.engine() as engine:
        await pool.clock.advance(5)

        assert engine.driving() == [execution]


@story
async def test_a_claim_by_name_whose_answer_was_lost_is_no_refusal(pool: Pool) -> None:
    """Asking again finds the execution owned, by who asks."""
    async with pool.engine(adopts=False, name="local:here:1") as dying, pool.engine() as heir:
        execution = await dying.launch(BUSY, NUMBERS)
        await dying.stop_renewing()
        await pool.clock.advance(TTL_S)
        leases = pool.database.leases
        leases.claim = failing(leases.claim, AWAY, times=1, after=True)  # type: ignore[method-assign]  # a fault

        resuming = pool.begin(heir.resume(execution))
        await pool.clock.advance(5)
        await resuming

        assert heir.driving() == [execution]


@story
async def test_what_was_put_aside_is_not_taken_for_a_claim_that_got_lost(pool: Pool) -> None:
    """It rests, whatever becomes of claims meanwhile."""
    async with pool.engine(adopts=False) as front:
        await front.enlist(BUSY, NUMBERS, name="broken")
    n_read = 0

    async def fail(*_: object, **__: object) -> Sequence[Event]:
        nonlocal n_read
        n_read += 1
        raise ValueError("a page is damaged")

    pool.database.log.read = fail  # type: ignore[method-assign]  # a fault
    async with pool.engine():
        await pool.clock.advance(7.5 * FIRST_PAUSE_S)  # it is tried for the fourth time, and rests for eight
        leases, before = pool.database.leases, n_read
        leases.claim = failing(leases.claim, AWAY, times=99)  # type: ignore[method-assign]  # a fault
        await pool.clock.advance(5 * FIRST_PAUSE_S)

        assert (before > 1, n_read) == (True, before)


@story
async def test_a_bug_in_one_round_does_not_end_adoption(pool: Pool) -> None:
    """It is told in the log, and the next round comes."""
    async with pool.engine(adopts=False) as front:
        execution = await front.enlist(BUSY, NUMBERS, name="one")
    leases = pool.database.leases
    leases.claim = failing(leases.claim, ValueError("a bug"), times=2)  # type: ignore[method-assign]  # a fault

    async with pool.engine() as engine:
        await pool.clock.advance(5)

        assert engine.driving() == [execution]


@story
async def test_a_message_that_nobody_understands_stops_its_execution_alone(pool: Pool) -> None:
    """A later release may have left it; others hear what is for them."""
    async with pool.engine() as engine:
        puzzled = await engine.launch(BUSY, NUMBERS, name="puzzled")
        asked = await engine.launch(asking, {}, name="asked")
        await pool.database.inbox.post(puzzled, Posted(key="k", kind="of-tomorrow", payload={}))
        await engine.signal(asked, "number", SEVEN)
        await pool.clock.advance(2)

        assert engine.driving() == []
        assert await pool.phase(asked) is ExecutionPhase.SUCCEEDED
        assert [posted.key for _, posted in await pool.database.inbox.pending(engine._services.owner)] == ["k"]


async def commits_fail(pool: Pool) -> Callable[[], None]:
    """Have no append succeed from the time on that what is returned is called."""
    append, is_broken = pool.database.log.append, False

    async def fail(batches: Sequence[Append]) -> Sequence[ExecutionId]:
        if is_broken:
            raise AWAY
        return await append(batches)

    def switch() -> None:
        nonlocal is_broken
        is_broken = not is_broken

    pool.database.log.append = fail  # type: ignore[method-assign]  # a fault
    return switch


@story
async def test_an_end_that_was_not_committed_is_no_end(pool: Pool) -> None:
    """Who drives alone is told of the failure, and goes on from the last commit."""
    switch = await commits_fail(pool)
    async with pool.engine(adopts=False) as engine:
        execution = await engine.launch(asking, {})
        switch()
        await engine.signal(execution, "number", SEVEN)
        await pool.clock.advance(PATIENCE_S + 5)
        with pytest.raises(StoreUnavailable):
            await engine.wait(execution)
        switch()
        assert not (await engine.state(execution)).is_terminal

        await engine.resume(execution)
        await pool.clock.advance(2)

        assert await pool.phase(execution) is ExecutionPhase.SUCCEEDED


@story
async def test_an_end_that_was_not_committed_is_told_to_nobody(pool: Pool) -> None:
    """Who waits in a pool hears of the end that is in the log: here another engine brought it about."""
    switch = await commits_fail(pool)
    async with pool.engine() as engine:
        execution = await engine.launch(asking, {})
        waiting = pool.begin(engine.wait(execution))
        switch()
        await engine.signal(execution, "number", SEVEN)
        await pool.clock.advance(PATIENCE_S + 5)
        assert not waiting.done()
        switch()
        await engine.abort(execution, reason="it takes too long")

        await pool.clock.advance(60)

        assert (await waiting).phase is await pool.phase(execution)


@story
async def test_an_engine_that_does_not_open_leaves_nothing_open(pool: Pool) -> None:
    """The store that it opened is closed again."""
    leases, close, closed = pool.database.leases, pool.database.close, []
    leases.renew = failing(leases.renew, AWAY, times=1)  # type: ignore[method-assign]  # a fault

    async def note() -> None:
        closed.append(True)
        await close()

    pool.database.close = note  # type: ignore[method-assign]  # to see it
    with pytest.raises(StoreUnavailable):
        async with pool.engine():
            pass

    assert closed == [True]


@story
async def test_a_lease_is_renewed_although_a_renewal_failed(pool: Pool) -> None:
    """Whatever the reason: without a lease, others would take what this engine drives."""
    async with pool.engine() as engine:
        execution = await engine.launch(BUSY, NUMBERS)
        leases = pool.database.leases
        leases.renew = failing(leases.renew, ValueError("a bug"), times=1)  # type: ignore[method-assign]  # a fault

        await pool.clock.advance(2 * TTL_S)

        assert await leases.lease_of(execution) is not None


@story
async def test_a_report_that_makes_no_sense_keeps_no_other_from_being_heard(pool: Pool) -> None:
    """A worker that lies about its attempt harms itself alone."""
    teller, heard = SimulatedExecutor(Process(pool.world)), list[AttemptId]()
    good, bad = (
        AttemptId(execution=ExecutionId(name=name), node=NodeId("n0"), task=BUSY.main, n=0) for name in ("good", "bad")
    )

    def hear(report: Report) -> None:
        if report.attempt == bad:
            raise KeyError(report.attempt)
        heard.append(report.attempt)

    executors = Executors({"cluster": lambda: teller}, hear)
    assert executors["cluster"] is teller
    await pool.clock.advance(0)
    for listener in pool.world.listeners:
        for attempt in (bad, good):
            listener.put_nowait(Lost(attempt=attempt, reason="it says"))
    await pool.clock.advance(1)
    await executors.close()

    assert heard == [good]


@story
async def test_a_report_of_a_node_that_only_a_later_owner_knows_means_nothing_here(pool: Pool) -> None:
    """An engine that was away hears it, too, before it learns that it has lost the execution."""
    async with pool.engine() as engine:
        execution = await engine.launch(BUSY, NUMBERS)
        await pool.clock.advance(1)
        run, before = engine._driving.runs[execution], await pool.database.log.latest(execution)

        attempt = AttemptId(execution=execution, node=NodeId("later"), task=BUSY.main, n=0)
        run.hear(Progress(attempt=attempt, phase=AttemptPhase.RUNNING))
        run.hear(Lost(attempt=attempt, reason="it says"))
        await pool.clock.advance(1)

        assert await pool.database.log.latest(execution) == before


def test_snapshots_become_rarer_as_a_log_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that all of them together cost no more than the log itself."""
    monkeypatch.setattr(_run, "SNAPSHOT_AFTER", 4)

    @story
    async def told(pool: Pool) -> None:
        log, n_taken = pool.database.log, 0
        save = log.save_snapshot

        async def count(execution: ExecutionId, snapshot: Snapshot) -> None:
            nonlocal n_taken
            n_taken += 1
            await save(execution, snapshot)

        log.save_snapshot = count  # type: ignore[method-assign]  # to count them
        chain = [node(f"n{n}", ADD, a=of(f"n{n - 1}") if n else const(1), b=const(1)) for n in range(40)]
        graph = workflow(*chain)
        async with pool.engine() as engine:
            execution = await engine.launch(Closure(main=graph.id, tasks=(ADD,), workflows=(graph,)), {})
            await pool.clock.advance(3600)

        latest = await log.latest(execution)
        assert latest is not None
        assert latest.seq > 80
        assert 3 <= n_taken <= 6

    told()
