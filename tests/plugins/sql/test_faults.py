"""
Writes that fail in the middle: after any of their statements, at the commit, or when its answer is lost.

Every method of every port that writes is here. What failed has left nothing; what PostgreSQL drops is done once all the same.
"""

import asyncio
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import attrs
import psycopg
import pytest

from plait_core.ports.databases import AuditLine, Page
from plait_core.testing._samples import PLAN
from plait_core.testing.databases import SIGNAL
from plait_sql.accounts import SqlAccounts
from plait_sql.cache import SqlCache
from plait_sql.connections import Transaction
from plait_sql.inbox import SqlInbox
from plait_sql.leases import SqlLeases
from plait_sql.links import Link
from plait_sql.log import SqlLog
from plait_sql.registry import SqlRegistry, SqlSchedules
from plait_sql.upkeep import SqlUpkeep
from plait_sql.views import SqlViews
from tests.plugins.sql import meetings as m
from tests.plugins.sql.stepping import Store, result_of

LINE = AuditLine(at_ns=0, principal="ada", action="change", subject="x")
"""Left along with every change that may carry one: after a fault, neither is there."""

WRITES: Mapping[str, tuple[Any, m.Act]] = {
    "SqlLog.append": (m.awaited_key, m.append(attrs.evolve(m.POPULATING, posted=(SIGNAL.key,), audit=LINE), m.BOTH[1])),
    "SqlLog.save_snapshot": (m.two_runs, m.snapshot(2)),
    "SqlLog.put_closure": (m.nothing, m.put_closure),
    "SqlLeases.renew": (m.nothing, m.renew("engine-1")),
    "SqlLeases.forget": (m.dead, m.forget),
    "SqlLeases.release": (m.two_runs, m.release),
    "SqlLeases.expire": (m.two_runs, m.expire),
    "SqlLeases.claim": (m.abandoned, m.claim("engine-2")),
    "SqlLeases.relinquish": (m.two_runs, m.relinquish),
    "SqlInbox.post": (m.two_runs, m.post(audit=LINE)),
    "SqlRegistry.register": (m.nothing, m.register(activate=(PLAN,), audit=LINE)),
    "SqlRegistry.activate": (m.registered, m.activate("v2", audit=LINE)),
    "SqlCache.reserve": (m.two_runs, m.reserve(m.HOLDER)),
    "SqlCache.clear": (m.ended, lambda database: database.cache.clear()),
    "SqlSchedules.fired": (m.registered, m.fire(10)),
    "SqlAccounts.put_project": (m.nothing, m.put_project("A", audit=LINE)),
    "SqlAccounts.put_token": (m.nothing, lambda database: database.accounts.put_token(m.TOKEN, audit=LINE)),
    "SqlAccounts.delete_token": (m.one_token, lambda database: database.accounts.delete_token("t1", audit=LINE)),
    "SqlAccounts.keep_key": (m.nothing, lambda database: database.accounts.keep_key("k", b"1")),
    "SqlAccounts.audit": (m.nothing, m.audit("a")),
    "SqlUpkeep.archive": (m.ended, m.archive(audit=LINE)),
    "SqlUpkeep.delete": (m.ended, m.delete(m.E1, m.E2, audit=LINE)),
    "SqlUpkeep.delete_snapshots": (m.ended, lambda database: database.upkeep.delete_snapshots([m.E1])),
    "SqlUpkeep.delete_closures": (m.old_closure, m.drop_closure(audit=LINE)),
}
PORTS = (SqlLog, SqlLeases, SqlInbox, SqlRegistry, SqlCache, SqlSchedules, SqlAccounts, SqlUpkeep, SqlViews)
EVERY_WRITE = pytest.mark.parametrize("write", WRITES)


class Fault(Exception): ...


class At:
    """Calls *act* after statement number *n* of a write, once."""

    def __init__(self, n: int, act: Callable[[Transaction], None]) -> None:
        self.is_reached = False
        self._n = n
        self._act = act

    def __call__(self, n: int, transaction: Transaction) -> None:
        if n == self._n and not self.is_reached:
            self.is_reached = True
            self._act(transaction)


def fail(transaction: Transaction) -> None:
    transaction.query_one("SELECT 1")  # whatever was sent has been carried out
    raise Fault


def be_cut_off(transaction: Transaction) -> None:
    """Have the server end this very connection."""
    transaction.query_one("SELECT pg_terminate_backend(pg_backend_pid())")


def counts(contents: Mapping[str, Any]) -> dict[str, int]:
    return {table: len(rows) for table, rows in contents.items()}


async def undisturbed(store: Store, write: str) -> tuple[Any, dict[str, int]]:
    """Return what a write returns, and how many rows each table has then."""
    prepare, act = WRITES[write]
    await store.clear()
    await prepare(store.databases()[0], store.clock)
    return await result_of(act, store.databases()[0]), counts(await store.contents())


async def disturbed(store: Store, write: str) -> tuple[Any, dict[str, int]]:
    """The same, with what disturbs already in place."""
    result = await result_of(WRITES[write][1], store.databases()[0])
    store.connections[0].step = None
    return result, counts(await store.contents())


def test_every_write_is_here() -> None:
    """Whatever the ports carry out in a transaction that writes is tried out with faults."""
    writing = {
        f"{port.__name__}.{name}"
        for port in PORTS
        for name, method in vars(port).items()
        if inspect.iscoroutinefunction(method) and not name.startswith("_")
        if any(call in inspect.getsource(method) for call in ("_connection.write(", "self._free("))
    }
    assert writing == WRITES.keys()


@EVERY_WRITE
def test_nothing_is_left_of_a_write_that_fails(store: Store, write: str) -> None:
    """Whichever statement it was, and also between the last one and the commit; the connection goes on as if nothing had been."""

    async def run() -> int:
        prepare, act = WRITES[write]
        expected, n = await undisturbed(store, write), 0
        while True:
            await store.clear()
            await prepare(store.databases()[0], store.clock)
            before = await store.contents()
            fault = store.connections[0].step = At(n + 1, fail)
            try:
                await act(store.databases()[0])
            except Fault:
                n += 1
            store.connections[0].step = None
            if not fault.is_reached:
                return n
            assert await store.contents() == before
            assert await disturbed(store, write) == expected

    assert asyncio.run(run()) >= 1


@pytest.mark.slow
@EVERY_WRITE
def test_a_write_is_done_although_the_server_drops_it(postgres_store: Store, write: str) -> None:
    """A connection that ends before the commit is replaced, and the write done again, from its first statement."""

    async def run() -> int:
        expected, n = await undisturbed(postgres_store, write), 0
        while True:
            await postgres_store.clear()
            await WRITES[write][0](postgres_store.databases()[0], postgres_store.clock)
            end = postgres_store.connections[0].step = At(n + 1, be_cut_off)
            found = await disturbed(postgres_store, write)
            if not end.is_reached:
                return n
            assert found == expected
            n += 1

    assert asyncio.run(run()) >= 1


@pytest.mark.slow
@pytest.mark.parametrize("has_arrived", [True, False], ids=["answer", "question"])
@EVERY_WRITE
def test_a_commit_without_answer_is_not_repeated_on_suspicion(
    postgres_store: Store, write: str, has_arrived: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether COMMIT or its answer got lost, the write is done once, and says what it would have said."""
    send = Link._send
    losses: list[str] = []

    def lose(link: Link, statement: str, parameters: Any = ()) -> Any:
        if statement != "COMMIT" or not losses or losses.pop() != "next":
            return send(link, statement, parameters)
        if has_arrived:
            send(link, statement, parameters)
            link._pipeline.sync()
        link._handle.close()
        raise psycopg.OperationalError("the connection is lost")

    async def run() -> None:
        expected = await undisturbed(postgres_store, write)
        await postgres_store.clear()
        await WRITES[write][0](postgres_store.databases()[0], postgres_store.clock)
        if write == "SqlLeases.claim":
            losses.append("later")  # its first transaction only looks
        losses.append("next")
        losses.reverse()
        assert await disturbed(postgres_store, write) == expected
        assert not losses
        await postgres_store.databases()[0].accounts.audited(Page())

    monkeypatch.setattr(Link, "_send", lose)
    asyncio.run(run())
