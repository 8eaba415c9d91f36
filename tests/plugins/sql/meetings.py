"""
What two connections may want to do at one moment, and what must be true afterwards whatever the order of their statements.

A table for ``test_interleaving``. Results are what the calls returned, or the ``PlaitError`` that they raised.
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import attrs

from plait_core.errors.stores import ExecutionUnfinished, ExecutionUnknown, VersionConflict
from plait_core.ir.ids import EntityId, ExecutionId, NodeId
from plait_core.ir.phases import AttemptPhase, ExecutionPhase
from plait_core.ports.databases import (
    RELEASE,
    Append,
    AuditLine,
    Database,
    Page,
    Posted,
    Project,
    Reservation,
    Snapshot,
    Token,
)
from plait_core.ports.databases.leases import FORGOTTEN_AFTER_S
from plait_core.testing._samples import (
    NOON_NS,
    PLAN,
    POOL,
    TASK,
    WORKFLOW,
    attempt_id,
    attempt_row,
    cache_entry,
    cache_key,
    closure,
    execution_id,
    execution_row,
    node_row,
    started,
    turn,
)
from plait_core.testing.databases import SIGNAL, ShiftedClock

Act = Callable[[Database], Awaitable[Any]]
E1, E2 = execution_id("e1"), execution_id("e2")
OTHER_PLAN = attrs.evolve(PLAN, version="v2")
CLOSURE = closure()
KEY = cache_key()
HOLDER, RIVAL = Reservation(key=KEY, attempt=attempt_id(E1)), Reservation(key=KEY, attempt=attempt_id(E2))
TOKEN = Token(id="t1", principal="ada", secret_hash="5e88", roles={"*": "admin"}, created_at_ns=NOON_NS)


@attrs.frozen(kw_only=True)
class Meeting:
    """Two calls on a prepared store, and a check of what came of them."""

    name: str
    prepare: Callable[[Database, ShiftedClock], Awaitable[None]]
    one: Act
    other: Act
    check: Callable[[Database, Any, Any], Awaitable[None]]

    def __str__(self) -> str:
        return self.name


# ── acts ─────────────────────────────────────────────────────────────────────


def append(*batches: Append) -> Act:
    return lambda database: database.log.append(batches)


def claim(owner: str, *, limit: int = 10, execution: ExecutionId | None = None) -> Act:
    return lambda database: database.leases.claim(owner, pool=POOL, limit=limit, execution=execution)


def renew(owner: str) -> Act:
    return lambda database: database.leases.renew(owner, pool=POOL, ttl_s=60)


def post(posted: Posted = SIGNAL, **rest: Any) -> Act:
    return lambda database: database.inbox.post(E1, posted, **rest)


def delete(*executions: ExecutionId, **rest: Any) -> Act:
    return lambda database: database.upkeep.delete(executions, **rest)


def relinquish(database: Database) -> Awaitable[None]:
    return database.leases.relinquish("engine-1", E1, wake_at_ns=None)


def expire(database: Database) -> Awaitable[None]:
    return database.leases.expire("engine-1")


def forget(database: Database) -> Awaitable[int]:
    return database.leases.forget()


def release(database: Database) -> Awaitable[None]:
    return database.leases.release("engine-1")


def archive(**rest: Any) -> Act:
    return lambda database: database.upkeep.archive(E1, is_archived=True, **rest)


def reserve(reservation: Reservation) -> Act:
    return lambda database: database.cache.reserve(reservation)


def register(*, activate: Sequence[EntityId] = (), audit: AuditLine | None = None, **changes: Any) -> Act:
    offered = closure(**changes)
    return lambda database: database.registry.register(offered, at_ns=NOON_NS, activate=activate, audit=audit)


def activate(version: str, *, is_active: bool = True, **rest: Any) -> Act:
    plan = attrs.evolve(PLAN, version=version)
    return lambda database: database.registry.activate(plan, is_active=is_active, at_ns=NOON_NS, **rest)


def snapshot(seq: int) -> Act:
    return lambda database: database.log.save_snapshot(E1, Snapshot(seq=seq, version=1, state=b"s"))


# ── beginnings ───────────────────────────────────────────────────────────────


async def nothing(database: Database, clock: ShiftedClock) -> None:
    """Leave the store empty."""


async def two_runs(database: Database, clock: ShiftedClock) -> None:
    """Two executions of engine-1, which lives."""
    await renew("engine-1")(database)
    await started(database, "e1")
    await started(database, "e2")


async def abandoned(database: Database, clock: ShiftedClock) -> None:
    """Two executions of engine-1, whose lease has expired, and two engines that live."""
    await two_runs(database, clock)
    clock.pass_s(100)
    await renew("engine-2")(database)
    await renew("engine-3")(database)


async def dead(database: Database, clock: ShiftedClock) -> None:
    """An engine that is long gone and left nothing."""
    await renew("engine-1")(database)
    clock.pass_s(FORGOTTEN_AFTER_S + 100)


async def long_abandoned(database: Database, clock: ShiftedClock) -> None:
    """Two executions of engine-1, whose lease ran out long ago, and an engine that lives."""
    await two_runs(database, clock)
    await dead(database, clock)
    await renew("engine-2")(database)


async def protected(database: Database, clock: ShiftedClock) -> None:
    """Two executions of engine-1, which has a lease, and another engine that lives."""
    await two_runs(database, clock)
    await renew("engine-2")(database)


async def with_mail(database: Database, clock: ShiftedClock) -> None:
    """The same as ``two_runs``, with a message for the first."""
    await two_runs(database, clock)
    await post()(database)


async def ended(database: Database, clock: ShiftedClock) -> None:
    """One execution that has ended and left something everywhere."""
    await with_mail(database, clock)
    await snapshot(2)(database)
    await reserve(HOLDER)(database)
    await append(ENDING)(database)


async def held_key(database: Database, clock: ShiftedClock) -> None:
    """A key that the first of two executions is to populate."""
    await two_runs(database, clock)
    await reserve(HOLDER)(database)


async def awaited_key(database: Database, clock: ShiftedClock) -> None:
    """A key that the first of two executions is to populate, which has a message, and for which the second waits."""
    await with_mail(database, clock)
    await reserve(HOLDER)(database)
    await reserve(RIVAL)(database)


async def registered(database: Database, clock: ShiftedClock) -> None:
    """Two versions of a launch plan, the first of which is active."""
    await register()(database)
    await register(version="v2")(database)
    await activate("v1")(database)


async def old_closure(database: Database, clock: ShiftedClock) -> None:
    """A closure that was put long ago."""
    await database.log.put_closure("d", CLOSURE)
    clock.pass_s(1000)


async def one_token(database: Database, clock: ShiftedClock) -> None:
    """A token."""
    await database.accounts.put_token(TOKEN)


TURN = turn(E1, 3, nodes=(node_row(E1, "n0"),), attempts=(attempt_row(attempt_id(E1)),))
ENDING = turn(E1, 3, row=execution_row(E1, phase=ExecutionPhase.FAILED, ended_at_ns=NOON_NS + 9))
DRAINING = attrs.evolve(TURN, posted=(SIGNAL.key,))
RELEASING = turn(E1, 3, released=((NodeId("n0"), None),))
POPULATING = attrs.evolve(
    TURN,
    attempts=(attempt_row(attempt_id(E1), phase=AttemptPhase.SUCCEEDED),),
    cache=(cache_entry(KEY),),
)
BOTH = turn(E1, 3), turn(E2, 3)


# ── what must hold ───────────────────────────────────────────────────────────


async def seqs(database: Database, execution: ExecutionId = E1) -> list[int]:
    """Return the numbers of an execution's events, which have no gap and no double."""
    found = [event.seq for event in await database.log.read(execution)]
    assert found == list(range(1, len(found) + 1))
    return found


async def goes_on(database: Database, execution: ExecutionId, owner: str) -> None:
    """Whoever owns it is heard, and everybody else is refused."""
    next_seq = len(await seqs(database, execution)) + 1
    row = await database.views.execution(execution)
    assert row is not None
    for engine in ("engine-1", "engine-2", "engine-3"):
        refused = await database.log.append([turn(execution, next_seq, owner=engine, row=row)])
        assert bool(refused) == (engine != owner), engine
        next_seq += 0 if refused else 2


async def one_is_refused(database: Database, one: Any, other: Any) -> None:
    assert sorted(map(len, (one, other))) == [0, 1]
    assert len(await seqs(database)) == 4
    assert len(await database.views.nodes(E1)) == 1


async def one_launch(database: Database, one: Any, other: Any) -> None:
    assert sorted(map(len, (one, other))) == [0, 1]
    assert len(await seqs(database)) == 2


async def each_turn_once(database: Database, one: Any, other: Any) -> None:
    assert sorted([*one, *other], key=str) == [E1, E2]
    assert len(await seqs(database, E1)) == len(await seqs(database, E2)) == 4


async def taken_or_continued(database: Database, refused: Any, claimed: Any) -> None:
    """An append that was refused found the execution taken; one that was heard is counted by whoever claims."""
    assert {id_ for id_, _ in claimed} >= {E2}
    of_e1 = [seq for id_, seq in claimed if id_ == E1]
    assert of_e1 in ([], [5]) if not refused else of_e1 == [3]
    assert len(await seqs(database)) == (3 if refused else 4 + len(of_e1))
    await goes_on(database, E1, "engine-2" if of_e1 else "engine-1")


async def taken_once(database: Database, one: Any, other: Any) -> None:
    """No two engines are given the same; what neither got may be claimed next."""
    owners = {id_: owner for owner, claimed in (("engine-2", one), ("engine-3", other)) for id_, _ in claimed}
    assert len(owners) == len(one) + len(other)
    owners |= {id_: "engine-2" for id_, _ in await claim("engine-2")(database)}
    assert set(owners) == {E1, E2}
    for execution, owner in owners.items():
        assert len(await seqs(database, execution)) == 3
        await goes_on(database, execution, owner)


async def named_goes_to_one(database: Database, one: Any, other: Any) -> None:
    assert len(one) + len(other) == 1
    await goes_on(database, E1, "engine-2" if one else "engine-3")


async def theft_is_told_once(database: Database, renewed: Any, claimed: Any) -> None:
    told = [renewed, await renew("engine-1")(database), await renew("engine-1")(database)]
    assert told.count(False) == (1 if claimed else 0)
    await goes_on(database, E1, "engine-2" if claimed else "engine-1")


async def lives(database: Database, one: Any, other: Any) -> None:
    assert "engine-1" in {lease.owner for lease in await database.leases.living()}


async def taken_and_told_or_forgotten(database: Database, n_forgotten: Any, claimed: Any) -> None:
    """Whatever was forgotten is nobody's any more, and the loser hears of its loss unless it was."""
    assert {id_ for id_, _ in claimed} == {E1, E2}
    assert await renew("engine-1")(database) == bool(n_forgotten)
    await goes_on(database, E1, "engine-2")


async def both_live(database: Database, one: Any, other: Any) -> None:
    assert (one, other) == (True, True)
    assert [lease.owner for lease in await database.leases.living()] == ["engine-2", "engine-3"]
    assert await forget(database) == 0


async def left_or_taken(database: Database, _: Any, claimed: Any) -> None:
    """What was left may be claimed, now or then."""
    assert {id_ for id_, _ in claimed} | {id_ for id_, _ in await claim("engine-2")(database)} >= {E1}
    await goes_on(database, E1, "engine-2")


async def left_or_continued(database: Database, _: Any, refused: Any) -> None:
    assert len(await seqs(database)) == (2 if refused else 4)
    await renew("engine-2")(database)
    assert [id_ for id_, _ in await claim("engine-2", execution=E1)(database)] == [E1]
    await goes_on(database, E1, "engine-2")


async def mail_is_consumed(database: Database, _: Any, refused: Any) -> None:
    assert list(refused) == []
    assert list(await database.inbox.pending("engine-1")) == []


async def new_mail_stays(database: Database, _: Any, refused: Any) -> None:
    assert list(refused) == []
    assert [posted.key for _, posted in await database.inbox.pending("engine-1")] == ["s2"]


async def one_message(database: Database, one: Any, other: Any) -> None:
    assert (one, other) == (None, None)
    assert list(await database.inbox.pending("engine-1")) == [(E1, SIGNAL)]


async def mail_reaches_the_owner(database: Database, _: Any, claimed: Any) -> None:
    claimed = [*claimed, *await claim("engine-2")(database)]
    assert E1 in {id_ for id_, _ in claimed}
    assert list(await database.inbox.pending("engine-2")) == [(E1, SIGNAL)]


async def one_holder(database: Database, one: Any, other: Any) -> None:
    assert one == other
    assert await reserve(HOLDER)(database) == one == await reserve(RIVAL)(database)


async def populated(database: Database, refused: Any, held: Any) -> None:
    await free_or_told(database, refused, held)
    assert await database.cache.get(KEY) == cache_entry(KEY)


async def free_or_told(database: Database, refused: Any, held: Any) -> None:
    """Who came too early for the key hears that it is free."""
    assert list(refused) == []
    assert held in (HOLDER, RIVAL)
    told = [(execution, posted.kind) for execution, posted in await database.inbox.pending("engine-1")]
    assert told == ([(E2, RELEASE)] if held == HOLDER else [])
    assert await reserve(RIVAL)(database) == RIVAL


async def populated_or_cleared(database: Database, refused: Any, n: Any) -> None:
    assert list(refused) == []
    assert (await database.cache.get(KEY) is None) == (n == 1)


async def both_registered(database: Database, one: Any, other: Any) -> None:
    """Every id is new to one of the two."""
    assert sorted([*one, *other], key=str) == sorted([TASK, WORKFLOW, PLAN], key=str)
    assert await database.registry.closure(PLAN) == CLOSURE


async def one_conflicts(database: Database, one: Any, other: Any) -> None:
    assert [isinstance(result, VersionConflict) for result in (one, other)].count(True) == 1
    won = closure() if isinstance(other, VersionConflict) else closure(node_inputs="b", every="day")
    assert await database.registry.closure(PLAN) == won


async def one_version_is_active(database: Database, one: Any, other: Any) -> None:
    assert (one, other) == (None, None)
    active = await database.registry.active(project="default", domain="development", name=PLAN.name)
    assert active in (PLAN, OTHER_PLAN)
    assert len(await database.schedules.states()) == 1


async def second_or_none_is_active(database: Database, one: Any, other: Any) -> None:
    active = await database.registry.active(project="default", domain="development", name=PLAN.name)
    assert active in (None, OTHER_PLAN)


async def never_back(database: Database, one: Any, other: Any) -> None:
    (state,) = await database.schedules.states()
    assert state.fired_until_ns == NOON_NS + 20


async def one_key(database: Database, one: Any, other: Any) -> None:
    assert one == other
    assert await database.accounts.keep_key("k", b"late") == one


async def one_project(database: Database, one: Any, other: Any) -> None:
    (project,) = await database.accounts.projects()
    assert project.name in ("A", "B")


async def a_token_or_none(database: Database, one: Any, other: Any) -> None:
    assert list(await database.accounts.tokens()) in ([], [TOKEN])


async def two_lines(database: Database, one: Any, other: Any) -> None:
    lines, _ = await database.accounts.audited(Page())
    assert sorted(line.action for line in lines) == ["a", "b"]


async def archived_if_over(database: Database, refused: Any, archived: Any) -> None:
    assert list(refused) == []
    row = await database.views.execution(E1)
    assert row is not None
    assert row.phase is ExecutionPhase.FAILED
    assert row.is_archived != isinstance(archived, ExecutionUnfinished)


async def deleted_if_over(database: Database, refused: Any, deleted: Any) -> None:
    assert list(refused) == []
    assert list(deleted) in ([], [E1])
    assert len(await seqs(database)) == (0 if deleted else 4)


async def gone(database: Database) -> None:
    assert await database.views.execution(E1) is None
    assert await started(database, "e1") == E1, "nothing is left in the way of a namesake"
    assert list(await database.inbox.pending("engine-1")) == []
    assert await database.log.load_snapshot(E1) is None


async def deleted_for_all(database: Database, deleted: Any, done: Any) -> None:
    """It is gone; who came too late was told that it is unknown."""
    assert list(deleted) == [E1]
    assert done is None or isinstance(done, ExecutionUnknown)
    await gone(database)


async def deleted_or_refused(database: Database, deleted: Any, refused: Any) -> None:
    assert list(deleted) == [E1]
    assert list(refused) in ([], [E1])
    await gone(database)


async def deleted_once(database: Database, one: Any, other: Any) -> None:
    assert [*one, *other] == [E1]
    await gone(database)


async def newest_is_any(database: Database, one: Any, other: Any) -> None:
    kept = await database.log.load_snapshot(E1)
    assert kept is not None
    assert kept.seq in (2, 4)


async def closure_is_there(database: Database, one: Any, other: Any) -> None:
    assert await database.log.get_closure("d") == CLOSURE


def audit(action: str) -> Act:
    return lambda database: database.accounts.audit(
        AuditLine(at_ns=NOON_NS, principal="ada", action=action, subject="x")
    )


def put_project(name: str, **rest: Any) -> Act:
    return lambda database: database.accounts.put_project(Project(id="p", name=name), **rest)


def fire(until: int) -> Act:
    return lambda database: database.schedules.fired(PLAN, until_ns=NOON_NS + until)


def put_closure(database: Database) -> Awaitable[None]:
    return database.log.put_closure("d", CLOSURE)


def drop_closure(**rest: Any) -> Act:
    return lambda database: database.upkeep.delete_closures(["d"], put_before_ns=time.time_ns() + 900 * 10**9, **rest)


def _meeting(name: str, prepare: Any, one: Act, other: Act, check: Any) -> Meeting:
    return Meeting(name=name, prepare=prepare, one=one, other=other, check=check)


MEETINGS: Sequence[Meeting] = (
    _meeting("two turns of one number", two_runs, append(TURN), append(TURN), one_is_refused),
    _meeting("two launches of one name", nothing, append(turn(E1)), append(turn(E1)), one_launch),
    _meeting("turns of two executions in two orders", two_runs, append(*BOTH), append(*reversed(BOTH)), each_turn_once),
    _meeting("a turn and a takeover", abandoned, append(TURN), claim("engine-2"), taken_or_continued),
    _meeting("two takeovers", abandoned, claim("engine-2"), claim("engine-3"), taken_once),
    _meeting(
        "two takeovers of one each", abandoned, claim("engine-2", limit=1), claim("engine-3", limit=1), taken_once
    ),
    _meeting(
        "two takeovers by name",
        abandoned,
        claim("engine-2", execution=E1),
        claim("engine-3", execution=E1),
        named_goes_to_one,
    ),
    _meeting("a renewal and a takeover", abandoned, renew("engine-1"), claim("engine-2"), theft_is_told_once),
    _meeting("leaving and a takeover", abandoned, relinquish, claim("engine-2"), left_or_taken),
    _meeting("leaving and a takeover by name", abandoned, relinquish, claim("engine-2", execution=E1), left_or_taken),
    _meeting("leaving and a turn", two_runs, relinquish, append(turn(E1, 3)), left_or_continued),
    _meeting("a release and a takeover", abandoned, release, claim("engine-2"), left_or_taken),
    _meeting("an ended lease and a takeover", protected, expire, claim("engine-2", execution=E1), left_or_taken),
    _meeting("two ends of a lease", protected, expire, expire, lambda database, *_: left_or_taken(database, None, [])),
    _meeting("a renewal and what forgets the dead", dead, renew("engine-1"), forget, lives),
    _meeting(
        "a takeover and what forgets the dead", long_abandoned, forget, claim("engine-2"), taken_and_told_or_forgotten
    ),
    _meeting("two that begin and forget the dead", dead, renew("engine-2"), renew("engine-3"), both_live),
    _meeting("a release and a renewal", two_runs, renew("engine-1"), release, lambda database, *_: seqs(database)),
    _meeting("a message again and its consumption", with_mail, post(), append(DRAINING), mail_is_consumed),
    _meeting(
        "another message and a consumption",
        with_mail,
        post(attrs.evolve(SIGNAL, key="s2")),
        append(DRAINING),
        new_mail_stays,
    ),
    _meeting("one message twice", two_runs, post(), post(), one_message),
    _meeting("a message and a takeover", abandoned, post(), claim("engine-2"), mail_reaches_the_owner),
    _meeting("two reservations", two_runs, reserve(HOLDER), reserve(RIVAL), one_holder),
    _meeting("a population and a reservation", held_key, append(POPULATING), reserve(RIVAL), populated),
    _meeting("a release of a key and a reservation", held_key, append(RELEASING), reserve(RIVAL), free_or_told),
    _meeting(
        "a population and a clearance",
        held_key,
        append(POPULATING),
        lambda database: database.cache.clear(task=KEY.task),
        populated_or_cleared,
    ),
    _meeting("equal registrations", nothing, register(), register(), both_registered),
    _meeting("different registrations", nothing, register(), register(node_inputs="b", every="day"), one_conflicts),
    _meeting("two activations", registered, activate("v1"), activate("v2"), one_version_is_active),
    _meeting(
        "an activation and a deactivation",
        registered,
        activate("v2"),
        activate("v1", is_active=False),
        second_or_none_is_active,
    ),
    _meeting("two ticks", registered, fire(10), fire(20), never_back),
    _meeting(
        "two keys of one name",
        nothing,
        lambda database: database.accounts.keep_key("k", b"1"),
        lambda database: database.accounts.keep_key("k", b"2"),
        one_key,
    ),
    _meeting("two projects of one id", nothing, put_project("A"), put_project("B"), one_project),
    _meeting(
        "a token kept and forgotten",
        nothing,
        lambda database: database.accounts.put_token(TOKEN),
        lambda database: database.accounts.delete_token("t1"),
        a_token_or_none,
    ),
    _meeting("two lines of audit", nothing, audit("a"), audit("b"), two_lines),
    _meeting("an end and an archival", two_runs, append(ENDING), archive(), archived_if_over),
    _meeting("an end and a deletion", two_runs, append(ENDING), delete(E1), deleted_if_over),
    _meeting("a deletion and a message", ended, delete(E1), post(attrs.evolve(SIGNAL, key="s2")), deleted_for_all),
    _meeting("a deletion and a snapshot", ended, delete(E1), snapshot(4), deleted_for_all),
    _meeting("a deletion and an archival", ended, delete(E1), archive(), deleted_for_all),
    _meeting(
        "a deletion and a late turn",
        ended,
        delete(E1),
        append(attrs.evolve(ENDING, first_seq=5)),
        deleted_or_refused,
    ),
    _meeting("two deletions", ended, delete(E1, E2), delete(E2, E1), deleted_once),
    _meeting("two snapshots", two_runs, snapshot(2), snapshot(4), newest_is_any),
    _meeting("two puts of a closure", nothing, put_closure, put_closure, closure_is_there),
    _meeting(
        "a closure put again and deleted",
        old_closure,
        put_closure,
        drop_closure(),
        closure_is_there,
    ),
)
"""Every kind of write meets those that write the same rows."""
