"""
SQLite files that several processes share, that are damaged, locked, full, read-only or from the future.
"""

import asyncio
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plait_core.errors import PlaitError
from plait_core.errors.stores import NotStorable, StoreCorrupt, StoreReadOnly, StoreTooNew, StoreUnavailable
from plait_core.ir.ids import NodeId
from plait_core.ports.databases import Reservation
from plait_core.testing._samples import (
    POOL,
    attempt_id,
    attempt_row,
    cache_key,
    execution_id,
    execution_row,
    node_row,
    started,
    turn,
)
from plait_core.testing.databases import LONG_S, SIGNAL
from plait_sql import sqlite
from plait_sql.connections import Durability
from plait_sql.database import SqlDatabase, open_sqlite
from plait_sql.migrations import MIGRATIONS
from plait_sql.settings import SqlSettings
from plait_sql.sqlite import SqliteConnection

IMPATIENT = SqlSettings(lock_timeout_s=0.0)
HOLD_THE_LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.readline()
connection.execute("COMMIT")
"""
DIE_BEFORE_COMMIT = """
import asyncio, os, sys
from plait_core.testing._samples import *
from plait_sql.database import open_sqlite
from plait_sql import sqlite

async def run():
    database = open_sqlite(sys.argv[1])
    await database.open()
    execution = await started(database)
    sqlite._Link.commit = lambda link: os._exit(9)
    await database.log.append([turn(execution, 3, nodes=(node_row(execution, "n0"),))])

asyncio.run(run())
"""


def url_of(directory: Path) -> str:
    return f"sqlite:///{directory}/plait.db"


async def opened(
    directory: Path, settings: SqlSettings | None = None, durability: Durability = "normal"
) -> SqlDatabase:
    database = open_sqlite(url_of(directory), settings, durability)
    await database.open()
    return database


def failure_of(directory: Path, act: Callable[[SqlDatabase], Any] | None = None) -> PlaitError:
    """Open the store, let *act* use it, and return the error that came of it."""

    async def run() -> None:
        database = await opened(directory, IMPATIENT)
        try:
            if act:
                await act(database)
        finally:
            await database.close()

    with pytest.raises(PlaitError) as caught:
        asyncio.run(run())
    return caught.value


# ── two connections ──────────────────────────────────────────────────────────


@pytest.mark.parametrize("durability", ["normal", "full"])
def test_one_of_two_engines_appends(tmp_path: Path, durability: Durability) -> None:
    """Of two turns with one number, sent at once through two connections, exactly one is committed."""

    async def run() -> tuple[list[Any], int]:
        one, other = await opened(tmp_path, durability=durability), await opened(tmp_path, durability=durability)
        execution = await started(one)
        refused = await asyncio.gather(*(database.log.append([turn(execution, 3)]) for database in (one, other)))
        events = await other.log.read(execution)
        await asyncio.gather(one.close(), other.close())
        return [len(ids) for ids in refused], len(events)

    refused, n_events = asyncio.run(run())

    assert sorted(refused) == [0, 1]
    assert n_events == 4


def test_a_claim_fences_the_other_connection(tmp_path: Path) -> None:
    """An engine that goes on through its own connection after a takeover is refused, whatever it remembers."""

    async def run() -> list[Any]:
        one, other = await opened(tmp_path), await opened(tmp_path)
        execution = await started(one)
        assert not await one.log.append([turn(execution, 3)])
        await other.leases.renew("engine-2", pool=POOL, ttl_s=60)
        assert list(await other.leases.claim("engine-2", pool=POOL, limit=1)) == [(execution, 5)]
        refused = list(await one.log.append([turn(execution, 5)]))
        assert not await other.log.append([turn(execution, 6, owner="engine-2")])
        await asyncio.gather(one.close(), other.close())
        return refused

    assert asyncio.run(run()) == [execution_id()]


def test_two_claims_share_nothing(tmp_path: Path) -> None:
    """Each execution goes to one of two engines that claim at once."""

    async def run() -> list[str]:
        one, other = await opened(tmp_path), await opened(tmp_path)
        for n in range(6):
            await started(one, f"e{n}")
        for database, owner in ((one, "engine-2"), (other, "engine-3")):
            await database.leases.renew(owner, pool=POOL, ttl_s=60)
        claims = await asyncio.gather(
            one.leases.claim("engine-2", pool=POOL, limit=4), other.leases.claim("engine-3", pool=POOL, limit=4)
        )
        await asyncio.gather(one.close(), other.close())
        return sorted(execution.name for claimed in claims for execution, _ in claimed)

    assert asyncio.run(run()) == [f"e{n}" for n in range(6)]


def test_a_key_is_reserved_once(tmp_path: Path) -> None:
    """Both connections learn of the same holder."""

    async def run() -> list[Reservation]:
        one, other = await opened(tmp_path), await opened(tmp_path)
        wanted = [Reservation(key=cache_key(), attempt=attempt_id(await started(one, name))) for name in "ab"]
        held = await asyncio.gather(one.cache.reserve(wanted[0]), other.cache.reserve(wanted[1]))
        await asyncio.gather(one.close(), other.close())
        return list(held)

    first, second = asyncio.run(run())

    assert first == second


def test_a_message_from_another_process_ends_the_wait(tmp_path: Path) -> None:
    """No bell rings across connections; the poll finds the message."""

    async def run() -> list[Any]:
        one, other = await opened(tmp_path), await opened(tmp_path)
        execution = await started(one)
        waiting = asyncio.ensure_future(one.inbox.wait("engine-1", timeout_s=LONG_S))
        await other.inbox.post(execution, SIGNAL)
        await asyncio.wait_for(waiting, timeout=60)
        pending = list(await one.inbox.pending("engine-1"))
        await asyncio.gather(one.close(), other.close())
        return pending

    assert asyncio.run(run()) == [(execution_id(), SIGNAL)]


def test_two_processes_may_make_the_file(tmp_path: Path) -> None:
    """The schema is made once, whoever comes first."""

    async def run() -> None:
        databases = [open_sqlite(url_of(tmp_path)) for _ in range(4)]
        await asyncio.gather(*(database.open() for database in databases))
        await started(databases[0])
        for database in databases:
            assert await database.views.execution(execution_id()) == execution_row(execution_id())
            await database.close()

    asyncio.run(run())


VISIT = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
print(connection.execute("SELECT name FROM executions ORDER BY name").fetchall())
connection.close()
"""


def visited(directory: Path) -> str:
    """Return which executions another process finds, which thinks that it is the last one when it leaves if nobody else holds the file."""
    command = [sys.executable, "-c", VISIT, str(directory / "plait.db")]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_two_databases_of_a_process_keep_the_file_from_visitors(tmp_path: Path) -> None:
    """Opening the second one ends no lock of the first; else whoever came by would delete the log that is written to."""

    async def run() -> tuple[str, str]:
        one, other = await opened(tmp_path), await opened(tmp_path)
        await started(one, "e1")
        before = visited(tmp_path)
        await started(one, "e2")
        after = visited(tmp_path)
        await asyncio.gather(one.close(), other.close())
        return before, after

    assert asyncio.run(run()) == ("[('e1',)]", "[('e1',), ('e2',)]")


# ── faults ───────────────────────────────────────────────────────────────────


def test_nothing_is_left_of_a_turn_whose_process_died(tmp_path: Path) -> None:
    """Killed between the last insert and the commit, a process leaves what was committed before."""
    script = [sys.executable, "-c", DIE_BEFORE_COMMIT, url_of(tmp_path)]
    assert subprocess.run(script, check=False).returncode == 9

    async def run() -> None:
        database = await opened(tmp_path)
        assert len(await database.log.read(execution_id())) == 2
        assert list(await database.views.nodes(execution_id())) == []
        assert not await database.log.append([turn(execution_id(), 3)])
        await database.close()

    asyncio.run(run())


def test_nothing_is_left_of_a_turn_that_failed(tmp_path: Path) -> None:
    """When one statement fails, the statements before it are undone and the connection goes on."""

    async def run() -> None:
        database = await opened(tmp_path)
        execution = await started(database)
        asleep = execution_row(execution, wake_at_ns=5)
        with pytest.raises(NotStorable):
            broken = attempt_row(attempt_id(execution), scheduled_at_ns=2**80)
            await database.log.append(
                [turn(execution, 3, row=asleep, nodes=(node_row(execution, "n0"),), attempts=(broken,))]
            )
        assert await database.views.execution(execution) == execution_row(execution)
        assert not await database.log.append([turn(execution, 3, row=asleep)])
        assert await database.views.execution(execution) == asleep
        await database.close()

    asyncio.run(run())


def test_a_cancelled_append_is_whole_or_absent(tmp_path: Path) -> None:
    """With a thread at work, cancelling leaves all of a turn or nothing, and the log goes on from there."""

    async def run() -> None:
        database = await opened(tmp_path, durability="full")
        execution = await started(database)
        appending = asyncio.ensure_future(database.log.append([turn(execution, 3, nodes=(node_row(execution, "n0"),))]))
        await asyncio.sleep(0)
        appending.cancel()
        await asyncio.wait([appending])
        n_events, n_nodes = len(await database.log.read(execution)), len(await database.views.nodes(execution))
        assert (n_events, n_nodes) in {(2, 0), (4, 1)}
        await database.close()

    asyncio.run(run())


def test_a_lock_is_waited_for(tmp_path: Path) -> None:
    """While another process writes, the loop goes on; the turn is written when the lock is free."""

    async def run() -> None:
        database = await opened(tmp_path)
        execution = await started(database)
        with holding_the_lock(tmp_path) as process:
            appending = asyncio.ensure_future(database.log.append([turn(execution, 3)]))
            for _ in range(3):
                await asyncio.sleep(0)
            assert not appending.done()
            assert len(await database.log.read(execution)) == 2
            process.communicate(b"\n")
            assert list(await appending) == []
        await database.close()

    asyncio.run(run())


def test_a_lock_that_stays_is_an_error(tmp_path: Path) -> None:
    """After ``lock_timeout_s`` the error says who is in the way; nothing was written."""
    asyncio.run(a_run_is_recorded(tmp_path))

    with holding_the_lock(tmp_path):
        error = failure_of(tmp_path, lambda database: started(database, "e2"))

    assert isinstance(error, StoreUnavailable)
    assert "another process" in error.remedy
    asyncio.run(the_run_is_readable(tmp_path))


def holding_the_lock(directory: Path) -> subprocess.Popen[bytes]:
    """Start a process that holds the write lock until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD_THE_LOCK, str(directory / "plait.db")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout
    assert process.stdout.readline() == b"locked\n"
    return process


async def a_run_is_recorded(directory: Path) -> None:
    database = await opened(directory)
    await started(database)
    await database.close()


async def the_run_is_readable(directory: Path) -> None:
    database = await opened(directory)
    assert await database.views.execution(execution_id()) == execution_row(execution_id())
    await database.close()


def test_a_full_disk_is_an_error_and_loses_nothing(tmp_path: Path) -> None:
    """The remedy is to free space; what was recorded is still there."""

    async def fill(database: SqlDatabase) -> None:
        link = database._connection._link  # type: ignore[attr-defined]  # SQLite's own way to act out a full disk
        (pages,) = link.query_one("PRAGMA page_count")
        link.execute(f"PRAGMA max_page_count = {pages}")
        for n in range(400):
            await started(database, f"more-{n}", labels={"k": "v" * 1000})

    asyncio.run(a_run_is_recorded(tmp_path))

    error = failure_of(tmp_path, fill)

    assert isinstance(error, StoreUnavailable)
    assert "free space" in error.remedy
    asyncio.run(the_run_is_readable(tmp_path))


def test_a_file_that_is_no_database_is_corrupt(tmp_path: Path) -> None:
    """It is left as it is."""
    (tmp_path / "plait.db").write_bytes(b"hello, this is a diary\n" * 100)

    assert isinstance(failure_of(tmp_path), StoreCorrupt)
    assert (tmp_path / "plait.db").read_bytes().startswith(b"hello")


def test_a_damaged_page_is_corrupt(tmp_path: Path) -> None:
    """Bytes overwritten inside the file are found when they are read."""
    asyncio.run(a_run_is_recorded(tmp_path))
    path = tmp_path / "plait.db"
    data = path.read_bytes()
    path.write_bytes(data[:4096] + b"\xa5" * (len(data) - 4096))

    assert isinstance(failure_of(tmp_path, lambda database: database.log.read(execution_id())), StoreCorrupt)


def test_an_unreadable_event_is_corrupt(tmp_path: Path) -> None:
    """A sound file whose event is none names the execution."""
    asyncio.run(a_run_is_recorded(tmp_path))
    with sqlite3.connect(tmp_path / "plait.db") as connection:
        connection.execute("UPDATE events SET decision = x'c1' WHERE seq = 2")
    connection.close()

    error = failure_of(tmp_path, lambda database: database.log.read(execution_id()))

    assert isinstance(error, StoreCorrupt)
    assert str(execution_id()) in error.problem


def test_a_store_from_the_future_is_left_alone(tmp_path: Path) -> None:
    """An older release names both schema numbers and touches nothing."""
    asyncio.run(a_run_is_recorded(tmp_path))
    with sqlite3.connect(tmp_path / "plait.db") as connection:
        connection.execute("INSERT INTO migrations VALUES (99, 0, 99)")
    connection.close()

    error = failure_of(tmp_path)

    assert isinstance(error, StoreTooNew)
    assert (error.found, error.known) == (99, len(MIGRATIONS))


def delete(path: Path) -> None:
    path.unlink()


def delete_log(path: Path) -> None:
    path.with_name("plait.db-wal").unlink()


def replace_by_a_copy(path: Path) -> None:
    shutil.copy(path, path.with_name("copy"))
    path.with_name("copy").replace(path)


@pytest.mark.parametrize("durability", ["normal", "full"])
@pytest.mark.parametrize("harm", [delete, delete_log, replace_by_a_copy])
def test_files_that_are_taken_away_are_missed(
    harm: Callable[[Path], None], durability: Durability, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is written where nobody will find it is not accepted."""
    monkeypatch.setattr(sqlite, "_LOOK_EVERY_S", 0.0)

    async def run() -> None:
        database = await opened(tmp_path, durability=durability)
        execution = await started(database)
        harm(tmp_path / "plait.db")
        with pytest.raises(StoreReadOnly, match="deleted or replaced") as caught:
            await database.log.append([turn(execution, 3)])
        assert "start this process again" in caught.value.remedy
        await database.close()

    asyncio.run(run())


def test_files_that_are_put_back_are_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are the same ones."""
    monkeypatch.setattr(sqlite, "_LOOK_EVERY_S", 0.0)

    async def run() -> None:
        database = await opened(tmp_path / "here")
        execution = await started(database)
        (tmp_path / "here").rename(tmp_path / "there")
        with pytest.raises(StoreReadOnly):
            await database.log.append([turn(execution, 3)])
        (tmp_path / "there").rename(tmp_path / "here")
        assert list(await database.log.append([turn(execution, 3)])) == []
        await database.close()

    asyncio.run(run())


def test_a_directory_that_cannot_be_is_read_only(tmp_path: Path) -> None:
    """A path below a file, or that is a directory, cannot hold a store."""
    (tmp_path / "file").write_text("")
    (tmp_path / "plait.db").mkdir()

    assert isinstance(failure_of(tmp_path / "file"), StoreReadOnly)
    assert isinstance(failure_of(tmp_path), StoreReadOnly)


def test_reopening_migrates_nothing(tmp_path: Path) -> None:
    """A second opening reads, so that it works beside a process that writes."""
    asyncio.run(a_run_is_recorded(tmp_path))

    with holding_the_lock(tmp_path):
        asyncio.run(the_run_is_readable(tmp_path))


@pytest.mark.parametrize(("durability", "synchronous"), [("normal", 1), ("full", 2)])
def test_durability_is_what_sqlite_is_told(tmp_path: Path, durability: Durability, synchronous: int) -> None:
    """NORMAL and FULL, in WAL mode."""

    async def run() -> list[Any]:
        connection = SqliteConnection(str(tmp_path / "plait.db"), durability=durability, lock_timeout_s=1.0)
        await connection.open()
        found = [
            await connection.read(lambda transaction, name=name: transaction.query_one(f"PRAGMA {name}"))  # type: ignore[misc]
            for name in ("journal_mode", "synchronous")
        ]
        await connection.close()
        return found

    assert asyncio.run(run()) == [("wal",), (synchronous,)]


def test_a_map_of_many_elements_is_paged(tmp_path: Path) -> None:
    """Attempt rows arrive in batches of a thousand and are read from any element on."""

    async def run() -> list[int | None]:
        database = await opened(tmp_path)
        execution = await started(database)
        await database.log.append([turn(execution, 3, nodes=(node_row(execution, "n0"),))])
        for batch in range(3):
            rows = [attempt_row(attempt_id(execution, element=batch * 1000 + n)) for n in range(1000)]
            await database.log.append([turn(execution, 5 + 2 * batch, attempts=rows)])
        page = await database.views.attempts(execution, after=(NodeId("n0"), 1998, 0), limit=3)
        await database.close()
        return [row.id.element for row in page]

    assert asyncio.run(run()) == [1999, 2000, 2001]
