"""
A connection whose writes stop where a test wants them to: after each of their statements, the last of which is followed by the commit.

Used by the tests of what two writers do to each other, and of what is left of one that fails.
"""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from plait_core.errors import PlaitError
from plait_core.ports.databases import Database
from plait_core.testing.databases import ShiftedClock
from plait_sql.connections import Connection, Durability, Row, Transaction, Work
from plait_sql.database import SqlDatabase
from plait_sql.migrations import migrate
from plait_sql.postgres import PostgresConnection
from plait_sql.settings import SqlSettings
from plait_sql.sqlite import SqliteConnection
from tests.postgres import Cluster

T = TypeVar("T")
Step = Callable[[int, Transaction], None]
"""Told the number of the statement that was carried out, from 1, and the transaction it belongs to."""

PATIENCE_S = 120.0

TABLES = (
    *("events", "nodes", "attempts", "snapshots", "inbox", "reservations", "waiters", "executions", "closures"),
    *("leases", "cache", "activations", "templates", "projects", "tokens", "audit", "keys"),
)
"""Every table but that of the migrations; those that refer to others come first."""


class SteppedConnection:
    """``Connection`` around another one; *step* is called within its writes."""

    def __init__(self, connection: Connection) -> None:
        self.inner = connection
        self.url = connection.url
        self.words: Mapping[str, str] = connection.words
        self.step: Step | None = None
        self.read, self.glance = connection.read, connection.glance
        self.has_table, self.listen = connection.has_table, connection.listen
        self.open, self.close = connection.open, connection.close

    async def write(self, work: Work[T], *, is_brief: bool = False) -> T:
        step = self.step
        if step is None:
            return await self.inner.write(work, is_brief=is_brief)
        return await self.inner.write(lambda transaction: work(_Stepped(transaction, step)))


class _Stepped:
    def __init__(self, transaction: Transaction, step: Step) -> None:
        self._transaction = transaction
        self._step = step
        self._n = 0
        self.now_ns, self.announce = transaction.now_ns, transaction.announce

    def _done(self, result: T) -> T:
        self._n += 1
        self._step(self._n, self._transaction)
        return result

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> int:
        return self._done(self._transaction.execute(statement, parameters))

    def execute_many(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        self._transaction.execute_many(statement, rows)
        self._done(None)

    def query(self, statement: str, parameters: Sequence[Any] = ()) -> list[Row]:
        return self._done(self._transaction.query(statement, parameters))

    def query_one(self, statement: str, parameters: Sequence[Any] = ()) -> Row | None:
        return self._done(self._transaction.query_one(statement, parameters))

    def lock(self, subject: str) -> None:
        self._transaction.lock(subject)
        self._done(None)


class Pause:
    """Stops one write after its statement number *at*, once, until it may go on."""

    def __init__(self, at: int) -> None:
        self.is_reached = False
        self._at = at
        self._may_go_on = threading.Event()
        self._reached = asyncio.get_running_loop().create_future()

    def __call__(self, n: int, transaction: Transaction) -> None:
        if n == self._at and not self.is_reached:
            transaction.query_one("SELECT 1")  # whatever was sent has been carried out
            self.is_reached = True
            self._reached.get_loop().call_soon_threadsafe(self._reached.set_result, None)
            assert self._may_go_on.wait(PATIENCE_S)

    async def reached(self, write: "asyncio.Future[Any]") -> None:
        """Return when *write* has come so far, or is done."""
        await asyncio.wait({write, self._reached}, return_when=asyncio.FIRST_COMPLETED)

    def go_on(self) -> None:
        self._may_go_on.set()


class Store:
    """A database with two connections of its own, on either server, and what it takes to watch them."""

    def __init__(self, one: Connection, other: Connection, clock: ShiftedClock, *, is_postgres: bool) -> None:
        self.connections = SteppedConnection(one), SteppedConnection(other)
        self.clock = clock
        self.is_postgres = is_postgres

    async def open(self) -> None:
        """Connect, and make the schema."""
        for connection in self.connections:
            await connection.open()
            await migrate(connection)

    async def close(self) -> None:
        """Disconnect."""
        for connection in self.connections:
            await connection.close()

    def databases(self) -> tuple[SqlDatabase, SqlDatabase]:
        """Make two databases that remember nothing of what was written before."""
        one, other = (SqlDatabase(connection) for connection in self.connections)
        return one, other

    async def settled(self, task: asyncio.Task[Any]) -> None:
        """Return when *task* is done, or waits for a lock that another connection holds."""
        if not self.is_postgres:
            await asyncio.wait({task}, timeout=0.01)  # SQLite was asked within, and the task sleeps if it was locked
            return
        while not task.done() and not await self._has_waiters():  # noqa: ASYNC110  # the server tells nobody of locks
            await asyncio.sleep(0.001)

    async def _has_waiters(self) -> bool:
        rows = await self.connections[1].inner.read(
            lambda transaction: transaction.query(
                "SELECT 1 FROM pg_locks WHERE NOT granted AND pid IN "
                "(SELECT pid FROM pg_stat_activity WHERE datname = current_database())"
            )
        )
        return bool(rows)

    async def contents(self) -> dict[str, list[Row]]:
        """Return all rows of all tables, sorted."""

        def look(transaction: Transaction) -> dict[str, list[Row]]:
            return {table: sorted(transaction.query(f"SELECT * FROM {table}"), key=repr) for table in TABLES}

        return await self.connections[0].inner.read(look)

    async def clear(self) -> None:
        """Delete all rows of all tables, and go back to the present."""

        def wipe(transaction: Transaction) -> None:
            for table in TABLES:
                transaction.execute(f"DELETE FROM {table}")

        self.clock.pass_s((time.time_ns() - self.clock.now_ns()) / 1e9)
        for connection in self.connections:
            connection.step = None
        await self.connections[0].write(wipe)


async def result_of(act: Callable[[Database], Awaitable[Any]], database: Database) -> Any:
    """Return what a call returned, or the error that it raised."""
    try:
        return await act(database)
    except PlaitError as error:
        return error


def sqlite_store_in(directory: Path) -> Store:
    """Make a store on a file in *directory*."""
    clock, path = ShiftedClock(), str(directory / "plait.db")
    durabilities: tuple[Durability, Durability] = ("full", "normal")  # the first one in a thread, to be stopped there
    one, other = (
        SqliteConnection(path, durability=each, lock_timeout_s=PATIENCE_S, now_ns=clock.now_ns) for each in durabilities
    )
    return Store(one, other, clock, is_postgres=False)


def postgres_store_of(cluster: Cluster) -> Store:
    """Make a store on a new database of *cluster*."""
    clock, url, settings = ShiftedClock(), cluster.url(uuid4().hex), SqlSettings(lock_timeout_s=PATIENCE_S)
    one, other = (
        PostgresConnection(url, durability="normal", settings=settings, now_ns=clock.now_ns) for _ in range(2)
    )
    return Store(one, other, clock, is_postgres=True)
