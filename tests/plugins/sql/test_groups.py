"""Writes that are committed together, and apart where one of them fails."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from plait_sql.connections import Transaction, Work
from plait_sql.groups import MOST_TOGETHER, Groups
from plait_sql.sqlite import SqliteConnection
from plait_sql.workers import Workers

WAIT_S = 60.0


class Disk:
    """Runs works, and knows which of them shared a transaction; the first one waits until it is let go."""

    def __init__(self) -> None:
        self.is_slow, self.may_go = threading.Event(), threading.Event()
        self.transactions: list[list[str]] = []
        self._running: list[str] = []

    def within(self, work: Work[Any]) -> Any:
        self._running = []
        result = work(None)  # type: ignore[arg-type]  # works of these tests need none
        self.transactions.append(self._running)
        return result

    def writing(self, name: str, act: Callable[[], Any] = lambda: None) -> Work[str]:
        """Make a work that notes its name, does *act*, and returns the name."""

        def work(_: Transaction) -> str:
            self._running.append(name)
            if name == "first":
                self.is_slow.set()
                assert self.may_go.wait(WAIT_S)
            act()
            return name

        return work


@contextmanager
def grouped(disk: Disk) -> Iterator[Groups]:
    workers = Workers(1, name="test")
    try:
        yield Groups(workers, disk.within)
    finally:
        disk.may_go.set()
        workers.stop()


async def begin(groups: Groups, disk: Disk, *works: Work[str]) -> list["asyncio.Task[str]"]:
    """Write something slow, and *works* while it is on its way."""
    tasks = [asyncio.create_task(groups.write(disk.writing("first")))]
    await asyncio.to_thread(disk.is_slow.wait, WAIT_S)
    tasks += [asyncio.create_task(groups.write(work)) for work in works]
    await asyncio.sleep(0)
    return tasks


def test_what_is_ready_together_is_committed_together() -> None:
    """Everything that came while the disk was busy shares the next transaction; each has its own result."""
    disk = Disk()

    async def run(groups: Groups) -> list[str]:
        tasks = await begin(groups, disk, *map(disk.writing, "abc"))
        disk.may_go.set()
        return await asyncio.gather(*tasks)

    with grouped(disk) as groups:
        results = asyncio.run(run(groups))

    assert results == ["first", "a", "b", "c"]
    assert disk.transactions == [["first"], ["a", "b", "c"]]


def test_a_crowd_is_committed_in_parts() -> None:
    """So many share a transaction and no more; who came first is committed first, and all are answered."""
    disk = Disk()

    async def run(groups: Groups) -> list[str]:
        tasks = await begin(groups, disk, *(disk.writing(str(number)) for number in range(MOST_TOGETHER + 1)))
        disk.may_go.set()
        return await asyncio.gather(*tasks)

    with grouped(disk) as groups:
        results = asyncio.run(run(groups))

    assert results == ["first", *map(str, range(MOST_TOGETHER + 1))]
    assert [len(transaction) for transaction in disk.transactions] == [1, MOST_TOGETHER, 1]


def test_a_group_may_come_from_several_loops() -> None:
    """Each has its answer."""
    disk = Disk()

    async def run(groups: Groups) -> list[str]:
        elsewhere = asyncio.create_task(asyncio.to_thread(asyncio.run, groups.write(disk.writing("elsewhere"))))
        tasks = await begin(groups, disk, disk.writing("here"))
        disk.may_go.set()
        return await asyncio.gather(*tasks, elsewhere)

    with grouped(disk) as groups:
        assert asyncio.run(run(groups)) == ["first", "here", "elsewhere"]


def test_one_that_fails_harms_no_other() -> None:
    """It alone raises; the others are committed, each by itself."""
    disk = Disk()

    def fail() -> None:
        raise KeyError("no such row")

    async def run(groups: Groups) -> list[Any]:
        tasks = await begin(groups, disk, disk.writing("a"), disk.writing("b", fail), disk.writing("c"))
        disk.may_go.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    with grouped(disk) as groups:
        first, a, b, c = asyncio.run(run(groups))

    assert (first, a, type(b), c) == ("first", "a", KeyError, "c")
    assert disk.transactions == [["first"], ["a"], ["c"]]


def test_one_that_is_cancelled_in_time_is_not_carried_out() -> None:
    """Its neighbours are."""
    disk = Disk()

    async def run(groups: Groups) -> list[Any]:
        tasks = await begin(groups, disk, *map(disk.writing, "abc"))
        tasks[2].cancel()
        await asyncio.sleep(0)
        disk.may_go.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    with grouped(disk) as groups:
        results = asyncio.run(run(groups))

    assert (results[1], type(results[2]), results[3]) == ("a", asyncio.CancelledError, "c")
    assert disk.transactions == [["first"], ["a", "c"]]


def test_reads_do_not_wait_for_a_commit(tmp_path: Path) -> None:
    """With durability `full`, what is only read comes back while a write is on its way, and does not see it."""
    is_writing, may_go = threading.Event(), threading.Event()

    def write(transaction: Transaction) -> None:
        transaction.execute("INSERT INTO numbers VALUES (1)")
        is_writing.set()
        assert may_go.wait(WAIT_S)

    def count(transaction: Transaction) -> Any:
        return transaction.query_one("SELECT count(*) FROM numbers")

    async def run() -> list[Any]:
        connection = SqliteConnection(str(tmp_path / "plait.db"), durability="full", lock_timeout_s=WAIT_S)
        await connection.open()
        await connection.write(lambda transaction: transaction.execute("CREATE TABLE numbers (n INTEGER)"))
        writing = asyncio.create_task(connection.write(write))
        await asyncio.to_thread(is_writing.wait, WAIT_S)
        before = await asyncio.wait_for(connection.read(count), WAIT_S)
        may_go.set()
        await writing
        after = await connection.read(count)
        await connection.close()
        return [before, after]

    assert asyncio.run(run()) == [(0,), (1,)]


def test_a_glance_waits_for_no_other_read(tmp_path: Path) -> None:
    """It happens in the caller's thread, while another one still reads."""
    is_reading, may_go = threading.Event(), threading.Event()

    def read(_: Transaction) -> str:
        is_reading.set()
        assert may_go.wait(WAIT_S)
        return threading.current_thread().name

    async def run() -> tuple[str, str]:
        connection = SqliteConnection(str(tmp_path / "plait.db"), durability="full", lock_timeout_s=1.0)
        await connection.open()
        reading = asyncio.create_task(connection.read(read))
        await asyncio.to_thread(is_reading.wait, WAIT_S)
        glanced_in = await connection.glance(lambda _: threading.current_thread().name)
        may_go.set()
        read_in = await reading
        await connection.close()
        return read_in, glanced_in

    assert asyncio.run(run()) == ("plait-sql-reader", threading.current_thread().name)


@pytest.mark.parametrize("durability", ["normal", "full"])
def test_a_database_in_memory_has_one_link(durability: Any) -> None:
    """What was written there is read there."""

    async def run() -> Any:
        connection = SqliteConnection(":memory:", durability=durability, lock_timeout_s=WAIT_S)
        await connection.open()
        await connection.write(lambda transaction: transaction.execute("CREATE TABLE numbers (n INTEGER)"))
        found = await connection.read(lambda transaction: transaction.query_one("SELECT count(*) FROM numbers"))
        await connection.close()
        return found

    assert asyncio.run(run()) == (0,)
