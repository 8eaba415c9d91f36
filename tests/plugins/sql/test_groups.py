"""Writes that are committed together, and apart where one of them fails."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from plait_sql.connections import Transaction, Work
from plait_sql.groups import MOST_TOGETHER, Groups
from plait_sql.sqlite import SqliteConnection
from plait_sql.workers import Workers, tell

WAIT_S = 60.0


class Disk:
    """Runs works, and knows where, and which of them shared a transaction; the first commit waits until it is let go."""

    def __init__(self) -> None:
        self.is_slow, self.may_go = threading.Event(), threading.Event()
        self.threads: list[str] = []
        self.transactions: list[list[str]] = []
        self._running: list[str] = []

    def carry_out(self, works: Sequence[Work[Any]]) -> list[Any]:
        self._running = []
        self.threads.append(threading.current_thread().name)
        return [work(None) for work in works]  # type: ignore[arg-type]  # works of these tests need none

    def commit(self) -> None:
        if self._running == ["first"]:
            self.is_slow.set()
            assert self.may_go.wait(WAIT_S)
        self.transactions.append(self._running)

    def writing(self, name: str, act: Callable[[], Any] = lambda: None) -> Work[str]:
        """Make a work that notes its name, does *act*, and returns the name."""

        def work(_: Transaction) -> str:
            self._running.append(name)
            act()
            return name

        return work


@contextmanager
def grouped(disk: Disk) -> Iterator[Groups]:
    workers = Workers(1, name="test")
    try:
        yield Groups(workers, disk)
    finally:
        disk.may_go.set()
        workers.stop()


async def begin(groups: Groups, disk: Disk, *works: Work[str], are_brief: bool = False) -> list["asyncio.Task[str]"]:
    """Write something slow, and *works* while it is on its way."""
    tasks = [asyncio.create_task(groups.write(disk.writing("first"), is_brief=are_brief))]
    await asyncio.to_thread(disk.is_slow.wait, WAIT_S)
    tasks += [asyncio.create_task(groups.write(work, is_brief=are_brief)) for work in works]
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


@pytest.mark.parametrize(("are_brief", "thread"), [(True, "MainThread"), (False, "test")])
def test_what_is_brief_is_carried_out_where_it_is_asked_for(are_brief: bool, thread: str) -> None:
    """Only the commit waits in another thread; what takes long, and all that shares its transaction, happens there."""
    disk = Disk()

    async def run(groups: Groups) -> list[str]:
        tasks = await begin(groups, disk, *map(disk.writing, "ab"), are_brief=are_brief)
        disk.may_go.set()
        return await asyncio.gather(*tasks)

    with grouped(disk) as groups:
        assert asyncio.run(run(groups)) == ["first", "a", "b"]

    assert disk.threads == [thread, thread]
    assert disk.transactions == [["first"], ["a", "b"]]


def test_a_busy_loop_holds_up_nobody_elsewhere() -> None:
    """When the loop whose writes are committed does not listen, another one that waits goes on with its own."""
    disk = Disk()

    async def run(groups: Groups) -> list[str]:
        first = (await begin(groups, disk, are_brief=True))[0]
        elsewhere = threading.Thread(
            target=asyncio.run, args=(groups.write(disk.writing("elsewhere"), is_brief=True),), name="elsewhere"
        )
        elsewhere.start()
        while not groups._waiting:  # noqa: ASYNC110  # another thread puts it there
            await asyncio.sleep(0)
        disk.may_go.set()
        elsewhere.join(WAIT_S)  # which no loop should do
        return [*disk.transactions[-1], await first]

    with grouped(disk) as groups:
        assert asyncio.run(run(groups)) == ["elsewhere", "first"]

    assert disk.threads == ["MainThread", "elsewhere"]


def test_what_waits_when_it_is_closed_is_written() -> None:
    """Closing returns when everything is committed."""
    disk = Disk()

    async def run(groups: Groups) -> list[list[str]]:
        tasks = await begin(groups, disk, disk.writing("a"), are_brief=True)
        disk.may_go.set()
        groups.close()
        written = list(disk.transactions)
        await asyncio.gather(*tasks)
        return written

    with grouped(disk) as groups:
        assert asyncio.run(run(groups)) == [["first"], ["a"]]


@pytest.mark.parametrize("are_brief", [True, False])
def test_one_that_fails_harms_no_other(are_brief: bool) -> None:
    """It alone raises; the others are committed, each by itself."""
    disk = Disk()

    def fail() -> None:
        raise KeyError("no such row")

    async def run(groups: Groups) -> list[Any]:
        tasks = await begin(
            groups, disk, disk.writing("a"), disk.writing("b", fail), disk.writing("c"), are_brief=are_brief
        )
        disk.may_go.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    with grouped(disk) as groups:
        first, a, b, c = asyncio.run(run(groups))

    assert (first, a, type(b), c) == ("first", "a", KeyError, "c")
    assert disk.transactions == [["first"], ["a"], ["c"]]


@pytest.mark.parametrize("are_brief", [True, False])
def test_one_that_fails_alone_is_tried_once(are_brief: bool) -> None:
    """Whatever comes after it is written."""
    disk, tries = Disk(), []

    def fail() -> None:
        tries.append(1)
        raise KeyError("no such row")

    async def run(groups: Groups) -> str:
        with pytest.raises(KeyError):
            await groups.write(disk.writing("a", fail), is_brief=are_brief)
        return await groups.write(disk.writing("b"), is_brief=are_brief)

    with grouped(disk) as groups:
        assert asyncio.run(run(groups)) == "b"

    assert (len(tries), disk.transactions) == (1, [["b"]])


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


def test_a_loop_that_is_closed_does_not_end_the_thread_that_tells_it() -> None:
    """Whoever asked there has gone; others still have something to write."""
    gone = asyncio.new_event_loop()
    gone.close()

    tell(gone, print, "nobody hears this")
