"""
PostgreSQL that refuses, is away, comes back or says that something happened; and what errors say of it.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from psycopg.conninfo import conninfo_to_dict

from plait_core.errors import PlaitError
from plait_core.errors.stores import StoreCorrupt, StoreReadOnly, StoreRefused, StoreUnavailable
from plait_core.ports.databases import NOBODY
from plait_core.testing._samples import POOL, execution_id, started, turn
from plait_core.testing.databases import LONG_S, SIGNAL
from plait_sql.connections import Durability
from plait_sql.database import SqlDatabase, open_postgresql
from plait_sql.links import _conninfo
from plait_sql.postgres_errors import translate
from plait_sql.settings import SqlSettings
from tests.postgres import Cluster

Act = Callable[[SqlDatabase], Awaitable[Any]]
AT_ONCE_S = LONG_S / 2
"""Sooner than anybody who looks every ``LONG_S``."""


@asynccontextmanager
async def opened(
    url: str, durability: Durability = "normal", lock_timeout_s: float = 60.0, n_connections: int = 4
) -> AsyncIterator[SqlDatabase]:
    settings = SqlSettings(lock_timeout_s=lock_timeout_s, n_connections=n_connections)
    database = open_postgresql(url, settings, durability)
    await database.open()
    try:
        yield database
    finally:
        await database.close()


@pytest.fixture
def url(postgres: Cluster) -> str:
    return postgres.url(uuid4().hex)


def refusal(url: str) -> PlaitError:
    """Return the error that comes of opening *url*."""

    async def run() -> None:
        async with opened(url):
            raise AssertionError("it opened")

    with pytest.raises(PlaitError) as caught:
        asyncio.run(run())
    return caught.value


# ── refusals ─────────────────────────────────────────────────────────────────


def test_what_the_server_refuses_is_for_people_to_mend(postgres: Cluster) -> None:
    """A database or a user that is not there, and what is no URL at all."""
    for wrong in (f"postgresql://plait@/nowhere?host={postgres.home}", f"postgresql://who@/plait?host={postgres.home}"):
        assert isinstance(refusal(wrong), StoreRefused)
    assert isinstance(refusal("postgresql://ada:s3cret@/plait?port=x"), StoreRefused | StoreUnavailable)


def test_a_server_that_is_away_may_come_back() -> None:
    """That is no fault of the settings, and says so; the password is never shown."""
    error = refusal("postgresql://ada:s3cret@127.0.0.1:1/plait?connect_timeout=1&sslpassword=s3cret")

    assert isinstance(error, StoreUnavailable)
    assert "s3cret" not in f"{error} {error.__cause__}"
    assert "postgresql://ada@127.0.0.1:1/plait" in error.problem


def test_too_many_connections_name_the_setting(postgres: Cluster, url: str) -> None:
    """The server's limit and the plugin's setting are both named."""
    database = url.partition("@/")[2].partition("?")[0]
    with postgres.connect("postgres") as connection:
        connection.execute("CREATE ROLE guest LOGIN")
        connection.execute(f'ALTER DATABASE "{database}" CONNECTION LIMIT 0')
    error = refusal(url.replace("plait@", "guest@"))

    assert isinstance(error, StoreUnavailable)
    assert "n_connections" in error.remedy


@pytest.mark.parametrize(
    ("sqlstate", "kind"),
    [
        ("53100", StoreUnavailable),
        ("40001", StoreUnavailable),
        ("25P04", StoreUnavailable),
        ("57P01", StoreUnavailable),
        ("55P03", StoreUnavailable),
        ("25006", StoreReadOnly),
        ("42501", StoreReadOnly),
        ("28P01", StoreRefused),
        ("3D000", StoreRefused),
        ("XX001", StoreCorrupt),
        ("42601", type(None)),
    ],
)
def test_codes_of_the_server_are_errors_of_ours(sqlstate: str, kind: type) -> None:
    """A code counts before its class does; what only a bug can cause is left as it is."""
    assert type(translate(sqlstate, "detail", url="postgresql://db")) is kind


def test_a_host_that_is_gone_without_a_word_is_missed() -> None:
    """Nobody who waits for its answer would hear otherwise; whoever knows the network better says so in the URL."""
    plain = conninfo_to_dict(_conninfo("postgresql://ada@db/plait"))
    told = conninfo_to_dict(_conninfo("postgresql://ada@db/plait?keepalives_idle=60&tcp_user_timeout=5000"))

    assert [plain[f"keepalives_{which}"] for which in ("idle", "interval", "count")] == ["15", "5", "3"]
    assert plain["tcp_user_timeout"] == "30000"
    assert (told["keepalives_idle"], told["tcp_user_timeout"]) == ("60", "5000")


# ── durability ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("durability", "setting"), [("normal", "local"), ("full", "on")])
def test_durability_is_what_the_server_is_told(url: str, durability: Durability, setting: str) -> None:
    """Both wait for the server's disk; ``full`` waits for its replicas, too."""

    async def run() -> str:
        async with opened(url, durability) as database:
            row = await database._connection.read(lambda transaction: transaction.query_one("SHOW synchronous_commit"))
            assert row is not None
            return str(row[0])

    assert asyncio.run(run()) == setting


def test_more_writers_than_connections_take_turns(url: str) -> None:
    """Nobody waits for ever, and nobody is forgotten."""

    async def run() -> int:
        async with opened(url, n_connections=2) as database:
            await asyncio.gather(*(started(database, f"e{n}") for n in range(20)))
            return len([n for n in range(20) if await database.views.execution(execution_id(f"e{n}"))])

    assert asyncio.run(run()) == 20


def test_a_write_waits_for_a_server_that_restarts(url: str, postgres: Cluster) -> None:
    """For ``lock_timeout_s``; it is then carried out as if nothing had been."""

    async def run() -> None:
        async with opened(url, lock_timeout_s=120.0) as database:
            execution = await started(database)
            postgres.stop()
            writing = asyncio.ensure_future(database.log.append([turn(execution, 3)]))
            await asyncio.sleep(0.1)
            assert not writing.done()
            await asyncio.to_thread(postgres.start)
            assert list(await writing) == []

    asyncio.run(run())


def test_connections_to_what_only_reads_are_not_kept(url: str, postgres: Cluster) -> None:
    """Each of them was made before the server took writes again, or another one took its place."""
    name = url.partition("@/")[2].partition("?")[0]

    def switch(mode: str) -> None:
        with postgres.connect("postgres") as connection:
            connection.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = {mode}')

    async def run() -> None:
        async with opened(url):
            switch("on")
        async with opened(url) as database:
            with pytest.raises(StoreReadOnly):
                await started(database)
            switch("off")
            await started(database)

    asyncio.run(run())


def test_a_server_that_recovers_is_waited_for(url: str, postgres: Cluster) -> None:
    """Whoever opens the store right after a crash gets in."""

    async def run() -> None:
        async with opened(url) as database:
            await started(database)
            postgres.kill_backends(url.partition("@/")[2].partition("?")[0])
            async with opened(url, lock_timeout_s=120.0) as another:
                assert await another.views.execution(execution_id()) is not None

    asyncio.run(run())


# ── announcements ────────────────────────────────────────────────────────────


async def heard(wait: Act, act: Act, url: str) -> float:
    """Return how long one process waits, in seconds, after another one acted."""
    async with opened(url) as waiter, opened(url) as actor:
        await waiter.leases.renew("engine-1", pool=POOL, ttl_s=60)
        await started(waiter)
        await waiter.inbox.pending("engine-1")
        await waiter.leases.claim("engine-2", pool=POOL, limit=1)
        waiting = asyncio.ensure_future(wait(waiter))
        await listened(waiter)
        begun = time.monotonic()
        await act(actor)
        await waiting
        return time.monotonic() - begun


async def listened(database: SqlDatabase) -> None:
    """Wait until somebody listens to what is announced in this database."""
    query = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND starts_with(query, 'LISTEN') AND state = 'idle'"
    while not await database._connection.read(lambda transaction: transaction.query(query)):  # noqa: ASYNC110  # nothing else tells
        await asyncio.sleep(0.01)


def wait_for_mail(database: SqlDatabase) -> Awaitable[None]:
    return database.inbox.wait("engine-1", timeout_s=LONG_S)


def wait_for_work(database: SqlDatabase) -> Awaitable[None]:
    return database.leases.wait(POOL, timeout_s=LONG_S)


@pytest.mark.parametrize(
    ("wait", "act"),
    [
        (wait_for_mail, lambda database: database.inbox.post(execution_id(), SIGNAL)),
        (wait_for_work, lambda database: database.leases.relinquish("engine-1", execution_id(), wake_at_ns=None)),
        (wait_for_work, lambda database: database.leases.release("engine-1")),
        (wait_for_work, lambda database: database.leases.expire("engine-1")),
        (wait_for_work, lambda database: database.log.append([turn(execution_id("e2"), owner=NOBODY)])),
    ],
    ids=["message", "relinquished", "released", "ended", "enlisted"],
)
@pytest.mark.usefixtures("nobody_looks")
def test_another_process_is_heard_at_once(wait: Act, act: Act, url: str) -> None:
    """The server says so; nobody has to look."""
    assert asyncio.run(heard(wait, act, url)) < AT_ONCE_S


def test_announcements_are_heard_again_after_a_cut(url: str, postgres: Cluster) -> None:
    """A listener whose connection ends makes another one."""
    name = url.partition("@/")[2].partition("?")[0]

    async def run() -> None:
        async with opened(url) as waiter, opened(url) as actor:
            await started(waiter)
            waiting = asyncio.ensure_future(waiter.leases.wait(POOL, timeout_s=LONG_S))
            await listened(waiter)
            with postgres.connect("postgres") as connection:
                connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
            while not waiting.done():  # until the listener is back
                await actor.log.append([turn(execution_id(uuid4().hex), owner=NOBODY)])
                await asyncio.wait({waiting}, timeout=0.2)

    asyncio.run(asyncio.wait_for(run(), timeout=120))
